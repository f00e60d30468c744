//! One-time assist links: made and revoked by the admin, opened by a colleague without an account.

use std::sync::LazyLock;

use lambda_http::{
    Body, Response,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY},
    },
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, binding, conclude, inline_hash, is_from_another_site, problem};
use crate::{
    audit::Actor,
    authorization::{CallbackStatus, Rejection},
    error::StepError,
    ids::Scope,
    platform::Platform,
    steps::{AssistStatus, CreateAssistLink, OpenAssistLink, OpenedAssistLink, RevokeAssistLink},
};

/// Names the browser that opened a link.
const COOKIE: &str = "wecom_assist";

const FRAME: &str = include_str!("assist/frame.html");
const ASK: &str = include_str!("assist/ask.html");
const VALUES: &str = include_str!("assist/values.html");
const ENDED: &str = include_str!("assist/ended.html");
const SCRIPT: &str = include_str!("assist/values.js");

/// The pages load nothing, run the one script of ours, and send to our own origin only.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = inline_hash(FRAME, "style");
    let script = inline_hash(&VALUES.replace("{script}", SCRIPT), "script");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("a policy of ASCII characters")
});

/// The step whose values a link shows.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AssistLinkRequest {
    scope: Scope,
}

/// A link that shows one step's values to the first person who opens it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct AssistLink {
    /// Names the link, to revoke it.
    #[cfg_attr(feature = "contract", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    id: String,
    scope: Scope,
    /// Secret, and in this answer only.
    #[cfg_attr(
        feature = "contract",
        schemars(regex(pattern = "/assist/[0-9a-f]{32}$"), extend("format" = "uri"))
    )]
    url: String,
    expires_at: jiff::Timestamp,
}

/// How far the step is.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AssistStatus")
)]
struct StepStatus {
    status: CallbackStatus,
    verified_at: Option<jiff::Timestamp>,
    /// WeCom's last request that was refused since the link was made, unless a check has passed since.
    last_rejection: Option<Rejection>,
    expires_at: jiff::Timestamp,
}

/// `POST /authorization/assist-links`, `DELETE /authorization/assist-links/{id}`, `GET` and `POST /assist/{token}`, and
/// `GET /assist/{token}/status`.
pub async fn share_credentials(platform: &Platform, request: Request) -> Response<Body> {
    let segments = request.segments();
    let answer = match segments[..] {
        ["authorization", _, id] => revoke(platform, &request, id).await,
        ["authorization", ..] => create(platform, &request).await,
        ["assist", token, "status"] => status(platform, &request, token).await,
        ["assist", token] if request.is_post() && !is_from_another_site(&request) => {
            open(platform, &request, token).await
        }
        ["assist", token] => look(platform, &request, token).await,
        _ => Err(Problem::not_found()),
    };
    conclude(answer, &request)
}

async fn create(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let AssistLinkRequest { scope } = request.json()?;
    let actor = request.actor();
    let (link, secret) = CreateAssistLink { store: &platform.store }
        .run(&tenant_id, scope, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    let body = AssistLink {
        id: link.id,
        scope,
        url: format!(
            "{}/assist/{}",
            request.base_url(&platform.config),
            secret.expose_secret()
        ),
        expires_at: link.expires_at,
    };
    Ok(Answer::json(StatusCode::CREATED, &body))
}

async fn revoke(platform: &Platform, request: &Request, id: &str) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let actor = request.actor();
    RevokeAssistLink { store: &platform.store }
        .run(&tenant_id, id, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn opening(platform: &Platform) -> OpenAssistLink<'_> {
    OpenAssistLink {
        store: &platform.store,
        keys: &platform.keys,
    }
}

/// The page with the button. A preview of the link gets it, too, so it changes nothing.
async fn look(platform: &Platform, request: &Request, token: &str) -> Result<Answer, Problem> {
    match opening(platform).look(token, &*platform.clock).await {
        Ok(()) => Ok(page(StatusCode::OK, ASK)),
        Err(error) => ended(platform, request, &error),
    }
}

/// The button was pressed: the one answer with the values.
async fn open(platform: &Platform, request: &Request, token: &str) -> Result<Answer, Problem> {
    let actor = Actor::colleague(request.source_ip());
    match opening(platform).run(token, platform.context(&actor)).await {
        Ok(opened) => {
            let base_url = request.base_url(&platform.config);
            let secure = if base_url.starts_with("https:") { "; Secure" } else { "" };
            let age = opened.link.expires_at.duration_since(platform.clock.now()).as_secs();
            let cookie = format!(
                "{COOKIE}={}; Path=/assist/{token}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}",
                opened.viewer.expose_secret()
            );
            Ok(page(StatusCode::OK, &values(&opened, &base_url)).with_cookie(&cookie))
        }
        Err(error) => ended(platform, request, &error),
    }
}

async fn status(platform: &Platform, request: &Request, token: &str) -> Result<Answer, Problem> {
    let AssistStatus {
        status,
        verified_at,
        last_rejection,
        expires_at,
    } = opening(platform)
        .status(token, request.cookie(COOKIE), &*platform.clock)
        .await
        .map_err(problem(platform))?;
    let body = StepStatus {
        status,
        verified_at,
        last_rejection,
        expires_at,
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// A person who opens a link that shows nothing gets a page that says so; a program gets the problem document.
fn ended(platform: &Platform, request: &Request, error: &StepError) -> Result<Answer, Problem> {
    let problem = Problem::from_step(error, platform.clock.now());
    let status = match error {
        StepError::AssistLinkExpired => StatusCode::GONE,
        StepError::NotFound => StatusCode::NOT_FOUND,
        _ => return Err(problem),
    };
    if request.header("accept").contains("text/html") {
        Ok(page(status, ENDED))
    } else {
        Err(problem)
    }
}

fn page(status: StatusCode, content: &str) -> Answer {
    let page = FRAME.replace("{content}", content);
    Answer::new(status, "text/html; charset=utf-8", page)
        .with(CONTENT_SECURITY_POLICY, POLICY.clone())
        .with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}

/// The values, and where they belong. Token and EncodingAESKey are letters and digits.
fn values(opened: &OpenedAssistLink, default_base_url: &str) -> String {
    let credentials = &opened.credentials;
    let place = match opened.link.scope {
        Scope::Contacts => include_str!("assist/contacts.html"),
        Scope::ExternalContacts => include_str!("assist/external_contacts.html"),
    };
    let url = credentials
        .url(default_base_url)
        .replace('&', "&amp;")
        .replace('<', "&lt;");
    VALUES
        .replace("{script}", SCRIPT)
        .replace("{place}", place)
        .replace("{expires}", &opened.link.expires_at.to_string())
        .replace("{url}", &url)
        .replace("{token}", credentials.credentials.token.expose())
        .replace("{encoding_aes_key}", credentials.credentials.encoding_aes_key.expose())
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    let page = "/assist/{token}";
    vec![
        Operation::admin(
            ["POST", "/authorization/assist-links"],
            ["createAssistLink", "share-credentials"],
            ["Assist links", "Create an assist link"],
        )
        .says(
            "For a colleague without an account who has WeCom's console. The link shows a page with one button, which shows URL, \
             Token and EncodingAESKey of one scope once, and then whether WeCom has checked the URL, until it expires after 30 \
             minutes. A tenant has at most five links that have not ended.",
        )
        .takes::<AssistLinkRequest>()
        .answers::<AssistLink>(201, "The link.")
        .refuses(&[kinds::NOT_FOUND, kinds::STATE_CHANGED, kinds::TOO_MANY_ASSIST_LINKS]),
        Operation::admin(
            ["DELETE", "/authorization/assist-links/{id}"],
            ["revokeAssistLink", "share-credentials"],
            ["Assist links", "Revoke an assist link"],
        )
        .parameters(&["assistLinkId"])
        .answers_nothing(204, "The link has ended, now or before.", &[])
        .refuses(&[kinds::STATE_CHANGED]),
        Operation::open(
            ["GET", page],
            ["lookAtAssistLink", "share-credentials"],
            ["Assist links", "Open an assist link"],
        )
        .says("For browsers. Changes nothing: programs that preview links may open it.")
        .parameters(&["assistToken"])
        .answers_component(200, "AssistPage")
        .answers_component(404, "AssistLinkUnknown")
        .answers_component(410, "AssistLinkEnded")
        .refuses(&[kinds::TEMPORARILY_UNAVAILABLE]),
        Operation::open(
            ["POST", page],
            ["openAssistLink", "share-credentials"],
            ["Assist links", "Show the values, once"],
        )
        .says("The button of the page. No body.")
        .parameters(&["assistToken"])
        .answers_component(200, "AssistValuesPage")
        .answers_component(404, "AssistLinkUnknown")
        .answers_component(410, "AssistLinkEnded")
        .refuses(&[kinds::STATE_CHANGED, kinds::TEMPORARILY_UNAVAILABLE]),
        Operation::open(
            ["GET", "/assist/{token}/status"],
            ["readAssistStatus", "share-credentials"],
            ["Assist links", "The status of the step, for the browser that opened the link"],
        )
        .parameters(&["assistToken", "assistCookie"])
        .answers::<StepStatus>(200, "How far the step is.")
        .refuses(&[
            kinds::NOT_FOUND,
            kinds::ASSIST_LINK_EXPIRED,
            kinds::TEMPORARILY_UNAVAILABLE,
        ]),
    ]
}
