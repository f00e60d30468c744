//! What WeCom calls. Nothing here says why it refuses.

use lambda_http::{
    Body, Request, Response,
    http::{Method, StatusCode},
};

use super::{Answer, Problem, conclude, read};
use crate::{
    audit::Actor,
    error::StepError,
    ids::CallbackId,
    platform::Platform,
    steps::{ReceiveEvent, ReceiveSuiteEvent, VerifySuiteUrl, VerifyUrl},
};

/// `GET` and `POST /callback/{callback_id}`, with or without slashes at the end.
pub async fn event_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(receive_event(platform, &request).await, &read::request_id(&request))
}

async fn receive_event(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let clock = &*platform.clock;
    let refused = |error: StepError| Problem::from_step(&error, clock.now());
    let body = read::body(request, read::MAX_CALLBACK_BODY)?;
    let id = match read::segments(request).as_slice() {
        [_, id] => CallbackId::parse(id).map_err(|_| Problem::not_found())?,
        _ => return Err(Problem::not_found()),
    };
    let query = request.uri().query().unwrap_or_default();
    let authenticator = platform.authenticator();
    if request.method() == Method::POST {
        ReceiveEvent { authenticator }
            .run(&id, query, body, clock)
            .await
            .map_err(refused)?;
        Ok(success())
    } else {
        let step = VerifyUrl {
            authenticator,
            grace: platform.config.rotation_grace,
        };
        let actor = Actor::wecom();
        let context = platform.context(&actor);
        step.run(&id, query, context).await.map(echo).map_err(refused)
    }
}

/// `GET` and `POST /suite/callback`.
pub async fn suite_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(
        receive_suite_event(platform, &request).await,
        &read::request_id(&request),
    )
}

async fn receive_suite_event(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let clock = &*platform.clock;
    let refused = |error: StepError| Problem::from_step(&error, clock.now());
    let body = read::body(request, read::MAX_CALLBACK_BODY)?;
    let query = request.uri().query().unwrap_or_default();
    let suite = &platform.suite_vault;
    if request.method() == Method::POST {
        let step = ReceiveSuiteEvent {
            store: (&platform.store).into(),
            suite,
        };
        step.run(query, body, clock).await.map_err(refused)?;
        Ok(success())
    } else {
        VerifySuiteUrl { suite }
            .run(query, clock)
            .await
            .map(echo)
            .map_err(refused)
    }
}

fn success() -> Answer {
    Answer::new(StatusCode::OK, "text/plain", "success")
}

/// Exactly the bytes that WeCom expects: no quotes, no newline (developer document 90930). `lambda_http` converts a body of
/// a text type to UTF-8 without a byte order mark, so other bytes have a type that it leaves alone.
fn echo(bytes: Vec<u8>) -> Answer {
    match String::from_utf8(bytes) {
        Ok(text) if !text.starts_with('\u{feff}') => Answer::new(StatusCode::OK, "text/plain", text),
        Ok(text) => Answer::new(StatusCode::OK, "application/octet-stream", text.into_bytes()),
        Err(error) => Answer::new(StatusCode::OK, "application/octet-stream", error.into_bytes()),
    }
}
