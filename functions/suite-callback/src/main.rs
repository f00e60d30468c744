//! Receives WeCom's command callbacks of the suite.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_suite_callback(http::suite_callback).await
}
