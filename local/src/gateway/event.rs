//! An HTTP request as API Gateway's event (payload format 2.0), and a function's answer as an HTTP response, through the
//! types that `lambda_http` itself uses on Lambda.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Response, StatusCode, header::SET_COOKIE, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambda_http::{aws_lambda_events::encodings::Body as EventBody, request::LambdaRequest};
use serde_json::{Map, Value, json};

/// The event for a request.
pub(super) fn request_event(
    parts: &Parts,
    body: &Bytes,
    claims: Option<Map<String, Value>>,
    request_id: &str,
    source_ip: &str,
) -> Result<LambdaRequest, serde_json::Error> {
    let mut headers = Map::new();
    let mut cookies = Vec::new();
    for name in parts.headers.keys() {
        let values: Vec<String> = parts
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if name == axum::http::header::COOKIE {
            cookies = values
                .iter()
                .flat_map(|value| value.split("; "))
                .map(ToOwned::to_owned)
                .collect();
        } else {
            headers.insert(name.as_str().to_owned(), json!(values.join(",")));
        }
    }
    let host = headers.get("host").cloned().unwrap_or_default();
    let (text, is_base64) = match std::str::from_utf8(body) {
        Ok(text) if is_text(parts) => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    };
    let path = parts.uri.path();
    serde_json::from_value(json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "cookies": cookies,
        "body": if body.is_empty() { Value::Null } else { Value::String(text) },
        "isBase64Encoded": is_base64 && !body.is_empty(),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": "local",
            "requestId": request_id,
            "stage": "$default",
            "routeKey": "$default",
            "timeEpoch": 0,
            "authorizer": claims.map(|claims| json!({"jwt": {"claims": claims, "scopes": null}})),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": parts.headers.get("user-agent").and_then(|value| value.to_str().ok()),
            },
        },
    }))
}

/// Bodies of these types come as text, all others as base64.
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

/// The response for a function's answer, which is API Gateway's JSON.
pub(super) fn response(answer: &impl serde::Serialize) -> Result<Response<Body>, String> {
    let answer = serde_json::to_value(answer).map_err(|error| error.to_string())?;
    let status = answer
        .get("statusCode")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok());
    let status = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or("the answer has no status")?;
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if answer
        .get("isBase64Encoded")
        .and_then(Value::as_bool)
        .unwrap_or_default()
    {
        STANDARD.decode(text).map_err(|error| error.to_string())?
    } else {
        text.as_bytes().to_vec()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = name
            .parse::<axum::http::HeaderName>()
            .map_err(|error| error.to_string())?;
        let value = value
            .as_str()
            .and_then(|value| HeaderValue::from_str(value).ok())
            .ok_or("a header is malformed")?;
        response.headers_mut().append(name, value);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        let cookie = cookie
            .as_str()
            .and_then(|value| HeaderValue::from_str(value).ok())
            .ok_or("a cookie is malformed")?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// For answers that the gateway itself gives.
pub(super) fn own_response(response: Response<EventBody>) -> Response<Body> {
    response.map(|body| Body::from(body.to_vec()))
}
