//! `export`: bindings with everything that opens them, as `scripts/export-bindings` takes them from a deployment.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CommandError, say,
    server::{Server, answer},
};

#[derive(Debug, Clone, clap::Args)]
pub struct Export {
    /// Beginning of the names of the files, one a page: FILE.001.age, FILE.002.age, …
    pub file: PathBuf,
    /// Public key of age that they are sealed to, as `age-keygen` prints it
    #[arg(long, value_name = "age1…")]
    pub recipient: String,
    /// Only this tenant; may be given several times
    #[arg(long = "tenant", value_name = "TENANT")]
    pub tenants: Vec<String>,
}

impl Export {
    /// Writes every page, and prints what is in none.
    pub(super) async fn run(&self, server: &Server) -> Result<(), CommandError> {
        let url = format!(
            "{}/2015-03-31/functions/export-bindings/invocations",
            server.announcement.base_url
        );
        let mut request = BTreeMap::from([
            ("recipient", json!(self.recipient)),
            ("exported_by", json!("cargo run -- export")),
        ]);
        if !self.tenants.is_empty() {
            request.insert("tenants", json!(self.tenants));
        }
        let (mut pages, mut exported, mut left_out) = (0, 0, 0);
        loop {
            let page = answer(server.request(Method::POST, &url).json(&request)).await?;
            if let Some(code) = page.get("errorType").and_then(Value::as_str) {
                let message = page.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
                return Err(CommandError::Unknown(format!("{code}: {message}")));
            }
            if let Some(sealed) = page.get("sealed").and_then(Value::as_str) {
                pages += 1;
                self.write(pages, sealed)?;
            }
            exported += page.get("exported").and_then(Value::as_u64).unwrap_or_default();
            for part in page.get("left_out").and_then(Value::as_array).into_iter().flatten() {
                let text = |name| part.get(name).and_then(Value::as_str).unwrap_or_default();
                let said = [text("tenant_id"), text("binding_id"), text("code"), text("field")];
                say(&format!("left out: {}", said.map(str::trim).join("  ").trim_end()));
                left_out += 1;
            }
            match page.get("next_cursor") {
                Some(cursor @ Value::String(_)) => {
                    request.insert("cursor", cursor.clone());
                }
                _ => break,
            }
        }
        say(&format!("exported {exported} in {pages} files, left out {left_out}"));
        Ok(())
    }

    /// Writes a page to a file of its own, which must not be there: one of another export would be mixed in.
    fn write(&self, page: u32, sealed: &str) -> Result<(), CommandError> {
        let mut name = self.file.clone().into_os_string();
        name.push(format!(".{page:03}.age"));
        let failed = |error| CommandError::Unknown(format!("{}: {error}", name.display()));
        let mut file: File = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&name)
            .map_err(failed)?;
        file.write_all(sealed.as_bytes()).map_err(failed)
    }
}
