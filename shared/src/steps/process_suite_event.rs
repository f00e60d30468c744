//! Acts on the events of the suite, from the stream of stored ones. Each may be handed in several times.
//!
//! A `create_auth` with the `State` of one of our sessions is left to the browser that set out: its redirect brings the same
//! auth_code and proves, by its cookie, that the corporation's admin is the one who began. One without a state of ours comes
//! from WeCom's app market; it renews the authorization of a corporation that is bound, and binds none that is not, because
//! nothing in it says to which tenant (docs/adr/0005-who-may-bind-a-corporation.md).

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use wecom_client::{ErrorClass, ErrorCode};

use super::{
    Disconnect, Occasion, StepError, SuiteAccess, audited,
    complete_authorization::callbacks_of,
    disconnect::{Ending, token_name},
    exchange::{StoredInstallation, installation},
    saved,
    start_installation::fingerprint,
    suite_access::CallError,
};
use crate::{
    audit::Action,
    authorization::{Authorization, Installation},
    callback::xml,
    ids::{CorpId, InstallState, TenantId},
    store::{
        AuditTrail, Authorizations, Breaker, CommitError, DeleteEvents, Exchanges, InstallSessions, Payload,
        SecretName, SuiteTickets, TokenCache, Vault,
    },
};

/// How often a change is tried when others change the same authorization meanwhile.
const ATTEMPTS: u32 = 5;

/// An auth_code lives ten minutes (developer document 97175).
pub(super) const DOUBT: SignedDuration = SignedDuration::from_mins(15);

/// A stored event of the suite. `Debug` does not show what it said: tickets and codes.
#[derive(Clone)]
pub struct SuiteEvent {
    /// The suite.
    pub suite_id: String,
    /// `InfoType`.
    pub info_type: String,
    /// `TimeStamp`.
    pub created_at: Option<Timestamp>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What it said.
    pub payload: Payload,
}

impl std::fmt::Debug for SuiteEvent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SuiteEvent")
            .field("info_type", &self.info_type)
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// Acts on one event.
#[derive(Debug)]
pub struct ProcessSuiteEvent<'a, S, V> {
    /// Access to WeCom, and the store.
    pub access: SuiteAccess<'a, S, V>,
    /// Where permanent codes are kept.
    pub vault: &'a V,
    /// Whether a corporation's events are deleted when it removes the app.
    pub delete_events: bool,
}

impl<S, V> ProcessSuiteEvent<'_, S, V>
where
    S: AuditTrail + Authorizations + Breaker + DeleteEvents + Exchanges + InstallSessions + SuiteTickets + TokenCache,
    V: Vault,
{
    /// Acts on the event; an unknown one is left alone.
    ///
    /// # Errors
    /// When it should be tried again: WeCom or the store failed.
    pub async fn run(&self, event: &SuiteEvent, occasion: Occasion<'_>) -> Result<(), StepError> {
        let text = |name| xml::text(&event.payload, name).filter(|text| !text.is_empty());
        let corp_id = text("AuthCorpId").and_then(|corp_id| CorpId::parse(corp_id).ok());
        match (event.info_type.as_str(), text("AuthCode"), corp_id) {
            ("suite_ticket", ..) => self.keep_ticket(event, text("SuiteTicket")).await,
            ("create_auth", Some(auth_code), _) => match text("State").and_then(|s| InstallState::parse(s).ok()) {
                Some(state) if self.access.store.session(&state).await?.is_some() => {
                    tracing::info!("create_auth of a session of ours: left to the browser's redirect");
                    Ok(())
                }
                _ => {
                    self.renew(&SecretString::from(auth_code), happened(event), occasion)
                        .await
                }
            },
            ("reset_permanent_code", Some(auth_code), _) => {
                self.renew(&SecretString::from(auth_code), happened(event), occasion)
                    .await
            }
            ("change_auth", _, Some(corp_id)) => self.refresh(&corp_id, happened(event), occasion).await,
            ("cancel_auth", _, Some(corp_id)) => self.cancel(&corp_id, happened(event), occasion).await,
            (info_type, ..) => {
                tracing::info!(suite.info_type = info_type, "no action for this event of the suite");
                Ok(())
            }
        }
    }

    async fn keep_ticket(&self, event: &SuiteEvent, ticket: Option<&str>) -> Result<(), StepError> {
        let Some(ticket) = ticket else { return Ok(()) };
        let ticket = SecretString::from(ticket);
        self.access
            .store
            .keep_ticket(&event.suite_id, &ticket, happened(event))
            .await?;
        // The alarm on the ticket's age counts these lines (template.yaml).
        tracing::info!("suite ticket kept");
        Ok(())
    }

    /// A new permanent code for a corporation that is bound.
    async fn renew(&self, auth_code: &SecretString, at: Timestamp, occasion: Occasion<'_>) -> Result<(), StepError> {
        let clock = occasion.clock;
        let code_hash = fingerprint(secrecy::ExposeSecret::expose_secret(auth_code));
        let (stored, tenant_id) = match self.access.permanent_code(auth_code, clock).await {
            Ok(code) => {
                let stored = StoredInstallation::new(code, &code_hash)?;
                let Some(tenant_id) = self.access.store.tenant_of(&stored.corp_id).await? else {
                    tracing::info!(corp.id = %stored.corp_id, "an authorization that no tenant has begun: bound to none");
                    return Ok(());
                };
                self.access
                    .store
                    .note_exchange(&code_hash, &tenant_id, clock.now())
                    .await?;
                (stored, tenant_id)
            }
            // Used or too old: an attempt before this one got it and died, or nobody will.
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                let Some(exchanged) = self.exchanged(&code_hash).await? else {
                    tracing::warn!("an auth_code of the suite's events is used up or too old");
                    return Ok(());
                };
                exchanged
            }
            Err(error) => return Err(error.into_step()),
        };
        let version_id = stored.keep(self.vault, &tenant_id).await?;
        let info = self
            .access
            .auth_info(&stored, clock)
            .await
            .map_err(CallError::into_step)?;
        // By WeCom's clock, not by ours: a removal that WeCom tells of a moment later must not look like an earlier one.
        let renewed = Installation {
            installed_at: at,
            ..installation(&stored, info, version_id, clock)
        };
        self.update(&tenant_id, &renewed, occasion).await?;
        // A token of the permanent code before is not handed out any more.
        Ok(self
            .access
            .store
            .drop_token(&token_name(&tenant_id, "installation"))
            .await?)
    }

    /// What an attempt before this one got for the code, if it came to keep it.
    async fn exchanged(&self, code_hash: &str) -> Result<Option<(StoredInstallation, TenantId)>, StepError> {
        let Some(tenant_id) = self.access.store.exchanged_for(code_hash).await? else {
            return Ok(None);
        };
        let kept = self
            .vault
            .read(&SecretName::Installation(tenant_id.clone()), None)
            .await?;
        let kept = kept.map(|secret| StoredInstallation::parse(&secret)).transpose()?;
        Ok(kept
            .filter(|kept| kept.auth_code == code_hash)
            .map(|kept| (kept, tenant_id)))
    }

    /// Range, privileges or mode of an authorization changed: what WeCom says now is what counts.
    pub(super) async fn refresh(
        &self,
        corp_id: &CorpId,
        at: Timestamp,
        occasion: Occasion<'_>,
    ) -> Result<(), StepError> {
        let clock = occasion.clock;
        let Some((tenant_id, authorization)) = self.bound(corp_id).await? else {
            return Ok(());
        };
        let Some(before) = authorization.installed() else {
            return Ok(());
        };
        let name = SecretName::Installation(tenant_id.clone());
        let Some(secret) = self.vault.read(&name, Some(&before.version_id)).await? else {
            return Err(StepError::Internal(
                "the permanent code is missing from the vault".into(),
            ));
        };
        let stored = StoredInstallation::parse(&secret)?;
        match self.access.auth_info(&stored, clock).await {
            Ok(info) => {
                let now = installation(&stored, info, before.version_id.clone(), clock).continuing(before);
                self.update(&tenant_id, &now, occasion).await
            }
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_PERMANENT_CODE) => {
                self.doubt(corp_id, at, occasion).await
            }
            Err(CallError::Wecom(error)) if error.class() == Some(ErrorClass::AuthorizationEnded) => {
                self.cancel(corp_id, at, occasion).await
            }
            Err(error) => Err(error.into_step()),
        }
    }

    /// WeCom takes the permanent code no more (40084). The authorization may be over, or the code was replaced a moment ago and
    /// the event that says so is on its way. What comes of it is decided when WeCom is asked again, after the auth_code of such
    /// an event has run out.
    async fn doubt(&self, corp_id: &CorpId, at: Timestamp, occasion: Occasion<'_>) -> Result<(), StepError> {
        let now = occasion.now();
        for _ in 0..ATTEMPTS {
            let Some((_, mut authorization)) = self.bound(corp_id).await? else {
                return Ok(());
            };
            let before = authorization.clone();
            let Some(installation) = &mut authorization.installation else {
                return Ok(());
            };
            match installation.doubted_at {
                Some(since) if now >= since + DOUBT => return self.cancel(corp_id, at, occasion).await,
                Some(_) => return Ok(()),
                None => installation.doubted_at = Some(now),
            }
            authorization.next_check_at = Some(now + DOUBT);
            match self.access.store.commit(saved(&before, authorization, occasion)).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    /// The corporation removed the app. One that was installed again since is left alone: this event came late.
    async fn cancel(&self, corp_id: &CorpId, at: Timestamp, occasion: Occasion<'_>) -> Result<(), StepError> {
        for _ in 0..ATTEMPTS {
            let Some((tenant_id, mut authorization)) = self.bound(corp_id).await? else {
                return Ok(());
            };
            let installed_at = authorization.installed().map(|installation| installation.installed_at);
            // WeCom tells whole seconds only.
            if installed_at.is_none_or(|installed_at| installed_at.as_second() > at.as_second()) {
                return self.disconnect().clean_up(authorization, occasion.clock).await;
            }
            let before = authorization.clone();
            let callbacks = callbacks_of(self.access.store, &before).await?;
            let ending = Ending {
                action: Action::AuthorizationCancelled,
                delete_events: self.delete_events,
                callbacks: &callbacks,
            };
            let mut changes = ending.of(&mut authorization, occasion);
            authorization.cancel(at);
            changes.extend(saved(&before, authorization, occasion));
            match self.access.store.commit(changes).await {
                // Should this fail or die, the schedule goes on with it: to the event, handed in again, the corporation is
                // nobody's.
                Ok(()) => {
                    let ended = self.access.store.authorization(&tenant_id).await?;
                    return self.disconnect().clean_up(ended, occasion.clock).await;
                }
                Err(CommitError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::StateChanged)
    }

    pub(super) fn disconnect(&self) -> Disconnect<'_, S, V> {
        Disconnect {
            store: self.access.store,
            vault: self.vault,
            delete_events: self.delete_events,
        }
    }

    /// Writes what WeCom says now of the tenant's installation, if it is another than was known.
    async fn update(&self, tenant_id: &TenantId, now: &Installation, occasion: Occasion<'_>) -> Result<(), StepError> {
        for _ in 0..ATTEMPTS {
            let Some((bound_to, mut authorization)) = self.bound(&now.corp_id).await? else {
                return Ok(());
            };
            let before = authorization.clone();
            let Some(known) = before.installed().filter(|known| known.corp_id == now.corp_id) else {
                return Ok(());
            };
            let now = Installation {
                installed_at: now.installed_at.max(known.installed_at),
                ..now.clone().continuing(known)
            };
            if bound_to != *tenant_id || *known == now {
                return Ok(());
            }
            authorization.install(now.clone());
            // Looked at next, so that other services hear soon what became of the health.
            authorization.next_check_at = Some(occasion.now());
            let mut entry = occasion.entry(Action::AuthorizationChanged);
            if let Some(privilege) = &now.privilege {
                entry = entry
                    .with("level", &privilege.level)
                    .with("departments", &privilege.departments)
                    .with("members", &privilege.members)
                    .with("tags", &privilege.tags);
            }
            let mut changes = vec![audited(tenant_id, entry)];
            changes.extend(saved(&before, authorization, occasion));
            match self.access.store.commit(changes).await {
                Err(CommitError::Stale) => {}
                other => return other.map_err(StepError::from),
            }
        }
        Err(StepError::StateChanged)
    }

    async fn bound(&self, corp_id: &CorpId) -> Result<Option<(TenantId, Authorization)>, StepError> {
        let Some(tenant_id) = self.access.store.tenant_of(corp_id).await? else {
            tracing::info!(corp.id = %corp_id, "an event of a corporation that no tenant has bound");
            return Ok(None);
        };
        let authorization = self.access.store.authorization(&tenant_id).await?;
        Ok(Some((tenant_id, authorization)))
    }
}

fn happened(event: &SuiteEvent) -> Timestamp {
    event.created_at.unwrap_or(event.received_at)
}
