//! Holds what was asked and answered to the document.

use serde_json::Value;

use super::document::{Node, Operation};
use crate::support::Reply;

/// A request, as far as the document has something to say of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    pub(super) with_token: bool,
}

impl Asked {
    /// A request that is about to be sent.
    pub(crate) fn of(request: &reqwest::Request) -> Self {
        let header = |name| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        Self {
            method: request.method().to_string(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().into_owned().collect(),
            content_type: header("content-type").to_owned(),
            body: request
                .body()
                .and_then(reqwest::Body::as_bytes)
                .unwrap_or_default()
                .to_vec(),
            with_token: !header("authorization").is_empty(),
        }
    }

    /// Says what the answer, or this request's success, has against the document.
    #[track_caller]
    pub(crate) fn hold(&self, reply: &Reply) {
        let complaints = self.complaints(reply);
        assert!(
            complaints.is_empty(),
            "openapi.yaml does not know this: {} {} was answered {}: {complaints:#?}\n{}",
            self.method,
            self.path,
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
    }

    pub(super) fn complaints(&self, reply: &Reply) -> Vec<String> {
        if is_gateways_own(reply) {
            return Vec::new();
        }
        let Some(operation) = Operation::find(&self.method, &self.path) else {
            return not_documented(reply);
        };
        let Some((_, response)) = operation
            .responses()
            .into_iter()
            .find(|(status, _)| *status == reply.status)
        else {
            return vec![format!("the status {} is not listed", reply.status)];
        };
        let mut complaints = headers(&response, reply);
        if self.method != "HEAD" && reply.header("content-encoding").is_empty() {
            complaints.extend(body(&response, reply.header("content-type"), &reply.body));
        }
        if operation.needs_token() && !self.with_token && reply.status != 401 {
            complaints.push("it was answered without a token".to_owned());
        }
        if reply.status < 300 {
            let own = self.own_complaints(&operation);
            complaints.extend(own.into_iter().map(|text| format!("the request was taken, but {text}")));
        }
        complaints
    }

    /// Errors of this request by the document.
    fn own_complaints(&self, operation: &Operation) -> Vec<String> {
        let mut complaints = Vec::new();
        let parameters = operation.parameters();
        let arguments = operation.arguments(&self.path).unwrap_or_default();
        for parameter in &parameters {
            let name = parameter.text("name").unwrap();
            let schema = parameter.child("schema");
            let given: Vec<&str> = match parameter.text("in").unwrap() {
                "path" => values(&arguments, name),
                "query" => values(&self.query, name),
                _ => continue,
            };
            if given.is_empty() && parameter.is("required") {
                complaints.push(format!("{name} is missing"));
            }
            complaints.extend(given.into_iter().flat_map(|text| of_text(&schema, text)));
        }
        // WeCom may add parameters as it likes; those who use the admin routes may not.
        if operation.needs_token() {
            let known = |name: &str| parameters.iter().any(|parameter| parameter.text("name") == Some(name));
            let unknown = self.query.iter().filter(|(name, _)| !known(name));
            complaints.extend(unknown.map(|(name, _)| format!("the parameter {name} is not listed")));
        }
        complaints.extend(self.body_complaints(operation));
        complaints
    }

    fn body_complaints(&self, operation: &Operation) -> Vec<String> {
        let Some(request_body) = operation.node.get("requestBody") else {
            return Vec::new();
        };
        if self.body.is_empty() {
            let missing = request_body.is("required").then(|| "the body is missing".to_owned());
            return missing.into_iter().collect();
        }
        // Of a callback's body, the Content-Type is not looked at.
        let listed = request_body
            .child("content")
            .get(media_type(&self.content_type))
            .is_some();
        if !listed && !operation.needs_token() {
            return Vec::new();
        }
        body(&request_body, &self.content_type, &self.body)
    }
}

fn values<'a>(all: &'a [(impl AsRef<str>, String)], name: &str) -> Vec<&'a str> {
    all.iter()
        .filter(|(key, _)| key.as_ref() == name)
        .map(|(_, value)| value.as_str())
        .collect()
}

/// An answer to what is not in the document.
/// Whether API Gateway answered itself. These answers are listed once for all routes, in the description of the API.
fn is_gateways_own(reply: &Reply) -> bool {
    let listed = [
        (401, "Unauthorized"),
        (404, "Not Found"),
        (413, "Request Entity Too Large"),
        (431, "Request Header Fields Too Large"),
    ];
    reply.header("content-type") == "application/json"
        && listed.iter().any(|(status, message)| {
            let expected = serde_json::json!({ "message": message });
            reply.status == *status && serde_json::from_slice(&reply.body).is_ok_and(|body: Value| body == expected)
        })
}

fn not_documented(reply: &Reply) -> Vec<String> {
    if reply.status == 404 {
        let response = Node::root().child("components").child("responses").child("NotFound");
        body(&response, reply.header("content-type"), &reply.body)
    } else {
        vec!["the path or its method is not listed".to_owned()]
    }
}

fn headers(response: &Node, reply: &Reply) -> Vec<String> {
    let documented = response.entries_of("headers");
    let mut complaints = Vec::new();
    for (name, header) in &documented {
        match reply.headers.get(*name) {
            Some(value) => complaints.extend(of_text(&header.child("schema"), value.to_str().unwrap_or_default())),
            None if header.is("required") => complaints.push(format!("the header {name} is missing")),
            None => {}
        }
    }
    let mut always = vec![("x-content-type-options", "nosniff")];
    if !documented.iter().any(|(name, _)| *name == "Cache-Control") {
        always.push(("cache-control", "no-store"));
    }
    for (name, value) in always {
        if reply.header(name) != value {
            complaints.push(format!("the header {name} is not {value}"));
        }
    }
    complaints
}

/// Errors of a body by the document; if `holder` has no `content`, there must be no body.
fn body(holder: &Node, content_type: &str, bytes: &[u8]) -> Vec<String> {
    let Some(content) = holder.get("content") else {
        let surplus = (!bytes.is_empty()).then(|| "there is a body, and none is listed".to_owned());
        return surplus.into_iter().collect();
    };
    let media_type = media_type(content_type);
    let Some(listed) = content.get(media_type) else {
        return vec![format!("the media type {media_type:?} is not listed")];
    };
    let instance = match media_type {
        "text/xml" => wecom_callback::xml::to_json(bytes).ok().map(Value::from),
        "application/json" | "application/problem+json" => serde_json::from_slice(bytes).ok(),
        "application/octet-stream" => Some(Value::from(String::from_utf8_lossy(bytes))),
        _ => String::from_utf8(bytes.to_vec()).ok().map(Value::from),
    };
    match instance {
        Some(instance) => listed.child("schema").complaints(&instance),
        None => vec![format!("the body is not {media_type}")],
    }
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// A parameter's or a header's text as a string or as a number.
fn of_text(schema: &Node, text: &str) -> Vec<String> {
    let complaints = schema.complaints(&Value::from(text));
    let number = text.parse::<i64>().map(Value::from);
    if number.is_ok_and(|number| schema.complaints(&number).is_empty()) {
        Vec::new()
    } else {
        complaints
    }
}
