//! Checks of a tenant's Secret with WeCom: does it belong to the corporation that installed the app, is it of the right kind.
//!
//! The questions are asked in this order, because each is only worth asking after the previous one: is that 企业ID the
//! installed corporation (`corpid_to_opencorpid`); do 企业ID and Secret belong together (`gettoken`); is it the right kind
//! (the call that only this kind may make).

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use wecom_client::{AccessToken, Error as WecomError, ErrorClass, ErrorCode, Refusal};

use super::{
    SuiteAccess,
    breaker::{Caller, TenantCorp, ask},
    call_error::CallError,
};
use crate::{
    authorization::{Installation, KindCheck, RegisteredSecret, SecretStatus},
    clock::Clock,
    context::Context,
    entropy::Entropy,
    error::{CorpFault, SecretKind, StepError},
    ids::{CorpId, Scope, TenantId},
    store::{SecretName, SecretsManager},
};

/// Wrong Secrets per tenant and hour. An admin who mistypes needs a few; WeCom's ban affects all tenants.
const TENANT_ATTEMPTS: u32 = 10;
/// Wrong Secrets of all tenants per hour. WeCom does not document how many it allows.
const ALL_ATTEMPTS: u32 = 100;
/// Further ones for tenants of which WeCom accepts another Secret: newcomers who mistype do not lock them out.
const RESERVED_ATTEMPTS: u32 = 20;
const ATTEMPTS_WINDOW: SignedDuration = SignedDuration::from_hours(1);
const ALL_TENANTS: &str = "*all*";

/// The codes of `gettoken` for a Secret that does not belong to the corporation. Repeated, they lead to a ban of our address.
pub(crate) const WRONG_SECRET: [ErrorCode; 3] = [
    ErrorCode::INVALID_SECRET,
    ErrorCode::FOREIGN_SECRET,
    ErrorCode::INVALID_CORP_ID,
];

/// A Secret that an admin entered, and what it is checked against.
pub(crate) struct SecretToCheck<'a> {
    pub(crate) tenant_id: &'a TenantId,
    pub(crate) scope: Scope,
    pub(crate) installation: &'a Installation,
    pub(crate) corp_id: &'a CorpId,
    pub(crate) secret: &'a SecretString,
    /// Whether WeCom accepts another Secret of this tenant.
    pub(crate) in_good_standing: bool,
}

/// The answer of WeCom about a registered Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Observation {
    pub(crate) status: SecretStatus,
    pub(crate) kind_check: KindCheck,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belongs {
    Yes,
    No,
    Unknown,
}

impl SuiteAccess<'_> {
    /// Checks a Secret that an admin entered. Mistakes are counted per tenant, over its bindings, and for all tenants, and
    /// refused before WeCom is called when there were too many.
    pub(crate) async fn check_secret(
        &self,
        input: &SecretToCheck<'_>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<KindCheck, StepError> {
        let now = clock.now();
        let reserve = if input.in_good_standing { RESERVED_ATTEMPTS } else { 0 };
        let tenant = input.tenant_id.tenant();
        let limits = [
            (tenant.as_str(), TENANT_ATTEMPTS),
            (ALL_TENANTS, ALL_ATTEMPTS + reserve),
        ];
        let mut taken = Vec::new();
        for (counter, limit) in limits {
            if let Err(until) = self.store.take_attempt(counter, limit, ATTEMPTS_WINDOW, now).await? {
                self.return_attempts(&taken, now).await?;
                return Err(StepError::TooManyAttempts { until });
            }
            taken.push(counter);
        }
        let checked = self.judge_secret(input, clock, entropy).await;
        let is_mistake = matches!(
            checked,
            Err(StepError::SecretRejected(_) | StepError::UnknownCorpId(_) | StepError::CorpMismatch { .. })
        );
        if !is_mistake {
            self.return_attempts(&taken, now).await?;
        }
        checked
    }

    /// Returns attempts that were not mistakes, or that WeCom did not answer.
    async fn return_attempts(&self, counters: &[&str], taken_at: Timestamp) -> Result<(), StepError> {
        for counter in counters {
            self.store.return_attempt(counter, ATTEMPTS_WINDOW, taken_at).await?;
        }
        Ok(())
    }

    async fn judge_secret(
        &self,
        input: &SecretToCheck<'_>,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<KindCheck, StepError> {
        let corp = TenantCorp {
            tenant_id: input.tenant_id,
            corp_id: input.corp_id.as_str(),
            entropy,
        };
        let belongs = self.belongs_to(input.installation, input.corp_id, clock).await?;
        // A Secret is not tried on a corporation that is certainly another one.
        if belongs == Belongs::No {
            return Err(CorpFault::OtherInstallation.into());
        }
        let token = self.wecom.access_token(input.corp_id.as_str(), input.secret);
        let token = match ask(self.store, Caller::UnprovenSecret(corp), clock, token).await {
            Ok(token) => token.token,
            Err(error @ CallError::Wecom(_))
                if belongs == Belongs::Unknown && error.errcode() != Some(ErrorCode::INVALID_CORP_ID) =>
            {
                return Err(CorpFault::NotInstalled.into());
            }
            // WeCom accepts the Secret and does not trust our address.
            Err(error) if error.errcode() == Some(ErrorCode::IP_NOT_TRUSTED) => return Ok(KindCheck::IpNotTrusted),
            Err(error) => return Err(token_error(error)),
        };
        if belongs != Belongs::Yes {
            return Err(CorpFault::NotInstalled.into());
        }
        self.check_kind(input.scope, &token, corp, clock).await
    }

    /// Whether the plaintext 企业ID is the corporation that installed the app.
    async fn belongs_to(
        &self,
        installation: &Installation,
        corp_id: &CorpId,
        clock: &dyn Clock,
    ) -> Result<Belongs, StepError> {
        // A historic authorization still carries the plaintext id.
        if installation.corp_id.same_plaintext(corp_id.as_str()) {
            return Ok(Belongs::Yes);
        }
        let wecom = self.wecom;
        let suite = self.suite(installation.suite_id.as_ref(), clock).await?;
        let open = self.as_provider(&suite, clock, |token| async move {
            wecom.open_corp_id(&token, corp_id.as_str()).await
        });
        match open.await {
            Ok(open_corp_id) if open_corp_id == installation.corp_id.as_str() => Ok(Belongs::Yes),
            Ok(_) => Ok(Belongs::No),
            Err(CallError::Wecom(WecomError::Refused(refusal))) => match refusal.errcode {
                // No authorization: another corporation's id, or an unassigned one. `gettoken` tells which.
                ErrorCode::API_NOT_AUTHORIZED | ErrorCode::AUTHORIZATION_INVALID => Ok(Belongs::Unknown),
                ErrorCode::INVALID_CORP_ID => Err(StepError::UnknownCorpId(refusal)),
                _ => Err(StepError::from_wecom(WecomError::Refused(refusal))),
            },
            Err(error) => Err(error.into_step()),
        }
    }

    /// Makes the call that only this kind of Secret may make; when WeCom refuses it, the call of the other kind tells which
    /// kind it is.
    async fn check_kind(
        &self,
        scope: Scope,
        token: &SecretString,
        corp: TenantCorp<'_>,
        clock: &dyn Clock,
    ) -> Result<KindCheck, StepError> {
        let refusal = match self.probe(scope, token, corp, clock).await {
            Ok(()) => return Ok(KindCheck::Confirmed),
            Err(CallError::Wecom(WecomError::Refused(refusal))) => refusal,
            Err(error) => return Err(error.into_step()),
        };
        if let Some(kind) = kind_from_errcode(&refusal, scope) {
            return Ok(kind);
        }
        match refusal.errcode {
            ErrorCode::API_FORBIDDEN | ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET | ErrorCode::AGENT_MISMATCH => {
                Err(StepError::WrongSecretKind {
                    looks_like: self.looks_like(scope, token, &refusal, corp, clock).await,
                    refusal,
                })
            }
            _ => match refusal.errcode.class() {
                ErrorClass::Retry | ErrorClass::SlowDown | ErrorClass::Refresh => {
                    Err(StepError::from_wecom(WecomError::Refused(refusal)))
                }
                _ => Ok(KindCheck::Unconfirmed),
            },
        }
    }

    async fn looks_like(
        &self,
        scope: Scope,
        token: &SecretString,
        refusal: &Refusal,
        corp: TenantCorp<'_>,
        clock: &dyn Clock,
    ) -> Option<SecretKind> {
        if refusal.errcode == ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET {
            return Some(SecretKind::Contacts);
        }
        let other = match scope {
            Scope::Contacts => SecretKind::ExternalContacts,
            Scope::ExternalContacts => SecretKind::Contacts,
        };
        match self.probe(scope.other(), token, corp, clock).await {
            Ok(()) => Some(other),
            Err(error) if error.errcode() == Some(ErrorCode::API_FORBIDDEN) => Some(SecretKind::OtherApp),
            Err(_) => None,
        }
    }

    async fn probe(
        &self,
        scope: Scope,
        token: &SecretString,
        corp: TenantCorp<'_>,
        clock: &dyn Clock,
    ) -> Result<(), CallError> {
        let probed = async {
            match scope {
                Scope::Contacts => self.wecom.probe_contacts(token).await,
                Scope::ExternalContacts => self.wecom.probe_external_contacts(token).await.map(|_members| ()),
            }
        };
        ask(self.store, Caller::Corp(corp, probe_api(scope)), clock, probed).await
    }

    /// A token by a Secret that WeCom accepted when it was registered (`gettoken`).
    pub(crate) async fn secret_token(
        &self,
        tenant_id: &TenantId,
        registered: &RegisteredSecret,
        secret: &SecretString,
        context: Context<'_>,
    ) -> Result<AccessToken, CallError> {
        let corp = TenantCorp {
            tenant_id,
            corp_id: registered.corp_id.as_str(),
            entropy: context.entropy,
        };
        let token = self.wecom.access_token(registered.corp_id.as_str(), secret);
        ask(self.store, Caller::ProvenSecret(corp), context.clock, token).await
    }

    /// Asks WeCom about a registered Secret. `None` when the answer says nothing about the Secret.
    pub(crate) async fn observe_secret(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        registered: &RegisteredSecret,
        secret: &SecretString,
        context: Context<'_>,
    ) -> Result<Option<Observation>, StepError> {
        let clock = context.clock;
        let corp = TenantCorp {
            tenant_id,
            corp_id: registered.corp_id.as_str(),
            entropy: context.entropy,
        };
        let accepted_as = |kind_check| Observation {
            status: SecretStatus::Accepted,
            kind_check,
        };
        let token = match self.secret_token(tenant_id, registered, secret, context).await {
            Ok(token) => token.token,
            Err(error) => {
                let Some(refusal) = error.refusal()? else {
                    return Ok(None);
                };
                let rejected = WRONG_SECRET.contains(&refusal.errcode).then_some(Observation {
                    status: SecretStatus::Rejected,
                    kind_check: registered.kind_check,
                });
                return Ok(rejected.or_else(|| kind_from_errcode(&refusal, scope).map(accepted_as)));
            }
        };
        let Err(error) = self.probe(scope, &token, corp, clock).await else {
            return Ok(Some(accepted_as(KindCheck::Confirmed)));
        };
        let Some(refusal) = error.refusal()? else {
            return Ok(None);
        };
        let kind_check = match kind_from_errcode(&refusal, scope) {
            Some(kind) => Some(kind),
            None => match refusal.errcode.class() {
                ErrorClass::Retry | ErrorClass::SlowDown | ErrorClass::Refresh => None,
                _ => Some(KindCheck::Unconfirmed),
            },
        };
        Ok(kind_check.map(accepted_as))
    }
}

/// The call that only this kind of Secret may make.
pub(super) fn probe_api(scope: Scope) -> &'static str {
    match scope {
        Scope::Contacts => "user/list_id",
        Scope::ExternalContacts => "externalcontact/get_follow_user_list",
    }
}

/// A registered Secret, from the vault; `None` when it is missing there.
pub(crate) async fn registered_secret(
    vault: &SecretsManager,
    tenant_id: &TenantId,
    scope: Scope,
    registered: &RegisteredSecret,
) -> Result<Option<SecretString>, StepError> {
    let name = SecretName::Scope(tenant_id.clone(), scope);
    Ok(vault.read(&name, Some(&registered.version_id)).await?)
}

/// The kind check that follows from a refusal of a Secret that WeCom accepts.
fn kind_from_errcode(refusal: &Refusal, scope: Scope) -> Option<KindCheck> {
    match refusal.errcode {
        ErrorCode::IP_NOT_TRUSTED => Some(KindCheck::IpNotTrusted),
        ErrorCode::APPLICATION_DISABLED | ErrorCode::SYSTEM_APPLICATION_DISABLED => Some(KindCheck::AppDisabled),
        // Only a contacts Secret is answered so (developer document 90313).
        ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET if scope == Scope::Contacts => Some(KindCheck::Confirmed),
        _ => None,
    }
}

fn token_error(error: CallError) -> StepError {
    match error {
        CallError::Wecom(WecomError::Refused(refusal)) if refusal.errcode == ErrorCode::INVALID_CORP_ID => {
            StepError::UnknownCorpId(refusal)
        }
        CallError::Wecom(WecomError::Refused(refusal)) if refusal.errcode.class() == ErrorClass::UserMistake => {
            StepError::SecretRejected(Some(refusal))
        }
        other => other.into_step(),
    }
}
