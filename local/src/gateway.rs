//! API Gateway: finds a request's route, checks its token and its size, delivers it to the function as an event, and turns
//! the function's answer back into HTTP. Next to the routes of `template.yaml` it serves what exists on this machine only: the
//! event bus, the admin page's token, and Lambda's `Invoke`.

pub(crate) mod authorizer;
mod event;
mod limits;
pub mod routes;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, Method, Response, StatusCode, header::AUTHORIZATION, request::Parts},
};
use lambda_http::lambda_runtime::tracing::Instrument as _;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use wecom_authorization::{
    entry::{invoked, queues, streams},
    http,
    platform::Platform,
};

use self::{
    authorizer::Authorizer,
    event::Passed,
    limits::{INTEGRATION_TIMEOUT, MAX_BODY, MAX_INVOCATION},
    routes::{Access, Function},
};
use crate::bus::{self, Bus};

/// Lambda's `Invoke`.
const INVOCATIONS: &str = "/2015-03-31/functions/";

#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) platform: Arc<Platform>,
    pub(crate) authorizer: Authorizer,
    /// Tokens for the admin page and the operators' page, which have no sign-in on this machine.
    pub(crate) page_tokens: [String; 2],
    pub(crate) bus: Arc<Bus>,
    pub(crate) requests: Arc<AtomicU64>,
}

impl Gateway {
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }
}

async fn serve(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let number = gateway.requests.fetch_add(1, Ordering::Relaxed);
    let request_id = format!("local-{number:08}");
    let (parts, body) = request.into_parts();
    let span =
        tracing::info_span!("request", id = %request_id, method = %parts.method, path = logged(parts.uri.path()));
    async {
        let answered = gateway.answer(parts, body, &request_id, peer).await;
        let response = answered.unwrap_or_else(limits::answer);
        tracing::info!(status = response.status().as_u16(), "answered");
        response
    }
    .instrument(span)
    .await
}

impl Gateway {
    /// # Errors
    /// The status of API Gateway's own answer.
    async fn answer(
        &self,
        parts: Parts,
        body: Body,
        request_id: &str,
        peer: SocketAddr,
    ) -> Result<Response<Body>, StatusCode> {
        if !limits::head_is_within_limit(&parts) {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        if let Some(response) = self.only_here(&parts) {
            return Ok(response);
        }
        if let Some(function) = parts.uri.path().strip_prefix(INVOCATIONS) {
            return Ok(self.invocation(function, body).await);
        }
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let (route, variables) = routes::find(&parts.method, &path).ok_or(StatusCode::NOT_FOUND)?;
        let now = self.platform.clock.now();
        let claims = match route.access {
            Access::Open => None,
            Access::Token => {
                let token = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let claims = self.authorizer.claims(token, now.as_second());
                Some(claims.ok_or(StatusCode::UNAUTHORIZED)?)
            }
        };
        let body: Bytes = axum::body::to_bytes(body, MAX_BODY)
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let event = event::request_event(Passed {
            parts: &parts,
            body: &body,
            route,
            path: &path,
            variables,
            claims,
            request_id,
            source_ip: &peer.ip().to_string(),
            time: now.as_millisecond(),
        });
        self.invoke(route.function, event, request_id).await
    }

    /// Invokes a function with an event. It runs to its end even when the client disconnects or the timeout passes.
    async fn invoke(&self, function: Function, event: Value, request_id: &str) -> Result<Response<Body>, StatusCode> {
        if body_length(&event) > MAX_INVOCATION {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let request: http::Request = serde_json::from_value(event).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        let request = request.with_id(request_id.to_owned());
        let platform = Arc::clone(&self.platform);
        let invocation = async move { http::gateway_response(invoke(&platform, function, request).await) };
        let invocation = tokio::spawn(invocation.in_current_span());
        // A function that panicked is a failed invocation.
        let Ok(answer) = limits::within(INTEGRATION_TIMEOUT, invocation).await? else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let answer = serde_json::to_value(answer).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        if body_length(&answer) > MAX_INVOCATION {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        event::response(&answer).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Lambda's own API for the functions that are invoked, not routed: `aws lambda invoke --endpoint-url …` works.
    async fn invocation(&self, path: &str, body: Body) -> Response<Body> {
        let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap_or_default();
        let Ok(request) = serde_json::from_slice::<Value>(&body) else {
            return plain(StatusCode::BAD_REQUEST);
        };
        let answered = match path {
            "issue-access-token/invocations" => invoked::issue_access_token(&self.platform, request).await,
            "import-bindings/invocations" => Box::pin(invoked::import_bindings(&self.platform, request)).await,
            "export-bindings/invocations" => Box::pin(invoked::export_bindings(&self.platform, request)).await,
            "check-health/invocations" => invoked::check_health(&self.platform, request).await,
            "reconcile-secrets/invocations" => invoked::reconcile_secrets(&self.platform, request).await,
            "run-replays/invocations" => invoked::run_replays(&self.platform, request).await,
            "publish-events/invocations" => Ok(batch(streams::publish_events(&self.platform, changes(request)).await)),
            "process-suite-event/invocations" => {
                let answer = Box::pin(streams::process_suite_event(&self.platform, changes(request)));
                Ok(batch(answer.await))
            }
            "deliver-webhooks/invocations" => queues::deliver_webhooks(&self.platform, request).await,
            "rotate-sealing-key/invocations" => invoked::rotate_sealing_key(&self.platform, request).await,
            _ => return plain(StatusCode::NOT_FOUND),
        };
        let (failed, answer) = match answered {
            Ok(answer) => (false, answer),
            Err(error) => {
                let diagnostic = lambda_http::lambda_runtime::Diagnostic::from(error);
                (
                    true,
                    json!({"errorType": diagnostic.error_type, "errorMessage": diagnostic.error_message}),
                )
            }
        };
        let mut response = Response::new(Body::from(answer.to_string()));
        if failed {
            let unhandled = HeaderValue::from_static("Unhandled");
            response.headers_mut().insert("x-amz-function-error", unhandled);
        }
        response
    }

    /// Routes of this machine only: the event bus, and the token of the admin page, which needs no sign-in here. Both
    /// are for a browser that reaches this machine under its own name, so that another site cannot read them by resolving
    /// its name to this machine (DNS rebinding).
    fn only_here(&self, parts: &Parts) -> Option<Response<Body>> {
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_local = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
        match (&parts.method, parts.uri.path()) {
            (&Method::GET, bus::PATH) if is_local => Some(self.bus.answer(&parts.headers)),
            (&Method::GET, bus::PATH) => Some(plain(StatusCode::FORBIDDEN)),
            (&Method::GET, "/assets/config.json") => {
                let [token, operator_token] = &self.page_tokens;
                let config = json!({
                    "mode": "local", "token": is_local.then_some(token),
                    "operator_token": is_local.then_some(operator_token),
                    "embed_origins": self.platform.config.embed_origins,
                });
                let mut response = Response::new(Body::from(config.to_string()));
                let headers = response.headers_mut();
                headers.insert("content-type", HeaderValue::from_static("application/json"));
                headers.insert("cache-control", HeaderValue::from_static("no-store"));
                headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
                Some(response)
            }
            _ => None,
        }
    }
}

/// The records of a stream that a client hands in; none of what is no batch.
fn changes(request: Value) -> streams::Changes {
    serde_json::from_value(request).unwrap_or(streams::Changes {
        records: Vec::new(),
        shard_id: None,
    })
}

fn batch(answer: streams::BatchAnswer) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

async fn invoke(platform: &Platform, function: Function, request: http::Request) -> Response<lambda_http::Body> {
    match function {
        Function::StartInstallation => http::start_installation(platform, request).await,
        Function::InstallationCallback => http::installation_callback(platform, request).await,
        Function::SuiteCallback => http::suite_callback(platform, request).await,
        Function::RegisterSecret => http::register_secret(platform, request).await,
        Function::GenerateCredentials => http::generate_credentials(platform, request).await,
        Function::EventCallback => http::event_callback(platform, request).await,
        Function::CompleteAuthorization => http::complete_authorization(platform, request).await,
        Function::UpdateSettings => http::update_settings(platform, request).await,
        Function::ReadAuthorization => http::read_authorization(platform, request).await,
        Function::Console => http::console(platform, request).await,
        Function::TestCallback => http::test_callback(platform, request).await,
        Function::Disconnect => http::disconnect(platform, request).await,
        Function::CheckAuthorization => http::check_authorization(platform, request).await,
        Function::FindPerson => http::find_person(platform, request).await,
        Function::ReplayEvent => http::replay_event(platform, request).await,
        Function::ShareCredentials => http::share_credentials(platform, request).await,
        Function::ReadTenants => http::read_tenants(platform, request).await,
        Function::ActOnTenant => http::act_on_tenant(platform, request).await,
    }
}

/// The path as it is logged: the secret of an assist link is part of its path.
fn logged(path: &str) -> &str {
    if path.starts_with("/assist/") {
        "/assist/{token}"
    } else {
        path
    }
}

/// Length of the body in an event or an answer, which is nearly all of a large one.
fn body_length(message: &Value) -> usize {
    message.get("body").and_then(Value::as_str).map_or(0, str::len)
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
