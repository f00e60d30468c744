//! Gets an access token with a Secret, which is read from standard input.
//!
//! ```text
//! cargo run --example token -- CORP_ID < secret.txt
//! ```

use std::error::Error;

use secrecy::SecretString;
use wecom_client::{Client, ClientConfig, OFFICIAL_API_BASE_URL};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let corp_id = std::env::args().nth(1).ok_or("CORP_ID is missing")?;
    let secret = SecretString::from(std::io::read_to_string(std::io::stdin())?.trim());

    let client = Client::new(ClientConfig::new(OFFICIAL_API_BASE_URL.parse()?))?;
    let token = client.access_token(&corp_id, &secret).await?;
    // `Debug` does not show the token; `expose_secret` would.
    eprintln!("{token:?}");
    Ok(())
}
