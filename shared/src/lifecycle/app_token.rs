//! A token of the app that is installed.
//!
//! The permanent code of a customised app (代开发) is its Secret. When `gettoken` refuses it, it was reset and the event that brings
//! the new one is missing, or the authorization is over; `get_auth_info` says which (developer document 97164), and costs nothing,
//! while WeCom counts wrong Secrets and bans our address.

use wecom_client::{AccessToken, ErrorClass, ErrorCode, Refusal};

use super::update::Update;
use crate::{
    authorization::{Authorization, Installation},
    context::Context,
    error::StepError,
    store::SecretsManager,
    suite::{CallError, StoredInstallation, SuiteAccess},
};

/// Gets a token of the app that `authorization` has installed.
///
/// # Errors
/// - [`StepError::NotInstalled`], when WeCom says that the authorization is over, too, and [`StepError::MemberAuthorization`];
/// - [`StepError::SecretRejected`] when WeCom refuses the Secret of a customised app, now or before. It is not asked again until
///   `check-health` or an event knows more;
/// - [`StepError::WecomRefused`] when WeCom refuses it and says that it is right, [`StepError::SuiteTicketMissing`],
///   [`StepError::WecomBan`], [`StepError::WecomTimeout`], [`StepError::StateChanged`], or the failure of the stores.
pub(crate) async fn app_token(
    suite: SuiteAccess<'_>,
    vault: &SecretsManager,
    authorization: &Authorization,
    context: Context<'_>,
) -> Result<AccessToken, StepError> {
    let version_id = &to_ask_about(authorization)?.version_id;
    let stored = StoredInstallation::read(vault, &authorization.tenant_id, version_id).await?;
    app_token_by(suite, authorization, &stored.ok_or(StepError::NotInstalled)?, context).await
}

/// [`app_token`] by the permanent code `stored`.
pub(super) async fn app_token_by(
    suite: SuiteAccess<'_>,
    authorization: &Authorization,
    stored: &StoredInstallation,
    context: Context<'_>,
) -> Result<AccessToken, StepError> {
    to_ask_about(authorization)?;
    match suite.corp_token(&authorization.tenant_id, stored, context).await {
        Err(StepError::SecretRejected(Some(refusal))) => {
            doubt(suite, authorization, context).await?;
            let info = suite.auth_info(stored, context.clock).await;
            Err(cause(refusal, info.err()))
        }
        other => other,
    }
}

/// The installation, unless WeCom has refused its Secret before.
fn to_ask_about(authorization: &Authorization) -> Result<&Installation, StepError> {
    let installation = authorization.admin_installation()?;
    if installation.is_customized && installation.doubted_at.is_some() {
        return Err(StepError::SecretRejected(None));
    }
    Ok(installation)
}

/// What the refusal of a customised app's Secret means, by the answer of `get_auth_info`.
fn cause(refusal: Refusal, info: Option<CallError>) -> StepError {
    match info {
        // The permanent code is right, so the Secret is not called wrong.
        None => StepError::WecomRefused(Some(refusal)),
        Some(error) if error.errcode() == Some(ErrorCode::INVALID_PERMANENT_CODE) => {
            StepError::SecretRejected(Some(refusal))
        }
        Some(error) if error.errcode().map(ErrorCode::class) == Some(ErrorClass::AuthorizationEnded) => {
            StepError::NotInstalled
        }
        Some(error) => error.into_step(),
    }
}

/// Stores that WeCom refuses the permanent code, so that it is not asked again, and has it checked soon.
async fn doubt(suite: SuiteAccess<'_>, before: &Authorization, context: Context<'_>) -> Result<(), StepError> {
    let mut update = Update::of(suite.store, &before.tenant_id, context);
    loop {
        let mut authorization = update.read().await?;
        // A permanent code that was replaced in the meantime is another one.
        if authorization.installation != before.installation {
            return Ok(());
        }
        let Some(installation) = &mut authorization.installation else {
            return Ok(());
        };
        installation.doubted_at = Some(context.now());
        authorization.next_check_at = Some(context.now());
        if update.commit(authorization, Vec::new()).await? {
            return Ok(());
        }
    }
}
