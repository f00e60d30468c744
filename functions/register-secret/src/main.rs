//! Checks a tenant's Secret with WeCom and keeps it.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::register_secret).await
}
