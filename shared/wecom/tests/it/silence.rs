//! No answer, or an incomplete one: a call that was sent is not sent again.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wecom_client::{Client, Error};

use crate::wecom::{WeCom, a_token, client, config, secret};

/// Server that reads a request, writes the given bytes, and then closes the connection or keeps it open.
struct Line {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
enum Then {
    HangUp,
    Hold,
}

impl Line {
    async fn that_says(bytes: &'static str, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            let mut held: Vec<TcpStream> = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4096];
                assert_ne!(stream.read(&mut request).await.unwrap(), 0);
                stream.write_all(bytes.as_bytes()).await.unwrap();
                match then {
                    Then::HangUp => drop(stream),
                    Then::Hold => held.push(stream),
                }
            }
        });
        Self { address, calls }
    }

    fn client_waiting(&self, patience: Duration) -> Client {
        let mut config = config(self.address);
        config.request_timeout = patience;
        Client::new(config).unwrap()
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Long enough for a request to arrive.
const SHORT: Duration = Duration::from_millis(250);

/// Never waited for: the other side hangs up.
const LONG: Duration = Duration::from_secs(5);

const HALF_AN_ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errcode\":0,";

#[tokio::test]
async fn a_wecom_that_never_answers_is_left_after_the_time_out() {
    let line = Line::that_says("", Then::Hold).await;
    let token = line.client_waiting(SHORT).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::TimedOut));
    assert_eq!(line.calls(), 1);
}

#[tokio::test]
async fn the_time_out_holds_for_the_body_too() {
    let line = Line::that_says(HALF_AN_ANSWER, Then::Hold).await;
    let token = line.client_waiting(SHORT).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::TimedOut));
    assert_eq!(line.calls(), 1);
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_is_not_made_again() {
    let line = Line::that_says("", Then::HangUp).await;
    let token = line.client_waiting(LONG).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::Unreachable));
    assert_eq!(line.calls(), 1);
}

#[tokio::test]
async fn a_connection_lost_within_the_answer_is_not_made_again() {
    let line = Line::that_says(HALF_AN_ANSWER, Then::HangUp).await;
    let token = line.client_waiting(LONG).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::Unreachable));
    assert_eq!(line.calls(), 1);
}

#[tokio::test]
async fn what_does_not_speak_http_is_unreachable() {
    let line = Line::that_says("SSH-2.0-OpenSSH_9.6\r\n\r\n", Then::HangUp).await;
    let token = line.client_waiting(LONG).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::Unreachable));
}

#[tokio::test]
async fn an_auth_code_is_sent_into_the_silence_only_once() {
    for (bytes, then, patience, expected) in [
        ("", Then::Hold, SHORT, Error::TimedOut),
        ("", Then::HangUp, LONG, Error::Unreachable),
        (HALF_AN_ANSWER, Then::HangUp, LONG, Error::Unreachable),
    ] {
        let line = Line::that_says(bytes, then).await;
        let code = line
            .client_waiting(patience)
            .permanent_code(&secret("tok_suite"), &secret("ac_1"))
            .await;
        assert_eq!(code.err(), Some(expected));
        assert_eq!(line.calls(), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let token = client(address).access_token("ww1", &secret("s_1")).await;
    assert_eq!(token.err(), Some(Error::Unreachable));
}

#[tokio::test]
async fn calls_share_a_connection_but_an_auth_code_has_one_of_its_own() {
    let code = serde_json::json!({ "permanent_code": "pc", "auth_corp_info": { "corpid": "wp" } });
    let wecom = WeCom::saying([a_token(), code.clone(), a_token(), code]).await;
    let client = wecom.client();
    for _ in 0..2 {
        client.access_token("ww1", &secret("s_1")).await.unwrap();
        let code = client.permanent_code(&secret("tok"), &secret("ac_1")).await;
        assert!(code.is_ok(), "{code:?}");
    }
    let peers: Vec<SocketAddr> = wecom.requests().iter().map(|r| r.peer).collect();
    assert_eq!(peers[0], peers[2]);
    assert_ne!(peers[1], peers[3]);
    assert_ne!(peers[0], peers[1]);
    assert_ne!(peers[0], peers[3]);
}
