//! 保存: the GET check of a receive-event URL, as WeCom does it.

use std::time::{Duration, Instant};

use axum::http::Method;
use simulator::{CallbackForm, CheckOutcome, ECHOSTR_DID_NOT_PASS, Scope, URL_DID_NOT_PASS};

use crate::stage::{CORP, Manner, Stage, TOO_LATE, opened};

impl Stage {
    async fn press_save(&self, form: CallbackForm) -> CheckOutcome {
        self.simulator
            .control()
            .save_callback(CORP, Scope::Contacts, form)
            .await
            .unwrap()
    }

    fn is_saved(&self) -> bool {
        self.simulator.control().state().corps[0]
            .callbacks
            .contacts
            .saved
            .is_some()
    }
}

#[tokio::test]
async fn a_callback_that_gives_back_the_plaintext_is_saved() {
    let stage = Stage::without_suite_callback().await;
    let outcome = stage.press_save(stage.form()).await;
    assert!(outcome.saved && outcome.error.is_none());
    assert_eq!(outcome.status, Some(200));
    assert!(stage.is_saved());

    let received = stage.receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].method, Method::GET);
    let (plaintext, receive_id) = opened(&received[0]);
    assert_eq!(receive_id, CORP);
    assert!((19..=23).contains(&plaintext.len()) && plaintext.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(outcome.body_prefix, Some(plaintext));
}

#[tokio::test]
async fn the_echostr_is_percent_encoded_and_the_urls_own_query_is_kept() {
    let stage = Stage::without_suite_callback().await;
    let mut seen = (false, false, false);
    for _ in 0..40 {
        let mut form = stage.form();
        form.url += "?tenant=a%20b";
        assert!(stage.press_save(form).await.saved);
    }
    for request in stage.receiver.received() {
        let query = &request.raw_query;
        assert!(query.starts_with("tenant=a%20b&msg_signature="), "{query}");
        let echostr = query.split_once("&echostr=").unwrap().1;
        assert!(!echostr.contains(['+', '/', '=']), "{echostr}");
        seen = (
            seen.0 || echostr.contains("%2B"),
            seen.1 || echostr.contains("%2F"),
            seen.2 || echostr.ends_with("%3D"),
        );
    }
    assert_eq!(seen, (true, true, true), "all three are met in forty checks");
}

#[tokio::test]
async fn every_check_asks_for_another_plaintext() {
    let stage = Stage::without_suite_callback().await;
    stage.press_save(stage.form()).await;
    stage.press_save(stage.form()).await;
    let received = stage.receiver.received();
    assert_ne!(opened(&received[0]).0, opened(&received[1]).0);
}

#[tokio::test]
async fn a_wrong_body_is_refused_in_wecoms_words() {
    let stage = Stage::without_suite_callback().await;
    for body in ["success", "", "\"1234567890123456789\"", "{\"echostr\":1}"] {
        stage.receiver.will([Manner::Answer(200, body)]);
        let outcome = stage.press_save(stage.form()).await;
        assert_eq!(outcome.error.as_deref(), Some(ECHOSTR_DID_NOT_PASS), "{body}");
        assert_eq!(
            (outcome.status, outcome.body_prefix.as_deref()),
            (Some(200), Some(body))
        );
    }
    assert!(!stage.is_saved());
}

#[tokio::test]
async fn another_status_is_refused_and_no_redirect_is_followed() {
    let stage = Stage::without_suite_callback().await;
    stage.receiver.will([
        Manner::Answer(404, "nothing here"),
        Manner::Answer(500, ""),
        Manner::Answer(204, ""),
        Manner::Redirect,
    ]);
    for status in [404, 500, 204, 302] {
        let outcome = stage.press_save(stage.form()).await;
        assert_eq!(outcome.error.as_deref(), Some(URL_DID_NOT_PASS));
        assert_eq!(outcome.status, Some(status));
    }
    assert_eq!(stage.receiver.received().len(), 4);
    assert!(!stage.is_saved());
}

#[tokio::test]
async fn an_answer_after_the_limit_is_refused_at_the_limit() {
    let stage = Stage::impatient(|limits| limits.url_check = Duration::from_millis(100)).await;
    stage.receiver.will([Manner::Late]);
    let started = Instant::now();
    let outcome = stage.press_save(stage.form()).await;
    assert!(started.elapsed() < TOO_LATE, "it does not wait for the answer");
    assert_eq!(outcome.error.as_deref(), Some(URL_DID_NOT_PASS));
    assert_eq!(outcome.status, None);
    assert!(outcome.detail.unwrap().contains("no answer within 100 ms"));
    assert!(outcome.elapsed_ms >= 95);
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let stage = Stage::without_suite_callback().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let form = CallbackForm {
        url: format!("http://{free}/"),
        ..stage.form()
    };
    let outcome = stage.press_save(form).await;
    assert_eq!(outcome.error.as_deref(), Some(URL_DID_NOT_PASS));
    assert_eq!(outcome.detail.as_deref(), Some("no connection"));
}

#[tokio::test]
async fn malformed_values_are_refused_before_anything_is_sent() {
    let stage = Stage::without_suite_callback().await;
    let right = stage.form();
    for form in [
        CallbackForm {
            url: "example.com/callback".into(),
            ..right.clone()
        },
        CallbackForm {
            url: "ftp://example.com/".into(),
            ..right.clone()
        },
        CallbackForm {
            token: String::new(),
            ..right.clone()
        },
        CallbackForm {
            token: "with-dash".into(),
            ..right.clone()
        },
        CallbackForm {
            token: "t".repeat(33),
            ..right.clone()
        },
        CallbackForm {
            encoding_aes_key: "k".repeat(42),
            ..right.clone()
        },
        CallbackForm {
            encoding_aes_key: "k".repeat(44),
            ..right.clone()
        },
        CallbackForm {
            encoding_aes_key: "+".repeat(43),
            ..right.clone()
        },
    ] {
        let outcome = stage.press_save(form).await;
        assert!(!outcome.saved && outcome.status.is_none());
        assert!(outcome.error.unwrap().contains("格式不正确"));
    }
    assert!(stage.receiver.received().is_empty());
}

#[tokio::test]
async fn a_failed_check_leaves_the_saved_callback_in_use() {
    let stage = Stage::without_suite_callback().await;
    assert!(stage.press_save(stage.form()).await.saved);
    stage.receiver.will([Manner::Answer(500, "")]);
    let form = CallbackForm {
        token: "another".into(),
        ..stage.form()
    };
    assert!(!stage.press_save(form).await.saved);
    let slot = stage.simulator.control().state().corps[0].callbacks.contacts.clone();
    assert_eq!(slot.saved.unwrap().token, stage.form().token);
    assert_eq!(slot.pasted.unwrap().token, "another");
    assert!(!slot.last_check.unwrap().saved);
}
