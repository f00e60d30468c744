//! The definitions of the two tables. The local server and the tests create the tables from them, and a test compares
//! `template.yaml` with them.

use std::collections::BTreeSet;

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
    /// The indexes.
    pub indexes: &'static [IndexDefinition],
    /// Whether changes are streamed, with the item before and after.
    pub stream: bool,
}

/// The definition of an index of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDefinition {
    /// The name of the index.
    pub name: &'static str,
    /// The name of the partition key. Items without it are not in the index.
    pub partition_key: &'static str,
    /// The name of the sort key.
    pub sort_key: &'static str,
    /// The attributes that it has besides keys; `None`: all.
    pub attributes: Option<&'static [&'static str]>,
}

/// The table of states: authorizations, callbacks, corporations, sessions, counters, tokens, tickets, audit trail,
/// events of the suite.
pub const AUTHORIZATION_TABLE: TableDefinition = TableDefinition {
    partition_key: "pk",
    sort_key: Some("sk"),
    time_to_live: "ttl",
    indexes: &[IndexDefinition {
        name: DUE,
        partition_key: "due_shard",
        sort_key: "due_at",
        attributes: None,
    }],
    stream: true,
};

/// The index of [`AUTHORIZATION_TABLE`] that orders tenants by the time of their next check.
pub const DUE: &str = "due";

/// The table of events, one item each.
pub const EVENT_TABLE: TableDefinition = TableDefinition {
    partition_key: "event_id",
    sort_key: None,
    time_to_live: "ttl",
    indexes: &[
        IndexDefinition {
            name: TIMELINE,
            partition_key: "timeline",
            sort_key: "timeline_at",
            attributes: None,
        },
        of_persons(USER),
        of_persons(EXTERNAL_USER),
    ],
    stream: true,
};

/// The index of [`EVENT_TABLE`] that orders a tenant's events by time.
pub const TIMELINE: &str = "timeline";

/// The index of [`EVENT_TABLE`] that orders the events about a member of a corporation by time
/// (docs/adr/0046-events-of-a-person.md). Its partition key has its name.
pub const USER: &str = "user";

/// The index of [`EVENT_TABLE`] that orders the events about a customer by time. Its partition key has its name.
pub const EXTERNAL_USER: &str = "external_user";

/// An index of events by a person: what a list without contents shows, and what a deletion has to know.
const fn of_persons(name: &'static str) -> IndexDefinition {
    IndexDefinition {
        name,
        partition_key: name,
        sort_key: "timeline_at",
        attributes: Some(&[
            "scope",
            "event",
            "change_type",
            "created_at",
            "received_at",
            "duplicates",
            "damaged",
            "parts",
        ]),
    }
}

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
        let mut attributes = BTreeSet::from([self.partition_key]);
        if let Some(sort_key) = self.sort_key {
            request = request.key_schema(key(sort_key, KeyType::Range)?);
            attributes.insert(sort_key);
        }
        for index in self.indexes {
            let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let projection = Projection::builder()
                .projection_type(match index.attributes {
                    None => ProjectionType::All,
                    Some(_) => ProjectionType::Include,
                })
                .set_non_key_attributes(index.attributes.map(named));
            attributes.extend([index.partition_key, index.sort_key]);
            let index = GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .key_schema(key(index.partition_key, KeyType::Hash)?)
                .key_schema(key(index.sort_key, KeyType::Range)?)
                .projection(projection.build())
                .build()?;
            request = request.global_secondary_indexes(index);
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
