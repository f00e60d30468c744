//! `/`: the console. Each button posts a form, which calls one function of [`Control`] and redirects back.

mod corporation;
mod forms;
mod logs;
mod suite;

use axum::{
    Router,
    extract::{Form, Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use url::Url;

use self::forms::{ClockForm, EventForm, FaultForm, SettingsForm, SuiteCallbackForm, SuiteEventForm, SwitchesForm};
use super::{both, escaped, page, refusal};
use crate::{
    control::{
        Control, ControlError,
        requests::{ClockRequest, EventRequest, SettingsPatch, SuiteEventRequest, SwitchesPatch},
    },
    faults::Fault,
    world::corporation::{AuthMode, CallbackForm, Scope, SecretKind},
};

/// Sections after the corporations.
const PLACES: [(&str, &str); 5] = [
    ("suite", "服务商"),
    ("deliveries", "推送记录"),
    ("settings", "设置与时钟"),
    ("faults", "故障"),
    ("calls", "接口调用"),
];

pub(super) fn routes() -> Router<Control> {
    Router::new()
        .route("/", get(show))
        .route("/console/corps/{corp_id}/callbacks/{scope}", post(save_callback))
        .route("/console/corps/{corp_id}/events/{scope}", post(send_event))
        .route("/console/corps/{corp_id}/secrets/{kind}/reset", post(reset_secret))
        .route("/console/corps/{corp_id}/switches", post(set_switches))
        .route("/console/suite/callback", post(set_suite_callback))
        .route("/console/suite/check", post(check_suite_callback))
        .route("/console/suite/ticket", post(push_ticket))
        .route("/console/suite/events", post(send_suite_event))
        .route("/console/faults", post(add_fault))
        .route("/console/faults/clear", post(clear_faults))
        .route("/console/settings", post(set_settings))
        .route("/console/ban/lift", post(lift_ban))
        .route("/console/clock", post(advance_clock))
}

/// Event that a form shows.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Chosen {
    corp: String,
    scope: String,
    event: String,
}

async fn show(State(control): State<Control>, Query(chosen): Query<Chosen>) -> Response {
    let state = control.state();
    let corporations: String = state
        .corps
        .iter()
        .map(|view| corporation::section(&control, view, &chosen))
        .collect();
    let links = state
        .corps
        .iter()
        .map(|view| (view.corp_id.as_str(), view.name.as_str()))
        .chain(PLACES)
        .map(|(place, name)| format!("<a href=\"#{}\">{}</a>\n", escaped(place), escaped(name)))
        .collect::<Vec<_>>()
        .concat();
    let body = format!(
        "<header><h1>{}</h1><p>{}</p>\n<nav>{links}</nav></header>\n<main>\n{corporations}{}{}</main>\n",
        both("企业微信（模拟）", "WeCom, simulated"),
        both(
            "这里扮演企业微信一方，只用于演示和测试：所有Secret均以明文显示，仅限本机访问。",
            "This plays WeCom's part, for demonstrations and tests: Secrets are shown in clear, on this machine only."
        ),
        suite::section(&state),
        logs::sections(&state, &control.calls()),
    );
    page(StatusCode::OK, "企业微信（模拟）", "; form-action 'self'", &body)
}

async fn save_callback(
    State(control): State<Control>,
    Path((corp_id, scope)): Path<(String, String)>,
    Form(form): Form<CallbackForm>,
) -> Result<Response, ConsoleError> {
    let scope = Scope::from_slug(&scope).ok_or(ControlError::Unknown("scope"))?;
    control.save_callback(&corp_id, scope, form).await?;
    Ok(back(&format!("/#{corp_id}-{}", scope.slug())))
}

async fn send_event(
    State(control): State<Control>,
    Path((corp_id, scope)): Path<(String, String)>,
    Form(form): Form<EventForm>,
) -> Result<Response, ConsoleError> {
    let scope = Scope::from_slug(&scope).ok_or(ControlError::Unknown("scope"))?;
    let request = EventRequest {
        // A browser ends lines with CR LF; WeCom's events have none.
        xml: Some(form.xml.replace("\r\n", "\n").trim().to_owned()),
        copies: Some(form.copies),
        same_content: form.same_content.is_some(),
        ..EventRequest::default()
    };
    control.send_events(&corp_id, scope, &request).await?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("corp", &corp_id)
        .append_pair("scope", scope.slug())
        .append_pair("event", &form.event)
        .finish();
    Ok(back(&format!("/?{query}#deliveries")))
}

async fn reset_secret(
    State(control): State<Control>,
    Path((corp_id, kind)): Path<(String, String)>,
) -> Result<Response, ConsoleError> {
    let kind = SecretKind::from_slug(&kind).ok_or(ControlError::Unknown("kind of Secret"))?;
    control.reset_secret(&corp_id, kind)?;
    Ok(back(&format!("/#{corp_id}")))
}

async fn set_switches(
    State(control): State<Control>,
    Path(corp_id): Path<String>,
    Form(form): Form<SwitchesForm>,
) -> Result<Response, ConsoleError> {
    let patch = SwitchesPatch {
        contacts_ip_untrusted: Some(form.contacts_ip_untrusted.is_some()),
        apps_ip_untrusted: Some(form.apps_ip_untrusted.is_some()),
        customer_secret_withdrawn: Some(form.customer_secret_withdrawn.is_some()),
        app_in_development: Some(form.app_in_development.is_some()),
        app_disabled: Some(form.app_disabled.is_some()),
        licence: form.licence,
    };
    control.set_switches(&corp_id, patch)?;
    Ok(back(&format!("/#{corp_id}")))
}

async fn set_suite_callback(
    State(control): State<Control>,
    Form(form): Form<SuiteCallbackForm>,
) -> Result<Response, ConsoleError> {
    let url = Url::parse(form.url.trim()).map_err(|error| ControlError::Invalid(error.to_string()))?;
    control.set_suite_callback_url(url)?;
    Ok(back("/#suite"))
}

async fn check_suite_callback(State(control): State<Control>) -> Result<Response, ConsoleError> {
    control.check_suite_callback().await?;
    Ok(back("/#suite"))
}

async fn push_ticket(State(control): State<Control>) -> Result<Response, ConsoleError> {
    control.push_ticket().await?;
    Ok(back("/#deliveries"))
}

async fn send_suite_event(
    State(control): State<Control>,
    Form(form): Form<SuiteEventForm>,
) -> Result<Response, ConsoleError> {
    let request = SuiteEventRequest {
        event: Some(if form.event == "other" {
            form.info_type
        } else {
            form.event
        })
        .filter(|event| !event.is_empty()),
        corp_id: Some(form.corp_id),
        state: Some(form.state).filter(|state| !state.is_empty()),
        auth_mode: match form.auth_mode.as_str() {
            "admin" => Some(AuthMode::Admin),
            "member" => Some(AuthMode::Member),
            _ => None,
        },
        ..SuiteEventRequest::default()
    };
    control.send_suite_event(&request).await?;
    Ok(back("/#deliveries"))
}

async fn add_fault(State(control): State<Control>, Form(form): Form<FaultForm>) -> Result<Response, ConsoleError> {
    let number = || {
        form.value
            .trim()
            .parse::<i64>()
            .map_err(|_| ControlError::Invalid("the value is no number".to_owned()))
    };
    let not_in_range = |_| ControlError::Invalid("the value is out of range".to_owned());
    let mut fault = Fault {
        path: Some(form.path.trim().to_owned()).filter(|path| !path.is_empty()),
        times: form.times,
        ..Fault::default()
    };
    match form.kind.as_str() {
        "errcode" => fault.errcode = Some(number()?),
        "delay_ms" => fault.delay_ms = Some(u64::try_from(number()?).map_err(not_in_range)?),
        "http_status" => fault.http_status = Some(u16::try_from(number()?).map_err(not_in_range)?),
        "drop" => fault.drop = true,
        _ => return Err(ControlError::Unknown("kind of fault").into()),
    }
    control.add_faults([fault]);
    Ok(back("/#faults"))
}

async fn clear_faults(State(control): State<Control>) -> Response {
    control.clear_faults();
    back("/#faults")
}

async fn set_settings(
    State(control): State<Control>,
    Form(form): Form<SettingsForm>,
) -> Result<Response, ConsoleError> {
    control.set_settings(SettingsPatch {
        wrong_secret_limit: Some(form.wrong_secret_limit),
        foreign_secret_errcode: Some(form.foreign_secret_errcode),
        removed_app_errcode: Some(form.removed_app_errcode),
        tickets_paused: Some(form.tickets_paused.is_some()),
    })?;
    Ok(back("/#settings"))
}

async fn lift_ban(State(control): State<Control>) -> Response {
    control.lift_ban();
    back("/#settings")
}

async fn advance_clock(State(control): State<Control>, Form(form): Form<ClockForm>) -> Result<Response, ConsoleError> {
    let request = ClockRequest {
        advance_seconds: form.minutes.saturating_mul(60),
    };
    control.advance_clock(request).await?;
    Ok(back("/#settings"))
}

fn back(place: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, place.to_owned())]).into_response()
}

/// An error as a page.
struct ConsoleError(ControlError);

impl From<ControlError> for ConsoleError {
    fn from(error: ControlError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        refusal(&self.0)
    }
}
