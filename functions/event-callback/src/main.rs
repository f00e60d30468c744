//! Answers WeCom's URL checks and stores a corporation's events.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_event_callback(http::event_callback).await
}
