//! Checks a callback through its public URL, as WeCom does.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::test_callback).await
}
