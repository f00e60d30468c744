//! Findings: faults and warnings about an authorization, derived from the stored state on each read, so that a finding
//! ends with its cause.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AuthMode, Authorization, Callback, Installation, InstallationStatus, KindCheck, RegisteredSecret, SecretStatus,
};
use crate::ids::Scope;

/// Whether the binding works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As far as it is set up.
    #[default]
    Ok,
    /// It does, with something to look at.
    Attention,
    /// It does not; also a word of a newer version, until the next check.
    #[serde(other)]
    Broken,
}

/// Something that an admin should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Finding {
    pub(super) code: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    severity: Severity,
    pub(super) since: Timestamp,
}

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something works less than it could.
    Warning,
}

impl Finding {
    /// Whether it decides that the health is this.
    pub(super) fn decides(&self, health: Health) -> bool {
        health == self.severity.health()
    }
}

impl Severity {
    fn health(self) -> Health {
        match self {
            Self::Error => Health::Broken,
            Self::Warning => Health::Attention,
        }
    }
}

impl Health {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Attention => "attention",
            Self::Broken => "broken",
        }
    }
}

impl Authorization {
    /// Takes over the health at `now`, with these callbacks, contacts first, and the finding that decides it.
    pub fn assess(&mut self, callbacks: [Option<&Callback>; 2], now: Timestamp) {
        let findings = findings(self, callbacks, now);
        self.health = health(&findings);
        let decisive = findings.into_iter().find(|finding| finding.decides(self.health));
        self.finding = decisive.map(|finding| finding.code.into_owned());
    }
}

/// A callback that worked and received nothing for this long may have been changed in WeCom's console.
pub(crate) const SILENCE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A permission or the trial of a licence that ends within this time is reported.
pub(crate) const EXPIRING: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A rotation whose new values were not pasted for this long is reported.
const UNFINISHED_ROTATION: SignedDuration = SignedDuration::from_hours(24);

/// The findings about an authorization with these callbacks.
pub(super) fn findings(
    authorization: &Authorization,
    callbacks: [Option<&Callback>; 2],
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = authorization
        .installation
        .as_ref()
        .map_or_else(Vec::new, |installation| of_installation(installation, now));
    for scope in Scope::ALL {
        let secret = authorization.scope(scope).secret.as_ref();
        findings.extend(secret.and_then(|secret| of_secret(scope, secret)));
    }
    for callback in callbacks.into_iter().flatten() {
        findings.extend(of_callback(callback, now));
    }
    findings
}

fn of_installation(installation: &Installation, now: Timestamp) -> Vec<Finding> {
    let finding = |code: &'static str, severity, since| Finding {
        code: code.into(),
        scope: None,
        severity,
        since,
    };
    if installation.status == InstallationStatus::Cancelled {
        let since = installation.cancelled_at.unwrap_or(installation.installed_at);
        return vec![finding("authorization_cancelled", Severity::Error, since)];
    }
    if let Some(since) = installation.code_missing_since {
        return vec![finding("permanent_code_missing", Severity::Error, since)];
    }
    if installation.auth_mode == AuthMode::Member {
        return vec![finding(
            "member_authorization",
            Severity::Error,
            installation.auth_mode_since,
        )];
    }
    let mut findings: Vec<Finding> = if installation.status == InstallationStatus::Installed {
        let of_app = of_customised_app(installation, now).into_iter().flatten();
        of_app
            .map(|(code, severity, since)| finding(code, severity, since))
            .collect()
    } else {
        Vec::new()
    };
    // Only a range that was emptied later: WeCom may not give these lists for some apps.
    let emptied = installation
        .privilege
        .as_ref()
        .filter(|privilege| privilege.is_empty() && privilege.since > installation.installed_at);
    findings.extend(emptied.map(|emptied| finding("visible_range_empty", Severity::Warning, emptied.since)));
    findings
}

/// What a customised app lacks: a licence, permissions, being online.
fn of_customised_app(installation: &Installation, now: Timestamp) -> [Option<(&'static str, Severity, Timestamp)>; 4] {
    let soon = |end: &Timestamp| end.duration_since(now) < EXPIRING;
    let needed_at = installation.licence.as_ref().filter(|licence| !licence.is_bought);
    let licence = needed_at.map(|licence| licence.needed_at).filter(soon).map(|end| {
        if end <= now {
            ("licence_missing", Severity::Error, end)
        } else {
            ("licence_expiring", Severity::Warning, end - EXPIRING)
        }
    });
    let permissions = installation.permissions.as_ref().and_then(|permissions| {
        if !permissions.missing.is_empty() {
            return Some(("permission_missing", Severity::Warning, permissions.missing_since));
        }
        let end = permissions.expires_at.filter(soon)?;
        Some(("permission_expiring", Severity::Warning, end - EXPIRING))
    });
    let unpublished = installation.unpublished_since;
    let unpublished = unpublished.map(|since| ("app_not_published", Severity::Warning, since));
    let disabled = installation.disabled_since;
    let disabled = disabled.map(|since| ("customized_app_disabled", Severity::Error, since));
    [disabled, licence, permissions, unpublished]
}

fn of_secret(scope: Scope, secret: &RegisteredSecret) -> Option<Finding> {
    let (code, severity) = match (secret.status, secret.kind_check) {
        (SecretStatus::Missing, _) => ("secret_missing", Severity::Error),
        (SecretStatus::Rejected, _) => ("secret_rejected", Severity::Error),
        (SecretStatus::Accepted, KindCheck::AppDisabled) => ("app_disabled", Severity::Error),
        (SecretStatus::Accepted, KindCheck::IpNotTrusted) => ("ip_not_trusted", Severity::Warning),
        (SecretStatus::Accepted, KindCheck::Unconfirmed) => ("secret_kind_unconfirmed", Severity::Warning),
        (SecretStatus::Accepted, KindCheck::Confirmed) => return None,
    };
    Some(Finding {
        code: code.into(),
        scope: Some(scope),
        severity,
        since: secret.status_since,
    })
}

fn of_callback(callback: &Callback, now: Timestamp) -> Vec<Finding> {
    if !callback.is_verified() {
        return Vec::new();
    }
    let heard = callback.last_event_at.max(callback.verified_at);
    let silent = heard.filter(|heard| now.duration_since(*heard) > SILENCE);
    let pending = callback.pending.as_ref().map(|pending| pending.created_at);
    let unfinished = pending.filter(|began| now.duration_since(*began) > UNFINISHED_ROTATION);
    // With the last of the old ones what WeCom sends is refused. Which of several WeCom uses is not noted: after two rotations
    // within one grace period the first pair may have ended before this says so.
    let refused = !callback.previous.iter().any(|retired| now < retired.valid_until);
    let using_old = if refused { Severity::Error } else { Severity::Warning };
    [
        ("callback_silent", Severity::Warning, silent),
        ("rotation_unfinished", Severity::Warning, unfinished),
        ("old_credentials_in_use", using_old, callback.uses_old_credentials()),
    ]
    .into_iter()
    .filter_map(|(code, severity, since)| {
        Some(Finding {
            code: code.into(),
            scope: Some(callback.scope),
            severity,
            since: since?,
        })
    })
    .collect()
}

/// The health that follows from the findings.
pub(super) fn health(findings: &[Finding]) -> Health {
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Health::Broken
    } else if findings.is_empty() {
        Health::Ok
    } else {
        Health::Attention
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authorization::Privilege, ids::CorpId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn that_sees_nobody(since: Timestamp) -> Installation {
        Installation {
            status: InstallationStatus::Installed,
            corp_id: CorpId::parse("wpYunFan").unwrap(),
            corp_name: "云帆科技有限公司".to_owned(),
            agent_id: Some(1_000_010),
            auth_mode: AuthMode::Admin,
            auth_mode_since: at(0),
            version_id: "version-1".to_owned(),
            installed_at: at(0),
            cancelled_at: None,
            privilege: Some(Privilege {
                level: 1,
                departments: 0,
                members: 0,
                tags: 0,
                fingerprint: "0123456789abcdef".to_owned(),
                since,
            }),
            is_bound: true,
            doubted_at: None,
            code_missing_since: None,
            suite_id: None,
            is_customized: false,
            permissions: None,
            unpublished_since: None,
            disabled_since: None,
            licence: None,
        }
    }

    #[test]
    fn finds_a_visible_range_that_was_emptied_and_not_one_that_never_named_anybody() {
        let found = of_installation(&that_sees_nobody(at(60)), at(90));
        assert_eq!((&*found[0].code, found[0].since), ("visible_range_empty", at(60)));
        assert_eq!(of_installation(&that_sees_nobody(at(0)), at(90)), []);
    }

    #[test]
    fn a_licence_is_missing_from_the_end_of_the_trial_on_unless_one_was_bought() {
        let day = 86_400;
        let found = |is_bought, now| {
            let mut installation = that_sees_nobody(at(0));
            let needed_at = at(90 * day);
            installation.licence = Some(super::super::Licence { needed_at, is_bought });
            let findings = of_installation(&installation, at(now)).into_iter();
            findings
                .map(|one| (one.code.into_owned(), one.severity, one.since))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(false, 76 * day), []);
        let warned = ("licence_expiring".to_owned(), Severity::Warning, at(76 * day));
        assert_eq!(found(false, 76 * day + 1), [warned]);
        let missing = ("licence_missing".to_owned(), Severity::Error, at(90 * day));
        assert_eq!(found(false, 90 * day), [missing]);
        assert_eq!(found(true, 91 * day), []);
    }

    #[test]
    fn says_of_a_customised_app_all_that_it_lacks() {
        let mut installation = that_sees_nobody(at(0));
        installation.unpublished_since = Some(at(10));
        installation.permissions = Some(crate::authorization::Permissions {
            missing: vec!["contact:base:base".to_owned()],
            missing_since: at(20),
            expires_at: None,
        });
        let findings = of_installation(&installation, at(90)).into_iter();
        let codes: Vec<_> = findings.map(|one| one.code).collect();
        assert_eq!(codes, ["permission_missing", "app_not_published"]);
        installation.disabled_since = Some(at(30));
        assert_eq!(
            of_installation(&installation, at(90))[0].code,
            "customized_app_disabled"
        );
        installation.status = InstallationStatus::AwaitingConfirmation;
        assert_eq!(of_installation(&installation, at(90)), []);
    }
}
