//! Credentials of a callback: generated, sealed in its record, and opened for the admin.

use wecom_callback::Credentials;

use crate::{
    authorization::{Authorization, Callback, Generation},
    context::Context,
    entropy::Generator,
    error::StepError,
    ids::{CallbackId, Scope},
    sealing::SealingKeys,
    store::DynamoDb,
};

/// Credentials, for the admin's eyes.
#[derive(Debug)]
pub struct GeneratedCredentials {
    /// The callback that they belong to.
    pub callback_id: CallbackId,
    /// Where its URL begins, if the tenant has chosen otherwise than the default.
    pub callback_base_url: Option<String>,
    /// Token and EncodingAESKey.
    pub credentials: Credentials,
    /// Their number.
    pub generation: u64,
    /// Whether WeCom has checked the URL with them.
    pub verified: bool,
    /// Whether they were made just now.
    pub new: bool,
}

/// Issues the credentials of callbacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CredentialIssuer<'a> {
    pub(crate) store: &'a DynamoDb,
    pub(crate) keys: &'a SealingKeys,
}

impl CredentialIssuer<'_> {
    /// The scope's callback, with credentials, and whether these are new and must be saved. A new callback is named in
    /// `authorization`.
    pub(crate) async fn callback(
        &self,
        authorization: &mut Authorization,
        scope: Scope,
        context: Context<'_>,
    ) -> Result<(Callback, bool), StepError> {
        if let Some(id) = &authorization.scope(scope).callback_id {
            let callback = self.store.callback(id).await?.ok_or(StepError::StateChanged)?;
            return Ok((callback, false));
        }
        let id = CallbackId::generate(context.entropy);
        let mut callback = Callback::new(id.clone(), authorization.tenant_id.clone(), scope);
        callback.corp_id = authorization.plaintext_corp_id().cloned();
        self.propose(&mut callback, context).await?;
        authorization.scope_mut(scope).callback_id = Some(id);
        Ok((callback, true))
    }

    /// Generates a pair and makes it the callback's pending one. The record will be written, so the others are sealed
    /// again with it if they are under an old key.
    pub(crate) async fn propose(&self, callback: &mut Callback, context: Context<'_>) -> Result<(), StepError> {
        let (entropy, now) = (context.entropy, context.now());
        let keys = self.keys.to_seal(now).await?;
        let number = callback.next_number();
        let pair = Credentials::generate(&mut Generator(entropy));
        let sealed = keys.seal(&pair, &callback.callback_id, callback.scope, number, now, entropy);
        callback.propose(Generation {
            number,
            sealed,
            created_at: now,
        });
        keys.reseal(callback, now, entropy);
        Ok(())
    }

    /// The callback's newest credentials, opened.
    pub(crate) async fn describe(
        &self,
        authorization: &Authorization,
        callback: &Callback,
        new: bool,
        context: Context<'_>,
    ) -> Result<GeneratedCredentials, StepError> {
        let newest = callback.newest().ok_or(StepError::NotFound)?;
        let keys = self.keys.to_open(callback, context.now()).await?;
        Ok(GeneratedCredentials {
            callback_id: callback.callback_id.clone(),
            callback_base_url: authorization.settings.callback_base_url.clone(),
            credentials: keys.open_generation(callback, newest)?,
            generation: newest.number,
            verified: callback.pending.is_none(),
            new,
        })
    }
}
