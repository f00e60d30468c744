//! The export of a binding: everything that opens it, as a line that `import` takes.
//!
//! It is in the binding's audit trail before anybody gets the line. Nothing else is written.

use secrecy::SecretString;
use serde::Serialize;

use crate::{
    audit::Action,
    authorization::{AuthMode, Authorization, Callback},
    binding_line::{CallbackLine, ScopeLine, WrittenBinding},
    context::Context,
    error::StepError,
    ids::{CallbackPath, CorpId, Scope, TenantId},
    sealing::{Recipient, SealingKeys},
    store::{DynamoDb, SecretName, SecretsManager},
    suite::StoredInstallation,
};

/// Exports bindings.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// The tenants' records.
    pub store: &'a DynamoDb,
    /// The tenants' secrets.
    pub vault: &'a SecretsManager,
    /// The keys that the callbacks' credentials are sealed under.
    pub keys: &'a SealingKeys,
}

/// A binding, or a part of one, that is not exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The tenant, and which of its bindings.
    pub tenant_id: TenantId,
    /// Reason.
    pub code: Omission,
    /// The field that its line lacks, such as `contacts.secret`; `None`: there is no line.
    pub field: Option<&'static str>,
}

/// Reason why something is not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Omission {
    /// No installation is in force.
    NotInstalled,
    /// A member installed the app, not an administrator.
    MemberAuthorization,
    /// Secrets Manager lacks the permanent code.
    PermanentCodeMissing,
    /// Secrets Manager lacks the Secret.
    SecretMissing,
    /// The callback's credentials do not open.
    CredentialsUnreadable,
    /// WeCom has not checked the callback's URL with any credentials, so nothing arrives there.
    CallbackUnverified,
    /// The callback was imported with another path, and WeCom has checked new credentials since, which are shown with the usual URL. The
    /// line has its path.
    LegacyPathReplaced,
    /// The binding's URLs begin with the tenant's own domain.
    OwnDomain,
}

/// What a line has of one scope, the corporation that it is of, and what it lacks.
struct Part {
    line: ScopeLine,
    corp_id: Option<CorpId>,
    left_out: Vec<(Omission, &'static str)>,
}

/// Fields of a scope's line.
struct Fields {
    secret: &'static str,
    callback: &'static str,
    path: &'static str,
}

const CONTACTS: Fields = Fields {
    secret: "contacts.secret",
    callback: "contacts.callback",
    path: "contacts.callback.path",
};

const EXTERNAL_CONTACTS: Fields = Fields {
    secret: "external_contacts.secret",
    callback: "external_contacts.callback",
    path: "external_contacts.callback.path",
};

impl Export<'_> {
    /// The line of a binding, if it has one, and what it lacks.
    ///
    /// # Errors
    /// The failure of a store.
    pub(crate) async fn line(
        &self,
        tenant_id: &TenantId,
        recipient: &Recipient,
        context: Context<'_>,
    ) -> Result<(Option<SecretString>, Vec<LeftOut>), StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        let left_out = |code, field| LeftOut {
            tenant_id: tenant_id.clone(),
            code,
            field,
        };
        let whole = |code| Ok((None, vec![left_out(code, None)]));
        let Some(installation) = authorization.installed() else {
            return whole(Omission::NotInstalled);
        };
        if installation.auth_mode == AuthMode::Member {
            return whole(Omission::MemberAuthorization);
        }
        let Some(stored) = StoredInstallation::read(self.vault, tenant_id, &installation.version_id).await? else {
            return whole(Omission::PermanentCodeMissing);
        };
        let suite_id = stored.suite_id.or_else(|| installation.suite_id.clone());
        let mut written = WrittenBinding::new(tenant_id, stored.corp_id, suite_id, stored.permanent_code);
        let mut missing = Vec::new();
        let mut is_whole = true;
        for (scope, fields) in [
            (Scope::Contacts, CONTACTS),
            (Scope::ExternalContacts, EXTERNAL_CONTACTS),
        ] {
            let part = self.part(&authorization, scope, &fields, context).await?;
            is_whole &= part.line.secret.is_some() && part.line.callback.is_some();
            missing.extend(
                part.left_out
                    .into_iter()
                    .map(|(code, field)| left_out(code, Some(field))),
            );
            written.add(scope, part.line, part.corp_id);
        }
        // An import refuses what says that it is complete, and is not.
        if is_whole || installation.is_customized {
            written.completed_at = authorization.completed_at;
        }
        written.event_retention_days = authorization.settings.event_retention_days;
        if authorization.settings.callback_base_url.is_some() {
            missing.push(left_out(Omission::OwnDomain, Some("callback_base_url")));
        }
        let line = written.text().map_err(|error| StepError::Internal(Box::new(error)))?;
        let entry = context.entry(Action::Exported).with("recipient", recipient.as_str());
        self.store.record(tenant_id, entry).await?;
        Ok((Some(line), missing))
    }

    async fn part(
        &self,
        authorization: &Authorization,
        scope: Scope,
        fields: &Fields,
        context: Context<'_>,
    ) -> Result<Part, StepError> {
        let state = authorization.scope(scope);
        let mut part = Part {
            line: ScopeLine {
                secret: None,
                agent_id: None,
                callback: None,
            },
            corp_id: None,
            left_out: Vec::new(),
        };
        if let Some(registered) = &state.secret {
            let name = SecretName::Scope(authorization.tenant_id.clone(), scope);
            part.line.secret = self.vault.read(&name, Some(&registered.version_id)).await?;
            part.line.agent_id = registered.agent_id;
            part.corp_id = Some(registered.corp_id.clone());
            if part.line.secret.is_none() {
                part.left_out.push((Omission::SecretMissing, fields.secret));
            }
        }
        let callback = match &state.callback_id {
            Some(id) => self.store.callback(id).await?,
            None => None,
        };
        let Some(callback) = callback else { return Ok(part) };
        part.corp_id = part.corp_id.or_else(|| callback.corp_id.clone());
        let Some(current) = &callback.current else {
            part.left_out.push((Omission::CallbackUnverified, fields.callback));
            return Ok(part);
        };
        let keys = self.keys.to_open(&callback, context.now()).await?;
        match keys.open_generation(&callback, current) {
            Ok(credentials) => {
                let (path, is_replaced) = path(&callback)?;
                part.line.callback = Some(CallbackLine { path, credentials });
                if is_replaced {
                    part.left_out.push((Omission::LegacyPathReplaced, fields.path));
                }
            }
            Err(error) => {
                tracing::error!(error = %error, callback.id = %callback.callback_id, "sealed credentials do not open");
                part.left_out.push((Omission::CredentialsUnreadable, fields.callback));
            }
        }
        Ok(part)
    }
}

/// The path of the URL that WeCom has, and whether it replaced the one that the callback was imported with: credentials that were made
/// here are shown with the usual URL.
fn path(callback: &Callback) -> Result<(CallbackPath, bool), StepError> {
    let is_imported = callback.current.as_ref().is_some_and(|current| current.number == 1);
    if let Some(path) = callback.legacy_path.as_ref().filter(|_| is_imported) {
        return Ok((path.clone(), false));
    }
    let path = CallbackPath::parse(&format!("/callback/{}", callback.callback_id));
    let path = path.map_err(|error| StepError::Internal(Box::new(error)))?;
    Ok((path, callback.legacy_path.is_some()))
}
