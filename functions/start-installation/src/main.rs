//! Makes an install link, and opens it in the browser that will come back.

use wecom_authorization::{http, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    startup::serve_http(http::start_installation).await
}
