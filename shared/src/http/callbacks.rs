//! What WeCom calls. Nothing here says why it refuses.

use lambda_http::{
    Body, Request, Response,
    http::{Method, StatusCode},
};

use super::{Answer, Problem, conclude, read};
use crate::{
    audit::Actor,
    ids::CallbackId,
    startup::Platform,
    steps::{Occasion, ReceiveEvent, ReceiveSuiteEvent, StepError, VerifySuiteUrl, VerifyUrl},
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
    let (store, keys, memory) = (&platform.store, &platform.keys, &platform.memory);
    if request.method() == Method::POST {
        ReceiveEvent { store, keys, memory }
            .run(&id, query, body, clock)
            .await
            .map_err(refused)?;
        Ok(success())
    } else {
        let step = VerifyUrl {
            store,
            keys,
            memory,
            grace: platform.config.rotation_grace,
        };
        let actor = Actor::wecom();
        let occasion = Occasion {
            actor: &actor,
            clock,
            entropy: &*platform.entropy,
        };
        step.run(&id, query, occasion).await.map(echo).map_err(refused)
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
    let suite = &platform.suite;
    if request.method() == Method::POST {
        let step = ReceiveSuiteEvent {
            store: &platform.store,
            suite,
        };
        step.run(query, body, clock).await.map_err(refused)?;
        Ok(success())
    } else {
        VerifySuiteUrl { suite }.run(query).await.map(echo).map_err(refused)
    }
}

fn success() -> Answer {
    Answer::new(StatusCode::OK, "text/plain", "success")
}

/// Exactly the bytes that WeCom wants back: no quotes, no newline (developer document 90930).
fn echo(bytes: Vec<u8>) -> Answer {
    match String::from_utf8(bytes) {
        Ok(text) => Answer::new(StatusCode::OK, "text/plain", text),
        Err(error) => Answer::new(StatusCode::OK, "text/plain", error.into_bytes()),
    }
}
