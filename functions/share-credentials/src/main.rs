//! Makes assist links, and shows the values to a colleague who opens one.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::share_credentials).await
}
