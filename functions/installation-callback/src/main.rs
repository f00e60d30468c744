//! Receives the browser after an install and exchanges the auth_code.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::installation_callback).await
}
