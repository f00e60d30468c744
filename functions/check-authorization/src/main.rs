//! Asks WeCom about a tenant's authorization and Secrets now.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::check_authorization).await
}
