//! HTTP server: API under `/cgi-bin/`, pages and control interface, on one origin.

use std::{
    io,
    net::Ipv4Addr,
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    api::Call,
    control::{Control, http as control_http},
    errcode,
    faults::Fault,
    journal::CallRecord,
    pages,
    shared::Shared,
};

/// All routes.
pub(crate) fn router(control: Control) -> Router {
    // The API is called by anybody who reaches it, under any name; what shows Secrets is for this machine's own browser.
    let shown = Router::new()
        .merge(control_http::routes())
        .merge(pages::routes())
        .layer(middleware::from_fn(only_from_this_machine));
    Router::new()
        .route("/cgi-bin/{*rest}", any(api))
        .merge(shown)
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(control)
}

async fn api(State(control): State<Control>, method: Method, uri: Uri, body: Bytes) -> Response {
    let shared = &control.shared;
    let fault = shared.faults.take(uri.path());
    let (status, body) = match &fault {
        Some(fault) => answer_with_fault(shared, fault, &method, &uri, &body).await,
        None => plain_answer(shared, &method, &uri, &body),
    };
    shared.journal.record(CallRecord {
        at: shared.now(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        status: (!matches!(body, Reply::Broken)).then_some(status.as_u16()),
        errcode: body.errcode(),
        faulty: fault.is_some(),
    });
    (status, body).into_response()
}

fn plain_answer(shared: &Shared, method: &Method, uri: &Uri, body: &Bytes) -> (StatusCode, Reply) {
    let call = Call::new(
        uri.path(),
        method == Method::POST,
        uri.query().unwrap_or_default(),
        body,
    );
    match shared.change(|context| context.answer(&call)) {
        Some(answer) => (StatusCode::OK, Reply::Json(answer)),
        None => (StatusCode::NOT_FOUND, Reply::Empty),
    }
}

async fn answer_with_fault(
    shared: &Shared,
    fault: &Fault,
    method: &Method,
    uri: &Uri,
    body: &Bytes,
) -> (StatusCode, Reply) {
    let replaces = fault.drop || fault.http_status.is_some() || fault.errcode.is_some();
    let own = if !replaces || fault.after_effect {
        Some(plain_answer(shared, method, uri, body))
    } else {
        None
    };
    if let Some(delay_ms) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    if fault.drop {
        return (StatusCode::OK, Reply::Broken);
    }
    if let Some(status) = fault.http_status {
        // An informational status is no answer, so it cannot be one.
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| !status.is_informational())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (
            status,
            Reply::Html(format!("<html><body><h1>{status}</h1></body></html>")),
        );
    }
    match (fault.errcode, own) {
        (Some(errcode), _) => {
            let words = fault.errmsg.as_deref().unwrap_or_else(|| errcode::words(errcode));
            let errmsg = shared.change(|context| errcode::errmsg(errcode, words, context.now, context.entropy));
            (
                StatusCode::OK,
                Reply::Json(json!({"errcode": errcode, "errmsg": errmsg})),
            )
        }
        (None, Some(own)) => own,
        (None, None) => (StatusCode::NOT_FOUND, Reply::Empty),
    }
}

enum Reply {
    Json(Value),
    Html(String),
    Empty,
    /// The connection is closed before the answer is complete.
    Broken,
}

impl Reply {
    fn errcode(&self) -> Option<i64> {
        match self {
            Self::Json(body) => Some(body.get("errcode").and_then(Value::as_i64).unwrap_or(0)),
            Self::Html(_) | Self::Empty | Self::Broken => None,
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Json(body) => (
                [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
                body.to_string(),
            )
                .into_response(),
            Self::Html(body) => ([(header::CONTENT_TYPE, "text/html")], body).into_response(),
            Self::Empty => ().into_response(),
            Self::Broken => Body::new(BreaksOff).into_response(),
        }
    }
}

/// A body that fails, which makes the server close the connection without an answer.
struct BreaksOff;

impl HttpBody for BreaksOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("dropped on request"))))
    }
}

/// Another site in the same browser can neither read a page (foreign host names are refused) nor press a button (foreign
/// origins are refused).
async fn only_from_this_machine(request: Request, next: Next) -> Response {
    if is_from_this_machine(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "only from this machine").into_response()
    }
}

fn is_from_this_machine(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &header::HeaderValue| value.to_str().unwrap_or_default())
    };
    let named_here = text(header::HOST).is_some_and(is_local_authority);
    let from_here = text(header::ORIGIN).is_none_or(|origin| {
        origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(is_local_authority)
    });
    named_here && from_here
}

fn is_local_authority(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    name == "[::1]"
        || name.eq_ignore_ascii_case("localhost")
        || Ipv4Addr::from_str(name).is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in [
            "localhost",
            "localhost:3001",
            "127.0.0.1:80",
            "[::1]:8080",
            "[::1]",
            "127.8.0.1",
        ] {
            assert!(is_local_authority(local), "{local}");
        }
        for foreign in [
            "example.com",
            "127.0.0.1.example.com:80",
            "localhost.example.com",
            "192.168.1.4:80",
            "",
        ] {
            assert!(!is_local_authority(foreign), "{foreign}");
        }
    }
}
