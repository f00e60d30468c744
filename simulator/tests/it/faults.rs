//! Faults on request, and the journal of calls.

use std::time::{Duration, Instant};

use serde_json::json;
use simulator::{AuthMode, Fault, SecretKind};

use crate::stage::{CORP, Stage, assert_ok, assert_refused};

const GETTOKEN: &str = "/cgi-bin/gettoken";

fn fault() -> Fault {
    Fault {
        path: Some(GETTOKEN.into()),
        ..Fault::default()
    }
}

impl Stage {
    async fn right_gettoken(&self) -> serde_json::Value {
        let secret = self
            .simulator
            .control()
            .secret(CORP, SecretKind::Contacts)
            .unwrap()
            .secret;
        self.gettoken(CORP, &secret).await
    }

    fn expect_fault(&self, fault: Fault) {
        self.simulator.control().add_faults([fault]);
    }
}

#[tokio::test]
async fn an_errcode_is_answered_as_often_as_asked() {
    let stage = Stage::without_suite_callback().await;
    stage.expect_fault(Fault {
        errcode: Some(-1),
        times: 2,
        ..fault()
    });
    for _ in 0..2 {
        let answer = stage.right_gettoken().await;
        assert_refused(&answer, -1);
        assert!(answer["errmsg"].as_str().unwrap().starts_with("system busy, hint"));
    }
    assert_ok(&stage.right_gettoken().await);
}

#[tokio::test]
async fn a_fault_without_a_path_meets_the_next_call_of_any() {
    let stage = Stage::without_suite_callback().await;
    stage.expect_fault(Fault {
        errcode: Some(45009),
        path: None,
        ..fault()
    });
    assert_refused(&stage.get("/cgi-bin/getcallbackip").await, 45009);
    assert_ok(&stage.right_gettoken().await);
}

#[tokio::test]
async fn a_delay_comes_before_the_usual_answer() {
    let stage = Stage::without_suite_callback().await;
    stage.expect_fault(Fault {
        delay_ms: Some(60),
        ..fault()
    });
    let started = Instant::now();
    assert_ok(&stage.right_gettoken().await);
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_status_comes_with_html_as_from_a_proxy() {
    let stage = Stage::without_suite_callback().await;
    stage.expect_fault(Fault {
        http_status: Some(502),
        ..fault()
    });
    let response = stage.http.get(stage.url(GETTOKEN)).send().await.unwrap();
    assert_eq!(response.status(), 502);
    assert!(response.text().await.unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn a_dropped_call_has_no_answer() {
    let stage = Stage::without_suite_callback().await;
    stage.expect_fault(Fault { drop: true, ..fault() });
    let error = stage.http.get(stage.url(GETTOKEN)).send().await.unwrap_err();
    assert!(
        !error.is_timeout() && !error.is_connect() && error.is_request(),
        "{error:?}"
    );
    assert_ok(&stage.right_gettoken().await);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_call_took_effect() {
    let stage = Stage::start().await;
    let code = stage.auth_code(CORP, AuthMode::Admin).await;
    let path = format!(
        "/cgi-bin/service/v2/get_permanent_code?suite_access_token={}",
        stage.suite_token().await
    );
    stage.expect_fault(Fault {
        path: Some("/cgi-bin/service/v2/get_permanent_code".into()),
        drop: true,
        after_effect: true,
        ..Fault::default()
    });
    let body = json!({"auth_code": code});
    assert!(stage.http.post(stage.url(&path)).json(&body).send().await.is_err());
    assert_refused(&stage.post(&path, body).await, 40078);
    assert!(stage.simulator.control().state().corps[0].installation.is_some());
}

#[tokio::test]
async fn faults_can_be_listed_and_taken_back() {
    let stage = Stage::without_suite_callback().await;
    let faults = json!([{"path": GETTOKEN, "errcode": -1, "times": 2}, {"delay_ms": 5}]);
    let listed = stage.post("/_simulator/faults", faults).await;
    assert_eq!(listed["faults"][0]["times"], 2);
    assert_eq!(listed["faults"][1]["times"], 1);
    let one = stage.post("/_simulator/faults", json!({"drop": true})).await;
    assert_eq!(one["faults"].as_array().unwrap().len(), 3);
    assert_eq!(
        stage
            .http
            .delete(stage.url("/_simulator/faults"))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(stage.get("/_simulator/faults").await["faults"], json!([]));
    assert_ok(&stage.right_gettoken().await);
}

#[tokio::test]
async fn the_journal_names_calls_and_codes_and_no_secret() {
    let stage = Stage::without_suite_callback().await;
    stage.right_gettoken().await;
    stage.gettoken(CORP, "mistyped").await;
    stage.expect_fault(Fault { drop: true, ..fault() });
    let _ = stage.http.get(stage.url(GETTOKEN)).send().await;
    stage.http.get(stage.url("/cgi-bin/nothing")).send().await.unwrap();

    let journal = stage
        .http
        .get(stage.url("/_simulator/calls"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let calls: serde_json::Value = serde_json::from_str(&journal).unwrap();
    let calls = calls["calls"].as_array().unwrap();
    let codes: Vec<_> = calls
        .iter()
        .map(|call| (&call["status"], &call["errcode"], &call["faulty"]))
        .collect();
    assert_eq!(
        codes,
        [
            (&json!(200), &json!(0), &json!(false)),
            (&json!(200), &json!(40001), &json!(false)),
            (&json!(null), &json!(null), &json!(true)),
            (&json!(404), &json!(null), &json!(false)),
        ]
    );
    let secret = stage
        .simulator
        .control()
        .secret(CORP, SecretKind::Contacts)
        .unwrap()
        .secret;
    assert!(!journal.contains(&secret) && !journal.contains("mistyped") && !journal.contains("access_token"));

    assert_eq!(
        stage
            .http
            .delete(stage.url("/_simulator/calls"))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(stage.get("/_simulator/calls").await["calls"], json!([]));
}
