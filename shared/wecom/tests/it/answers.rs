//! Answers of WeCom in an unusual form, and answers that are not WeCom's.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wecom_client::{AuthMode, Error, ErrorCode, Privilege, PublishStatus};

use crate::wecom::{WeCom, a_token, json_answer, raw_answer, secret};

const MIB: usize = 1024 * 1024;

/// Result of `gettoken` for an answer. It is never called twice.
async fn token_from(answer: Response) -> Result<String, Error> {
    let wecom = WeCom::answering([answer]).await;
    let token = wecom.client().access_token("ww1", &secret("s_1")).await;
    assert_eq!(wecom.requests().len(), 1);
    token.map(|token| token.token.expose_secret().to_owned())
}

async fn agent_from(agent: Value) -> Result<Option<AuthMode>, Error> {
    let wecom = WeCom::saying([json!({
        "auth_corp_info": { "corpid": "wpAbC" },
        "auth_info": { "agent": [agent] },
    })])
    .await;
    let info = wecom
        .client()
        .auth_info(&secret("tok_suite"), "wpAbC", &secret("pc_1"))
        .await?;
    Ok(info.agent.map(|agent| agent.auth_mode))
}

#[tokio::test]
async fn the_json_counts_whatever_the_content_type() {
    for content_type in ["text/plain", "text/html; charset=gbk", "application/octet-stream"] {
        let answer = raw_answer(content_type, a_token().to_string());
        assert_eq!(token_from(answer).await, Ok("tok_corp".to_owned()));
    }
    let padded = raw_answer("text/plain", format!("\r\n {}\n", a_token()));
    assert_eq!(token_from(padded).await, Ok("tok_corp".to_owned()));
}

#[tokio::test]
async fn html_and_other_things_are_not_wecoms() {
    for body in [
        "<html><body>502 Bad Gateway</body></html>",
        "",
        "success",
        "null",
        "[]",
        "[0, \"ok\"]",
        "{\"errcode\":0,",
        "{\"errcode\":\"no\"}",
        "{\"errcode\":0.5,\"access_token\":\"tok\",\"expires_in\":7200}",
        "{\"errcode\":true,\"access_token\":\"tok\",\"expires_in\":7200}",
        "{\"errcode\":[],\"access_token\":\"tok\",\"expires_in\":7200}",
        "{}",
        "{\"errcode\":0} trailing",
        "\u{feff}{}",
    ] {
        let answer = raw_answer("text/html", body);
        assert_eq!(token_from(answer).await, Err(Error::Unintelligible), "{body}");
    }
}

#[tokio::test]
async fn another_status_than_2xx_is_not_wecoms_whatever_the_body() {
    for status in [
        StatusCode::NOT_FOUND,
        StatusCode::FORBIDDEN,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let answer = (status, a_token().to_string()).into_response();
        assert_eq!(token_from(answer).await, Err(Error::Unintelligible), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for answer in [
        Redirect::permanent("/elsewhere").into_response(),
        Redirect::to("/elsewhere").into_response(),
        (StatusCode::MOVED_PERMANENTLY, [("location", "/elsewhere")]).into_response(),
    ] {
        // Followed, it would have been a second request, which `token_from` refuses.
        assert_eq!(token_from(answer).await, Err(Error::Unintelligible));
    }
}

#[tokio::test]
async fn an_answer_of_more_than_a_mebibyte_is_not_read() {
    let padded_to = |bytes: usize| {
        let mut body = a_token().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        raw_answer("application/json", body)
    };
    assert_eq!(token_from(padded_to(MIB)).await, Ok("tok_corp".to_owned()));
    assert_eq!(token_from(padded_to(MIB + 1)).await, Err(Error::Unintelligible));
}

#[tokio::test]
async fn the_list_of_a_large_corporation_is_read() {
    let members = |count: usize| {
        let user_id = "u".repeat(64);
        json_answer(&json!({ "errcode": 0, "errmsg": "ok", "follow_user": vec![user_id; count] }))
    };
    let wecom = WeCom::answering([members(100_000), members(150_000)]).await;
    let (client, token) = (wecom.client(), secret("tok_corp"));
    assert_eq!(client.probe_external_contacts(&token).await, Ok(100_000));
    assert_eq!(client.probe_external_contacts(&token).await, Err(Error::Unintelligible));
}

#[tokio::test]
async fn a_token_must_be_there_and_not_be_empty() {
    for answer in [
        json!({ "errcode": 0, "errmsg": "ok" }),
        json!({ "errcode": 0, "access_token": "", "expires_in": 7200 }),
        json!({ "errcode": 0, "access_token": null, "expires_in": 7200 }),
        json!({ "errcode": 0, "access_token": 7, "expires_in": 7200 }),
        json!({ "errcode": 0, "access_token": "tok", "expires_in": -1 }),
        json!({ "errcode": 0, "access_token": "tok", "expires_in": "soon" }),
        json!({ "errcode": 0, "access_token": "t\u{fffd}k", "expires_in": 7200 }),
        json!({ "errcode": 0, "suite_access_token": "tok", "expires_in": 7200 }),
    ] {
        let token = token_from(json_answer(&answer)).await;
        assert_eq!(token, Err(Error::Unintelligible), "{answer}");
    }
}

#[tokio::test]
async fn numbers_may_be_texts_have_a_fraction_or_be_absent() {
    for (expires_in, expected) in [
        (json!("7200"), 7200),
        (json!(" 600 "), 600),
        (json!(7200.0), 7200),
        (json!(7199.9), 7199),
        (json!(null), 7200),
        (json!(0), 0),
    ] {
        let answer = json!({ "errcode": "0", "access_token": "tok", "expires_in": expires_in });
        let absent = json!({ "errcode": 0.0, "access_token": "tok" });
        let wecom = WeCom::saying([answer, absent]).await;
        let client = wecom.client();
        for seconds in [expected, 7200] {
            let token = client.access_token("ww1", &secret("s_1")).await.unwrap();
            assert_eq!(token.expires_in.as_secs(), seconds, "{expires_in}");
        }
    }
    let wecom = WeCom::saying([json!({ "pre_auth_code": "pac_1" })]).await;
    let code = wecom.client().pre_auth_code(&secret("tok")).await.unwrap();
    assert_eq!(code.expires_in.as_secs(), 1200);
}

#[tokio::test]
async fn a_refusal_is_one_however_its_code_is_written() {
    for errcode in [json!("40001"), json!(40001.0), json!(" 40001 ")] {
        let wecom = WeCom::saying([json!({ "errcode": errcode, "errmsg": 7, "access_token": "tok" })]).await;
        let refused = wecom.client().access_token("ww1", &secret("s_1")).await;
        let refusal = refused.unwrap_err().refusal().cloned().unwrap();
        assert_eq!((refusal.errcode, &*refusal.errmsg), (ErrorCode::INVALID_SECRET, "7"));
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_white_space_may_come_first() {
    for before in ["\u{feff}", "\u{feff}\r\n", " \u{feff}"] {
        let answer = raw_answer("application/json", format!("{before}{}", a_token()));
        assert_eq!(token_from(answer).await, Ok("tok_corp".to_owned()));
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_damage_only_the_text_that_they_are_in() {
    let answer = |corp_id: &[u8], corp_name: &[u8]| {
        let body = [
            b"{\"permanent_code\":\"pc_1\",\"auth_corp_info\":{\"corpid\":\"",
            corp_id,
            b"\",\"corp_name\":\"",
            corp_name,
            b"\"}}",
        ];
        raw_answer("application/json", body.concat())
    };
    // The name is GBK.
    let wecom = WeCom::answering([answer(b"wpAbC", b"\xca\xbe\xc0\xfd"), answer(b"wp\xff", b"A")]).await;
    let (client, token, code) = (wecom.client(), secret("tok"), secret("ac_1"));
    let installed = client.permanent_code(&token, &code).await.unwrap();
    assert_eq!(installed.corp_id, "wpAbC");
    assert!(installed.corp_name.contains('\u{fffd}'));
    let damaged = client.permanent_code(&token, &code).await;
    assert_eq!(damaged.err(), Some(Error::Unintelligible));
}

#[tokio::test]
async fn a_lifetime_beyond_a_day_is_not_believed() {
    let forever = json!({ "access_token": "tok", "expires_in": u64::MAX });
    let wecom = WeCom::saying([forever]).await;
    let token = wecom.client().access_token("ww1", &secret("s_1")).await.unwrap();
    assert_eq!(token.expires_in.as_secs(), 86_400);
}

#[tokio::test]
async fn ids_and_codes_must_not_be_empty() {
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "pre_auth_code": "", "expires_in": 1200 }),
        json!({ "errcode": 0, "permanent_code": "", "auth_corp_info": { "corpid": "wpAbC" } }),
        json!({ "errcode": 0, "permanent_code": "pc_1", "auth_corp_info": { "corpid": "" } }),
        json!({ "errcode": 0, "permanent_code": "pc_1" }),
        json!({ "errcode": 0, "auth_corp_info": { "corpid": "" } }),
        json!({ "errcode": 0, "open_corpid": "" }),
    ])
    .await;
    let (client, token, code) = (wecom.client(), secret("tok"), secret("code"));
    let unintelligible = Some(Error::Unintelligible);
    assert_eq!(client.pre_auth_code(&token).await.err(), unintelligible);
    for _ in 0..3 {
        assert_eq!(client.permanent_code(&token, &code).await.err(), unintelligible);
    }
    let info = client.auth_info(&token, "wpAbC", &code).await;
    assert_eq!(info.err(), unintelligible);
    assert_eq!(client.open_corp_id(&token, "ww1").await.err(), unintelligible);
    assert_eq!(wecom.requests().len(), 6);
}

#[tokio::test]
async fn where_there_is_nothing_to_give_wecom_must_say_that_it_is_done() {
    let wecom = WeCom::saying([json!({}), json!({}), json!({}), json!({ "dept_user": [] })]).await;
    let (client, token) = (wecom.client(), secret("tok"));
    let unintelligible = Err(Error::Unintelligible);
    let session = client.set_session_info(&token, &secret("pac"), true).await;
    assert_eq!(session, unintelligible);
    assert_eq!(client.probe_contacts(&token).await, unintelligible);
    assert_eq!(client.probe_external_contacts(&token).await, Err(Error::Unintelligible));
    assert_eq!(client.probe_contacts(&token).await, Ok(()));
}

#[tokio::test]
async fn a_permanent_code_comes_without_what_wecom_may_leave_out() {
    let least = json!({ "permanent_code": "pc_1", "auth_corp_info": { "corpid": "wpAbC" } });
    let empty = json!({
        "permanent_code": "pc_1", "auth_corp_info": { "corpid": "wpAbC", "corp_name": null },
        "auth_user_info": { "userid": "", "name": "" }, "register_code_info": {}, "state": "",
    });
    let odd = json!({
        "permanent_code": "pc_1", "auth_corp_info": { "corpid": "wpAbC", "corp_name": [] },
        "auth_user_info": [], "state": {},
    });
    let wecom = WeCom::saying([least, empty, odd]).await;
    for _ in 0..3 {
        let installed = wecom
            .client()
            .permanent_code(&secret("tok"), &secret("ac_1"))
            .await
            .unwrap();
        assert_eq!(installed.corp_name, "");
        assert_eq!(installed.auth_user, None);
        assert_eq!(installed.state, None);
    }
}

#[tokio::test]
async fn an_authorization_may_be_without_an_application() {
    let corp = json!({ "corpid": "wpAbC", "corp_name": "示例公司" });
    let wecom = WeCom::saying([
        json!({ "auth_corp_info": corp }),
        json!({ "auth_corp_info": corp, "auth_info": {} }),
        json!({ "auth_corp_info": corp, "auth_info": null }),
        json!({ "auth_corp_info": corp, "auth_info": { "agent": [] } }),
        json!({ "auth_corp_info": corp, "auth_info": { "agent": null } }),
    ])
    .await;
    for _ in 0..5 {
        let info = wecom
            .client()
            .auth_info(&secret("tok"), "wpAbC", &secret("pc_1"))
            .await
            .unwrap();
        assert_eq!(info.agent, None);
    }
}

#[tokio::test]
async fn only_what_is_known_to_be_an_administrators_is_taken_for_it() {
    let modes = [
        (json!({ "agentid": 1, "auth_mode": 0 }), Ok(Some(AuthMode::Admin))),
        (json!({ "agentid": 1, "auth_mode": 1 }), Ok(Some(AuthMode::Member))),
        (json!({ "agentid": 1 }), Ok(Some(AuthMode::Admin))),
        (json!({ "agentid": 1, "auth_mode": 2 }), Err(Error::Unintelligible)),
        (json!({ "agentid": 1, "auth_mode": "0" }), Ok(Some(AuthMode::Admin))),
        (json!({ "agentid": 1, "auth_mode": "1" }), Ok(Some(AuthMode::Member))),
        (json!({ "agentid": 1, "auth_mode": 1.0 }), Ok(Some(AuthMode::Member))),
        (json!({ "agentid": 1, "auth_mode": "2" }), Err(Error::Unintelligible)),
        (json!({ "agentid": 1, "auth_mode": 0.5 }), Err(Error::Unintelligible)),
        (
            json!({ "agentid": 1, "auth_mode": "admin" }),
            Err(Error::Unintelligible),
        ),
        (json!({ "agentid": 1, "auth_mode": true }), Err(Error::Unintelligible)),
        (
            json!({ "agentid": "1000002", "auth_mode": 0 }),
            Ok(Some(AuthMode::Admin)),
        ),
        (json!({ "agentid": -1, "auth_mode": 0 }), Err(Error::Unintelligible)),
        (json!({ "agentid": null, "auth_mode": 0 }), Err(Error::Unintelligible)),
        (json!({ "auth_mode": 0 }), Err(Error::Unintelligible)),
    ];
    for (agent, expected) in modes {
        assert_eq!(agent_from(agent.clone()).await, expected, "{agent}");
    }
}

#[tokio::test]
async fn an_odd_privilege_does_not_spoil_the_rest() {
    let odd = json!({ "agentid": 1, "auth_mode": 0, "privilege": { "allow_party": "all" } });
    assert_eq!(agent_from(odd).await, Ok(Some(AuthMode::Admin)));
}

#[tokio::test]
async fn a_visible_range_is_read_however_its_numbers_are_written() {
    let range = json!({
        "level": "2", "allow_party": ["1", 2.0, 3], "allow_user": ["wangfang"], "allow_tag": null, "extra_party": [],
    });
    let wecom = WeCom::saying([json!({
        "auth_corp_info": { "corpid": "wpAbC" },
        "auth_info": { "agent": [{ "agentid": 1, "is_customized_app": "true", "privilege": range }] },
    })])
    .await;
    let info = wecom.client().auth_info(&secret("tok"), "wpAbC", &secret("pc_1")).await;
    let agent = info.unwrap().agent.unwrap();
    assert!(agent.is_customized);
    let expected = Privilege {
        level: 2,
        allow_party: vec![1, 2, 3],
        allow_user: vec!["wangfang".to_owned()],
        ..Privilege::default()
    };
    assert_eq!(agent.privilege, Some(expected));
}

#[tokio::test]
async fn a_link_for_templates_must_be_there_and_lasts_ten_days_at_most() {
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "qrcode_url": "", "expires_in": 864_000 }),
        json!({ "errcode": 0, "expires_in": 864_000 }),
        json!({ "errcode": 0, "qrcode_url": "https://work.weixin.qq.com/x" }),
        json!({ "errcode": 0, "qrcode_url": "https://work.weixin.qq.com/x", "expires_in": u64::MAX }),
    ])
    .await;
    let (client, token) = (wecom.client(), secret("tok"));
    for _ in 0..2 {
        let link = client.customized_auth_url(&token, "s", &["dk1"]).await;
        assert_eq!(link.err(), Some(Error::Unintelligible));
    }
    for _ in 0..2 {
        let link = client.customized_auth_url(&token, "s", &["dk1"]).await.unwrap();
        assert_eq!(link.expires_in.as_secs(), 864_000);
    }
}

#[tokio::test]
async fn permissions_may_be_none_but_not_unstated() {
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "errmsg": "ok" }),
        json!({ "errcode": 0, "app_permissions": null, "app_permissions_ext": null }),
        json!({ "errcode": 0, "app_permissions": [], "app_permissions_ext": [{ "permission_name": "a:b:c", "expire_time": 0 }] }),
        json!({}),
        json!({ "errcode": 0, "app_permissions": "all" }),
    ])
    .await;
    let (client, token) = (wecom.client(), secret("tok"));
    for _ in 0..3 {
        let permissions = client.app_permissions(&token).await.unwrap();
        assert!(permissions.names.is_empty() && permissions.expiring.is_empty());
    }
    for _ in 0..2 {
        assert_eq!(client.app_permissions(&token).await, Err(Error::Unintelligible));
    }
}

#[tokio::test]
async fn every_publish_status_has_its_name() {
    let statuses = [
        (json!(0), Some(PublishStatus::NotDeveloped)),
        (json!(1), Some(PublishStatus::InDevelopment)),
        (json!("2"), Some(PublishStatus::Online)),
        (json!(3.0), Some(PublishStatus::OnlineWithChanges)),
        (json!(9), Some(PublishStatus::Unknown(9))),
        (json!(null), None),
    ];
    for (status, expected) in statuses {
        let wecom = WeCom::saying([json!({ "agentid": 1, "customized_publish_status": status })]).await;
        let agent = wecom.client().agent(&secret("tok"), 1).await.unwrap();
        assert_eq!((agent.publish_status, agent.is_disabled), (expected, false), "{status}");
    }
    let wecom = WeCom::saying([json!({ "errcode": 0, "name": "x" })]).await;
    let agent = wecom.client().agent(&secret("tok"), 1).await;
    assert_eq!(agent, Err(Error::Unintelligible));
}

#[tokio::test]
async fn a_licence_status_that_is_unknown_or_absent_is_no_answer() {
    for answer in [
        json!({ "errcode": 0, "license_check_time": 1 }),
        json!({ "errcode": 0, "license_status": null }),
        json!({ "errcode": 0, "license_status": 2 }),
    ] {
        let wecom = WeCom::saying([answer]).await;
        let license = wecom.client().app_license(&secret("tok"), "wpAbC", "dk1").await;
        assert_eq!(license, Err(Error::Unintelligible));
    }
}
