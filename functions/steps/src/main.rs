//! Every Lambda function that no caller waits a second for, in one binary (docs/adr/0031-one-binary-for-the-steps.md).
//!
//! The template's `Handler` names the function, and with it what the process does; its role says what it may do.

use wecom_authorization::{
    entry::{invoked, queues, serve_http, serve_invoked, serve_stream, streams},
    http,
};

/// Variable in which Lambda passes a function's `Handler` (developer guide, "Defined runtime environment variables").
const HANDLER: &str = "_HANDLER";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    match handler()?.as_str() {
        "act-on-tenant" => serve_http(http::act_on_tenant).await,
        "check-authorization" => serve_http(http::check_authorization).await,
        "check-health" => serve_invoked(invoked::check_health).await,
        "complete-authorization" => serve_http(http::complete_authorization).await,
        "console" => serve_http(http::console).await,
        "deliver-webhooks" => serve_invoked(queues::deliver_webhooks).await,
        "disconnect" => serve_http(http::disconnect).await,
        "export-bindings" => serve_invoked(invoked::export_bindings).await,
        "find-person" => serve_http(http::find_person).await,
        "generate-credentials" => serve_http(http::generate_credentials).await,
        "import-bindings" => serve_invoked(invoked::import_bindings).await,
        "installation-callback" => serve_http(http::installation_callback).await,
        "issue-access-token" => serve_invoked(invoked::issue_access_token).await,
        "process-suite-event" => serve_stream(streams::process_suite_event).await,
        "publish-events" => serve_stream(streams::publish_events).await,
        "read-authorization" => serve_http(http::read_authorization).await,
        "read-tenants" => serve_http(http::read_tenants).await,
        "reconcile-secrets" => serve_invoked(invoked::reconcile_secrets).await,
        "register-secret" => serve_http(http::register_secret).await,
        "replay-event" => serve_http(http::replay_event).await,
        "rotate-sealing-key" => serve_invoked(invoked::rotate_sealing_key).await,
        "run-replays" => serve_invoked(invoked::run_replays).await,
        "share-credentials" => serve_http(http::share_credentials).await,
        "start-installation" => serve_http(http::start_installation).await,
        "test-callback" => serve_http(http::test_callback).await,
        "update-settings" => serve_http(http::update_settings).await,
        other => Err(format!("{HANDLER} is `{other}`, which is no function of this binary").into()),
    }
}

/// The name of the function that this process is.
#[expect(
    clippy::disallowed_methods,
    reason = "Lambda sets it, and no operator: it is no configuration"
)]
fn handler() -> Result<String, std::env::VarError> {
    std::env::var(HANDLER)
}
