//! Ends an authorization and leaves nothing behind.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::disconnect).await
}
