//! Refusals of WeCom, and which of them are retried.

use serde_json::json;
use wecom_client::{Error, ErrorClass, ErrorCode, Refusal};

use crate::wecom::{WeCom, a_token, refusal, secret};

/// Result of `gettoken` when WeCom always answers this code, and the number of requests.
async fn refused_with(errcode: i64) -> (Refusal, usize) {
    let wecom = WeCom::saying([0; 5].map(|_| refusal(errcode, "no"))).await;
    match wecom.client().access_token("ww1", &secret("s_1")).await {
        Err(Error::Refused(refusal)) => (refusal, wecom.requests().len()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_code_of_each_class_is_refused_and_asked_only_once() {
    for (errcode, class) in [
        (40001, ErrorClass::UserMistake),
        (40013, ErrorClass::UserMistake),
        (40091, ErrorClass::UserMistake),
        (48002, ErrorClass::UserMistake),
        (60020, ErrorClass::Configuration),
        (40085, ErrorClass::Configuration),
        (40014, ErrorClass::Refresh),
        (42001, ErrorClass::Refresh),
        (42009, ErrorClass::Refresh),
        (45009, ErrorClass::Ban),
        (45035, ErrorClass::SlowDown),
        (40084, ErrorClass::AuthorizationEnded),
        (48004, ErrorClass::AuthorizationEnded),
        (41004, ErrorClass::Other),
        (123_456, ErrorClass::Other),
        (-2, ErrorClass::Other),
    ] {
        let (refusal, requests) = refused_with(errcode).await;
        assert_eq!(refusal.errcode, ErrorCode(errcode));
        assert_eq!(refusal.errcode.class(), class, "errcode {errcode}");
        assert_eq!(requests, 1, "errcode {errcode}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_sent_exactly_once() {
    let (refusal, requests) = refused_with(40001).await;
    assert_eq!(refusal.errcode, ErrorCode::INVALID_SECRET);
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_busy_wecom_is_asked_again() {
    let busy = || refusal(-1, "system busy");
    let wecom = WeCom::saying([busy(), busy(), a_token()]).await;
    let token = wecom.client().access_token("ww1", &secret("s_1")).await;
    assert!(token.is_ok(), "{token:?}");
    assert_eq!(wecom.requests().len(), 3);
}

#[tokio::test]
async fn a_wecom_that_stays_busy_is_asked_three_times() {
    let (refusal, requests) = refused_with(-1).await;
    assert_eq!(refusal.errcode, ErrorCode::SYSTEM_BUSY);
    assert_eq!(refusal.errcode.class(), ErrorClass::Retry);
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn too_many_concurrent_calls_are_asked_again_three_times_in_all() {
    let (refusal, requests) = refused_with(45033).await;
    assert_eq!(refusal.errcode.class(), ErrorClass::SlowDown);
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn a_repeated_post_has_the_same_body() {
    let wecom = WeCom::saying([
        refusal(-1, "system busy"),
        json!({ "access_token": "tok_corp", "expires_in": 7200 }),
    ])
    .await;
    wecom
        .client()
        .corp_access_token(&secret("tok_suite"), "wpAbC", &secret("pc_1"))
        .await
        .unwrap();
    let requests = wecom.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].query, requests[1].query);
}

#[tokio::test]
async fn an_auth_code_is_sent_again_only_to_a_wecom_that_said_it_was_busy() {
    let wecom = WeCom::saying([refusal(-1, "system busy"), refusal(40078, "invalid auth_code")]).await;
    let refused = wecom
        .client()
        .permanent_code(&secret("tok_suite"), &secret("ac_1"))
        .await
        .unwrap_err();
    assert_eq!(refused.refusal().unwrap().errcode, ErrorCode::INVALID_AUTH_CODE);
    assert_eq!(wecom.requests().len(), 2);
}

#[tokio::test]
async fn a_refusal_counts_although_the_fields_of_a_success_are_there() {
    let wecom = WeCom::saying([
        json!({ "errcode": 48002, "errmsg": "api forbidden", "follow_user": [] }),
        json!({ "errcode": 40013, "errmsg": "invalid corpid", "access_token": "", "expires_in": 0 }),
        json!({ "errcode": 40084, "errmsg": "invalid permanent code", "access_token": "tok", "expires_in": 7200 }),
    ])
    .await;
    let client = wecom.client();
    let probed = client.probe_external_contacts(&secret("tok_corp")).await;
    assert_eq!(probed.unwrap_err().refusal().unwrap().errcode, ErrorCode::API_FORBIDDEN);
    for class in [ErrorClass::UserMistake, ErrorClass::AuthorizationEnded] {
        let refused = client.access_token("ww1", &secret("s_1")).await.unwrap_err();
        assert_eq!(refused.class(), Some(class));
    }
}

#[tokio::test]
async fn a_refusal_needs_no_errmsg() {
    let wecom = WeCom::saying([json!({ "errcode": 40001 }), json!({ "errcode": 40001, "errmsg": null })]).await;
    for _ in 0..2 {
        let refused = wecom.client().access_token("ww1", &secret("s_1")).await;
        let refusal = refused.unwrap_err().refusal().cloned().unwrap();
        assert_eq!(refusal.errcode, ErrorCode::INVALID_SECRET);
        assert_eq!(refusal.errmsg, "");
        assert_eq!(refusal.from_ip(), None);
    }
}

#[tokio::test]
async fn an_untrusted_address_is_told() {
    let errmsg = "not allow to access from your ip, hint: [1764000000123456789], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e=60020";
    let wecom = WeCom::saying([refusal(60020, errmsg)]).await;
    let refused = wecom.client().probe_contacts(&secret("tok_corp")).await;
    let refusal = refused.unwrap_err().refusal().cloned().unwrap();
    assert_eq!(refusal.errmsg, errmsg);
    assert_eq!(refusal.from_ip(), Some("203.0.113.9"));
    assert_eq!(refusal.errcode, ErrorCode::IP_NOT_TRUSTED);
}

#[tokio::test]
async fn a_long_errmsg_is_cut() {
    let wecom = WeCom::saying([refusal(40001, &"企".repeat(1000))]).await;
    let refused = wecom.client().access_token("ww1", &secret("s_1")).await;
    let refusal = refused.unwrap_err().refusal().cloned().unwrap();
    assert_eq!(refusal.errmsg, "企".repeat(Refusal::MAX_ERRMSG_CHARS));
}

#[tokio::test]
async fn an_errmsg_is_free_of_the_secrets_of_the_call() {
    let wecom = WeCom::saying([
        refusal(40001, "invalid credential s/1+=, in corpsecret=s%2F1%2B%3D of ww1"),
        refusal(40084, "code pc_1 with token tok_suite for wpAbC"),
    ])
    .await;
    let client = wecom.client();
    let refused = client.access_token("ww1", &secret("s/1+=")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "WeCom answered errcode 40001: invalid credential [redacted], in corpsecret=[redacted] of ww1"
    );
    let refused = client
        .auth_info(&secret("tok_suite"), "wpAbC", &secret("pc_1"))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "WeCom answered errcode 40084: code [redacted] with token [redacted] for wpAbC"
    );
}
