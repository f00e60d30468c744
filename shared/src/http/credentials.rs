//! The credentials of a scope's callback: `/authorization/{scope}/credentials`.

use lambda_http::{Body, Response, http::StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{Answer, Problem, Request, binding, conclude, problem};
use crate::{
    authorization::CallbackStatus,
    callbacks::GeneratedCredentials,
    platform::Platform,
    steps::{GenerateCredentials, ShowCredentials},
};

/// Whether new credentials are wanted.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsRequest {
    /// Make a new generation, which waits for WeCom's check.
    #[serde(default)]
    rotate: bool,
}

/// The values that the admin pastes into WeCom's console. The one answer that holds secrets of ours.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Credentials {
    #[cfg_attr(feature = "contract", schemars(regex(pattern = "^https?://[^/]+/callback/[0-9a-f]{32}$"), extend("format" = "uri")))]
    url: String,
    #[serde(serialize_with = "exposed")]
    #[cfg_attr(
        feature = "contract",
        schemars(with = "String", regex(pattern = "^[A-Za-z0-9]{32}$"))
    )]
    token: SecretString,
    #[serde(serialize_with = "exposed")]
    #[cfg_attr(
        feature = "contract",
        schemars(with = "String", regex(pattern = "^[A-Za-z0-9]{43}$"))
    )]
    encoding_aes_key: SecretString,
    /// Whether WeCom has checked the URL with them: `awaiting_verification` or `verified`.
    status: CallbackStatus,
    /// Number of the generation, from 1.
    #[cfg_attr(feature = "contract", schemars(range(min = 1)))]
    generation: u64,
}

impl Credentials {
    pub(super) fn new(generated: &GeneratedCredentials, default_base_url: &str) -> Self {
        Self {
            url: generated.url(default_base_url),
            token: generated.credentials.token.expose().into(),
            encoding_aes_key: generated.credentials.encoding_aes_key.expose().into(),
            status: if generated.verified {
                CallbackStatus::Verified
            } else {
                CallbackStatus::AwaitingVerification
            },
            generation: generated.generation,
        }
    }
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// `POST` and `GET /authorization/{scope}/credentials`.
pub async fn generate_credentials(platform: &Platform, request: Request) -> Response<Body> {
    conclude(post_or_get(platform, &request).await, &request)
}

async fn post_or_get(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let scope = request.scope()?;
    let (store, keys) = (&platform.store, &platform.keys);
    let actor = request.actor();
    let context = platform.context(&actor);
    let generated = if request.is_post() {
        let CredentialsRequest { rotate } = request.json_if_any()?;
        let step = GenerateCredentials { store, keys };
        step.run(&tenant_id, scope, rotate, context).await
    } else {
        ShowCredentials { store, keys }.run(&tenant_id, scope, context).await
    };
    let generated = generated.map_err(problem(platform))?;
    let status = if generated.new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let base_url = request.base_url(&platform.config);
    Ok(Answer::json(status, &Credentials::new(&generated, &base_url)))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    let path = "/authorization/{scope}/credentials";
    vec![
        Operation::admin(
            ["POST", path],
            ["generateCredentials", "generate-credentials"],
            ["Secrets and callbacks", "The credentials to paste, generated if there are none"],
        )
        .says(
            "Asking twice never invalidates what the admin is pasting: credentials that wait for WeCom's check, or that are in \
             use, are returned again. With `rotate` a new generation waits from now on. The one in use stays valid until WeCom \
             has checked the URL with the new one, and for a grace period after that.",
        )
        .parameters(&["scope"])
        .takes_if_any::<CredentialsRequest>()
        .answers::<Credentials>(200, "The credentials that existed already.")
        .answers_like::<Credentials>(201, "New credentials.", &["waiting"])
        .refuses(&[
            kinds::NOT_FOUND,
            kinds::NOT_INSTALLED,
            kinds::MEMBER_AUTHORIZATION,
            kinds::STATE_CHANGED,
        ]),
        Operation::admin(
            ["GET", path],
            ["showCredentials", "generate-credentials"],
            ["Secrets and callbacks", "The newest generation again"],
        )
        .parameters(&["scope"])
        .answers::<Credentials>(200, "The generation that waits for WeCom's check, else the one in use.")
        .refuses(&[kinds::NOT_FOUND]),
    ]
}
