//! Setting out to WeCom's install page, and coming back.

use std::sync::LazyLock;

use jiff::Timestamp;
use lambda_http::{
    Body, Response,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, binding, bindings, conclude, inline_hash, is_from_another_site, problem};
use crate::{
    authorization::{AUTH_CODE_LIFETIME, InstallOutcome},
    entropy::random_id,
    error::StepError,
    ids::CorpId,
    platform::Platform,
    steps::{
        ConfirmInstallation, FinishInstallation, OpenInstallLink, Redirect, StartInstallation, StartedInstallation,
    },
};

/// Ties an install to the browser that set out. First-party on the callback's own origin, and no subdomain can set it (RFC
/// 6265bis, 4.1.3.2).
const COOKIE: &str = "__Host-wecom_installation";

/// Its name without HTTPS, where a browser takes no `__Host-` cookie. Earlier versions had it with HTTPS, too.
const PLAIN_COOKIE: &str = "wecom_installation";

/// The page behind an install link: one button, which posts to the page's own address.
const PAGE: &str = include_str!("installation.html");

/// The hash of the page's style, as a Content-Security-Policy names it.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| inline_hash(PAGE, "style"));

/// Which app is to be installed.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct InstallationRequest {
    /// The id of one of the deployment's suites; without it, the first one.
    #[cfg_attr(feature = "contract", schemars(length(max = 64), example = &"ww3f2a9c41d07be865"))]
    suite_id: Option<String>,
}

/// What starts an installation: a link, or of a template a QR code.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum InstallStart {
    Link(InstallLink),
    QrCode(InstallQrCode),
}

impl From<StartedInstallation> for InstallStart {
    fn from(started: StartedInstallation) -> Self {
        match started {
            StartedInstallation::Link(install_url, expires_at) => Self::Link(InstallLink {
                install_url,
                expires_at,
            }),
            StartedInstallation::QrCode(text, expires_at) => Self::QrCode(InstallQrCode {
                qr_code_text: text.expose_secret().to_owned(),
                expires_at,
            }),
        }
    }
}

/// A QR code that an administrator of the corporation scans with WeCom.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct InstallQrCode {
    /// The text to draw as a QR code: WeCom's link, which can also be opened within WeCom.
    #[cfg_attr(feature = "contract", schemars(extend("format" = "uri")))]
    qr_code_text: String,
    expires_at: Timestamp,
}

/// The corporation that the admin was shown.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct InstallationConfirmation {
    /// `installation.corp_id` of the state, as it was shown.
    corp_id: CorpId,
}

/// A link that the admin's browser opens.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct InstallLink {
    #[cfg_attr(
        feature = "contract",
        schemars(regex(pattern = "/installation/start/[0-9a-f]{32}$"), extend("format" = "uri"))
    )]
    install_url: String,
    expires_at: Timestamp,
}

/// `POST /authorizations`, `POST /authorization/installation`, and `GET` and `POST /installation/start/{nonce}`.
pub async fn start_installation(platform: &Platform, request: Request) -> Response<Body> {
    let answer = if request.segments().first() == Some(&"authorizations") {
        bindings::add(platform, &request).await
    } else if request.segments().first() == Some(&"authorization") {
        make_link(platform, &request).await
    } else if request.is_post() && !is_from_another_site(&request) {
        open_link(platform, &request).await
    } else {
        show_link(platform, &request).await
    };
    conclude(answer, &request)
}

async fn make_link(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let asked: InstallationRequest = request.json_if_any()?;
    let actor = request.actor();
    let base_url = request.base_url(&platform.config);
    let step = StartInstallation {
        suite: platform.suite(),
        base_url: &base_url,
    };
    let started = step
        .run(tenant_id, asked.suite_id.as_deref(), platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::CREATED, &InstallStart::from(started)))
}

/// The cookie that the browser sent.
fn sent_cookie(request: &Request) -> Option<&str> {
    request.cookie(COOKIE).or_else(|| request.cookie(PLAIN_COOKIE))
}

/// Query of the page's button, so that pressing it twice is one attempt.
#[derive(Debug, Deserialize)]
struct LinkQuery {
    attempt: Option<String>,
}

fn opening<'a>(platform: &'a Platform, base_url: &'a str) -> OpenInstallLink<'a> {
    OpenInstallLink {
        store: &platform.store,
        suites: &platform.suite_vault,
        install_page: &platform.config.wecom_install_url,
        base_url,
    }
}

/// The page with the button. A preview of the link gets it, too, so it changes nothing.
async fn show_link(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let base_url = request.base_url(&platform.config);
    let state = request.segments().last().copied().unwrap_or_default();
    let step = opening(platform, &base_url);
    match step.look(state, sent_cookie(request), &*platform.clock).await {
        Ok(()) => {
            // `form-action` counts for the redirects that follow, too; WeCom's page may redirect further.
            let policy = format!(
                "default-src 'none'; style-src 'sha256-{}'; form-action 'self' https: {}; base-uri 'none'; frame-ancestors 'none'",
                *STYLE_HASH,
                platform.config.wecom_install_url.origin().ascii_serialization(),
            );
            let policy = HeaderValue::from_str(&policy).map_err(|_| Problem::internal())?;
            let page = PAGE.replace("{attempt}", &random_id(&*platform.entropy));
            Ok(Answer::new(StatusCode::OK, "text/html; charset=utf-8", page)
                .with(CONTENT_SECURITY_POLICY, policy)
                .with(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        }
        Err(error) => expired(platform, request, &error),
    }
}

/// The button was pressed.
async fn open_link(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let base_url = request.base_url(&platform.config);
    let state = request.segments().last().copied().unwrap_or_default();
    let (clock, cookie) = (&*platform.clock, sent_cookie(request));
    let LinkQuery { attempt } = request.query()?;
    let step = opening(platform, &base_url);
    let opened = step.run(state, cookie, attempt.as_deref(), clock, &*platform.entropy);
    match opened.await {
        Ok(opened) => {
            let age = (opened.expires_at + AUTH_CODE_LIFETIME)
                .duration_since(clock.now())
                .as_secs();
            let value = opened.cookie;
            let cookie = if base_url.starts_with("https:") {
                format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax; Secure")
            } else {
                format!("{PLAIN_COOKIE}={value}; Path=/installation; Max-Age={age}; HttpOnly; SameSite=Lax")
            };
            let answer = Answer::redirect(&opened.wecom_url)?.with_cookie(&cookie);
            Ok(answer.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        }
        Err(error) => expired(platform, request, &error),
    }
}

/// A person who opens an old link gets the console, which explains it; a program gets the problem document.
fn expired(platform: &Platform, request: &Request, error: &StepError) -> Result<Answer, Problem> {
    let is_person = request.header("accept").contains("text/html");
    if is_person && matches!(error, StepError::InstallLinkExpired { .. }) {
        to_console(platform, request, Some("install_link_expired"))
    } else {
        Err(Problem::from_step(error, platform.clock.now()))
    }
}

/// Query of WeCom's redirect, of which a browser may have lost anything. Other parameters are ignored: WeCom adds some.
#[derive(Debug, Deserialize)]
struct RedirectQuery {
    auth_code: Option<SecretString>,
    state: Option<String>,
}

/// `POST /authorization/installation/confirmation`, and `GET /installation/callback`: a browser, so the answer is always a way
/// back to the console.
pub async fn installation_callback(platform: &Platform, request: Request) -> Response<Body> {
    if request.segments().first() == Some(&"authorization") {
        return conclude(confirm(platform, &request).await, &request);
    }
    let failed = match finish(platform, &request).await {
        Ok(InstallOutcome::Installed) => None,
        Ok(InstallOutcome::Failed(failure)) => Some(failure.as_str().to_owned()),
        Err(problem) => Some(problem.code().to_owned()),
    };
    conclude(to_console(platform, &request, failed.as_deref()), &request)
}

async fn confirm(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let asked: InstallationConfirmation = request.json()?;
    let step = ConfirmInstallation {
        suite: platform.suite(),
        vault: &platform.vault,
    };
    step.run(&tenant_id, &asked.corp_id, platform.context(&request.actor()))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

async fn finish(platform: &Platform, request: &Request) -> Result<InstallOutcome, Problem> {
    let query: RedirectQuery = request.query()?;
    let step = FinishInstallation {
        suite: platform.suite(),
        vault: &platform.vault,
    };
    let redirect = Redirect {
        auth_code: query.auth_code,
        state: query.state.as_deref().unwrap_or_default(),
        cookie: sent_cookie(request),
    };
    step.run(redirect, &*platform.clock, &*platform.entropy)
        .await
        .map_err(problem(platform))
}

fn to_console(platform: &Platform, request: &Request, failed: Option<&str>) -> Result<Answer, Problem> {
    let console = platform.config.console_url.clone();
    let console = console.unwrap_or_else(|| format!("{}/", request.base_url(&platform.config)));
    let separator = if console.contains('?') { '&' } else { '?' };
    let location = match failed {
        None => format!("{console}{separator}installation=installed"),
        Some(code) => format!("{console}{separator}installation=failed&code={code}"),
    };
    // The auth_code is in this request's URL: no other site gets to see it.
    Ok(Answer::redirect(&location)?.with(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["POST", "/authorization/installation"],
            ["startInstallation", "start-installation"],
            ["Installation", "Create an install link or QR code"],
        )
        .says(
            "The link is ours. It shows a page with one button, which binds the browser with a cookie and redirects to WeCom's \
             install page, which shows a QR code. It works once, and as long as WeCom's pre-auth code is valid (20 minutes). Creating a link \
             does not invalidate earlier ones. A deployment may have several suites, such as an app and one to test with; a \
             tenant has one of them at a time, and installing another in the same corporation replaces it. For a template of \
             customised apps (代开发) the answer has the text of a QR code instead, valid for ten days: an administrator of the \
             corporation scans it with WeCom and confirms there. The state then shows the corporation with the status \
             `awaiting_confirmation`, unless it is the tenant's already.",
        )
        .takes_if_any::<InstallationRequest>()
        .answers::<InstallStart>(201, "The link, or the QR code.")
        .refuses(&[
            kinds::INVALID_FIELD,
            kinds::WECOM_ERROR,
            kinds::SUITE_TICKET_MISSING,
            kinds::WECOM_BAN,
            kinds::WECOM_TIMEOUT,
        ]),
        Operation::admin(
            ["POST", "/authorization/installation/confirmation"],
            ["confirmInstallation", "installation-callback"],
            ["Installation", "Confirm the corporation that scanned a QR code"],
        )
        .says(
            "No browser comes back from the scan of a QR code, so nothing of the corporation is used before the tenant's admin has \
             seen its name and confirmed it. `DELETE /authorization` refuses it. Repeating a confirmation changes nothing.",
        )
        .takes::<InstallationConfirmation>()
        .answers_nothing(204, "Confirmed, now or before.", &[])
        .refuses(&[
            kinds::NOT_INSTALLED,
            kinds::CORP_MISMATCH,
            kinds::STATE_CHANGED,
        ]),
        Operation::open(
            ["GET", "/installation/start/{nonce}"],
            ["openInstallLink", "start-installation"],
            ["Installation", "Open an install link"],
        )
        .says("For browsers. Changes nothing: programs that preview links may open it.")
        .parameters(&["linkNonce", "installationCookie"])
        .answers_component(200, "InstallLinkPage")
        .answers_nothing(
            303,
            "When the link is no longer valid and the request accepts `text/html`: to the console, which explains it.",
            &[("Referrer-Policy", "NoReferrer"), ("Location", "Console")],
        )
        .refuses(&[kinds::INSTALL_LINK_EXPIRED, kinds::TEMPORARILY_UNAVAILABLE]),
        Operation::open(
            ["POST", "/installation/start/{nonce}"],
            ["followInstallLink", "start-installation"],
            ["Installation", "Set out for WeCom with an install link"],
        )
        .says(
            "The button of the page. The link works in the first browser that sets out with it, and in no other. The cookie is always \
             a new one, unless the browser sends the one that it got for this link, or the `attempt` that it got it with. No body.",
        )
        .parameters(&["linkNonce", "linkAttempt", "installationCookie"])
        .answers_component(200, "InstallLinkPage")
        .answers_nothing(
            303,
            "To WeCom's install page. When the link is no longer valid and the request accepts `text/html`: to the console, which \
             explains it.",
            &[
                ("Referrer-Policy", "NoReferrer"),
                ("Location", "InstallPage"),
                ("Set-Cookie", "InstallationCookie"),
            ],
        )
        .refuses(&[kinds::INSTALL_LINK_EXPIRED, kinds::TEMPORARILY_UNAVAILABLE]),
        Operation::open(
            ["GET", "/installation/callback"],
            ["finishInstallation", "installation-callback"],
            ["Installation", "Return from WeCom's install page"],
        )
        .says(
            "For browsers: WeCom redirects here. Repeating the redirect gives the same answer. Without `auth_code` the admin has \
             pressed 取消. The answer always redirects to the console, with the code of the error if there is one.",
        )
        .parameters(&["authCode", "expiresIn", "state", "installationCookie"])
        .answers_nothing(
            303,
            "To the console. `code` is one of `install_link_expired`, `member_authorization`, `corp_mismatch`, `state_changed`, \
             `wecom_error`, `wecom_timeout`, `wecom_ban`, `suite_ticket_missing`, `temporarily_unavailable`, `internal_error`.",
            &[("Referrer-Policy", "NoReferrer"), ("Location", "Console")],
        ),
    ]
}
