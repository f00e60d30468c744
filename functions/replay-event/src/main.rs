//! Hands a stored event to the platform's other services again.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::replay_event).await
}
