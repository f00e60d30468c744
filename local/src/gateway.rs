//! What API Gateway is on AWS: finds a request's route, checks its token, hands it to the function as an event, and turns
//! the function's answer back into HTTP.

pub(crate) mod authorizer;
mod event;
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
    http::{Method, Response, StatusCode, header::AUTHORIZATION, request::Parts},
};
use lambda_http::{Context, LambdaEvent, lambda_runtime::tracing::Instrument as _};
use serde_json::json;
use tokio::sync::Notify;
use tower::Service as _;
use wecom_authorization::{entry::invoked, http, platform::Platform};

use self::{
    authorizer::Authorizer,
    routes::{Access, Function},
};

/// Lambda's `Invoke`.
const INVOCATIONS: &str = "/2015-03-31/functions/";

/// API Gateway takes at most 10 MB.
const MAX_BODY: usize = 10 * 1024 * 1024;

#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) platform: Arc<Platform>,
    pub(crate) authorizer: Authorizer,
    /// The token that the admin page is handed, as if the admin had signed in.
    pub(crate) console_token: String,
    /// Rung after each request, so that the stream's consumers need not wait for their next look.
    pub(crate) bell: Arc<Notify>,
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
    let is_file = parts.uri.path().starts_with("/assets/");
    let span = tracing::info_span!("request", id = %request_id, method = %parts.method, path = %parts.uri.path());
    async {
        let response = gateway.answer(parts, body, &request_id, peer).await;
        tracing::info!(status = response.status().as_u16(), "answered");
        // The page has dozens of files, and none of them puts anything into the stream.
        if !is_file {
            gateway.bell.notify_waiters();
        }
        response
    }
    .instrument(span)
    .await
}

impl Gateway {
    async fn answer(&self, parts: Parts, body: Body, request_id: &str, peer: SocketAddr) -> Response<Body> {
        if let Some(response) = self.console_config(&parts) {
            return response;
        }
        if let Some(function) = parts.uri.path().strip_prefix(INVOCATIONS) {
            return self.invocation(function, body).await;
        }
        let Some(route) = routes::find(&parts.method, parts.uri.path()) else {
            return event::own_response(http::Problem::not_found().into_response(request_id));
        };
        let claims = match route.access {
            Access::Open => None,
            Access::Token => {
                let token = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let now = self.platform.clock.now().as_second();
                let Some(claims) = self.authorizer.claims(token, now) else {
                    return event::own_response(http::Problem::unauthenticated().into_response(request_id));
                };
                Some(claims)
            }
        };
        let body: Bytes = match axum::body::to_bytes(body, MAX_BODY).await {
            Ok(body) => body,
            Err(_) => return plain(StatusCode::PAYLOAD_TOO_LARGE),
        };
        let event = event::request_event(&parts, &body, claims, request_id, &peer.ip().to_string());
        let Ok(event) = event else {
            return plain(StatusCode::BAD_REQUEST);
        };
        let mut context = Context::default();
        request_id.clone_into(&mut context.request_id);
        let function = route.function;
        let platform = Arc::clone(&self.platform);
        let mut adapter = lambda_http::Adapter::from(lambda_http::service_fn(move |request| {
            let platform = Arc::clone(&platform);
            async move { Ok::<_, std::convert::Infallible>(invoke(&platform, function, request).await) }
        }));
        match adapter.call(LambdaEvent::new(event, context)).await {
            Ok(answer) => event::response(&answer).unwrap_or_else(|_| plain(StatusCode::BAD_GATEWAY)),
            Err(never) => match never {},
        }
    }

    /// Lambda's own API for the functions that are invoked, not routed: `aws lambda invoke --endpoint-url …` works.
    async fn invocation(&self, path: &str, body: Body) -> Response<Body> {
        let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap_or_default();
        let Ok(request) = serde_json::from_slice::<serde_json::Value>(&body) else {
            return plain(StatusCode::BAD_REQUEST);
        };
        let answered = match path {
            "issue-access-token/invocations" => invoked::issue_access_token(&self.platform, request).await,
            "check-health/invocations" => invoked::check_health(&self.platform, request).await,
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
            let unhandled = axum::http::HeaderValue::from_static("Unhandled");
            response.headers_mut().insert("x-amz-function-error", unhandled);
        }
        response
    }

    /// Locally nobody signs in: the page is handed a token. Only a browser that came to this machine by its own name gets
    /// it, so that a foreign site cannot have it by pointing its name here.
    fn console_config(&self, parts: &Parts) -> Option<Response<Body>> {
        if parts.method != Method::GET || parts.uri.path() != "/assets/config.json" {
            return None;
        }
        let host = parts
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let local = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
        let config = json!({"mode": "local", "token": local.then_some(&self.console_token)});
        let mut response = Response::new(Body::from(config.to_string()));
        let headers = response.headers_mut();
        headers.insert("content-type", axum::http::HeaderValue::from_static("application/json"));
        headers.insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
        headers.insert(
            "x-content-type-options",
            axum::http::HeaderValue::from_static("nosniff"),
        );
        Some(response)
    }
}

async fn invoke(platform: &Platform, function: Function, request: lambda_http::Request) -> Response<lambda_http::Body> {
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
        Function::ReplayEvent => http::replay_event(platform, request).await,
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
