//! The definitions of the two tables. The local server and the tests create the tables from them, and a test compares
//! `template.yaml` with them.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    },
};

use super::StoreError;

/// The definition of a table. All keys are strings, billing is on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDefinition {
    /// The name of the partition key.
    pub partition_key: &'static str,
    /// The sort key, if the table has one.
    pub sort_key: Option<&'static str>,
    /// The name of the attribute with the time, in seconds, after which an item is removed.
    pub time_to_live: &'static str,
    /// The index: name, partition key, sort key. It projects every attribute.
    pub index: Option<(&'static str, &'static str, &'static str)>,
    /// Whether changes are streamed, with the item before and after.
    pub stream: bool,
}

/// The table of states: authorizations, callbacks, corporations, sessions, counters, tokens, tickets, audit trail,
/// events of the suite.
pub const AUTHORIZATION_TABLE: TableDefinition = TableDefinition {
    partition_key: "pk",
    sort_key: Some("sk"),
    time_to_live: "ttl",
    index: Some((DUE, "due_shard", "due_at")),
    stream: true,
};

/// The index of [`AUTHORIZATION_TABLE`] that orders tenants by the time of their next check.
pub const DUE: &str = "due";

/// The table of events, one item each.
pub const EVENT_TABLE: TableDefinition = TableDefinition {
    partition_key: "event_id",
    sort_key: None,
    time_to_live: "ttl",
    index: Some((TIMELINE, "timeline", "timeline_at")),
    stream: true,
};

/// The index of [`EVENT_TABLE`] that orders a tenant's events by time.
pub const TIMELINE: &str = "timeline";

impl TableDefinition {
    /// Creates the table under `name`, unless it exists.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create(&self, client: &Client, name: &str) -> Result<(), StoreError> {
        let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let mut request = client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key(self.partition_key, KeyType::Hash)?);
        let mut attributes = vec![self.partition_key];
        if let Some(sort_key) = self.sort_key {
            request = request.key_schema(key(sort_key, KeyType::Range)?);
            attributes.push(sort_key);
        }
        if let Some((index, partition_key, sort_key)) = self.index {
            let index = GlobalSecondaryIndex::builder()
                .index_name(index)
                .key_schema(key(partition_key, KeyType::Hash)?)
                .key_schema(key(sort_key, KeyType::Range)?)
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()?;
            request = request.global_secondary_indexes(index);
            attributes.extend([partition_key, sort_key]);
        }
        for attribute in attributes {
            let definition = AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build()?;
            request = request.attribute_definitions(definition);
        }
        if self.stream {
            let stream = StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()?;
            request = request.stream_specification(stream);
        }
        match request.send().await {
            Ok(_) => {}
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), CreateTableError::ResourceInUseException(_)) =>
            {
                return Ok(());
            }
            Err(error) => return Err(StoreError::Internal(Box::new(error))),
        }
        let time_to_live = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(self.time_to_live)
            .build()?;
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(time_to_live)
            .send()
            .await
            .map_err(|error| StoreError::Internal(Box::new(error)))?;
        Ok(())
    }
}
