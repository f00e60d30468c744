//! The test of a callback: `/authorization/{scope}/test`.

use lambda_http::{Body, Response, http::StatusCode};
use serde::Deserialize;

use super::{Answer, Problem, Request, binding, conclude, problem};
use crate::{platform::Platform, probe::Probe, steps::TestCallback};

/// Result of the self-test.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TestRequest {
    /// Send an event after the check.
    #[serde(default)]
    send_event: bool,
}

/// `POST /authorization/{scope}/test`.
pub async fn test_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(post(platform, &request).await, &request)
}

async fn post(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let scope = request.scope()?;
    let TestRequest { send_event } = request.json_if_any()?;
    let base_url = request.base_url(&platform.config);
    // A deployment whose own links are plain http is one on this machine.
    let probe = Probe {
        local: base_url.starts_with("http:"),
    };
    let step = TestCallback {
        store: &platform.store,
        keys: &platform.keys,
        probe,
        base_url: &base_url,
    };
    let actor = request.actor();
    let report = step
        .run(&tenant_id, scope, send_event, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &report))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["POST", "/authorization/{scope}/test"],
            ["testCallback", "test-callback"],
            ["Secrets and callbacks", "Test a callback from outside"],
        )
        .says(
            "Makes the check that WeCom makes, through the callback's public URL and with the newest credentials. It works before \
             the admin has pasted anything, and changes nothing. With `send_event`, if the check succeeded, an event \
             `wecom_authorization_test` is sent the whole way and arrives like any other.",
        )
        .parameters(&["scope"])
        .takes_if_any::<TestRequest>()
        .answers::<crate::steps::TestReport>(200, "The result of the test, whatever it is.")
        .refuses(&[kinds::NOT_FOUND]),
    ]
}
