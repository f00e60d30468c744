//! The files of `openapi/`.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde_json::Value;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../openapi");

/// The examples of a schema, by name: `openapi/examples/{schema}/{name}.json`, each an example object.
pub(super) fn examples_of(schema: &str) -> BTreeMap<String, Value> {
    let folder = FILES.get_dir(format!("examples/{schema}"));
    let files = folder
        .unwrap_or_else(|| unreachable!("openapi/examples/{schema} is missing"))
        .files();
    files
        .map(|file| {
            let name = file
                .path()
                .file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let example = serde_json::from_slice(file.contents());
            (
                name.to_owned(),
                example.unwrap_or_else(|error| unreachable!("{}: {error}", file.path().display())),
            )
        })
        .collect()
}

pub(super) fn file(path: &str) -> Value {
    let text = FILES.get_file(path).and_then(|file| file.contents_utf8());
    serde_saphyr::from_str(text.unwrap_or_default()).expect("the file is YAML")
}
