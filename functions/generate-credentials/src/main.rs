//! Generates URL, Token and EncodingAESKey of a callback.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::generate_credentials).await
}
