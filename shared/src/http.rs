//! HTTP: reads requests, runs steps, answers. One handler per function; what errors mean stands in `problem`, alone.

mod admin;
mod callbacks;
mod console;
mod installation;
mod problem;
mod read;

use lambda_http::{
    Body, Response,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, SET_COOKIE},
    },
};
use serde::Serialize;

pub use self::{
    admin::{
        complete_authorization, disconnect, generate_credentials, read_authorization, register_secret, replay_event,
        test_callback, update_settings,
    },
    callbacks::{event_callback, suite_callback},
    console::console,
    installation::{installation_callback, start_installation},
    problem::{CODES, Kind, Problem},
};

/// An answer under construction. Answers of this product are never cached unless they say so.
struct Answer(Response<Body>);

impl Answer {
    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self(response)
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with(
                HeaderName::from_static("x-content-type-options"),
                HeaderValue::from_static("nosniff"),
            )
    }

    fn json(status: StatusCode, value: &impl Serialize) -> Self {
        let body = serde_json::to_string(value).expect("what we answer serialises: its keys are strings");
        Self::new(status, "application/json", body)
    }

    fn empty(status: StatusCode) -> Self {
        let mut answer = Self::new(status, "text/plain", Body::Empty);
        answer.0.headers_mut().remove(CONTENT_TYPE);
        answer
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }

    fn with_cookie(mut self, cookie: &str) -> Self {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            self.0.headers_mut().append(SET_COOKIE, cookie);
        }
        self
    }

    fn redirect(location: &str) -> Result<Self, Problem> {
        let location = HeaderValue::from_str(location).map_err(|_| Problem::internal())?;
        Ok(Self::empty(StatusCode::SEE_OTHER).with(lambda_http::http::header::LOCATION, location))
    }
}

/// Ends a handler: the answer, or the problem document for the request.
fn conclude(answer: Result<Answer, Problem>, request_id: &str) -> Response<Body> {
    match answer {
        Ok(Answer(response)) => response,
        Err(problem) => problem.into_response(request_id),
    }
}
