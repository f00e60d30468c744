//! Several apps of one provider: tickets, codes, tokens and installations of one are no other's.

use serde_json::{Value, json};
use simulator::{AuthMode, InstallRequest, Options, Outcome, Suite, SuiteEventRequest};
use url::Url;

use crate::stage::{
    CORP, Receiver, SUITE_ID, SUITE_SECRET, Stage, assert_refused, element, options, parameter, suite, text,
};

const OTHER_ID: &str = "ww5a2b9c41d07be865";
const OTHER_SECRET: &str = "other-suite-secret-for-tests-only";

async fn start() -> Stage {
    let receiver = Receiver::start().await;
    let other = Suite {
        suite_id: OTHER_ID.to_owned(),
        suite_secret: OTHER_SECRET.to_owned(),
        ..suite()
    };
    let options = Options {
        suite_callback_url: Some(receiver.url("/suite")),
        other_suites: vec![other],
        ..options()
    };
    let stage = Stage::with(options, receiver).await;
    let url = stage.receiver.url("/other");
    stage
        .simulator
        .control()
        .set_callback_url_of_suite(OTHER_ID, url)
        .unwrap();
    stage.receiver.wait_for(2).await;
    stage
}

fn ticket(stage: &Stage, path: &str) -> String {
    let messages = stage.receiver.messages(path);
    element(&messages.last().unwrap().0, "SuiteTicket").unwrap()
}

async fn token(stage: &Stage, [suite_id, secret, path]: [&str; 3]) -> Value {
    let body = json!({"suite_id": suite_id, "suite_secret": secret, "suite_ticket": ticket(stage, path)});
    stage.post("/cgi-bin/service/get_suite_token", body).await
}

async fn call(stage: &Stage, token: &str, name: &str, body: Value) -> Value {
    let path = format!("/cgi-bin/service/{name}?suite_access_token={token}");
    stage.post(&path, body).await
}

#[tokio::test]
async fn a_ticket_is_good_for_the_app_that_it_was_pushed_to() {
    let stage = start().await;
    for (own, foreign) in [
        ([SUITE_ID, SUITE_SECRET, "/suite"], [SUITE_ID, SUITE_SECRET, "/other"]),
        ([OTHER_ID, OTHER_SECRET, "/other"], [OTHER_ID, OTHER_SECRET, "/suite"]),
    ] {
        assert!(token(&stage, own).await["suite_access_token"].is_string());
        assert_refused(&token(&stage, foreign).await, 40085);
    }
    assert_refused(&token(&stage, [OTHER_ID, SUITE_SECRET, "/other"]).await, 40080);
}

#[tokio::test]
async fn codes_and_installations_belong_to_the_app_that_they_were_issued_for() {
    let stage = start().await;
    let first = text(
        &token(&stage, [SUITE_ID, SUITE_SECRET, "/suite"]).await,
        "suite_access_token",
    );
    let other = text(
        &token(&stage, [OTHER_ID, OTHER_SECRET, "/other"]).await,
        "suite_access_token",
    );
    let path = format!("/cgi-bin/service/get_pre_auth_code?suite_access_token={other}");
    let pre_auth_code = text(&stage.get(&path).await, "pre_auth_code");
    let session = json!({"pre_auth_code": pre_auth_code, "session_info": {"auth_type": 1}});
    assert_refused(&call(&stage, &first, "set_session_info", session.clone()).await, 40077);
    assert_eq!(call(&stage, &other, "set_session_info", session).await["errcode"], 0);

    let link = |suite_id: &str| {
        let parameters = [
            ("suite_id", suite_id),
            ("pre_auth_code", &pre_auth_code),
            ("redirect_uri", "https://product.example/back"),
            ("state", "t42n9K"),
        ];
        InstallRequest {
            url: Url::parse_with_params(&stage.url("/3rdapp/install"), parameters)
                .unwrap()
                .into(),
            corp_id: CORP.to_owned(),
            auth_mode: AuthMode::Admin,
        }
    };
    assert!(stage.simulator.control().install(&link(SUITE_ID)).is_err());
    let redirect = stage.simulator.control().install(&link(OTHER_ID)).unwrap().redirect_url;
    let auth_code = json!({"auth_code": parameter(&Url::parse(&redirect).unwrap(), "auth_code")});
    assert_refused(
        &call(&stage, &first, "v2/get_permanent_code", auth_code.clone()).await,
        40078,
    );
    let installed = call(&stage, &other, "v2/get_permanent_code", auth_code).await;
    let about = json!({
        "auth_corpid": installed["auth_corp_info"]["corpid"],
        "permanent_code": installed["permanent_code"],
    });
    assert_refused(&call(&stage, &first, "v2/get_auth_info", about.clone()).await, 40084);
    assert_eq!(call(&stage, &other, "v2/get_auth_info", about).await["errcode"], 0);
    let corp = stage.simulator.control().state().corps.remove(0);
    assert!(corp.installation.is_none(), "the first app is not installed");
    assert!(corp.other_installations.contains_key(OTHER_ID));
}

#[tokio::test]
async fn an_event_goes_to_the_app_that_it_is_about() {
    let stage = start().await;
    stage.receiver.forget();
    let request = SuiteEventRequest {
        event: Some("what_comes_next_year".to_owned()),
        suite_id: Some(OTHER_ID.to_owned()),
        corp_id: Some(CORP.to_owned()),
        ..SuiteEventRequest::default()
    };
    let sent = stage.simulator.control().send_suite_event(&request).await.unwrap();
    assert_eq!(sent.deliveries[0].outcome, Outcome::Accepted);
    let (message, receive_id) = stage.receiver.messages("/other").remove(0);
    assert_eq!(element(&message, "SuiteId").as_deref(), Some(OTHER_ID));
    assert_eq!(receive_id, OTHER_ID);
    assert!(stage.receiver.messages("/suite").is_empty());
    let unknown = SuiteEventRequest {
        suite_id: Some("ww00000000000000ff".to_owned()),
        ..request
    };
    assert!(stage.simulator.control().send_suite_event(&unknown).await.is_err());
}
