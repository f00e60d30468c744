//! Clients of an endpoint, and the few requests that no client would make.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_secretsmanager::operation::{
    create_secret::CreateSecretOutput, describe_secret::DescribeSecretOutput, get_secret_value::GetSecretValueOutput,
    put_secret_value::PutSecretValueOutput,
};
use bytes::Bytes;
use devstack::{Devstack, Options};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rand::{TryRng as _, rngs::SysRng};
use serde_json::Value;

/// An endpoint and clients that do not retry.
pub(crate) struct Aws {
    devstack: Option<Devstack>,
    pub(crate) endpoint_url: String,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) streams: aws_sdk_dynamodbstreams::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
}

impl Aws {
    /// The endpoint of `TEST_ENDPOINT_URL`, or one in memory.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own switch, not a function's configuration"
    )]
    pub(crate) async fn any() -> Self {
        match std::env::var("TEST_ENDPOINT_URL") {
            Ok(endpoint_url) => Self::at(&endpoint_url, "LOCAL", 1),
            Err(_) => Self::ours().await,
        }
    }

    /// Ours in memory, for what AWS does not have.
    pub(crate) async fn ours() -> Self {
        Self::of(Devstack::start(Options::default()).await.unwrap())
    }

    /// Ours over a directory.
    pub(crate) async fn kept_in(directory: &std::path::Path) -> Self {
        let options = Options {
            data: Some(directory.to_owned()),
            ..Options::default()
        };
        Self::of(Devstack::start(options).await.unwrap())
    }

    pub(crate) fn of(devstack: Devstack) -> Self {
        let clients = Self::at(devstack.endpoint_url(), "LOCAL", 1);
        Self {
            devstack: Some(devstack),
            ..clients
        }
    }

    pub(crate) fn at(endpoint_url: &str, access_key: &str, attempts: u32) -> Self {
        macro_rules! client {
            ($sdk:ident) => {{
                let config = $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::new("eu-central-1"))
                    .credentials_provider(Credentials::new(access_key, "secret", None, None, "test"))
                    .endpoint_url(endpoint_url)
                    .retry_config(
                        $sdk::config::retry::RetryConfig::standard()
                            .with_max_attempts(attempts)
                            .with_initial_backoff(Duration::from_millis(1)),
                    )
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .build();
                $sdk::Client::from_conf(config)
            }};
        }
        Self {
            devstack: None,
            endpoint_url: endpoint_url.to_owned(),
            dynamodb: client!(aws_sdk_dynamodb),
            streams: client!(aws_sdk_dynamodbstreams),
            secrets: client!(aws_sdk_secretsmanager),
        }
    }

    pub(crate) fn devstack(&self) -> &Devstack {
        self.devstack.as_ref().expect("this test is about our own endpoint")
    }

    pub(crate) async fn shutdown(mut self) {
        self.devstack.take().unwrap().shutdown().await;
    }

    /// A table with the key `id`, and an index `by_owner` over `owner` and `at`.
    pub(crate) async fn table(&self) -> String {
        let name = unique("table");
        let text = |name: &str| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap()
        };
        let number = AttributeDefinition::builder()
            .attribute_name("at")
            .attribute_type(ScalarAttributeType::N);
        let key = |name: &str, kind| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .unwrap()
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name("by_owner")
            .key_schema(key("owner", KeyType::Hash))
            .key_schema(key("at", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()
            .unwrap();
        self.dynamodb
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(text("id"))
            .attribute_definitions(text("owner"))
            .attribute_definitions(number.build().unwrap())
            .key_schema(key("id", KeyType::Hash))
            .global_secondary_indexes(index)
            .send()
            .await
            .unwrap();
        self.until_active(&name).await;
        name
    }

    pub(crate) async fn until_active(&self, table: &str) {
        for _ in 0..100 {
            let described = self.dynamodb.describe_table().table_name(table).send().await.unwrap();
            if described.table().unwrap().table_status().unwrap().as_str() == "ACTIVE" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{table} does not become active");
    }

    pub(crate) async fn create_secret(&self, name: impl Into<String>, value: impl Into<String>) -> CreateSecretOutput {
        let create = self.secrets.create_secret().name(name).secret_string(value);
        create.send().await.unwrap()
    }

    pub(crate) async fn put_secret(&self, name: impl Into<String>, value: impl Into<String>) -> PutSecretValueOutput {
        let put = self.secrets.put_secret_value().secret_id(name).secret_string(value);
        put.send().await.unwrap()
    }

    pub(crate) async fn get_secret(&self, id: impl Into<String>) -> GetSecretValueOutput {
        self.secrets.get_secret_value().secret_id(id).send().await.unwrap()
    }

    pub(crate) async fn describe_secret(&self, id: impl Into<String>) -> DescribeSecretOutput {
        self.secrets.describe_secret().secret_id(id).send().await.unwrap()
    }

    /// Puts an item that has nothing but its key.
    pub(crate) async fn put(&self, table: &str, id: &str) -> Result<(), String> {
        let put = self
            .dynamodb
            .put_item()
            .table_name(table)
            .item("id", s(id))
            .send()
            .await;
        put.map(|_| ()).map_err(|error| code(&error))
    }

    pub(crate) async fn has(&self, table: &str, id: &str) -> bool {
        let read = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("id", s(id))
            .consistent_read(true)
            .send()
            .await;
        read.unwrap().item.is_some()
    }

    /// A request as it is, without a client's help. `target` empty sends none.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let answer = client.request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// The error's code, or `no answer`.
pub(crate) fn code<E, R>(error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> String
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    match error.as_service_error() {
        Some(error) => error.code().unwrap_or("no code").to_owned(),
        None => "no answer".to_owned(),
    }
}

/// A name that no other test uses.
pub(crate) fn unique(name: &str) -> String {
    let mut bytes = [0; 8];
    SysRng.try_fill_bytes(&mut bytes).unwrap();
    format!("{name}-{:016x}", u64::from_be_bytes(bytes))
}
