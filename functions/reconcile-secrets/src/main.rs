//! Finds secrets that no record names, on a schedule.

use wecom_authorization::entry::{invoked, serve_invoked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_invoked(invoked::reconcile_secrets).await
}
