//! Work of a deployment, done once: AWS configuration, settings, tables and secrets.

use std::{collections::HashMap, time::Duration};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::StalledStreamProtectionConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use secrecy::SecretString;
use url::Url;
use wecom_authorization::{
    config::{Config, ConfigError},
    entropy::SystemEntropy,
    entry::aws_config,
    platform::Platform,
    sealing::KeyRing,
    store::{SecretName, StoreError, tables},
};

use crate::{
    directory::{Settings, Suite},
    gateway::authorizer::OPERATOR_CLAIM,
    options::Options,
    webhooks,
};

/// Names of the tables.
pub(crate) const AUTHORIZATION_TABLE: &str = "wecom-authorization";
pub(crate) const EVENT_TABLE: &str = "wecom-events";
/// First segment of the secrets' names.
const SECRET_PREFIX: &str = "wecom-authorization";
/// Name of the event bus.
const EVENT_BUS: &str = "wecom-authorization";

/// Timeout of a call to the embedded stores, retries included. The functions' own timeouts are for AWS, and too short for a debug
/// build of the embedded DynamoDB on a busy machine; a store that does not answer must still be reported.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The AWS configuration for the embedded stores: the functions' own, except for what depends on how fast the machine is.
#[must_use]
pub fn aws(endpoint_url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    aws_config("us-east-1".to_owned(), credentials, Some(endpoint_url.to_owned()))
        .to_builder()
        .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
        // It ends a request that makes no progress for five seconds.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// URL of the install page on the API's host; `None` for WeCom's own API, whose install page has another host.
fn install_url(wecom_url: &Url) -> Option<String> {
    let official = Url::parse(wecom_authorization::wecom::OFFICIAL_API_BASE_URL).ok()?;
    (wecom_url.host() != official.host()).then(|| {
        let mut url = wecom_url.clone();
        url.set_path("/3rdapp/install");
        url.to_string()
    })
}

/// `embed_origins` are the options' and that of the example workbench.
pub(crate) fn config(
    base_url: &str,
    wecom_url: &Url,
    embed_origins: &[String],
    options: &Options,
    more_suite_ids: &str,
) -> Result<Config, ConfigError> {
    let mut variables = HashMap::from([
        ("AUTHORIZATION_TABLE", AUTHORIZATION_TABLE.to_owned()),
        ("EVENT_TABLE", EVENT_TABLE.to_owned()),
        ("EVENT_BUS", EVENT_BUS.to_owned()),
        ("SECRET_PREFIX", SECRET_PREFIX.to_owned()),
        ("BASE_URL", base_url.to_owned()),
        ("WECOM_API_URL", wecom_url.to_string()),
        ("EMBED_ORIGINS", embed_origins.join(",")),
        (
            "CALLBACK_CNAME_TARGET",
            options.cname_target.clone().unwrap_or_default(),
        ),
        ("EGRESS_ADDRESSES", options.egress_addresses.join(",")),
        ("MORE_SUITE_IDS", more_suite_ids.to_owned()),
        (
            "WEBHOOK_URL",
            options.webhook_url.as_ref().map_or_else(String::new, Url::to_string),
        ),
        (
            "WEBHOOK_QUEUE_URL",
            format!("http://sqs.local/000000000000/{}", webhooks::QUEUE),
        ),
        (
            "DEAD_LETTER_QUEUE_URLS",
            format!("webhooks=http://sqs.local/000000000000/{}", webhooks::DEAD_LETTERS),
        ),
        ("OPERATOR_CLAIM", OPERATOR_CLAIM.to_owned()),
    ]);
    if let Some(url) = install_url(wecom_url) {
        variables.insert("WECOM_INSTALL_URL", url);
    }
    Config::from_lookup(|name| variables.get(name).cloned())
}

/// Waits for the first ticket of a suite, without which no install link can be made. The simulator pushes it at once,
/// through the callback and the stream.
pub(crate) async fn await_suite_ticket(platform: &Platform, suite_id: &str) -> Result<(), StoreError> {
    for _ in 0..100 {
        if platform.store.ticket(suite_id).await?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tracing::warn!("the simulator's first suite ticket has not arrived");
    Ok(())
}

/// Creates the tables, the suites' secrets and the sealing key, unless they exist.
pub(crate) async fn set_up(platform: &Platform, aws: &SdkConfig, settings: &Settings) -> Result<(), StoreError> {
    let dynamodb = aws_sdk_dynamodb::Client::new(aws);
    tables::AUTHORIZATION_TABLE
        .create(&dynamodb, AUTHORIZATION_TABLE)
        .await?;
    tables::EVENT_TABLE.create(&dynamodb, EVENT_TABLE).await?;
    put_suite(platform, &SecretName::Suite, &settings.suite, serde_json::json!({})).await?;
    for suite_id in &platform.config.more_suite_ids {
        let name = SecretName::AnotherSuite(suite_id.clone());
        let (suite, marks) = if suite_id.as_str() == settings.template.suite_id {
            let permissions = ["contact:base:base", "externalcontact:base:base"];
            let marks = serde_json::json!({"kind": "customized", "permissions": permissions});
            (&settings.template, marks)
        } else {
            (&settings.test_suite, serde_json::json!({"test": true}))
        };
        put_suite(platform, &name, suite, marks).await?;
    }
    if platform.vault.read(&SecretName::Webhook, None).await?.is_none() {
        let secret = SecretString::from(settings.webhook_secret.clone());
        platform.vault.put(&SecretName::Webhook, &secret).await?;
    }
    if platform.vault.read(&SecretName::SealingKey, None).await?.is_none() {
        platform
            .vault
            .put(&SecretName::SealingKey, &KeyRing::generate(&SystemEntropy))
            .await?;
    }
    Ok(())
}

/// `marks` are the fields of the secret that a usual app's has not.
async fn put_suite(
    platform: &Platform,
    name: &SecretName,
    suite: &Suite,
    marks: serde_json::Value,
) -> Result<(), StoreError> {
    if platform.vault.read(name, None).await?.is_some() {
        return Ok(());
    }
    let mut secret = serde_json::to_value(suite).map_err(|error| StoreError::Internal(Box::new(error)))?;
    if let (serde_json::Value::Object(marks), Some(fields)) = (marks, secret.as_object_mut()) {
        fields.extend(marks);
    }
    platform
        .vault
        .put(name, &SecretString::from(secret.to_string()))
        .await?;
    Ok(())
}
