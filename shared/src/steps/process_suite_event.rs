//! Acts on the events of the suite, from the stream of stored ones. Each may be handed in several times.
//!
//! A `create_auth` with the `State` of one of our sessions is left to the browser that set out: its redirect brings the same
//! auth_code and proves, by its cookie, that the corporation's admin is the one who began. One without a state of ours comes
//! from WeCom's app market; it renews the authorization of a corporation that is bound, and binds none that is not, because
//! nothing in it says to which tenant (docs/adr/0005-who-may-bind-a-corporation.md).

use jiff::Timestamp;
use secrecy::SecretString;
use wecom_client::{ErrorClass, ErrorCode};

use super::{
    StepError, SuiteAccess,
    exchange::{StoredInstallation, installation},
    start_installation::fingerprint,
    suite_access::CallError,
};
use crate::{
    authorization::{Authorization, Installation},
    callback::xml,
    clock::Clock,
    ids::{CorpId, InstallState, TenantId},
    store::{
        Authorizations, Change, CommitError, InstallSessions, Payload, SecretName, SuiteTickets, TokenCache, Vault,
    },
};

/// A stored event of the suite.
#[derive(Debug, Clone)]
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

/// Acts on one event.
#[derive(Debug)]
pub struct ProcessSuiteEvent<'a, S, V> {
    /// Access to WeCom, and the store.
    pub access: SuiteAccess<'a, S, V>,
    /// Where permanent codes are kept.
    pub vault: &'a V,
}

impl<S, V> ProcessSuiteEvent<'_, S, V>
where
    S: Authorizations + InstallSessions + SuiteTickets + TokenCache,
    V: Vault,
{
    /// Acts on the event; an unknown one is left alone.
    ///
    /// # Errors
    /// When it should be tried again: WeCom or the store failed.
    pub async fn run(&self, event: &SuiteEvent, clock: &dyn Clock) -> Result<(), StepError> {
        let text = |name| xml::text(&event.payload, name).filter(|text| !text.is_empty());
        let corp_id = text("AuthCorpId").and_then(|corp_id| CorpId::parse(corp_id).ok());
        match (event.info_type.as_str(), text("AuthCode"), corp_id) {
            ("suite_ticket", ..) => self.keep_ticket(event, text("SuiteTicket")).await,
            ("create_auth", Some(auth_code), _) => match text("State").and_then(|s| InstallState::parse(s).ok()) {
                Some(state) if self.access.store.session(&state).await?.is_some() => {
                    tracing::info!("create_auth of a session of ours: left to the browser's redirect");
                    Ok(())
                }
                _ => self.renew(&SecretString::from(auth_code), clock).await,
            },
            ("reset_permanent_code", Some(auth_code), _) => self.renew(&SecretString::from(auth_code), clock).await,
            ("change_auth", _, Some(corp_id)) => self.refresh(&corp_id, event, clock).await,
            ("cancel_auth", _, Some(corp_id)) => self.cancel(&corp_id, happened(event)).await,
            (info_type, ..) => {
                tracing::info!(suite.info_type = info_type, "no action for this event of the suite");
                Ok(())
            }
        }
    }

    async fn keep_ticket(&self, event: &SuiteEvent, ticket: Option<&str>) -> Result<(), StepError> {
        let Some(ticket) = ticket else { return Ok(()) };
        let ticket = SecretString::from(ticket);
        Ok(self
            .access
            .store
            .keep_ticket(&event.suite_id, &ticket, happened(event))
            .await?)
    }

    /// A new permanent code for a corporation that is bound.
    async fn renew(&self, auth_code: &SecretString, clock: &dyn Clock) -> Result<(), StepError> {
        let code_hash = fingerprint(secrecy::ExposeSecret::expose_secret(auth_code));
        let code = match self.access.permanent_code(auth_code, clock).await {
            Ok(code) => code,
            // Used or too old: an attempt before this one got it, or nobody will.
            Err(error) if error.errcode() == Some(ErrorCode::INVALID_AUTH_CODE) => {
                tracing::warn!("an auth_code of the suite's events is used up or too old");
                return Ok(());
            }
            Err(error) => return Err(error.into_step(clock)),
        };
        let stored = StoredInstallation::new(code, &code_hash)?;
        let Some(tenant_id) = self.access.store.tenant_of(&stored.corp_id).await? else {
            tracing::info!(corp.id = %stored.corp_id, "an authorization that no tenant has begun: bound to none");
            return Ok(());
        };
        let version_id = stored.keep(self.vault, &tenant_id).await?;
        let info = self
            .access
            .auth_info(&stored, clock)
            .await
            .map_err(|error| error.into_step(clock))?;
        self.update(&tenant_id, &installation(&stored, info, version_id, clock))
            .await
    }

    /// Range, privileges or mode of an authorization changed: what WeCom says now is what counts.
    async fn refresh(&self, corp_id: &CorpId, event: &SuiteEvent, clock: &dyn Clock) -> Result<(), StepError> {
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
                let now = installation(&stored, info, before.version_id.clone(), clock);
                self.update(
                    &tenant_id,
                    &Installation {
                        installed_at: before.installed_at,
                        ..now
                    },
                )
                .await
            }
            Err(CallError::Wecom(error)) if error.class() == Some(ErrorClass::AuthorizationEnded) => {
                self.cancel(corp_id, happened(event)).await
            }
            Err(error) => Err(error.into_step(clock)),
        }
    }

    /// The corporation removed the app. One that was installed again since is left alone: this event came late.
    async fn cancel(&self, corp_id: &CorpId, at: Timestamp) -> Result<(), StepError> {
        self.change(corp_id, |authorization| {
            let installed_at = authorization.installed().map(|installation| installation.installed_at);
            // WeCom tells whole seconds only.
            let in_force = installed_at.is_some_and(|installed_at| installed_at.as_second() <= at.as_second());
            in_force.then(|| {
                authorization.cancel(at);
                vec![Change::ReleaseCorp(corp_id.clone(), authorization.tenant_id.clone())]
            })
        })
        .await
    }

    async fn update(&self, tenant_id: &TenantId, now: &Installation) -> Result<(), StepError> {
        self.change(&now.corp_id, |authorization| {
            let same = authorization.tenant_id == *tenant_id
                && authorization
                    .installation
                    .as_ref()
                    .is_some_and(|before| before.corp_id == now.corp_id);
            same.then(|| {
                authorization
                    .install(now.clone())
                    .into_iter()
                    .map(Change::RemoveCallback)
                    .collect()
            })
        })
        .await
    }

    /// Changes the authorization of the tenant that has bound the corporation, if `change` wants to.
    async fn change(
        &self,
        corp_id: &CorpId,
        change: impl Fn(&mut Authorization) -> Option<Vec<Change>> + Send,
    ) -> Result<(), StepError> {
        for _ in 0..5 {
            let Some((_, mut authorization)) = self.bound(corp_id).await? else {
                return Ok(());
            };
            let Some(mut changes) = change(&mut authorization) else {
                return Ok(());
            };
            changes.push(Change::Save(authorization));
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
