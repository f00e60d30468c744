//! Gives the platform's other services a valid access token, never a Secret.

use wecom_authorization::{invoked, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    startup::serve_invoked(invoked::issue_access_token).await
}
