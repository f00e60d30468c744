//! An HTTP request as API Gateway's event (payload format 2.0), and a function's answer as an HTTP response.
//!
//! Sources: developer guide, http-api-develop-integrations-lambda ("payload format structure"), and what AWS's own emulator
//! does after tests against the service (aws/aws-lambda-dotnet pull 1901, "Lambda Test Tool").

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header::SET_COOKIE, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::routes::Route;

/// A request that has passed the gateway.
pub(super) struct Passed<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a Bytes,
    pub(super) route: &'static Route,
    /// Decoded, as `rawPath` is.
    pub(super) path: &'a str,
    pub(super) variables: Vec<(String, String)>,
    /// Claims of the token; `None` for a route that is open.
    pub(super) claims: Option<Map<String, Value>>,
    pub(super) request_id: &'a str,
    pub(super) source_ip: &'a str,
    /// Milliseconds since the epoch.
    pub(super) time: i64,
}

/// Event of payload format 2.0 for a request.
pub(super) fn request_event(request: Passed<'_>) -> Value {
    let Passed {
        parts,
        body,
        route,
        path,
        ..
    } = request;
    let mut headers = Map::new();
    let mut cookies = Vec::new();
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        if name == axum::http::header::COOKIE {
            // "All cookie headers in the request are combined with commas and added to the cookies field", one by one.
            cookies = values
                .iter()
                .flat_map(|value| value.split("; "))
                .map(ToOwned::to_owned)
                .collect();
        } else {
            // "Duplicate headers are combined with commas."
            headers.insert(name.as_str().to_owned(), values.join(",").into());
        }
    }
    let host = headers.get("host").cloned().unwrap_or_default();
    let (text, is_base64) = match std::str::from_utf8(body) {
        Ok(text) if is_text(parts) => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    };
    let route_key = format!("{} {}", route.method, route.path);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        // Decoded, unlike the query (the emulator above).
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "isBase64Encoded": is_base64 && !body.is_empty(),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "requestId": request.request_id,
            "stage": "$default",
            "routeKey": route_key,
            "timeEpoch": request.time,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": parts.headers.get("user-agent").and_then(|value| value.to_str().ok()),
            },
        },
    });
    // What a request does not have is absent from its event.
    let mut add = |pointer: &str, name: &str, value: Value| {
        if let Some(object) = event.pointer_mut(pointer).and_then(Value::as_object_mut) {
            object.insert(name.to_owned(), value);
        }
    };
    if !cookies.is_empty() {
        add("", "cookies", cookies.into());
    }
    if !body.is_empty() {
        add("", "body", text.into());
    }
    if !request.variables.is_empty() {
        add("", "pathParameters", request.variables.into_iter().collect());
    }
    if let Some(claims) = request.claims {
        add(
            "/requestContext",
            "authorizer",
            json!({"jwt": {"claims": claims, "scopes": null}}),
        );
    }
    event
}

/// Whether the body arrives as text; it is base64 otherwise. API Gateway's documentation names no types; these arrive as
/// text, and `application/x-www-form-urlencoded` and a body without a type as base64, by what users of HTTP APIs report.
fn is_text(parts: &Parts) -> bool {
    let content_type = parts
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ["text/", "application/json", "application/xml", "application/javascript"]
        .iter()
        .any(|text| content_type.starts_with(text))
}

/// The response for a function's answer. `None` when the answer has not the form that API Gateway reads.
pub(super) fn response(answer: &Value) -> Option<Response<Body>> {
    let status = answer.get("statusCode")?.as_u64()?;
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let is_base64 = answer
        .get("isBase64Encoded")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let body = if is_base64 {
        STANDARD.decode(text).ok()?
    } else {
        text.as_bytes().to_vec()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status.try_into().ok()?).ok()?;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = name.parse::<HeaderName>().ok()?;
        response
            .headers_mut()
            .append(name, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie = HeaderValue::from_str(cookie.as_str()?).ok()?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Some(response)
}
