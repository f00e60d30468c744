//! Makes an install link, and opens it in the browser that will come back.

use wecom_authorization::{entry::serve_http, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_http(http::start_installation).await
}
