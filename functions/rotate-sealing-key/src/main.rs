//! Rotates the key that seals callback credentials, as Secrets Manager asks.

use wecom_authorization::entry::{invoked, serve_invoked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_invoked(invoked::rotate_sealing_key).await
}
