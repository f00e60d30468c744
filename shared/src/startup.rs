//! What a function's `main.rs` calls: logging, configuration and adapters, built once per process.

mod aws;

use std::{future::Future, sync::OnceLock};

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

pub use self::aws::{aws_config, aws_from_env};

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

    /// What `event-callback` will need: the sealing keys, and a connection to the tables, side by side.
    pub async fn prepare_event_callback(&self) {
        tokio::join!(
            prepared("the sealing keys", self.keys.warm_up(self.clock.now())),
            prepared("the connection to the tables", self.store.connect()),
        );
    }

    /// What `suite-callback` will need: the suite's secret, and a connection to the tables, side by side.
    pub async fn prepare_suite_callback(&self) {
        tokio::join!(
            prepared("the suite's secret", self.suite.suite()),
            prepared("the connection to the tables", self.store.connect()),
        );
    }
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
    answer_http(platform()?, handler).await
}

/// Serves the function that faces WeCom's events: like [`serve_http`], after it has prepared itself.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_event_callback<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    let platform = platform()?;
    platform.prepare_event_callback().await;
    answer_http(platform, handler).await
}

/// Serves the function that faces WeCom's events of the suite: like [`serve_http`], after it has prepared itself.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_suite_callback<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    let platform = platform()?;
    platform.prepare_suite_callback().await;
    answer_http(platform, handler).await
}

async fn answer_http<F, A>(platform: &'static Platform, handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    lambda_http::run(service_fn(|request| {
        let answer = handler(platform, request);
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }))
    .await
}

/// Waits for something that is fetched during start-up, when time costs nobody anything. If it fails, that is not the end:
/// the first request tries again, and answers 503 when that fails too.
async fn prepared<T, E: std::fmt::Display>(what: &str, fetched: impl Future<Output = Result<T, E>>) {
    if let Err(error) = fetched.await {
        tracing::error!(error = %error, "not ready after start-up: {what}");
    }
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
