//! An endpoint with tables of its own, the adapters on it, and clients to look behind them.

use std::{collections::HashMap, time::Duration};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    config::StalledStreamProtectionConfig,
    types::{AttributeValue, TableStatus},
};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use devstack::{Devstack, Faults, Options};
use jiff::{SignedDuration, Timestamp};
use wecom_authorization::{
    clock::{Clock as _, SystemClock},
    entropy::SystemEntropy,
    entry::aws_config,
    ids::InstallState,
    store::{
        DynamoDb, SecretsManager,
        tables::{AUTHORIZATION_TABLE, EVENT_TABLE},
    },
};

use crate::support::eventually;

/// Event retention in these tests.
pub(crate) const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 30);

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) struct Endpoint {
    devstack: Option<Devstack>,
    aws: SdkConfig,
    deployed: SdkConfig,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) authorization_table: String,
    pub(crate) event_table: String,
    pub(crate) prefix: String,
    /// A moment in the present, without fractions: items end by the clock of the endpoint.
    pub(crate) now: Timestamp,
}

impl Endpoint {
    /// The endpoint of `TEST_ENDPOINT_URL`, or one in memory.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own switch, not a function's configuration"
    )]
    pub(crate) async fn any() -> Self {
        match std::env::var("TEST_ENDPOINT_URL") {
            Ok(url) => Self::at(&url, None).await,
            Err(_) => Self::ours().await,
        }
    }

    /// One in memory, which can be made to fail.
    pub(crate) async fn ours() -> Self {
        let devstack = Devstack::start(Options::default()).await.unwrap();
        let url = devstack.endpoint_url().to_owned();
        Self::at(&url, Some(devstack)).await
    }

    async fn at(url: &str, devstack: Option<Devstack>) -> Self {
        let credentials = Credentials::new("LOCAL", "secret", None, None, "test");
        let deployed = aws_config("us-east-1".to_owned(), credentials, Some(url.to_owned()));
        let aws = patient(&deployed);
        let unique = InstallState::generate(&SystemEntropy);
        let endpoint = Self {
            devstack,
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            secrets: aws_sdk_secretsmanager::Client::new(&aws),
            aws,
            deployed,
            authorization_table: format!("authorization-{unique}"),
            event_table: format!("events-{unique}"),
            prefix: format!("test-{unique}"),
            now: SystemClock.now().round(jiff::Unit::Second).unwrap(),
        };
        for (table, name) in [
            (AUTHORIZATION_TABLE, &endpoint.authorization_table),
            (EVENT_TABLE, &endpoint.event_table),
        ] {
            table.create(&endpoint.dynamodb, name).await.unwrap();
            eventually("the table is there", || endpoint.is_active(name)).await;
        }
        endpoint
    }

    async fn is_active(&self, table: &str) -> Option<()> {
        let described = self.dynamodb.describe_table().table_name(table).send().await;
        let table = described.unwrap().table.unwrap();
        (table.table_status == Some(TableStatus::Active)).then_some(())
    }

    /// The faults that a test orders.
    pub(crate) fn faults(&self) -> &Faults {
        self.devstack.as_ref().unwrap().faults()
    }

    /// Number of times a secret has been read.
    pub(crate) fn secret_reads(&self) -> usize {
        let journal = self.devstack.as_ref().unwrap().journal();
        journal
            .iter()
            .filter(|entry| entry.operation == "GetSecretValue")
            .count()
    }

    /// How many queries have been made.
    pub(crate) fn queries(&self) -> usize {
        self.entries("Query")
    }

    fn entries(&self, operation: &str) -> usize {
        let journal = self.devstack.as_ref().unwrap().journal();
        journal.iter().filter(|entry| entry.operation == operation).count()
    }

    /// The tables, as the functions use them.
    pub(crate) fn store(&self) -> DynamoDb {
        self.store_of(&self.aws)
    }

    /// Tables and secrets, with the patience that the functions have.
    pub(crate) fn as_deployed(&self) -> (DynamoDb, SecretsManager) {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.deployed);
        (
            self.store_of(&self.deployed),
            SecretsManager::new(secrets, self.prefix.clone()),
        )
    }

    /// Tables and secrets with a client that makes one attempt, limited to `patience`.
    pub(crate) fn impatient(&self, patience: Duration) -> (DynamoDb, SecretsManager) {
        let timeouts = TimeoutConfig::builder().operation_timeout(patience).build();
        let once = aws_smithy_types::retry::RetryConfig::disabled();
        let aws = self
            .aws
            .to_builder()
            .timeout_config(timeouts)
            .retry_config(once)
            .build();
        let secrets = aws_sdk_secretsmanager::Client::new(&aws);
        (self.store_of(&aws), SecretsManager::new(secrets, self.prefix.clone()))
    }

    fn store_of(&self, aws: &SdkConfig) -> DynamoDb {
        DynamoDb::of(
            aws,
            self.authorization_table.clone(),
            self.event_table.clone(),
            RETENTION,
        )
    }

    /// The secrets, as the functions use them.
    pub(crate) fn vault(&self) -> SecretsManager {
        SecretsManager::new(self.secrets.clone(), self.prefix.clone())
    }

    /// A moment near the present.
    pub(crate) fn at_second(&self, second: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(second)
    }

    /// An item of the authorization table as it lies there.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let read = self.dynamodb.get_item().table_name(&self.authorization_table);
        let read = read.key("pk", text(pk)).key("sk", text(sk)).consistent_read(true);
        read.send().await.unwrap().item
    }

    /// An item of the event table as it lies there.
    pub(crate) async fn event_item(&self, id: &str) -> Option<Item> {
        let read = self.dynamodb.get_item().table_name(&self.event_table);
        let read = read
            .key("event_id", AttributeValue::S(id.to_owned()))
            .consistent_read(true);
        read.send().await.unwrap().item
    }

    /// Number of items in a table.
    pub(crate) async fn count(&self, table: &str) -> usize {
        let scanned = self
            .dynamodb
            .scan()
            .table_name(table)
            .consistent_read(true)
            .send()
            .await;
        scanned.unwrap().items().len()
    }
}

/// The same without what depends on how fast the machine is: timeouts of a minute, and no end to a request that makes no progress.
pub(crate) fn patient(aws: &SdkConfig) -> SdkConfig {
    let patience = Duration::from_mins(1);
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(patience)
        .operation_timeout(patience);
    aws.to_builder()
        .timeout_config(timeouts.build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// A number of an item.
#[track_caller]
pub(crate) fn number(item: &Item, attribute: &str) -> i64 {
    item[attribute].as_n().unwrap().parse().unwrap()
}

/// Runs `writers` concurrently, and returns their results in order.
pub(crate) async fn at_once<T, F>(writers: usize, write: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..writers).map(|number| tokio::spawn(write(number))).collect();
    let mut answers = Vec::with_capacity(writers);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}
