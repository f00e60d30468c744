//! Looks at bindings by itself, on a schedule.

use wecom_authorization::entry::{invoked, serve_invoked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_invoked(invoked::check_health).await
}
