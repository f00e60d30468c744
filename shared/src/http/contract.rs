//! The description of the HTTP API: `openapi.yaml`, made from the types of requests and answers, the table of problems, and
//! what each handler's file says of its operations. No function contains this module: it exists with the feature `contract`
//! alone.
//!
//! Three things come from files, because no type has them. `openapi/base.yaml` has the text around the operations, parameters
//! and headers by name, and what a type cannot say of its members, such as which of them are null together; it is merged into
//! what is generated. `openapi/examples/` has an example object for each schema and name.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON object by a key inserts, and does not panic"
)]

mod document;
mod files;
mod operation;
mod problems;
mod schema;

use schemars::{generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

pub(super) use self::operation::Operation;
use self::{document::Document, schema::plain};
use crate::binding_line::WrittenBinding;

/// The whole document.
///
/// # Panics
/// When a file in `openapi/` is malformed, or names something that does not exist.
#[must_use]
pub fn openapi() -> Value {
    let mut document = Document::new();
    for operation in operations() {
        document.add(operation);
    }
    for operation in operations().into_iter().filter_map(Operation::of_binding) {
        document.add(operation);
    }
    document.finish()
}

/// The schema of a line of an import.
#[must_use]
pub fn binding_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain));
    settings
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<WrittenBinding>()
        .to_value()
}

fn operations() -> Vec<Operation> {
    [
        super::bindings::operations(),
        super::authorization::operations(),
        super::installation::operations(),
        super::secret::operations(),
        super::credentials::operations(),
        super::assist::operations(),
        super::test::operations(),
        super::settings::operations(),
        super::events::operations(),
        super::replays::operations(),
        super::persons::operations(),
        super::audit::operations(),
        super::operators::operations(),
        super::claims::operations(),
        super::callbacks::operations(),
        super::console::operations(),
        super::help::operations(),
    ]
    .concat()
}
