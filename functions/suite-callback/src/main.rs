//! Receives WeCom's command callbacks of the suite.

use wecom_authorization::{entry::serve_http_prepared, http, platform::Platform};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http_prepared(Platform::prepare_suite_callback, http::suite_callback).await
}
