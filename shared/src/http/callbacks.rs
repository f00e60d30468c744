//! Routes that WeCom calls. No answer says why a request is refused.

use lambda_http::{Body, Response, http::StatusCode};

use super::{Answer, Problem, Request, conclude, problem, request::MAX_CALLBACK_BODY};
use crate::{
    audit::Actor,
    ids::{CallbackId, CallbackPath, CorpId, SuiteId},
    platform::Platform,
    probe::DEPLOYMENT_PATH,
    steps::{ReceiveEvent, ReceiveSuiteEvent, SuiteCallback, VerifySuiteUrl, VerifyUrl},
};

/// First segment of the paths of URLs that WeCom has from the platform that a binding was imported from.
const LEGACY: &str = "legacy";

/// `GET` and `POST /callback/{callback_id}` and `/legacy/{path}`, with or without slashes at the end.
pub async fn event_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(receive_event(platform, &request).await, &request)
}

async fn receive_event(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let clock = &*platform.clock;
    let refused = problem(platform);
    let body = request.body(MAX_CALLBACK_BODY)?;
    // `update-settings` reads it, to find out whether a domain leads here.
    if !request.is_post() && request.path() == DEPLOYMENT_PATH {
        return Ok(Answer::new(StatusCode::OK, "text/plain", request.deployment_id()));
    }
    let query = request.raw_query();
    let authenticator = platform.authenticator(request.source_ip());
    let id = match request.segments().as_slice() {
        [LEGACY, path @ ..] => {
            let path = CallbackPath::parse(&format!("/{}", path.join("/"))).map_err(|_| Problem::not_found())?;
            authenticator.id_at(&path, query, clock).await.map_err(&refused)?
        }
        [_, id] => {
            let Ok(id) = CallbackId::parse(id) else {
                authenticator.note_cut_off(id, query, clock).await;
                return Err(Problem::not_found());
            };
            id
        }
        _ => return Err(Problem::not_found()),
    };
    if request.is_post() {
        let step = ReceiveEvent {
            authenticator,
            entropy: &*platform.entropy,
        };
        step.run(&id, query, &body, clock).await.map_err(refused)?;
        Ok(success())
    } else {
        let step = VerifyUrl {
            authenticator,
            grace: platform.config.rotation_grace,
        };
        let actor = Actor::wecom();
        let context = platform.context(&actor);
        step.run(&id, query, context).await.map(echo).map_err(refused)
    }
}

/// `GET` and `POST /suite/callback`, which is the first suite's, and `/suite/{suite_id}/callback`, with or without
/// slashes at the end, or with the id of a corporation whose app has a Token and EncodingAESKey of its own.
pub async fn suite_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(receive_suite_event(platform, &request).await, &request)
}

async fn receive_suite_event(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let clock = &*platform.clock;
    let refused = problem(platform);
    let body = request.body(MAX_CALLBACK_BODY)?;
    let segments = request.segments();
    let (suite_id, rest) = match segments.as_slice() {
        [_, "callback", rest @ ..] => (None, rest),
        [_, id, _, rest @ ..] => (Some(SuiteId::parse(id).map_err(|_| Problem::not_found())?), rest),
        _ => return Err(Problem::not_found()),
    };
    let corp_id = rest.first().and_then(|id| CorpId::parse(id).ok());
    let callback = SuiteCallback {
        suites: &platform.suite_vault,
        suite_id: suite_id.as_ref(),
        corp_id: corp_id.as_ref(),
    };
    let query = request.raw_query();
    if request.is_post() {
        let step = ReceiveSuiteEvent {
            store: (&platform.store).into(),
            callback,
            keys: &platform.keys,
            entropy: &*platform.entropy,
        };
        step.run(query, &body, clock).await.map_err(refused)?;
        Ok(success())
    } else {
        VerifySuiteUrl { callback }
            .run(query, clock)
            .await
            .map(echo)
            .map_err(refused)
    }
}

fn success() -> Answer {
    Answer::new(StatusCode::OK, "text/plain", "success")
}

/// Exactly the bytes that WeCom expects: no quotes, no newline (developer document 90930). `lambda_http` converts a body of
/// a text type to UTF-8 without a byte order mark, so other bytes have a type that it leaves alone.
fn echo(bytes: Vec<u8>) -> Answer {
    match String::from_utf8(bytes) {
        Ok(text) if !text.starts_with('\u{feff}') => Answer::new(StatusCode::OK, "text/plain", text),
        Ok(text) => Answer::new(StatusCode::OK, "application/octet-stream", text.into_bytes()),
        Err(error) => Answer::new(StatusCode::OK, "application/octet-stream", error.into_bytes()),
    }
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    let signed = &["msgSignature", "timestamp", "nonce"];
    let refused = &[
        kinds::MALFORMED_CALLBACK,
        kinds::CALLBACK_REJECTED,
        kinds::TEMPORARILY_UNAVAILABLE,
    ];
    let (suite, another) = ("/suite/callback", "/suite/{suite_id}/callback");
    let mut operations = of_event_callbacks(signed, refused);
    operations.extend([
        Operation::open(
            ["GET", suite],
            ["verifySuiteCallbackUrl", "suite-callback"],
            ["WeCom", "WeCom checks the suite's URL"],
        )
        .parameters(signed)
        .parameters(&["echostr"])
        .answers_component(200, "Echo")
        .refuses(refused)
        .refuses(&[kinds::BODY_TOO_LARGE]),
        Operation::open(
            ["POST", suite],
            ["receiveSuiteEvent", "suite-callback"],
            ["WeCom", "WeCom delivers an event of the suite"],
        )
        .says("Suite tickets, authorizations, their changes and their ends. They are processed after the answer.")
        .parameters(signed)
        .takes_component("Envelope")
        .answers_component(200, "Success")
        .refuses(refused),
        Operation::open(
            ["GET", another],
            ["verifyNamedSuiteCallbackUrl", "suite-callback"],
            ["WeCom", "WeCom checks the URL of one of several suites"],
        )
        .says("As `/suite/callback`, which is the first suite's.")
        .parameters(&["suiteId"])
        .parameters(signed)
        .parameters(&["echostr"])
        .answers_component(200, "Echo")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND, kinds::BODY_TOO_LARGE]),
        Operation::open(
            ["POST", another],
            ["receiveNamedSuiteEvent", "suite-callback"],
            ["WeCom", "WeCom delivers an event of one of several suites"],
        )
        .says("As `/suite/callback`, which is the first suite's. Events of corporations that have the suite's app arrive here, too.")
        .parameters(&["suiteId"])
        .parameters(signed)
        .takes_component("Envelope")
        .answers_component(200, "Success")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND]),
    ]);
    operations.extend(of_one_app(signed, refused));
    operations
}

/// The callbacks of tenants: at their usual URLs, and at those of another platform.
#[cfg(feature = "contract")]
fn of_event_callbacks(signed: &[&'static str], refused: &[problem::Kind]) -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    let (event, legacy) = ("/callback/{callback_id}", "/legacy/{path}");
    vec![
        Operation::open(
            ["GET", DEPLOYMENT_PATH],
            ["readDeploymentId", "event-callback"],
            ["WeCom", "The id of this deployment"],
        )
        .says("The same under every domain that leads to this deployment, and under no other.")
        .never_fails()
        .answers_component(200, "DeploymentId"),
        Operation::open(
            ["GET", event],
            ["verifyCallbackUrl", "event-callback"],
            ["WeCom", "WeCom checks the URL"],
        )
        .says(
            "Sent when the admin saves URL, Token and EncodingAESKey in WeCom's console. Credentials that waited for the check \
             are in use before it is answered.",
        )
        .parameters(&["callbackId"])
        .parameters(signed)
        .parameters(&["echostr"])
        .answers_component(200, "Echo")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND, kinds::BODY_TOO_LARGE]),
        Operation::open(
            ["POST", event],
            ["receiveEvent", "event-callback"],
            ["WeCom", "WeCom delivers an event"],
        )
        .parameters(&["callbackId"])
        .parameters(signed)
        .takes_component("Envelope")
        .answers_component(200, "Success")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND]),
        Operation::open(
            ["GET", legacy],
            ["verifyLegacyCallbackUrl", "event-callback"],
            ["WeCom", "WeCom checks a URL of another platform"],
        )
        .says("Of a binding that was imported: as `/callback/{callback_id}`, at the path that its URL had.")
        .parameters(&["legacyPath"])
        .parameters(signed)
        .parameters(&["echostr"])
        .answers_component(200, "Echo")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND, kinds::BODY_TOO_LARGE]),
        Operation::open(
            ["POST", legacy],
            ["receiveLegacyEvent", "event-callback"],
            ["WeCom", "WeCom delivers an event to a URL of another platform"],
        )
        .says("Of a binding that was imported: as `/callback/{callback_id}`, at the path that its URL had.")
        .parameters(&["legacyPath"])
        .parameters(signed)
        .takes_component("Envelope")
        .answers_component(200, "Success")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND]),
    ]
}

/// The callback of a corporation's app that has a Token and EncodingAESKey of its own.
#[cfg(feature = "contract")]
fn of_one_app(signed: &[&'static str], refused: &[problem::Kind]) -> [super::contract::Operation; 2] {
    use super::{contract::Operation, problem::kinds};
    let app = "/suite/{suite_id}/callback/{corp_id}";
    [
        Operation::open(
            ["GET", app],
            ["verifyAppCallbackUrl", "suite-callback"],
            ["WeCom", "WeCom checks the URL of one corporation's app"],
        )
        .says(
            "Where the suite's secret has a Token and EncodingAESKey of this corporation's app. Where it has none, the path is \
             `/suite/{suite_id}/callback`.",
        )
        .parameters(&["suiteId", "corpId"])
        .parameters(signed)
        .parameters(&["echostr"])
        .answers_component(200, "Echo")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND, kinds::BODY_TOO_LARGE]),
        Operation::open(
            ["POST", app],
            ["receiveAppEvent", "suite-callback"],
            ["WeCom", "WeCom delivers an event of one corporation's app"],
        )
        .says("As its `GET`. With the corporation's own Token, events of other corporations are refused.")
        .parameters(&["suiteId", "corpId"])
        .parameters(signed)
        .takes_component("Envelope")
        .answers_component(200, "Success")
        .refuses(refused)
        .refuses(&[kinds::NOT_FOUND]),
    ]
}
