//! What a function's `main.rs` calls: logging, configuration and adapters, built once per process.

use std::{future::Future, sync::OnceLock, time::Duration};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use lambda_http::{Error, Request, Response, service_fn};
use wecom_client::{Client, ClientConfig};

use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    entropy::{Entropy, SystemEntropy},
    steps::CallbackMemory,
    store::{DynamoDb, SealingKeys, SecretsManager, SuiteVault},
};

/// Everything a function may use. What is costly to build is built when it is first asked for.
pub struct Platform {
    /// The deployment's settings.
    pub config: Config,
    /// The tables.
    pub store: DynamoDb,
    /// The secrets.
    pub vault: SecretsManager,
    /// The suite's own secret.
    pub suite: SuiteVault<SecretsManager>,
    /// The sealing keys.
    pub keys: SealingKeys<SecretsManager>,
    /// What this process remembers of callbacks.
    pub memory: CallbackMemory,
    /// The time.
    pub clock: Box<dyn Clock>,
    /// Randomness.
    pub entropy: Box<dyn Entropy>,
    wecom: OnceLock<Client>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Platform")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Platform {
    /// Uses `aws` as it is configured.
    #[must_use]
    pub fn new(config: Config, aws: &SdkConfig) -> Self {
        let store = DynamoDb::new(
            aws_sdk_dynamodb::Client::new(aws),
            config.authorization_table.clone(),
            config.event_table.clone(),
            config.event_retention,
        );
        let vault = SecretsManager::new(aws_sdk_secretsmanager::Client::new(aws), config.secret_prefix.clone())
            .encrypting_under(config.secret_key_arn.clone());
        Self {
            config,
            store,
            suite: SuiteVault::new(vault.clone()),
            keys: SealingKeys::new(vault.clone()),
            vault,
            memory: CallbackMemory::default(),
            clock: Box::new(SystemClock),
            entropy: Box::new(SystemEntropy),
            wecom: OnceLock::new(),
        }
    }

    /// WeCom. Only functions that call it pay for its client and trust roots.
    ///
    /// # Panics
    /// When the TLS provider refuses TLS 1.2 and 1.3, which it is built with.
    pub fn wecom(&self) -> &Client {
        self.wecom.get_or_init(|| {
            Client::new(ClientConfig::new(self.config.wecom_api_url.clone())).expect("ring speaks TLS 1.2 and 1.3")
        })
    }
}

/// How long we wait for AWS. WeCom gives a callback one second, and one lost packet must not use it up: the SDK's own
/// defaults are no time-out at all and a first backoff of up to a second.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

/// The AWS configuration of a process: credentials and region from the environment, as Lambda sets them, without the chain
/// of `aws-config`, whose other links cannot succeed here (docs/adr/0003-tls-on-ring.md); `endpoint` in the place of AWS's
/// own.
///
/// # Errors
/// Names the variable that is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "AWS's own variables, read where the SDK would read them"
)]
pub fn aws_from_env(endpoint: Option<String>) -> Result<SdkConfig, Error> {
    let required = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    Ok(aws_config(required("AWS_REGION")?, credentials, endpoint))
}

/// The AWS configuration for these credentials; `endpoint` in the place of AWS's own.
#[must_use]
pub fn aws_config(region: String, credentials: Credentials, endpoint: Option<String>) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
            credentials,
        ))
        .http_client(http)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_millis(200)),
        );
    match endpoint {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    }
    .build()
}

/// Serves a function that answers HTTP requests, until Lambda ends the process.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_http<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    let platform = platform()?;
    lambda_http::run(service_fn(|request| {
        let answer = handler(platform, request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }))
    .await
}

/// Serves the function that faces WeCom's events: like [`serve_http`], with the sealing keys read during start-up, when
/// time costs nobody anything.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_callbacks<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    let platform = platform()?;
    if let Err(error) = platform.keys.warm_up(platform.clock.now()).await {
        // Not the end: the first request tries again, and answers 503 when that fails too.
        tracing::error!(error = %error, "the sealing keys could not be read during start-up");
    }
    lambda_http::run(service_fn(|request| {
        let answer = handler(platform, request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }))
    .await
}

/// Serves a function that is handed the changes of the event table.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_stream<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, crate::streams::Changes) -> A,
    A: Future<Output = crate::streams::BatchAnswer> + Send,
{
    let platform = platform()?;
    lambda_runtime::run(service_fn(
        |event: lambda_runtime::LambdaEvent<crate::streams::Changes>| {
            let answer = handler(platform, event.payload);
            async { Ok::<_, std::convert::Infallible>(answer.await) }
        },
    ))
    .await
}

/// Serves a function that other services invoke.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_invoked<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, serde_json::Value) -> A,
    A: Future<Output = Result<serde_json::Value, crate::invoked::InvocationError>> + Send,
{
    let platform = platform()?;
    lambda_runtime::run(service_fn(|event: lambda_runtime::LambdaEvent<serde_json::Value>| {
        handler(platform, event.payload)
    }))
    .await
}

/// Lives as long as the process, so that handlers may borrow from it.
fn platform() -> Result<&'static Platform, Error> {
    lambda_http::tracing::init_default_subscriber();
    let config = Config::from_env()?;
    let aws = aws_from_env(config.aws_endpoint_url.clone())?;
    Ok(Box::leak(Box::new(Platform::new(config, &aws))))
}
