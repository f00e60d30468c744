//! A connection that sends one event after the other.

use std::{net::SocketAddr, time::Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wecom_callback::{Token, envelope, seal, sign};

use crate::{
    Error,
    sent::{Callback, Sent},
};

pub(crate) struct Sender {
    pub(crate) number: u64,
    pub(crate) callback: Callback,
    pub(crate) one_in: u64,
}

type Connection = SendRequest<Full<Bytes>>;

impl Sender {
    pub(crate) async fn run(self, server: SocketAddr, until: Instant) -> Result<Sent, Error> {
        let (mut connection, driver) = http1::handshake(TokioIo::new(TcpStream::connect(server).await?)).await?;
        tokio::spawn(driver);
        let stranger = Token::parse("tokenOfSomebodyElse")?;
        let mut sent = Sent::default();
        for count in 0_u64.. {
            if Instant::now() >= until {
                break;
            }
            let event = self.event(count);
            match self.post(&mut connection, &event, &self.callback.token).await? {
                Answer::Success => sent.events += 1,
                _ => sent.other += 1,
            }
            if count % self.one_in == self.one_in / 3 {
                match self.post(&mut connection, &event, &self.callback.token).await? {
                    Answer::Success => sent.repeated += 1,
                    _ => sent.other += 1,
                }
            }
            if count % self.one_in == self.one_in / 2 {
                sent.forged += 1;
                match self.post(&mut connection, &event, &stranger).await? {
                    Answer::Refused => sent.refused += 1,
                    _ => sent.other += 1,
                }
            }
        }
        Ok(sent)
    }

    fn event(&self, count: u64) -> String {
        format!(
            "<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
             <CreateTime>1795000000</CreateTime><MsgType><![CDATA[event]]></MsgType>\
             <Event><![CDATA[change_contact]]></Event><ChangeType>create_user</ChangeType>\
             <UserID><![CDATA[u{number}-{count}]]></UserID><Department><![CDATA[3,12]]></Department></xml>",
            corp = self.callback.corp_id,
            number = self.number,
        )
    }

    async fn post(&self, connection: &mut Connection, event: &str, token: &Token) -> Result<Answer, Error> {
        let encrypt = seal(&self.callback.key, [0; 16], event.as_bytes(), &self.callback.corp_id);
        // Later than any run: a callback refuses what was sent too long ago.
        let (timestamp, nonce) = ("4070908800", "1597212914");
        let signature = sign(token, timestamp, nonce, &encrypt);
        let request = Request::post(format!(
            "{}?msg_signature={signature}&timestamp={timestamp}&nonce={nonce}",
            self.callback.path
        ))
        .header("host", "127.0.0.1")
        .header("content-type", "text/xml")
        .body(Full::from(envelope::xml(&self.callback.corp_id, "", &encrypt)))?;
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(match status {
            StatusCode::OK if body == "success" => Answer::Success,
            StatusCode::FORBIDDEN => Answer::Refused,
            _ => Answer::Other,
        })
    }
}

enum Answer {
    Success,
    Refused,
    Other,
}
