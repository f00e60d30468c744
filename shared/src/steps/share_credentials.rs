//! A colleague without an account pastes one step's values into WeCom's console: the admin makes a link, which shows URL, Token
//! and EncodingAESKey once, and the step's status to the person who opened it.
//!
//! Looking at a link changes nothing, because programs preview links; opening it is one transaction, so that of several who
//! open it one sees the values.
//!
//! Tests: `tests/it/assist.rs`.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    audit::Action,
    authorization::{AssistLink, Authorization, Callback, CallbackStatus, Rejection, RejectionReason},
    callbacks::{CredentialIssuer, GeneratedCredentials},
    clock::Clock,
    context::{Context, audited},
    entropy::random_id,
    error::StepError,
    ids::{Fingerprint, Scope, TenantId},
    lifecycle::Update,
    sealing::SealingKeys,
    store::{Change, DynamoDb},
};

/// Makes an assist link.
#[derive(Debug)]
pub struct CreateAssistLink<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl CreateAssistLink<'_> {
    /// A link for the values of a scope, and its secret.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when no credentials have been generated, [`StepError::TooManyAssistLinks`],
    /// [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        context: Context<'_>,
    ) -> Result<(AssistLink, SecretString), StepError> {
        let (id, secret) = (random_id(context.entropy), random_id(context.entropy));
        let fingerprint = Fingerprint::of(&secret);
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let callback_id = authorization.scope(scope).callback_id.clone();
            let callback_id = callback_id.ok_or(StepError::NotFound)?;
            let link = AssistLink::new(id.clone(), scope, callback_id, fingerprint.clone(), context.now());
            authorization.add_assist_link(link.clone())?;
            let entry = context.entry(Action::AssistLinkCreated).of(scope).with("link", &id);
            let changes = vec![
                Change::PutAssistLink(fingerprint.clone(), tenant_id.clone(), link.expires_at),
                audited(tenant_id, entry),
            ];
            if update.commit(authorization, changes).await? {
                return Ok((link, secret.into()));
            }
        }
    }
}

/// Ends an assist link before its time.
#[derive(Debug)]
pub struct RevokeAssistLink<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
}

impl RevokeAssistLink<'_> {
    /// Ends the link. One that has ended, or never existed, is a success, too.
    ///
    /// # Errors
    /// [`StepError::StateChanged`], or the failure of the store.
    pub async fn run(&self, tenant_id: &TenantId, id: &str, context: Context<'_>) -> Result<(), StepError> {
        let mut update = Update::of(self.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let Some(link) = authorization.revoke_assist_link(id, context.now()) else {
                return Ok(());
            };
            let entry = context
                .entry(Action::AssistLinkRevoked)
                .of(link.scope)
                .with("link", &link.id);
            if update.commit(authorization, vec![audited(tenant_id, entry)]).await? {
                return Ok(());
            }
        }
    }
}

/// Opening of assist links, which needs no sign-in.
#[derive(Debug)]
pub struct OpenAssistLink<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
    /// The keys that the credentials are sealed under.
    pub keys: &'a SealingKeys,
}

/// What a link shows to the browser that opened it.
#[derive(Debug)]
pub struct OpenedAssistLink {
    /// Link that was opened, which no longer shows its values.
    pub link: AssistLink,
    /// URL, Token and EncodingAESKey of the callback.
    pub credentials: GeneratedCredentials,
    /// The cookie by which the browser may read the status.
    pub viewer: SecretString,
}

/// How far the step of an opened link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssistStatus {
    /// Whether WeCom has checked the URL with the newest values.
    pub status: CallbackStatus,
    /// When it last did.
    pub verified_at: Option<Timestamp>,
    /// WeCom's last request that was refused since the link was made, unless a check has passed since.
    pub last_rejection: Option<Rejection>,
    /// The end of the link's lifetime.
    pub expires_at: Timestamp,
}

impl OpenAssistLink<'_> {
    /// Whether the link could be opened. Changes nothing.
    ///
    /// # Errors
    /// [`StepError::NotFound`] for a secret that is no link's, [`StepError::AssistLinkExpired`] for a link that was opened or
    /// has ended, or the failure of the store.
    pub async fn look(&self, secret: &str, clock: &dyn Clock) -> Result<(), StepError> {
        let (tenant_id, fingerprint) = self.find(secret).await?;
        let authorization = self.store.authorization(&tenant_id).await?;
        let link = authorization.assist_link(&fingerprint, clock.now());
        match link {
            Some(link) if link.opened_at.is_none() => Ok(()),
            _ => Err(StepError::AssistLinkExpired),
        }
    }

    /// Opens the link: the one time that it shows the values.
    ///
    /// # Errors
    /// As [`OpenAssistLink::look`], or the failure of the stores; then the link can still be opened.
    pub async fn run(&self, secret: &str, context: Context<'_>) -> Result<OpenedAssistLink, StepError> {
        let (tenant_id, fingerprint) = self.find(secret).await?;
        let viewer = random_id(context.entropy);
        let mut update = Update::of(self.store, &tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            let link = authorization
                .open_assist_link(&fingerprint, Fingerprint::of(&viewer), context.now())
                .ok_or(StepError::AssistLinkExpired)?;
            let credentials = self.credentials(&authorization, &link, context).await?;
            let entry = context
                .entry(Action::AssistLinkOpened)
                .of(link.scope)
                .with("link", &link.id)
                .with("generation", &credentials.generation);
            if update.commit(authorization, vec![audited(&tenant_id, entry)]).await? {
                return Ok(OpenedAssistLink {
                    link,
                    credentials,
                    viewer: viewer.into(),
                });
            }
        }
    }

    /// How far the step is, for the browser that opened the link.
    ///
    /// # Errors
    /// [`StepError::NotFound`] for a secret that is no link's, [`StepError::AssistLinkExpired`] for another browser and for a
    /// link that has not been opened or has ended, or the failure of the store.
    pub async fn status(
        &self,
        secret: &str,
        viewer: Option<&str>,
        clock: &dyn Clock,
    ) -> Result<AssistStatus, StepError> {
        let (tenant_id, fingerprint) = self.find(secret).await?;
        let authorization = self.store.authorization(&tenant_id).await?;
        let viewer = viewer.map(Fingerprint::of);
        let link = authorization
            .assist_link(&fingerprint, clock.now())
            .filter(|link| viewer.is_some() && link.viewer == viewer)
            .ok_or(StepError::AssistLinkExpired)?;
        let callback = self.callback(link).await?;
        Ok(status(link, &callback))
    }

    /// The tenant whose link has this secret, and the secret's fingerprint.
    async fn find(&self, secret: &str) -> Result<(TenantId, Fingerprint), StepError> {
        if secret.len() != 32 || !secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(StepError::NotFound);
        }
        let fingerprint = Fingerprint::of(secret);
        let tenant_id = self.store.assist_link_tenant(&fingerprint).await?;
        Ok((tenant_id.ok_or(StepError::NotFound)?, fingerprint))
    }

    async fn callback(&self, link: &AssistLink) -> Result<Callback, StepError> {
        let callback = self.store.callback(&link.callback_id).await?;
        callback.ok_or(StepError::AssistLinkExpired)
    }

    async fn credentials(
        &self,
        authorization: &Authorization,
        link: &AssistLink,
        context: Context<'_>,
    ) -> Result<GeneratedCredentials, StepError> {
        let callback = self.callback(link).await?;
        let issuer = CredentialIssuer {
            store: self.store,
            keys: self.keys,
        };
        issuer.describe(authorization, &callback, false, context).await
    }
}

fn status(link: &AssistLink, callback: &Callback) -> AssistStatus {
    let is_open = |at: Timestamp| callback.verified_at.is_none_or(|verified_at| verified_at < at);
    let refusals = callback.last_refusals().into_iter();
    let last = refusals
        .filter(|refusal| link.created_at <= refusal.at && is_open(refusal.at))
        .find(|refusal| refusal.reason != RejectionReason::OpenedInBrowser);
    AssistStatus {
        status: if callback.pending.is_none() {
            CallbackStatus::Verified
        } else {
            CallbackStatus::AwaitingVerification
        },
        verified_at: callback.verified_at,
        last_rejection: last.map(|refusal| Rejection {
            at: refusal.at,
            reason: refusal.reason,
        }),
        expires_at: link.expires_at,
    }
}
