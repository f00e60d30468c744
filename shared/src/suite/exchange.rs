//! The exchange of a temporary auth_code for an installation, after the browser's redirect or an event of the suite.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wecom_client::{
    AccessToken, AppPermissions, AuthInfo, AuthMode as WecomAuthMode, Error as WecomError, ErrorClass, PermanentCode,
    Privilege as WecomPrivilege,
};

use super::{
    SuiteAccess,
    breaker::{Caller, TenantCorp, ask},
    call_error::CallError,
    secret_check::WRONG_SECRET,
};
use crate::{
    authorization::{AuthMode, Installation, InstallationStatus, Privilege},
    clock::Clock,
    context::Context,
    entropy::hex,
    error::StepError,
    ids::{CorpId, Fingerprint, SuiteId, TenantId},
    store::{SecretName, SecretsManager, Suite, SuiteKind},
};

/// The secret of an installation, as it is stored in the vault. The fingerprint of the auth_code lets an attempt that
/// follows a crash recognise that the code, which it cannot exchange again, was exchanged by an earlier attempt.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredInstallation {
    pub(crate) corp_id: CorpId,
    pub(crate) corp_name: String,
    #[serde(serialize_with = "expose")]
    pub(crate) permanent_code: SecretString,
    pub(crate) auth_code: Fingerprint,
    /// The suite that was installed; absent for the first suite in secrets of versions before several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) suite_id: Option<SuiteId>,
}

/// The only place where a permanent code is written out: for the vault, and sealed for a claim.
fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl StoredInstallation {
    pub(crate) fn new(code: PermanentCode, auth_code: Fingerprint, suite: &Suite) -> Result<Self, StepError> {
        Ok(Self {
            corp_id: CorpId::parse(&code.corp_id).map_err(|_| StepError::WecomRefused(None))?,
            corp_name: code.corp_name,
            permanent_code: code.permanent_code,
            auth_code,
            suite_id: suite.name(),
        })
    }

    /// The text that is stored.
    pub(crate) fn text(&self) -> Result<SecretString, StepError> {
        let text = serde_json::to_string(self).map_err(|error| StepError::Internal(Box::new(error)))?;
        Ok(SecretString::from(text))
    }

    pub(crate) fn parse(secret: &SecretString) -> Result<Self, StepError> {
        // The message of the parser may quote the secret.
        serde_json::from_str(secret.expose_secret())
            .map_err(|_| StepError::Internal("the secret of an installation is malformed".into()))
    }

    /// Reads a version of it from the vault; `None` when it is missing there.
    pub(crate) async fn read(
        vault: &SecretsManager,
        tenant_id: &TenantId,
        version_id: &str,
    ) -> Result<Option<Self>, StepError> {
        let name = SecretName::Installation(tenant_id.clone());
        let secret = vault.read(&name, Some(version_id)).await?;
        secret.map(|secret| Self::parse(&secret)).transpose()
    }

    /// The newest in the vault, if it was obtained with this auth_code: by an attempt that died before it was referred to.
    pub(crate) async fn obtained_with(
        vault: &SecretsManager,
        tenant_id: &TenantId,
        auth_code: &Fingerprint,
    ) -> Result<Option<Self>, StepError> {
        let secret = vault.read(&SecretName::Installation(tenant_id.clone()), None).await?;
        let stored = secret.map(|secret| Self::parse(&secret)).transpose()?;
        Ok(stored.filter(|stored| stored.auth_code == *auth_code))
    }

    /// Writes it to the vault for the tenant. Returns the version.
    pub(crate) async fn put(&self, vault: &SecretsManager, tenant_id: &TenantId) -> Result<String, StepError> {
        let name = SecretName::Installation(tenant_id.clone());
        Ok(vault.put(&name, &self.text()?).await?)
    }
}

impl SuiteAccess<'_> {
    /// Exchanges an auth_code for the permanent code (`get_permanent_code`), which WeCom allows once.
    pub(crate) async fn permanent_code(
        &self,
        suite: &Suite,
        auth_code: &SecretString,
        clock: &dyn Clock,
    ) -> Result<PermanentCode, CallError> {
        let wecom = self.wecom;
        let exchange = |token| async move { wecom.permanent_code(&token, auth_code).await };
        self.as_suite(suite, clock, exchange).await
    }

    /// The authorization as WeCom describes it now (`get_auth_info`).
    pub(crate) async fn auth_info(
        &self,
        installation: &StoredInstallation,
        clock: &dyn Clock,
    ) -> Result<AuthInfo, CallError> {
        let wecom = self.wecom;
        let (corp_id, code) = (installation.corp_id.as_str(), &installation.permanent_code);
        let suite = self.suite(installation.suite_id.as_ref(), clock).await?;
        let ask = |token| async move { wecom.auth_info(&token, corp_id, code).await };
        let mut info = self.as_suite(&suite, clock, ask).await?;
        // A template makes nothing but customised apps.
        if let Some(agent) = &mut info.agent {
            agent.is_customized |= suite.kind == SuiteKind::Customized;
        }
        Ok(info)
    }

    /// A token of the app that was installed: `get_corp_token`, and of a customised app `gettoken` with its permanent code, which
    /// is its Secret (developer document 97164).
    ///
    /// # Errors
    /// [`StepError::NotInstalled`] when WeCom says that the authorization is over, [`StepError::SecretRejected`] when it refuses the
    /// Secret of a customised app, or another refusal of WeCom.
    pub(crate) async fn corp_token(
        &self,
        tenant_id: &TenantId,
        installation: &StoredInstallation,
        context: Context<'_>,
    ) -> Result<AccessToken, StepError> {
        let (wecom, clock) = (self.wecom, context.clock);
        let (corp_id, code) = (installation.corp_id.as_str(), &installation.permanent_code);
        let suite = self.suite(installation.suite_id.as_ref(), clock).await?;
        if suite.kind == SuiteKind::Customized {
            let corp = TenantCorp {
                tenant_id,
                corp_id,
                entropy: context.entropy,
            };
            let token = wecom.access_token(corp_id, code);
            return match ask(self.store, Caller::ProvenSecret(corp), clock, token).await {
                Err(CallError::Wecom(WecomError::Refused(refusal))) if WRONG_SECRET.contains(&refusal.errcode) => {
                    Err(StepError::SecretRejected(Some(refusal)))
                }
                other => other.map_err(CallError::into_step),
            };
        }
        let ask = |token| async move { wecom.corp_access_token(&token, corp_id, code).await };
        match self.as_suite(&suite, clock, ask).await {
            Err(CallError::Wecom(error)) if error.class() == Some(ErrorClass::AuthorizationEnded) => {
                Err(StepError::NotInstalled)
            }
            other => other.map_err(CallError::into_step),
        }
    }
}

impl SuiteAccess<'_> {
    /// The permissions of a customised app (`agent/get_permissions`), with a token of the app.
    pub(crate) async fn app_permissions(
        &self,
        installation: (&TenantId, &Installation),
        token: &SecretString,
        context: Context<'_>,
    ) -> Result<AppPermissions, StepError> {
        let (tenant_id, Installation { corp_id, .. }) = installation;
        let corp = TenantCorp {
            tenant_id,
            corp_id: corp_id.as_str(),
            entropy: context.entropy,
        };
        let caller = Caller::Corp(corp, "agent/get_permissions");
        let granted = ask(self.store, caller, context.clock, self.wecom.app_permissions(token)).await;
        granted.map_err(CallError::into_step)
    }
}

/// The installation that WeCom describes. A pure contacts app has no agent, and only administrators can install one.
pub(crate) fn installation(
    stored: &StoredInstallation,
    info: AuthInfo,
    version_id: String,
    clock: &dyn Clock,
) -> Installation {
    let auth_mode = info
        .agent
        .as_ref()
        .map_or(AuthMode::Admin, |agent| match agent.auth_mode {
            WecomAuthMode::Admin => AuthMode::Admin,
            WecomAuthMode::Member => AuthMode::Member,
        });
    let corp_name = if info.corp_name.is_empty() {
        stored.corp_name.clone()
    } else {
        info.corp_name
    };
    let privilege = info.agent.as_ref().and_then(|agent| agent.privilege.as_ref());
    Installation {
        status: InstallationStatus::Installed,
        privilege: privilege.map(|granted| privilege_of(granted, clock.now())),
        corp_id: stored.corp_id.clone(),
        corp_name,
        is_customized: info.agent.as_ref().is_some_and(|agent| agent.is_customized),
        agent_id: info.agent.map(|agent| agent.agent_id),
        auth_mode,
        is_bound: auth_mode == AuthMode::Admin,
        version_id,
        auth_mode_since: clock.now(),
        installed_at: clock.now(),
        cancelled_at: None,
        doubted_at: None,
        code_missing_since: None,
        suite_id: stored.suite_id.clone(),
        permissions: None,
        unpublished_since: None,
        disabled_since: None,
        licence: None,
    }
}

/// The privileges as counts and a fingerprint, which does not depend on the order in which WeCom lists them.
fn privilege_of(granted: &WecomPrivilege, since: Timestamp) -> Privilege {
    let mut names: Vec<String> = granted
        .allow_user
        .iter()
        .map(|id| format!("user {id}"))
        .chain(granted.extra_user.iter().map(|id| format!("extra user {id}")))
        .collect();
    for (kind, ids) in [
        ("party", &granted.allow_party),
        ("extra party", &granted.extra_party),
        ("tag", &granted.allow_tag),
        ("extra tag", &granted.extra_tag),
    ] {
        names.extend(ids.iter().map(|id| format!("{kind} {id}")));
    }
    names.sort_unstable();
    let digest = Sha256::digest(format!("level {}\n{}", granted.level, names.join("\n")));
    Privilege {
        level: granted.level,
        departments: granted.allow_party.len() + granted.extra_party.len(),
        members: granted.allow_user.len() + granted.extra_user.len(),
        tags: granted.allow_tag.len() + granted.extra_tag.len(),
        fingerprint: hex(digest.first_chunk::<8>().map_or(&[], |start| start.as_slice())),
        since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(change: impl Fn(&mut WecomPrivilege)) -> String {
        let mut granted = WecomPrivilege {
            level: 1,
            allow_party: vec![1, 2],
            allow_user: vec!["a".to_owned(), "b".to_owned()],
            ..WecomPrivilege::default()
        };
        change(&mut granted);
        privilege_of(&granted, Timestamp::UNIX_EPOCH).fingerprint
    }

    #[test]
    fn tells_privileges_apart_by_all_that_they_name_and_not_by_its_order() {
        let before = fingerprint(|_| {});
        assert_eq!(fingerprint(|granted| granted.allow_user.reverse()), before);
        let changes: [fn(&mut WecomPrivilege); 5] = [
            |granted| granted.level = 2,
            |granted| granted.allow_party = vec![1],
            |granted| granted.allow_user.push("c".to_owned()),
            |granted| granted.extra_user.push("b".to_owned()),
            |granted| {
                granted.allow_tag = granted.allow_party.clone();
                granted.allow_party.clear();
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            assert_ne!(fingerprint(change), before, "change {number}");
        }
    }
}
