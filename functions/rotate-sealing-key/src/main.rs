//! Rotates the key that seals callback credentials, as Secrets Manager asks.

use wecom_authorization::{invoked, startup};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    startup::serve_invoked(invoked::rotate_sealing_key).await
}
