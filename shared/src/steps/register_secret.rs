//! Steps 2 and 3: checks a Secret with WeCom, says what is wrong with it, and keeps it when nothing is.
//!
//! Checked in this order, because each question is only worth asking after the one before: does the tenant have an
//! installation; is that 企业ID the installed corporation (`corpid_to_opencorpid`); do 企业ID and Secret belong together
//! (`gettoken`); is it the right kind (the call that only this kind may make). Nothing is changed before all are answered.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use wecom_client::{Error as WecomError, ErrorClass, ErrorCode};

use super::{
    FieldError, GeneratedCredentials, Occasion, StepError, SuiteAccess, audited, breaker::ask, disconnect::token_name,
    generate_credentials::Issue, saved, saved_callback, secret_kind::check_kind, suite_access::CallError,
};
use crate::{
    audit::Action,
    authorization::{
        AuthMode, Authorization, Callback, CleanupTask, Installation, KindCheck, RegisteredSecret, SecretStatus,
    },
    clock::Clock,
    ids::{CorpId, Scope, TenantId},
    store::{
        Attempts, Authorizations, Breaker, Change, CommitError, SealingKeys, SecretName, SuiteTickets, TokenCache,
        Vault,
    },
};

/// How many Secrets a tenant may get wrong within an hour. An admin who mistypes needs a few; WeCom's ban hits everybody.
const TENANT_ATTEMPTS: u32 = 10;
/// How many all tenants together may get wrong within an hour. WeCom does not say how many it allows.
const ALL_ATTEMPTS: u32 = 100;
const ATTEMPTS_WINDOW: SignedDuration = SignedDuration::from_hours(1);
const ALL_TENANTS: &str = "*all*";
/// How often it is written anew what somebody else's change of something else has kept from being written.
const ATTEMPTS_TO_WRITE: u32 = 5;

/// Registers a Secret.
#[derive(Debug)]
pub struct RegisterSecret<'a, S, V> {
    /// Access to WeCom, and the store.
    pub access: SuiteAccess<'a, S, V>,
    /// Where the Secret is kept.
    pub vault: &'a V,
    /// The sealing keys, for the credentials that are generated with it.
    pub keys: &'a SealingKeys<V>,
}

/// What the admin entered.
#[derive(Debug)]
pub struct SecretInput {
    /// The Secret.
    pub secret: SecretString,
    /// 企业ID, unless it is known from the other scope.
    pub corp_id: Option<String>,
    /// The self-built app's id, if the admin gave it.
    pub agent_id: Option<u64>,
}

/// A Secret that was registered.
#[derive(Debug)]
pub struct RegisteredScope {
    /// The authorization as it is now.
    pub authorization: Authorization,
    /// The scope's callback.
    pub callback: Callback,
    /// What the admin is to paste next.
    pub credentials: GeneratedCredentials,
}

impl<S, V> RegisterSecret<'_, S, V>
where
    S: Authorizations + Attempts + Breaker + SuiteTickets + TokenCache,
    V: Vault,
{
    /// Checks and keeps the Secret. The credentials of the scope's callback are left alone, or generated if there are none.
    ///
    /// # Errors
    /// What the contract lists for this route; nothing is changed then.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        input: SecretInput,
        occasion: Occasion<'_>,
    ) -> Result<RegisteredScope, StepError> {
        let clock = occasion.clock;
        let secret = valid_secret(&input.secret)?;
        let before = self.access.store.authorization(tenant_id).await?;
        let installation = installed_by_admin(&before)?.clone();
        let corp_id = corp_id_of(&before, input.corp_id.as_deref())?;
        let kind_check = self
            .check(tenant_id, scope, &installation, &corp_id, &secret, clock)
            .await?;

        let version_id = self
            .vault
            .put(&SecretName::Scope(tenant_id.clone(), scope), &secret)
            .await?;
        let now = clock.now();
        let registered = RegisteredSecret {
            status: SecretStatus::Accepted,
            corp_id: corp_id.clone(),
            kind_check,
            status_since: now,
            last_four: last_four(&secret),
            version_id,
            agent_id: input.agent_id,
            registered_at: now,
            checked_at: now,
        };
        self.keep(&before, scope, registered, occasion).await
    }

    /// Writes what was checked, unless somebody else changed what it was checked against.
    async fn keep(
        &self,
        before: &Authorization,
        scope: Scope,
        registered: RegisteredSecret,
        occasion: Occasion<'_>,
    ) -> Result<RegisteredScope, StepError> {
        for _ in 0..ATTEMPTS_TO_WRITE {
            let (changes, generated) = self.changes(before, scope, registered.clone(), occasion).await?;
            match self.access.store.commit(changes).await {
                Ok(()) => return self.registered(before, scope, generated, occasion).await,
                // Something else was changed: by the schedule, or in the other step.
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }

    /// What is to be written, and whether credentials are generated with it.
    async fn changes(
        &self,
        before: &Authorization,
        scope: Scope,
        registered: RegisteredSecret,
        occasion: Occasion<'_>,
    ) -> Result<(Vec<Change>, bool), StepError> {
        let mut authorization = self.access.store.authorization(&before.tenant_id).await?;
        let checked_against = |a: &Authorization| {
            let state = a.scope(scope);
            (
                a.installed().map(|installation| installation.corp_id.clone()),
                state.secret.as_ref().map(|secret| secret.version_id.clone()),
                state.callback_id.clone(),
                // A clean-up that ended meanwhile may have deleted what was just put into the vault.
                a.cleanup.clone(),
            )
        };
        if checked_against(&authorization) != checked_against(before) {
            return Err(StepError::StateChanged);
        }
        let unchanged = authorization.clone();
        let corp_id = registered.corp_id.clone();
        let entry = occasion
            .entry(Action::SecretRegistered)
            .of(scope)
            .with("last_four", &registered.last_four);
        authorization.scope_mut(scope).secret = Some(registered);
        authorization.keep_from_cleanup(CleanupTask::Scope(scope));
        let mut changes = vec![audited(&before.tenant_id, entry)];
        // The 企业ID is proved now, so both callbacks may expect it.
        let (mut callback, generated) = self.issue().callback(&mut authorization, scope, occasion).await?;
        let known = (!generated).then(|| callback.clone());
        callback.assign_corp(corp_id.clone());
        changes.extend(saved_callback(known.as_ref(), callback, occasion));
        if let Some(other_id) = &authorization.scope(scope.other()).callback_id
            && let Some(known) = self.access.store.callback(other_id).await?
            && known.corp_id.is_none()
        {
            let mut other = known.clone();
            other.assign_corp(corp_id);
            changes.extend(saved_callback(Some(&known), other, occasion));
        }
        // The next look, within minutes, tells other services what became of the health.
        authorization.next_check_at = Some(occasion.now());
        changes.extend(saved(&unchanged, authorization, occasion));
        Ok((changes, generated))
    }

    fn issue(&self) -> Issue<'_, S, V> {
        Issue {
            store: self.access.store,
            keys: self.keys,
        }
    }

    /// What the admin sees of it.
    async fn registered(
        &self,
        before: &Authorization,
        scope: Scope,
        generated: bool,
        occasion: Occasion<'_>,
    ) -> Result<RegisteredScope, StepError> {
        // A token of the Secret before is not handed out any more.
        self.access
            .store
            .drop_token(&token_name(&before.tenant_id, scope.as_str()))
            .await?;
        let authorization = self.access.store.authorization(&before.tenant_id).await?;
        let callback_id = authorization
            .scope(scope)
            .callback_id
            .clone()
            .ok_or(StepError::StateChanged)?;
        let callback = self
            .access
            .store
            .callback(&callback_id)
            .await?
            .ok_or(StepError::StateChanged)?;
        let issue = self.issue();
        let credentials = issue.describe(&authorization, &callback, generated, occasion).await?;
        Ok(RegisteredScope {
            authorization,
            callback,
            credentials,
        })
    }

    /// All that WeCom has to say of the Secret.
    async fn check(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        installation: &Installation,
        corp_id: &CorpId,
        secret: &SecretString,
        clock: &dyn Clock,
    ) -> Result<KindCheck, StepError> {
        let store = self.access.store;
        let now = clock.now();
        if let Some(until) = store.ban(now).await? {
            return Err(StepError::WecomBan { until });
        }
        let mut taken = Vec::new();
        for (counter, limit) in [(tenant_id.as_str(), TENANT_ATTEMPTS), (ALL_TENANTS, ALL_ATTEMPTS)] {
            if let Err(until) = store.take_attempt(counter, limit, ATTEMPTS_WINDOW, now).await? {
                self.give_back(&taken, now).await?;
                return Err(StepError::TooManyAttempts { until });
            }
            taken.push(counter);
        }
        let checked = self.ask_wecom(scope, installation, corp_id, secret, clock).await;
        let is_mistake = matches!(
            checked,
            Err(StepError::SecretRejected(_) | StepError::UnknownCorpId(_) | StepError::CorpMismatch)
        );
        if !is_mistake {
            self.give_back(&taken, now).await?;
        }
        checked
    }

    /// Attempts that turned out right, or that WeCom did not answer.
    async fn give_back(&self, counters: &[&str], taken_at: Timestamp) -> Result<(), StepError> {
        for counter in counters {
            self.access
                .store
                .return_attempt(counter, ATTEMPTS_WINDOW, taken_at)
                .await?;
        }
        Ok(())
    }

    async fn ask_wecom(
        &self,
        scope: Scope,
        installation: &Installation,
        corp_id: &CorpId,
        secret: &SecretString,
        clock: &dyn Clock,
    ) -> Result<KindCheck, StepError> {
        let belongs = self.belongs_to(installation, corp_id, clock).await?;
        // A Secret is not tried on a corporation that is certainly another one.
        if belongs == Belongs::No {
            return Err(StepError::CorpMismatch);
        }
        let token = self.access.wecom.access_token(corp_id.as_str(), secret);
        let token = match ask(self.access.store, clock, token).await {
            Ok(token) => token.token,
            Err(error @ CallError::Wecom(_))
                if belongs == Belongs::Unknown && error.errcode() != Some(ErrorCode::INVALID_CORP_ID) =>
            {
                return Err(StepError::CorpMismatch);
            }
            // WeCom knows the Secret and does not trust our address.
            Err(error) if error.errcode() == Some(ErrorCode::IP_NOT_TRUSTED) => return Ok(KindCheck::IpNotTrusted),
            Err(error) => return Err(token_error(error)),
        };
        if belongs != Belongs::Yes {
            return Err(StepError::CorpMismatch);
        }
        check_kind(&self.access, scope, &token, clock).await
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
        let wecom = self.access.wecom;
        let open = self.access.as_provider(clock, |token| async move {
            wecom.open_corp_id(&token, corp_id.as_str()).await
        });
        match open.await {
            Ok(open_corp_id) if open_corp_id == installation.corp_id.as_str() => Ok(Belongs::Yes),
            Ok(_) => Ok(Belongs::No),
            Err(CallError::Wecom(WecomError::Refused(refusal))) => match refusal.errcode {
                // No authorization: another corporation's id, or nobody's. `gettoken` tells which.
                ErrorCode::API_NOT_AUTHORIZED | ErrorCode::AUTHORIZATION_INVALID => Ok(Belongs::Unknown),
                ErrorCode::INVALID_CORP_ID => Err(StepError::UnknownCorpId(refusal)),
                _ => Err(StepError::from_wecom(WecomError::Refused(refusal))),
            },
            Err(error) => Err(error.into_step()),
        }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belongs {
    Yes,
    No,
    Unknown,
}

/// The installation, if an administrator made it.
pub(super) fn installed_by_admin(authorization: &Authorization) -> Result<&Installation, StepError> {
    match authorization.installed() {
        None => Err(StepError::NotInstalled),
        Some(installation) if installation.auth_mode == AuthMode::Member => Err(StepError::MemberAuthorization),
        Some(installation) => Ok(installation),
    }
}

/// Outer spaces come with copying and are dropped; anything else that WeCom's Secrets never hold is a mistake.
fn valid_secret(secret: &SecretString) -> Result<SecretString, StepError> {
    let field = "secret";
    let trimmed = secret.expose_secret().trim();
    if trimmed.is_empty() {
        let detail = "The Secret is empty.";
        return Err(StepError::InvalidField(FieldError {
            field,
            code: "missing",
            detail,
        }));
    }
    if trimmed.len() > 256 || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = "A Secret has at most 256 letters, digits and signs, without spaces or line breaks.";
        return Err(StepError::InvalidField(FieldError {
            field,
            code: "malformed",
            detail,
        }));
    }
    Ok(SecretString::from(trimmed))
}

fn corp_id_of(authorization: &Authorization, entered: Option<&str>) -> Result<CorpId, StepError> {
    let field = "corp_id";
    match entered.map(str::trim) {
        Some(entered) => CorpId::parse(entered).map_err(|_| {
            let detail = "企业ID looks like ww0a1b2c3d4e5f6071; it stands at the bottom of 我的企业 → 企业信息.";
            StepError::InvalidField(FieldError {
                field,
                code: "malformed",
                detail,
            })
        }),
        None => authorization.plaintext_corp_id().cloned().ok_or({
            let detail = "企业ID is needed with the first Secret; it stands at the bottom of 我的企业 → 企业信息.";
            StepError::InvalidField(FieldError {
                field,
                code: "missing",
                detail,
            })
        }),
    }
}

fn last_four(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    // Of a short one even four would tell too much.
    let shown = if text.len() >= 16 { 4 } else { 0 };
    text.get(text.len() - shown..).unwrap_or_default().to_owned()
}
