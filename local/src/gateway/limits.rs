//! Limits of API Gateway and Lambda, and the answers beyond them.
//!
//! Sources: developer guide, http-api-quotas; Lambda developer guide, gettingstarted-limits. None of these can be raised.

use std::{future::Future, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
};
use serde_json::json;

/// "Total combined size of request line and header values: 10240 bytes."
const MAX_HEAD: usize = 10_240;
/// "Payload size: 10 MB."
pub(super) const MAX_BODY: usize = 10 * 1024 * 1024;
/// Lambda: "Invocation payload (request and response): 6 MB each for request and response (synchronous)". A body in base64
/// counts four thirds.
pub(super) const MAX_INVOCATION: usize = 6 * 1024 * 1024;
/// "Maximum integration timeout: 30 seconds."
pub(super) const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether request line and header values are within the limit.
pub(super) fn head_is_within_limit(parts: &Parts) -> bool {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let request_line = parts.method.as_str().len() + " ".len() + target + " HTTP/1.1".len();
    let values: usize = parts.headers.values().map(HeaderValue::len).sum();
    request_line + values <= MAX_HEAD
}

/// Waits for a function's answer. A function that is still running at the timeout goes on running, as on Lambda.
pub(super) async fn within<T>(timeout: Duration, invocation: impl Future<Output = T>) -> Result<T, StatusCode> {
    tokio::time::timeout(timeout, invocation)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// An answer of API Gateway itself: `{"message": …}`. The texts are those that users of HTTP APIs report; which status
/// answers a request whose head is too large is not documented, and 431 is taken here.
pub(super) fn answer(status: StatusCode) -> Response<Body> {
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn the_request_line_and_the_header_values_have_10240_bytes_together() {
        let is_within = |query: usize, value: usize| {
            let request = Request::get(format!("/a?{}", "q".repeat(query))).header("a-header", "v".repeat(value));
            head_is_within_limit(&request.body(()).unwrap().into_parts().0)
        };
        let rest = MAX_HEAD - "GET /a? HTTP/1.1".len();
        assert!(is_within(rest - 100, 100));
        assert!(!is_within(rest - 100, 101));
        assert!(!is_within(rest + 1, 0));
    }

    #[tokio::test]
    async fn a_function_that_does_not_answer_in_time_is_not_waited_for() {
        assert_eq!(within(INTEGRATION_TIMEOUT, async { 1 }).await, Ok(1));
        let never = within(Duration::ZERO, std::future::pending::<()>()).await;
        assert_eq!(never, Err(StatusCode::SERVICE_UNAVAILABLE));
    }
}
