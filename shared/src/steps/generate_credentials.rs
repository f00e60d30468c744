//! URL, Token and EncodingAESKey of a callback: generated, sealed in the callback's record, and shown to the admin, who
//! pastes them into WeCom's console.
//!
//! Tests: `tests/it/rotation.rs`, `tests/it/faults/concurrency.rs`.

use crate::{
    audit::Action,
    callbacks::{CredentialIssuer, GeneratedCredentials},
    context::{Context, audited, saved_callback},
    error::StepError,
    ids::{Scope, TenantId},
    lifecycle::Update,
    sealing::SealingKeys,
    store::DynamoDb,
};

/// Generates the credentials of a callback.
#[derive(Debug)]
pub struct GenerateCredentials<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
    /// The keys that the credentials are sealed under.
    pub keys: &'a SealingKeys,
}

/// Shows the newest credentials of a callback again.
#[derive(Debug)]
pub struct ShowCredentials<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
    /// The keys that the credentials are sealed under.
    pub keys: &'a SealingKeys,
}

impl GenerateCredentials<'_> {
    /// The credentials that the admin has to paste: the pending ones, or those in use; or new, pending ones when there
    /// are none or `rotate` is set.
    ///
    /// # Errors
    /// [`StepError::NotInstalled`], [`StepError::MemberAuthorization`], [`StepError::StateChanged`] when others rotate
    /// at the same time, or the failure of the stores.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        rotate: bool,
        context: Context<'_>,
    ) -> Result<GeneratedCredentials, StepError> {
        let issuer = CredentialIssuer {
            store: self.store,
            keys: self.keys,
        };
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            if rotate && update.is_repeated() {
                // Of two concurrent rotations one fails. Concurrent requests without rotation get the same pair.
                return Err(StepError::StateChanged);
            }
            authorization.admin_installation()?;
            let (mut callback, mut generated) = issuer.callback(&mut authorization, scope, context).await?;
            let before = (!generated).then(|| callback.clone());
            if rotate && !generated {
                issuer.propose(&mut callback, context).await?;
                generated = true;
            }
            if !generated {
                return issuer.describe(&authorization, &callback, false, context).await;
            }
            let entry = context
                .entry(Action::CredentialsGenerated)
                .of(scope)
                .with("generation", &(callback.next_number() - 1));
            let mut changes = saved_callback(before.as_ref(), callback.clone(), context);
            changes.push(audited(tenant_id, entry));
            if update.commit(authorization.clone(), changes).await? {
                return issuer.describe(&authorization, &callback, true, context).await;
            }
        }
    }
}

impl ShowCredentials<'_> {
    /// The newest generation, after an entry in the audit trail.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when none has been generated, or the failure of the stores.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        context: Context<'_>,
    ) -> Result<GeneratedCredentials, StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        let id = authorization
            .scope(scope)
            .callback_id
            .as_ref()
            .ok_or(StepError::NotFound)?;
        let callback = self.store.callback(id).await?.ok_or(StepError::NotFound)?;
        let issuer = CredentialIssuer {
            store: self.store,
            keys: self.keys,
        };
        let shown = issuer.describe(&authorization, &callback, false, context).await?;
        let entry = context
            .entry(Action::CredentialsShown)
            .of(scope)
            .with("generation", &(shown.generation));
        self.store.record(tenant_id, entry).await?;
        Ok(shown)
    }
}
