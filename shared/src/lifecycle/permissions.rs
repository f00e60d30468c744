//! What a customised app may do: permissions, which the corporation's administrator confirms in WeCom and may withdraw there; whether it
//! is online and enabled; its licence.

use jiff::Timestamp;
use wecom_client::AppPermissions;

use super::{Lifecycle, app_token::app_token_by, update::Update};
use crate::{
    authorization::{Authorization, Installation, Permissions},
    context::Context,
    error::StepError,
    ids::TenantId,
    suite::StoredInstallation,
};

impl Lifecycle<'_> {
    /// Asks WeCom about a tenant's customised app, and stores the answers: which of the permissions that the platform needs are missing,
    /// whether the app is online and enabled, and which licence it needs. Nothing is asked about permissions when the platform names none
    /// or the app is disabled, nor anything of an installation that has another permanent code than `stored`. Returns whether what is
    /// stored may be another authorization now.
    ///
    /// # Errors
    /// What [`app_token_by`] and the call about permissions end in, [`StepError::StateChanged`], or the failure of the stores.
    pub(super) async fn read_customised_app(
        &self,
        authorization: &Authorization,
        (stored, version_id): (&StoredInstallation, &str),
        context: Context<'_>,
    ) -> Result<bool, StepError> {
        let tenant_id = &authorization.tenant_id;
        let has_code = |known: &&Installation| known.is_customized && known.version_id == version_id;
        let Some(installation) = authorization.installed().filter(has_code) else {
            return Ok(false);
        };
        let suite = self.suite.suite(installation.suite_id.as_ref(), context.clock).await?;
        let token = Box::pin(app_token_by(self.suite, authorization, stored, context)).await?;
        let app = (tenant_id, installation);
        let agent = answered(self.suite.agent_state(app, &token.token, context).await, tenant_id)?.unwrap_or_default();
        let granted = if suite.permissions.is_empty() || agent.is_disabled == Some(true) {
            None
        } else {
            Some(self.suite.app_permissions(app, &token.token, context).await?)
        };
        let licence = answered(self.suite.licence(installation, &suite, context).await, tenant_id)?;
        let mut update = Update::with(self.suite.store, authorization, context);
        loop {
            let mut authorization = update.read().await?;
            let same = |known: &&mut Installation| known.version_id == installation.version_id;
            let Some(known) = authorization.installation.as_mut().filter(same) else {
                return Ok(true);
            };
            let before = known.clone();
            if let Some(granted) = &granted {
                known.permissions = Some(permissions(&suite.permissions, granted, known, context.now()));
            }
            let is_unpublished = agent.is_online.map(|is_online| !is_online);
            note(&mut known.unpublished_since, is_unpublished, context.now());
            note(&mut known.disabled_since, agent.is_disabled, context.now());
            if let Some(licence) = &licence {
                known.licence.clone_from(licence);
            }
            let is_changed = *known != before;
            if update.commit(authorization, Vec::new()).await? {
                return Ok(is_changed || update.is_repeated());
            }
        }
    }
}

/// Notes since when something holds; nothing changes when WeCom does not say.
fn note(since: &mut Option<Timestamp>, holds: Option<bool>, now: Timestamp) {
    match holds {
        Some(true) => _ = since.get_or_insert(now),
        Some(false) => *since = None,
        None => {}
    }
}

/// The answer of WeCom; `None` where it gives none, and the next check asks again.
fn answered<T>(answer: Result<T, StepError>, tenant_id: &TenantId) -> Result<Option<T>, StepError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ (StepError::WecomRefused(_) | StepError::WecomTimeout)) => {
            tracing::warn!(%error, tenant.id = %tenant_id, "WeCom did not say how far a customised app has come");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What is missing of `needed`, and since when.
fn permissions(needed: &[String], granted: &AppPermissions, known: &Installation, now: Timestamp) -> Permissions {
    let missing: Vec<_> = needed
        .iter()
        .filter(|name| !granted.names.contains(name))
        .cloned()
        .collect();
    let before = known.permissions.as_ref().filter(|before| before.missing == missing);
    let ends = granted.expiring.iter().filter(|one| needed.contains(&one.name));
    let ends = ends.filter_map(|one| Timestamp::from_second(i64::try_from(one.expires_at).ok()?).ok());
    Permissions {
        missing_since: before.map_or(now, |before| before.missing_since),
        missing,
        expires_at: ends.min(),
    }
}
