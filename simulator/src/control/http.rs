//! The control interface as JSON, under `/_simulator/`.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    Control, ControlError,
    requests::{EventRequest, OneOrMany, SuiteCallbackRequest},
};
use crate::world::corporation::{Scope, SecretKind};

type Answer = Result<Response, ControlError>;

/// The routes; `README.md` describes them.
pub(crate) fn routes() -> Router<Control> {
    Router::new()
        .route(
            "/_simulator/state",
            get(async |State(control): State<Control>| json_of(&control.state())),
        )
        .route("/_simulator/calls", get(calls).delete(clear_calls))
        .route("/_simulator/install", post(install))
        .route("/_simulator/scan", post(scan))
        .route("/_simulator/clock", post(advance_clock))
        .route("/_simulator/settings", axum::routing::patch(set_settings))
        .route("/_simulator/ban", axum::routing::delete(lift_ban))
        .route("/_simulator/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/_simulator/corps", post(add_corporation))
        .route(
            "/_simulator/corps/{corp_id}/switches",
            axum::routing::patch(set_switches),
        )
        .route("/_simulator/corps/{corp_id}/secrets/{kind}", get(secret))
        .route("/_simulator/corps/{corp_id}/secrets/{kind}/reset", post(reset_secret))
        .route("/_simulator/corps/{corp_id}/callbacks/{scope}", put(save_callback))
        .route("/_simulator/corps/{corp_id}/events", post(send_events))
        .route("/_simulator/suite/callback", put(set_suite_callback))
        .route("/_simulator/suite/check", post(check_suite_callback))
        .route("/_simulator/suite/events", post(send_suite_events))
        .route("/_simulator/suite/app-events", post(send_app_events))
}

async fn install(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.install(&parse(&body)?)?))
}

async fn scan(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.scan(&parse(&body)?).await?))
}

async fn add_corporation(State(control): State<Control>, body: Bytes) -> Answer {
    let corporation = control.add_corporation(&parse(&body)?)?;
    Ok((StatusCode::CREATED, json_of(&corporation)).into_response())
}

async fn save_callback(
    State(control): State<Control>,
    Path((corp_id, scope)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let scope = Scope::from_slug(&scope).ok_or(ControlError::Unknown("scope"))?;
    Ok(json_of(&control.save_callback(&corp_id, scope, parse(&body)?).await?))
}

/// An [`EventRequest`] with its scope.
#[derive(serde::Deserialize)]
struct ScopedEventRequest {
    scope: Scope,
    #[serde(flatten)]
    event: serde_json::Map<String, serde_json::Value>,
}

async fn send_events(State(control): State<Control>, Path(corp_id): Path<String>, body: Bytes) -> Answer {
    let scoped: ScopedEventRequest = parse(&body)?;
    // In two steps, since serde cannot flatten and refuse unknown fields at once.
    let request: EventRequest = serde_json::from_value(scoped.event.into()).map_err(|error| invalid(&error))?;
    Ok(json_of(&control.send_events(&corp_id, scoped.scope, &request).await?))
}

async fn secret(
    State(control): State<Control>,
    Path((corp_id, kind)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let kind = SecretKind::from_slug(&kind).ok_or(ControlError::Unknown("kind of Secret"))?;
    let secret = control.secret(&corp_id, kind)?;
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // A shell takes the Secret as it is: `$(curl … )`.
    if accept.contains("json") {
        Ok(json_of(&secret))
    } else {
        Ok(secret.secret.into_response())
    }
}

async fn reset_secret(State(control): State<Control>, Path((corp_id, kind)): Path<(String, String)>) -> Answer {
    let kind = SecretKind::from_slug(&kind).ok_or(ControlError::Unknown("kind of Secret"))?;
    Ok(json_of(&control.reset_secret(&corp_id, kind)?))
}

async fn set_switches(State(control): State<Control>, Path(corp_id): Path<String>, body: Bytes) -> Answer {
    Ok(json_of(&control.set_switches(&corp_id, parse(&body)?)?))
}

async fn set_settings(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.set_settings(parse(&body)?)?))
}

async fn lift_ban(State(control): State<Control>) -> StatusCode {
    control.lift_ban();
    StatusCode::NO_CONTENT
}

async fn set_suite_callback(State(control): State<Control>, body: Bytes) -> Answer {
    let request: SuiteCallbackRequest = parse(&body)?;
    control.set_suite_callback_url(request.url)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn check_suite_callback(State(control): State<Control>) -> Answer {
    Ok(json_of(&control.check_suite_callback().await?))
}

async fn send_suite_events(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.send_suite_event(&parse(&body)?).await?))
}

async fn send_app_events(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.send_app_events(&parse(&body)?).await?))
}

async fn faults(State(control): State<Control>) -> Response {
    json_of(&json!({"faults": control.shared.faults.waiting()}))
}

async fn add_faults(State(control): State<Control>, body: Bytes) -> Answer {
    let faults = match parse(&body)? {
        OneOrMany::One(fault) => vec![*fault],
        OneOrMany::Many(faults) => faults,
    };
    Ok(json_of(&json!({"faults": control.add_faults(faults)})))
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.clear_faults();
    StatusCode::NO_CONTENT
}

async fn calls(State(control): State<Control>) -> Response {
    json_of(&json!({"calls": control.calls()}))
}

async fn clear_calls(State(control): State<Control>) -> StatusCode {
    control.clear_calls();
    StatusCode::NO_CONTENT
}

async fn advance_clock(State(control): State<Control>, body: Bytes) -> Answer {
    Ok(json_of(&control.advance_clock(parse(&body)?).await?))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(|error| invalid(&error))
}

fn invalid(error: &serde_json::Error) -> ControlError {
    ControlError::Invalid(error.to_string())
}

fn json_of<T: Serialize>(value: &T) -> Response {
    let body = serde_json::to_string_pretty(value).expect("views have only string keys");
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body + "\n").into_response()
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownCorporation | Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotReady(_) => StatusCode::CONFLICT,
        };
        (status, json_of(&json!({"error": self.to_string()}))).into_response()
    }
}
