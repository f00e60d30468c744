//! Callback URL with axum: answers WeCom's check of the URL and receives events.
//!
//! ```text
//! cargo run --example axum -- TOKEN ENCODING_AES_KEY RECEIVE_ID
//! ```
//!
//! The Token and the EncodingAESKey are those of WeCom's console; the receive id of a corporation's callback is its
//! corporation id. Real credentials belong in a vault, not on a command line.

use std::{error::Error, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::get,
};
use wecom_callback::{CallbackQuery, Credentials, EncodingAesKey, Message, Token, envelope, verify, xml};

struct Callback {
    credentials: Credentials,
    receive_id: String,
}

impl Callback {
    /// Opens a ciphertext that WeCom has signed for this recipient. The sender learns nothing about why another is refused.
    fn open(&self, query: &CallbackQuery, encrypt: &str) -> Result<Message, StatusCode> {
        let Credentials {
            token,
            encoding_aes_key,
        } = &self.credentials;
        verify(token, &query.msg_signature, &query.timestamp, &query.nonce, encrypt)
            .ok()
            .and_then(|verified| verified.open(encoding_aes_key).ok())
            .filter(|message| message.receive_id() == self.receive_id)
            .ok_or(StatusCode::FORBIDDEN)
    }
}

/// `GET`: the answer is exactly the decrypted `echostr`.
async fn check_url(State(callback): State<Arc<Callback>>, RawQuery(query): RawQuery) -> Result<Vec<u8>, StatusCode> {
    let query = CallbackQuery::parse(&query.unwrap_or_default()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let echostr = query.echostr.as_deref().ok_or(StatusCode::BAD_REQUEST)?;
    let message = callback.open(&query, echostr)?;
    message.echo().map(<[u8]>::to_vec).ok_or(StatusCode::FORBIDDEN)
}

/// `POST`: an event. Store it before answering: WeCom does not send an answered event again.
async fn receive(
    State(callback): State<Arc<Callback>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<&'static str, StatusCode> {
    let query = CallbackQuery::parse(&query.unwrap_or_default()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let encrypt = envelope::encrypt_of(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let message = callback.open(&query, &encrypt)?;
    let event = xml::to_json_lossy(message.bytes());
    if !xml::is_event(&event.payload) {
        return Err(StatusCode::FORBIDDEN);
    }
    let field = |name| xml::text(&event.payload, name).unwrap_or_default();
    eprintln!("{} {} of {}", field("Event"), field("ChangeType"), field("UserID"));
    Ok("success")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &str| arguments.next().ok_or(format!("{name} is missing"));
    let callback = Callback {
        credentials: Credentials {
            token: Token::parse(&argument("TOKEN")?)?,
            encoding_aes_key: EncodingAesKey::parse(&argument("ENCODING_AES_KEY")?)?,
        },
        receive_id: argument("RECEIVE_ID")?,
    };
    let app = Router::new()
        .route("/callback", get(check_url).post(receive))
        .with_state(Arc::new(callback));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("listening on http://{}/callback", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
