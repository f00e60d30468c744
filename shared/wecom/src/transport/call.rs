//! What is asked of WeCom, and which parts of it are secret.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

/// A call, before it is sent. The only way for a secret into it is one that also marks it as a secret.
pub(crate) struct Call<'a> {
    path: &'static str,
    query: Vec<(&'static str, &'a str)>,
    /// The JSON body; a call without one is a GET.
    fields: Option<Map<String, Value>>,
    secrets: Vec<&'a SecretString>,
    own_connection: bool,
    max_answer_bytes: usize,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'static str) -> Self {
        Self {
            path,
            query: Vec::new(),
            fields: None,
            secrets: Vec::new(),
            own_connection: false,
            max_answer_bytes: MAX_ANSWER_BYTES,
        }
    }

    pub(crate) fn post(path: &'static str) -> Self {
        Self {
            fields: Some(Map::new()),
            ..Self::get(path)
        }
    }

    pub(crate) fn query(mut self, name: &'static str, value: &'a str) -> Self {
        self.query.push((name, value));
        self
    }

    pub(crate) fn secret_query(mut self, name: &'static str, value: &'a SecretString) -> Self {
        self.secrets.push(value);
        self.query(name, value.expose_secret())
    }

    pub(crate) fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields
            .get_or_insert_default()
            .insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn secret_field(mut self, name: &str, value: &'a SecretString) -> Self {
        self.secrets.push(value);
        self.field(name, value.expose_secret())
    }

    pub(crate) fn on_its_own_connection(mut self) -> Self {
        self.own_connection = true;
        self
    }

    /// For a list with an entry for each of a corporation's members.
    pub(crate) fn with_a_long_answer(mut self) -> Self {
        self.max_answer_bytes = MAX_LONG_ANSWER_BYTES;
        self
    }

    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    pub(super) fn method(&self) -> Method {
        if self.fields.is_some() {
            Method::POST
        } else {
            Method::GET
        }
    }

    /// `base` may have a path of its own, which is kept.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    pub(super) fn body(&self) -> Option<String> {
        self.fields.clone().map(|fields| Value::Object(fields).to_string())
    }

    pub(super) fn secrets(&self) -> &[&'a SecretString] {
        &self.secrets
    }

    pub(super) fn wants_its_own_connection(&self) -> bool {
        self.own_connection
    }

    pub(super) fn max_answer_bytes(&self) -> usize {
        self.max_answer_bytes
    }
}

const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// 100 000 userids of 64 bytes, quoted and separated.
const MAX_LONG_ANSWER_BYTES: usize = 8 * 1024 * 1024;
