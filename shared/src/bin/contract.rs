//! Writes `openapi.yaml` and `docs/binding.schema.json`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, text) in wecom_authorization::contract::files() {
        fs::write(root.join(path), text)?;
    }
    Ok(())
}
