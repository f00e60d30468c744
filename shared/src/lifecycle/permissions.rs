//! The permissions of a customised app, which the corporation's administrator confirms in WeCom and may withdraw there.

use jiff::Timestamp;
use wecom_client::AppPermissions;

use super::{Lifecycle, app_token::app_token, update::Update};
use crate::{
    authorization::{Installation, Permissions},
    context::Context,
    error::StepError,
    ids::TenantId,
};

impl Lifecycle<'_> {
    /// Asks WeCom for the permissions of a tenant's customised app, and stores which of those that the platform needs are missing.
    /// Nothing is asked about a third-party app, or when the platform names none.
    ///
    /// # Errors
    /// What [`app_token`] and the call end in, [`StepError::StateChanged`], or the failure of the stores.
    pub(super) async fn read_permissions(&self, tenant_id: &TenantId, context: Context<'_>) -> Result<(), StepError> {
        let store = self.suite.store;
        let authorization = store.authorization(tenant_id).await?;
        let Some(installation) = authorization.installed().filter(|known| known.is_customized) else {
            return Ok(());
        };
        let suite = self.suite.suite(installation.suite_id.as_ref(), context.clock).await?;
        if suite.permissions.is_empty() {
            return Ok(());
        }
        let token = Box::pin(app_token(self.suite, self.termination.vault, &authorization, context)).await?;
        let app = (tenant_id, installation);
        let granted = self.suite.app_permissions(app, &token.token, context).await?;
        let mut update = Update::of(store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let same = |known: &&mut Installation| known.version_id == installation.version_id;
            let Some(known) = authorization.installation.as_mut().filter(same) else {
                return Ok(());
            };
            known.permissions = Some(permissions(&suite.permissions, &granted, known, context.now()));
            if update.commit(authorization, Vec::new()).await? {
                return Ok(());
            }
        }
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
