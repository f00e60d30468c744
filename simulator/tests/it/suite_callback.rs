//! The suite's command callback: tickets, its URL check, and authorization events.

use std::time::Duration;

use serde_json::json;
use simulator::{AuthMode, ControlError, Options, Outcome, Simulator, SuiteEventRequest};

use crate::stage::{
    CORP, Manner, PROVIDER_CORP, Receiver, SUITE_ID, Stage, assert_ok, assert_refused, element, opened, options,
};

fn about(event: &str) -> SuiteEventRequest {
    SuiteEventRequest {
        event: Some(event.into()),
        corp_id: Some(CORP.into()),
        ..SuiteEventRequest::default()
    }
}

impl Stage {
    async fn tell(&self, request: SuiteEventRequest) -> (String, simulator::DeliveriesView) {
        let before = self.receiver.messages("/suite").len();
        let control = self.simulator.control();
        let sent = control.send_suite_event(&request).await.unwrap();
        (self.receiver.messages("/suite").remove(before).0, sent)
    }
}

#[tokio::test]
async fn a_ticket_is_pushed_at_once_and_encrypted_for_the_suite() {
    let stage = Stage::start().await;
    let (xml, receive_id) = stage.receiver.messages("/suite").remove(0);
    assert_eq!(receive_id, SUITE_ID);
    assert_eq!(element(&xml, "SuiteId").as_deref(), Some(SUITE_ID));
    assert_eq!(element(&xml, "InfoType").as_deref(), Some("suite_ticket"));
    assert!(xml.contains("<InfoType> <![CDATA["), "the space is WeCom's own");
    assert_eq!(stage.simulator.control().state().deliveries[0].event, "suite_ticket");
}

#[tokio::test]
async fn a_callback_url_that_is_set_later_gets_its_ticket_at_once() {
    let stage = Stage::without_suite_callback().await;
    assert!(matches!(
        stage.simulator.control().push_ticket().await,
        Err(ControlError::NotReady(_))
    ));
    stage.simulator.set_suite_callback_url(stage.receiver.url("/suite"));
    stage.receiver.wait_for(1).await;
    assert!(!stage.ticket().is_empty());
}

#[tokio::test]
async fn the_first_ticket_is_tried_quietly_until_it_is_accepted() {
    let stage = Stage::without_suite_callback().await;
    stage.receiver.will([
        Manner::Answer(503, ""),
        Manner::Answer(200, "not yet"),
        Manner::Answer(404, ""),
    ]);
    stage.simulator.set_suite_callback_url(stage.receiver.url("/suite"));
    stage.receiver.wait_for(4).await;
    while stage.simulator.control().state().deliveries.is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let shown = stage.simulator.control().state();
    assert!(shown.suite.ticket_accepted_at.is_some());
    assert_eq!(shown.deliveries.len(), 1, "only the accepted one is recorded");
}

#[tokio::test]
async fn tickets_follow_each_other_at_the_interval() {
    let receiver = Receiver::start().await;
    let options = Options {
        suite_callback_url: Some(receiver.url("/suite")),
        ticket_interval: Duration::from_millis(20),
        ..options()
    };
    let simulator = Simulator::start(options).await.unwrap();
    receiver.wait_for(3).await;
    simulator.shutdown().await;
    let mut tickets: Vec<_> = receiver
        .messages("/suite")
        .iter()
        .map(|(xml, _)| element(xml, "SuiteTicket").unwrap())
        .collect();
    let all = tickets.len();
    tickets.sort();
    tickets.dedup();
    assert_eq!(tickets.len(), all);
}

#[tokio::test]
async fn moving_the_clock_on_brings_the_ticket_that_became_due() {
    let stage = Stage::start().await;
    stage.receiver.forget();
    stage.advance(599).await;
    assert!(stage.receiver.received().is_empty());
    stage.advance(1).await;
    assert_eq!(stage.receiver.messages("/suite").len(), 1);
    // The interval is restarted: three hours later there is one, not eighteen.
    stage.advance(10_800).await;
    assert_eq!(stage.receiver.messages("/suite").len(), 2);
    stage.suite_token().await;
}

#[tokio::test]
async fn the_url_check_is_encrypted_for_the_provider() {
    let stage = Stage::start().await;
    stage.receiver.forget();
    let outcome = stage.simulator.control().check_suite_callback().await.unwrap();
    assert!(outcome.saved, "{outcome:?}");
    assert_eq!(opened(&stage.receiver.received()[0]).1, PROVIDER_CORP);
    stage.receiver.will([Manner::Answer(200, "success")]);
    let outcome = stage.simulator.control().check_suite_callback().await.unwrap();
    assert_eq!(outcome.error.as_deref(), Some(simulator::ECHOSTR_DID_NOT_PASS));
}

#[tokio::test]
async fn a_suites_callback_has_to_say_success() {
    let stage = Stage::start().await;
    for (manner, outcome) in [
        (Manner::Answer(200, "ok"), Outcome::NotSuccess),
        (Manner::Answer(200, "success\n"), Outcome::NotSuccess),
        (Manner::Answer(500, "success"), Outcome::Refused),
        (Manner::Proper, Outcome::Accepted),
    ] {
        stage.receiver.will([manner]);
        let (_, sent) = stage.tell(about("corp_arch_auth")).await;
        assert_eq!((sent.deliveries[0].outcome, sent.deliveries[0].attempts), (outcome, 1));
    }
}

#[tokio::test]
async fn an_install_from_the_app_market_tells_a_code_and_no_corporation() {
    let stage = Stage::start().await;
    let (xml, sent) = stage.tell(about("create_auth")).await;
    assert_eq!(element(&xml, "InfoType").as_deref(), Some("create_auth"));
    assert_eq!(element(&xml, "AuthCode"), sent.auth_code);
    assert_eq!(element(&xml, "AuthCorpId"), None);
    assert_eq!(element(&xml, "State"), None);
    assert_ok(
        &stage
            .service("v2/get_permanent_code", json!({"auth_code": sent.auth_code}))
            .await,
    );

    let (xml, _) = stage
        .tell(SuiteEventRequest {
            state: Some("t42n9K".into()),
            ..about("create_auth")
        })
        .await;
    assert_eq!(element(&xml, "State").as_deref(), Some("t42n9K"));
}

#[tokio::test]
async fn a_change_of_mode_is_told_and_made() {
    let stage = Stage::start().await;
    let (open_corp, permanent_code) = stage.installed(CORP, AuthMode::Admin).await;
    let (xml, _) = stage
        .tell(SuiteEventRequest {
            auth_mode: Some(AuthMode::Member),
            ..about("change_auth")
        })
        .await;
    assert_eq!(element(&xml, "AuthCorpId"), Some(open_corp.clone()));
    let body = json!({"auth_corpid": open_corp, "permanent_code": permanent_code});
    let info = stage.service("v2/get_auth_info", body).await;
    assert_eq!(info["auth_info"]["agent"][0]["auth_mode"], 1);
}

#[tokio::test]
async fn a_removed_app_is_told_and_gone() {
    let stage = Stage::start().await;
    let (open_corp, permanent_code) = stage.installed(CORP, AuthMode::Admin).await;
    let (xml, _) = stage.tell(about("cancel_auth")).await;
    assert_eq!(element(&xml, "AuthCorpId"), Some(open_corp.clone()));
    let body = json!({"auth_corpid": open_corp, "permanent_code": permanent_code});
    assert_refused(&stage.service("get_corp_token", body).await, 48004);
    let again = stage.simulator.control().send_suite_event(&about("cancel_auth")).await;
    assert!(matches!(again, Err(ControlError::NotReady(_))));
}

#[tokio::test]
async fn a_reset_permanent_code_replaces_the_old_one_when_it_is_exchanged() {
    let stage = Stage::start().await;
    let (open_corp, old) = stage.installed(CORP, AuthMode::Admin).await;
    let (xml, sent) = stage.tell(about("reset_permanent_code")).await;
    assert_eq!(element(&xml, "AuthCode"), sent.auth_code);
    assert_eq!(element(&xml, "AuthCorpId"), None);
    let with = |code: &str| json!({"auth_corpid": open_corp, "permanent_code": code});
    assert_ok(&stage.service("get_auth_info", with(&old)).await);
    let answer = stage
        .service("v2/get_permanent_code", json!({"auth_code": sent.auth_code}))
        .await;
    let new = answer["permanent_code"].as_str().unwrap();
    assert_refused(&stage.service("get_auth_info", with(&old)).await, 40084);
    assert_ok(&stage.service("get_auth_info", with(new)).await);
}

#[tokio::test]
async fn an_unknown_type_is_sent_as_named() {
    let stage = Stage::start().await;
    let (xml, sent) = stage.tell(about("something_new")).await;
    assert_eq!(element(&xml, "InfoType").as_deref(), Some("something_new"));
    assert_eq!(sent.deliveries[0].event, "something_new");
}

#[tokio::test]
async fn copies_of_an_authorization_event_carry_one_code() {
    let stage = Stage::start().await;
    let request = SuiteEventRequest {
        copies: Some(3),
        concurrent: true,
        ..about("create_auth")
    };
    let (_, sent) = stage.tell(request).await;
    assert_eq!(sent.deliveries.len(), 3);
    let mut messages = stage.receiver.messages("/suite").split_off(1);
    assert_eq!(messages.len(), 3);
    messages.dedup();
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn an_authorization_event_says_which_corporation() {
    let stage = Stage::start().await;
    let nobody = SuiteEventRequest {
        corp_id: None,
        ..about("create_auth")
    };
    let refused = stage.simulator.control().send_suite_event(&nobody).await;
    assert!(matches!(refused, Err(ControlError::Invalid(_))));
    let unknown = SuiteEventRequest {
        corp_id: Some("ww0".into()),
        ..about("create_auth")
    };
    let refused = stage.simulator.control().send_suite_event(&unknown).await;
    assert_eq!(refused.unwrap_err(), ControlError::UnknownCorporation);
}
