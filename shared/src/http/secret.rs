//! A scope's Secret: `/authorization/{scope}/secret`.

use lambda_http::{Body, Response, http::StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, binding, conclude, credentials::Credentials, problem};
use crate::{
    audit::Action,
    authorization::ScopeView,
    error::StepError,
    platform::Platform,
    steps::{RegisterSecret, SecretInput},
};

/// A Secret as the admin enters it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SecretEntry {
    /// The Secret. White space and invisible characters at its ends are dropped.
    #[cfg_attr(
        feature = "contract",
        schemars(
            with = "String",
            regex(
                pattern = r"^[\s\u200B-\u200F\u2060-\u206F\uFEFF]*[!#-&(-_a-~]{1,256}[\s\u200B-\u200F\u2060-\u206F\uFEFF]*$"
            )
        )
    )]
    secret: SecretString,
    /// The plaintext 企业ID, which a tenant's first Secret needs. White space and invisible characters at its ends are dropped.
    #[cfg_attr(
        feature = "contract",
        schemars(regex(
            pattern = r"^[\s\u200B-\u200F\u2060-\u206F\uFEFF]*[A-Za-z0-9_-]{4,64}[\s\u200B-\u200F\u2060-\u206F\uFEFF]*$"
        ))
    )]
    corp_id: Option<String>,
    /// The id of the self-built app that the Secret belongs to, if it belongs to one.
    agent_id: Option<u64>,
}

/// A scope whose Secret has just been registered.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct RegisteredScope {
    scope: ScopeView,
    credentials: Credentials,
}

/// `PUT /authorization/{scope}/secret`.
pub async fn register_secret(platform: &Platform, request: Request) -> Response<Body> {
    conclude(put(platform, &request).await, &request)
}

async fn put(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let scope = request.scope()?;
    let entry: SecretEntry = request.json()?;
    let input = SecretInput {
        secret: entry.secret,
        corp_id: entry.corp_id,
        agent_id: entry.agent_id,
    };
    let step = RegisterSecret {
        suite: platform.suite(),
        vault: &platform.vault,
        keys: &platform.keys,
    };
    let actor = request.actor();
    let context = platform.context(&actor);
    let registered = match step.run(&tenant_id, scope, input, context).await {
        Ok(registered) => registered,
        // A store that is out of reach takes no line either; to try would only make the admin wait twice as long.
        Err(error @ StepError::Unavailable(_)) => return Err(problem(platform)(error)),
        Err(error) => {
            let refused = problem(platform)(error);
            let entry = context
                .entry(Action::SecretRegistered)
                .of(scope)
                .refused(refused.code());
            // Nothing was changed, so there was no commit to put this line into.
            platform
                .store
                .record(&tenant_id, entry)
                .await
                .map_err(|error| problem(platform)(error.into()))?;
            return Err(refused);
        }
    };
    let base_url = request.base_url(&platform.config);
    let body = RegisteredScope {
        scope: ScopeView::new(&registered.authorization, scope, Some(&registered.callback), &base_url),
        credentials: Credentials::new(&registered.credentials, &base_url),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["PUT", "/authorization/{scope}/secret"],
            ["registerSecret", "register-secret"],
            ["Secrets and callbacks", "Register a scope's Secret"],
        )
        .says(
            "WeCom is asked, in this order, whether the corporation (企业ID) exists, whether it is the one that the app is \
             installed in, whether the Secret belongs to it, and whether it is the right kind of Secret. Nothing is changed \
             before all of this is answered. The Secret is stored in Secrets Manager and never returned. A wrong Secret counts as \
             an attempt: 10 an hour for each tenant and 100 an hour for all of them together, because WeCom bans the \
             platform's address for an hour when wrong Secrets are repeated.",
        )
        .parameters(&["scope"])
        .takes::<SecretEntry>()
        .answers::<RegisteredScope>(
            200,
            "The Secret is registered: the scope's state and the credentials to paste next, which existed already or are new. \
             `kind_check` is `ip_not_trusted` when WeCom does not answer our address yet (60020); the Secret is accepted \
             nevertheless.",
        )
        .refuses(&[
            kinds::NOT_FOUND,
            kinds::NOT_INSTALLED,
            kinds::MEMBER_AUTHORIZATION,
            kinds::CORP_MISMATCH,
            kinds::STATE_CHANGED,
            kinds::SECRET_REJECTED,
            kinds::WRONG_SECRET_KIND,
            kinds::UNKNOWN_CORP_ID,
            kinds::TOO_MANY_ATTEMPTS,
            kinds::WECOM_ERROR,
            kinds::WECOM_BAN,
            kinds::WECOM_TIMEOUT,
        ])
        .refuses_like(kinds::INVALID_FIELD, &["invalid_field_corp_id"]),
    ]
}
