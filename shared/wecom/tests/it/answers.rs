//! Answers that are WeCom's in an odd form, and answers that are not WeCom's.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wecom_client::{AuthMode, Error};

use crate::wecom::{WeCom, a_token, json_answer, raw_answer, secret};

const MIB: usize = 1024 * 1024;

/// What `gettoken` makes of an answer; never asked twice.
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
        "{\"errcode\":\"40001\"}",
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
        json!({ "errcode": 0, "access_token": "tok" }),
        json!({ "errcode": 0, "access_token": "tok", "expires_in": -1 }),
        json!({ "errcode": 0, "suite_access_token": "tok", "expires_in": 7200 }),
    ] {
        let token = token_from(json_answer(&answer)).await;
        assert_eq!(token, Err(Error::Unintelligible), "{answer}");
    }
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
    let wecom = WeCom::saying([least, empty]).await;
    for _ in 0..2 {
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
        json!({ "auth_corp_info": corp, "auth_info": { "agent": [] } }),
    ])
    .await;
    for _ in 0..3 {
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
        (json!({ "agentid": 1, "auth_mode": "0" }), Err(Error::Unintelligible)),
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
