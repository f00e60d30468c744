//! Gives the platform's other services a valid access token, never a Secret.

use wecom_authorization::entry::{invoked, serve_invoked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_invoked(invoked::issue_access_token).await
}
