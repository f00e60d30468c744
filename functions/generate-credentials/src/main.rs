//! Generates URL, Token and EncodingAESKey of a callback.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::generate_credentials).await
}
