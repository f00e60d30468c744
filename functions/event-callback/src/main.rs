//! Answers WeCom's URL checks and stores a corporation's events.

use wecom_authorization::{entry::serve_http_prepared, http, platform::Platform};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http_prepared(Platform::prepare_event_callback, http::event_callback).await
}
