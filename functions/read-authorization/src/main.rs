//! Reads the state of an authorization and its events.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::read_authorization).await
}
