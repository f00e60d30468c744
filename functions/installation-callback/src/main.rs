//! Receives the browser after an install and exchanges the auth_code.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::installation_callback).await
}
