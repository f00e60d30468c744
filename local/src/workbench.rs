//! The example of a platform's own page, `examples/workbench/`, served on an origin of its own, with a sign-in of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use wecom_authorization::platform::Platform;

use crate::{announcement::Announcement, directory::random_hex, gateway::authorizer::Authorizer};

const COOKIE: &str = "workbench";
const INDEX: &str = include_str!("../../examples/workbench/index.html");
const SCRIPT: &str = include_str!("../../examples/workbench/workbench.js");
const STYLE: &str = include_str!("../../examples/workbench/workbench.css");

/// The platform's server: who is signed in, and the tokens that it gives its own page.
#[derive(Clone)]
pub(crate) struct Workbench {
    console_url: String,
    authorizer: Authorizer,
    platform: Arc<Platform>,
    /// Tenants that a person can sign in as.
    tenants: [String; 2],
    /// Tenant by session id.
    sessions: Arc<Mutex<HashMap<String, String>>>,
}

#[derive(Deserialize)]
struct SignIn {
    tenant: usize,
}

/// Serves the workbench until the task is ended.
pub(crate) fn serve(listener: TcpListener, workbench: Workbench) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, workbench.router()).await {
            tracing::error!(%error, "the example workbench ended");
        }
    })
}

impl Workbench {
    pub(crate) fn new(announcement: &Announcement, authorizer: Authorizer, platform: &Arc<Platform>) -> Self {
        Self {
            console_url: announcement.console_url.clone(),
            authorizer,
            platform: Arc::clone(platform),
            tenants: [
                announcement.tenant_id.clone(),
                announcement.second_tenant.tenant_id.clone(),
            ],
            sessions: Arc::default(),
        }
    }

    fn router(self) -> Router {
        Router::new()
            .route("/", get(|| async { file("text/html; charset=utf-8", INDEX) }))
            .route(
                "/workbench.js",
                get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
            )
            .route(
                "/workbench.css",
                get(|| async { file("text/css; charset=utf-8", STYLE) }),
            )
            .route("/settings.json", get(settings))
            .route("/session", get(session).post(sign_in).delete(sign_out))
            .route("/token", axum::routing::post(token))
            .with_state(self)
    }

    fn tenant(&self, headers: &HeaderMap) -> Option<String> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(session_id(headers)?).cloned()
    }
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        text,
    )
        .into_response()
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let (_, id) = cookies
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)?;
    Some(id)
}

async fn settings(State(workbench): State<Workbench>) -> Response {
    Json(json!({"base_url": workbench.console_url})).into_response()
}

async fn session(State(workbench): State<Workbench>, headers: HeaderMap) -> Response {
    Json(json!({"signed_in": workbench.tenant(&headers).is_some()})).into_response()
}

async fn sign_in(State(workbench): State<Workbench>, Form(SignIn { tenant }): Form<SignIn>) -> Response {
    let Some(tenant) = workbench.tenants.get(tenant) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let id = random_hex(16);
    let mut sessions = workbench.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.insert(id.clone(), tenant.clone());
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

async fn sign_out(State(workbench): State<Workbench>, headers: HeaderMap) -> StatusCode {
    let mut sessions = workbench.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(id) = session_id(&headers) {
        sessions.remove(id);
    }
    StatusCode::NO_CONTENT
}

/// A token of the signed-in tenant, in the way in which a platform's server would get one from its issuer.
async fn token(State(workbench): State<Workbench>, headers: HeaderMap) -> Response {
    let Some(tenant) = workbench.tenant(&headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let now = workbench.platform.clock.now().as_second();
    Json(json!({"token": workbench.authorizer.issue(&tenant, now)})).into_response()
}
