//! HTTP: reads requests, runs steps, answers. One handler for each function, in one file for each resource, which also has the
//! types of its requests and answers. `problem` has the status, code and text of every error.

mod assist;
mod audit;
mod authorization;
mod bindings;
mod callbacks;
mod claims;
mod console;
#[cfg(feature = "contract")]
mod contract;
mod credentials;
mod dist;
mod events;
mod fields;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod help;
mod installation;
mod operators;
mod page;
mod persons;
mod problem;
mod replays;
mod request;
mod secret;
mod settings;
mod test;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambda_http::{
    Body, Response,
    aws_lambda_events::apigw::ApiGatewayV2httpResponse,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, SET_COOKIE},
    },
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::bindings::binding;
#[cfg(feature = "contract")]
pub use self::contract::{binding_schema, openapi};
pub use self::{
    assist::share_credentials,
    authorization::{check_authorization, complete_authorization, disconnect, read_authorization},
    callbacks::{event_callback, suite_callback},
    console::console,
    credentials::generate_credentials,
    events::replay_event,
    installation::{installation_callback, start_installation},
    operators::{act_on_tenant, read_tenants},
    persons::find_person,
    problem::{CODES, Kind, Problem},
    request::Request,
    secret::register_secret,
    settings::update_settings,
    test::test_callback,
};
use crate::{error::StepError, platform::Platform};

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

    fn json_lines(rows: &[impl Serialize]) -> Self {
        let line = |row| serde_json::to_string(row).expect("what we answer serialises: its keys are strings") + "\n";
        let lines: String = rows.iter().map(line).collect();
        Self::new(StatusCode::OK, "application/x-ndjson", lines)
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

/// Whether the page of another site makes the browser send the request (Fetch Metadata): nobody pressed our button.
fn is_from_another_site(request: &Request) -> bool {
    !["", "same-origin", "none"].contains(&request.header("sec-fetch-site"))
}

/// The hash of a page's only `style` or `script`, as a Content-Security-Policy names it.
fn inline_hash(page: &str, element: &str) -> String {
    let content = page
        .split_once(&format!("<{element}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
    STANDARD.encode(Sha256::digest(content.map_or("", |(content, _)| content)))
}

/// The problem for a step's error.
fn problem(platform: &Platform) -> impl Fn(StepError) -> Problem + '_ {
    |error| Problem::from_step(&error, platform.clock.now())
}

/// The response to a request: the answer, or the problem document.
fn conclude(answer: Result<Answer, Problem>, request: &Request) -> Response<Body> {
    match answer {
        Ok(Answer(response)) => response,
        Err(problem) => problem.into_response(request.id()),
    }
}

/// A response as API Gateway takes it (payload format 2.0). A body of bytes is encoded in base64 and sent to the client exactly as
/// it is, whatever its type; `lambda_http` would convert a text that is not UTF-8.
#[must_use]
pub fn gateway_response(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()).map(ToOwned::to_owned);
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.cookies = cookies.collect();
    parts.headers.remove(SET_COOKIE);
    answer.status_code = i64::from(parts.status.as_u16());
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.headers = parts.headers;
    answer.body = Some(body);
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(answer: Answer) -> serde_json::Value {
        serde_json::to_value(gateway_response(answer.0)).unwrap()
    }

    #[test]
    fn sends_exactly_the_bytes_of_a_body_whatever_its_type() {
        let bytes = vec![0xef, 0xbb, 0xbf, 0xff, 0x00, b'x'];
        let sent = sent(Answer::new(StatusCode::OK, "text/plain", bytes));
        assert_eq!(
            (&sent["body"], &sent["isBase64Encoded"]),
            (&json!("77u//wB4"), &json!(true))
        );
    }

    #[test]
    fn sends_a_text_with_its_headers_and_each_cookie_by_itself() {
        let answer = Answer::new(StatusCode::CREATED, "text/plain", "\u{feff}企业")
            .with_cookie("a=1")
            .with_cookie("b=2");
        let sent = sent(answer);
        assert_eq!(
            (&sent["body"], &sent["isBase64Encoded"]),
            (&json!("\u{feff}企业"), &json!(false))
        );
        assert_eq!(
            (&sent["statusCode"], &sent["cookies"]),
            (&json!(201), &json!(["a=1", "b=2"]))
        );
        assert_eq!(sent["headers"]["cache-control"], "no-store");
        assert_eq!(sent["headers"].get("set-cookie"), None);
    }
}
