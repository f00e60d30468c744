//! Which install session WeCom issued an auth_code for.

use super::{Lifecycle, hand_over::hand_over};
use crate::{
    audit::Action,
    authorization::InstallFailure,
    context::Context,
    error::StepError,
    ids::{Fingerprint, InstallState},
    suite::StoredInstallation,
};

impl Lifecycle<'_> {
    /// Notes that WeCom issued an auth_code for the session `state`. What the redirect of another session made of it before
    /// ends, and the permanent code that it got is kept for this session.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the stores. The announcement has to be repeated.
    pub(crate) async fn announce(
        &self,
        auth_code: &Fingerprint,
        state: &InstallState,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let store = self.suite.store;
        let owner = store.session_of_code(auth_code).await?;
        if let Some(other) = owner.as_ref().filter(|owner| *owner != state) {
            self.revoke(other, auth_code, state, context).await?;
        }
        let now = context.now();
        if store.assign_code(auth_code, state, owner.as_ref(), now).await? {
            Ok(())
        } else {
            // A redirect brought it in the meantime.
            Err(StepError::StateChanged)
        }
    }

    /// Ends a session that took the auth_code of the session `owner`, and the installation that it made.
    async fn revoke(
        &self,
        state: &InstallState,
        auth_code: &Fingerprint,
        owner: &InstallState,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let (store, failure) = (self.suite.store, InstallFailure::InstallLinkExpired);
        // First, so that an attempt that is under way can't install any more.
        store.fail_session(state, &failure).await?;
        let Some(session) = store.session(state).await? else {
            return Ok(());
        };
        let tenant_id = session.tenant_id;
        tracing::warn!(tenant.id = %tenant_id, "an auth_code was used with another link than WeCom issued it for");
        let entry = context.entry(Action::Installed).refused(failure.as_str());
        store.record(&tenant_id, entry).await?;
        let vault = self.termination.vault;
        // Before the end of the installation, which deletes it.
        if let Some(stored) = StoredInstallation::obtained_with(vault, &tenant_id, auth_code).await? {
            hand_over(store, vault, owner.as_str(), &stored, context).await?;
        }
        let authorization = store.authorization(&tenant_id).await?;
        let Some(installation) = authorization.installed() else {
            return Ok(());
        };
        let stored = StoredInstallation::read(vault, &tenant_id, &installation.version_id).await?;
        if stored.is_some_and(|stored| stored.auth_code == *auth_code) {
            let now = context.now();
            self.termination
                .cancel_for(&tenant_id, installation, now, context)
                .await?;
        }
        Ok(())
    }
}
