//! Checks a tenant's Secret with WeCom and keeps it.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::register_secret).await
}
