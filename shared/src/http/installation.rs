//! Setting out to WeCom's install page, and coming back.

use lambda_http::{
    Body, Request, RequestExt as _, Response,
    http::{
        Method, StatusCode,
        header::{ACCEPT, HeaderValue, REFERRER_POLICY},
    },
};
use secrecy::SecretString;
use serde_json::json;

use super::{Answer, Problem, conclude, read};
use crate::{
    authorization::InstallOutcome,
    error::StepError,
    platform::Platform,
    steps::{AUTH_CODE_LIFETIME, FinishInstallation, OpenInstallLink, Redirect, StartInstallation},
};

/// Ties an install to the browser that set out. First-party on the callback's own origin.
const COOKIE: &str = "wecom_installation";

/// `POST /authorization/installation` and `GET /installation/start/{nonce}`.
pub async fn start_installation(platform: &Platform, request: Request) -> Response<Body> {
    let answer = if request.method() == Method::POST {
        make_link(platform, &request).await
    } else {
        open_link(platform, &request).await
    };
    conclude(answer, &read::request_id(&request))
}

async fn make_link(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    read::json_fields(request, &[], true)?;
    let actor = read::actor(request);
    let base_url = read::base_url(request, &platform.config);
    let step = StartInstallation {
        suite: platform.suite(),
        base_url: &base_url,
    };
    let link = step
        .run(tenant_id, platform.context(&actor))
        .await
        .map_err(|error| Problem::from_step(&error, platform.clock.now()))?;
    let body = json!({"install_url": link.install_url, "expires_at": link.expires_at});
    Ok(Answer::json(StatusCode::CREATED, &body))
}

async fn open_link(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let base_url = read::base_url(request, &platform.config);
    let step = OpenInstallLink {
        store: &platform.store,
        suite: &platform.suite_vault,
        install_page: &platform.config.wecom_install_url,
        base_url: &base_url,
    };
    let state = read::segments(request).last().copied().unwrap_or_default();
    let clock = &*platform.clock;
    match step
        .run(state, read::cookie(request, COOKIE), clock, &*platform.entropy)
        .await
    {
        Ok(opened) => {
            let age = (opened.expires_at + AUTH_CODE_LIFETIME)
                .duration_since(clock.now())
                .as_secs();
            let secure = if base_url.starts_with("https:") { "; Secure" } else { "" };
            let cookie = format!(
                "{COOKIE}={}; Path=/installation; Max-Age={age}; HttpOnly; SameSite=Lax{secure}",
                opened.cookie
            );
            let answer = Answer::redirect(&opened.wecom_url)?.with_cookie(&cookie);
            Ok(answer.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        }
        // A person who opens an old link gets the console, which explains it; a program gets the problem document.
        Err(StepError::InstallLinkExpired) if wants_a_page(request) => {
            to_console(platform, request, Some("install_link_expired"))
        }
        Err(error) => Err(Problem::from_step(&error, clock.now())),
    }
}

fn wants_a_page(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// `GET /installation/callback`: a browser, so the answer is always a way back to the console.
pub async fn installation_callback(platform: &Platform, request: Request) -> Response<Body> {
    let parameters = request.query_string_parameters();
    let step = FinishInstallation {
        suite: platform.suite(),
        vault: &platform.vault,
    };
    let redirect = Redirect {
        auth_code: parameters
            .first("auth_code")
            .filter(|code| !code.is_empty())
            .map(SecretString::from),
        state: parameters.first("state").unwrap_or_default(),
        cookie: read::cookie(&request, COOKIE),
    };
    let failed = match step.run(redirect, &*platform.clock, &*platform.entropy).await {
        Ok(InstallOutcome::Installed) => None,
        Ok(InstallOutcome::Failed(code)) => Some(code),
        Err(error) => Some(Problem::from_step(&error, platform.clock.now()).code().to_owned()),
    };
    conclude(
        to_console(platform, &request, failed.as_deref()),
        &read::request_id(&request),
    )
}

fn to_console(platform: &Platform, request: &Request, failed: Option<&str>) -> Result<Answer, Problem> {
    let console = platform.config.console_url.clone();
    let console = console.unwrap_or_else(|| format!("{}/", read::base_url(request, &platform.config)));
    let separator = if console.contains('?') { '&' } else { '?' };
    let location = match failed {
        None => format!("{console}{separator}installation=installed"),
        Some(code) => format!("{console}{separator}installation=failed&code={code}"),
    };
    // The auth_code stands in this request's URL: no other site gets to see it.
    Ok(Answer::redirect(&location)?.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
}
