//! Looks at bindings by itself, on a schedule.

use wecom_authorization::{invoked, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    startup::serve_invoked(invoked::check_health).await
}
