//! Request to WeCom, and which of its values are secret.

use std::borrow::Cow;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

/// Request before it is sent. A secret gets into it only by a method that also marks it as a secret.
pub(crate) struct Call<'a> {
    path: &'static str,
    query: Vec<(&'static str, Cow<'a, str>)>,
    /// JSON body; a call without one is a GET.
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

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
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

    /// Allows the answer to be a list with an entry for each member of a corporation.
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

    /// URL of the call below `base`, whose path is kept.
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

/// Greatest length of an answer.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Greatest length of a list: 100,000 userids of 64 bytes, quoted and separated.
const MAX_LONG_ANSWER_BYTES: usize = 8 * 1024 * 1024;
