//! A connection to the server, over which callbacks get what WeCom would send them.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wecom_callback::{EncodingAesKey, Token, envelope, seal, sign};

use crate::Error;

/// A bound callback, as WeCom knows it.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) path: String,
    pub(crate) corp_id: String,
    pub(crate) token: Token,
    pub(crate) key: EncodingAesKey,
}

/// What became of a request.
pub(crate) enum Answer {
    Success,
    /// 403.
    Refused,
    /// 5xx.
    Unavailable,
    Other,
}

pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self, Error> {
        let (connection, driver) = http1::handshake(TokioIo::new(TcpStream::connect(server).await?)).await?;
        tokio::spawn(driver);
        Ok(Self(connection))
    }

    /// Sends an event, signed with `token`.
    pub(crate) async fn post(&mut self, callback: &Callback, event: &str, token: &Token) -> Result<Answer, Error> {
        let encrypt = seal(&callback.key, [0; 16], event.as_bytes(), &callback.corp_id);
        // Later than any run: a callback refuses what was sent too long ago.
        let (timestamp, nonce) = ("4070908800", "1597212914");
        let signature = sign(token, timestamp, nonce, &encrypt);
        let request = Request::post(format!(
            "{}?msg_signature={signature}&timestamp={timestamp}&nonce={nonce}",
            callback.path
        ))
        .header("host", "127.0.0.1")
        .header("content-type", "text/xml")
        .body(Full::from(envelope::xml(&callback.corp_id, "", &encrypt)))?;
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(match status {
            StatusCode::OK if body == "success" => Answer::Success,
            StatusCode::FORBIDDEN => Answer::Refused,
            status if status.is_server_error() => Answer::Unavailable,
            _ => Answer::Other,
        })
    }
}

/// An event of a corporation, which differs from others by the user that it is about.
pub(crate) fn event(corp_id: &str, user_id: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>1795000000</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[change_contact]]></Event><ChangeType>create_user</ChangeType>\
         <UserID><![CDATA[{user_id}]]></UserID><Department><![CDATA[3,12]]></Department></xml>"
    )
}

/// A Token that no callback has.
pub(crate) fn token_of_a_stranger() -> Result<Token, Error> {
    Ok(Token::parse("tokenOfSomebodyElse")?)
}
