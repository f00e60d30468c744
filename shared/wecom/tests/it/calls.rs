//! Requests, byte for byte, and the results of WeCom's documented answers.

use std::time::Duration;

use axum::http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wecom_client::{
    Agent, AppLicense, AuthMode, AuthUser, ExpiringPermission, Privilege, PublishStatus, PublishedAgent, Trial,
};

use crate::wecom::{Request, WeCom, a_token, secret};

fn assert_get(request: &Request, path: &str, query: &str) {
    assert_eq!(request.method, Method::GET);
    assert_eq!(request.path, path);
    assert_eq!(request.query.as_deref(), Some(query));
    assert_eq!(request.content_type, None);
    assert_eq!(request.body, "");
}

fn assert_post(request: &Request, path: &str, query: Option<&str>, body: &Value) {
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.path, path);
    assert_eq!(request.query.as_deref(), query);
    assert_eq!(request.content_type.as_deref(), Some("application/json"));
    assert_eq!(request.body, body.to_string());
}

#[tokio::test]
async fn get_suite_token_sends_the_ticket_and_needs_no_errcode() {
    let wecom = WeCom::saying([json!({ "suite_access_token": "tok_suite", "expires_in": 7200 })]).await;
    let token = wecom
        .client()
        .suite_access_token("ww3f2a", &secret("ss_1"), &secret("tk_1"))
        .await
        .unwrap();
    assert_eq!(token.token.expose_secret(), "tok_suite");
    assert_eq!(token.expires_in, Duration::from_hours(2));
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/get_suite_token",
        None,
        &json!({ "suite_id": "ww3f2a", "suite_secret": "ss_1", "suite_ticket": "tk_1" }),
    );
}

#[tokio::test]
async fn get_pre_auth_code_is_a_get() {
    let wecom =
        WeCom::saying([json!({ "errcode": 0, "errmsg": "ok", "pre_auth_code": "pac_1", "expires_in": 1200 })]).await;
    let code = wecom.client().pre_auth_code(&secret("tok_suite")).await.unwrap();
    assert_eq!(code.code.expose_secret(), "pac_1");
    assert_eq!(code.expires_in, Duration::from_mins(20));
    assert_get(
        &wecom.only_request(),
        "/cgi-bin/service/get_pre_auth_code",
        "suite_access_token=tok_suite",
    );
}

#[tokio::test]
async fn set_session_info_tells_a_test_from_a_formal_install() {
    let done = json!({ "errcode": 0, "errmsg": "ok" });
    let wecom = WeCom::saying([done.clone(), done]).await;
    let (client, token, code) = (wecom.client(), secret("tok_suite"), secret("pac_1"));
    client.set_session_info(&token, &code, true).await.unwrap();
    client.set_session_info(&token, &code, false).await.unwrap();
    for (request, auth_type) in wecom.requests().iter().zip([1, 0]) {
        assert_post(
            request,
            "/cgi-bin/service/set_session_info",
            Some("suite_access_token=tok_suite"),
            &json!({ "pre_auth_code": "pac_1", "session_info": { "auth_type": auth_type } }),
        );
    }
    assert_eq!(wecom.requests().len(), 2);
}

#[tokio::test]
async fn get_permanent_code_exchanges_the_auth_code() {
    let wecom = WeCom::saying([json!({
        "errcode": 0, "errmsg": "ok", "permanent_code": "pc_1",
        "auth_corp_info": { "corpid": "wpAbC", "corp_name": "示例公司" },
        "auth_user_info": { "userid": "wangfang", "open_userid": "", "name": "王芳", "avatar": "" },
        "state": "t42n9K",
    })])
    .await;
    let installed = wecom
        .client()
        .permanent_code(&secret("tok_suite"), &secret("ac_1"))
        .await
        .unwrap();
    assert_eq!(installed.permanent_code.expose_secret(), "pc_1");
    assert_eq!(installed.corp_id, "wpAbC");
    assert_eq!(installed.corp_name, "示例公司");
    assert_eq!(
        installed.auth_user,
        Some(AuthUser {
            user_id: Some("wangfang".to_owned()),
            open_user_id: None,
            name: Some("王芳".to_owned()),
        })
    );
    assert_eq!(installed.state.as_deref(), Some("t42n9K"));
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/v2/get_permanent_code",
        Some("suite_access_token=tok_suite"),
        &json!({ "auth_code": "ac_1" }),
    );
}

#[tokio::test]
async fn get_auth_info_gives_the_first_application() {
    let wecom = WeCom::saying([json!({
        "errcode": 0, "errmsg": "ok",
        "auth_corp_info": { "corpid": "wpAbC", "corp_name": "示例公司", "corp_ex_name": { "name_list": "x" } },
        "auth_info": { "agent": [
            { "agentid": 1_000_002, "name": "授权", "auth_mode": 1, "is_customized_app": true,
              "privilege": { "level": 1, "allow_party": [1, 2], "allow_user": ["wangfang"], "allow_tag": [3] } },
            { "agentid": 2, "name": "other" },
        ]},
    })])
    .await;
    let info = wecom
        .client()
        .auth_info(&secret("tok_suite"), "wpAbC", &secret("pc_1"))
        .await
        .unwrap();
    assert_eq!(info.corp_id, "wpAbC");
    assert_eq!(info.corp_name, "示例公司");
    assert_eq!(
        info.agent,
        Some(Agent {
            agent_id: 1_000_002,
            name: "授权".to_owned(),
            auth_mode: AuthMode::Member,
            is_customized: true,
            privilege: Some(Privilege {
                level: 1,
                allow_party: vec![1, 2],
                allow_user: vec!["wangfang".to_owned()],
                allow_tag: vec![3],
                ..Privilege::default()
            }),
        })
    );
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/v2/get_auth_info",
        Some("suite_access_token=tok_suite"),
        &json!({ "auth_corpid": "wpAbC", "permanent_code": "pc_1" }),
    );
}

#[tokio::test]
async fn get_corp_token_needs_no_errcode() {
    let wecom = WeCom::saying([json!({ "access_token": "tok_corp", "expires_in": 7200 })]).await;
    let token = wecom
        .client()
        .corp_access_token(&secret("tok_suite"), "wpAbC", &secret("pc_1"))
        .await
        .unwrap();
    assert_eq!(token.token.expose_secret(), "tok_corp");
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/get_corp_token",
        Some("suite_access_token=tok_suite"),
        &json!({ "auth_corpid": "wpAbC", "permanent_code": "pc_1" }),
    );
}

#[tokio::test]
async fn get_provider_token_needs_no_errcode() {
    let wecom = WeCom::saying([json!({ "provider_access_token": "tok_provider", "expires_in": 7200 })]).await;
    let token = wecom
        .client()
        .provider_access_token("ww1", &secret("ps_1"))
        .await
        .unwrap();
    assert_eq!(token.token.expose_secret(), "tok_provider");
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/get_provider_token",
        None,
        &json!({ "corpid": "ww1", "provider_secret": "ps_1" }),
    );
}

#[tokio::test]
async fn corpid_to_opencorpid_gives_the_encrypted_id() {
    let wecom = WeCom::saying([json!({ "errcode": 0, "errmsg": "ok", "open_corpid": "wpAbC" })]).await;
    let id = wecom
        .client()
        .open_corp_id(&secret("tok_provider"), "ww0a1b")
        .await
        .unwrap();
    assert_eq!(id, "wpAbC");
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/corpid_to_opencorpid",
        Some("provider_access_token=tok_provider"),
        &json!({ "corpid": "ww0a1b" }),
    );
}

#[tokio::test]
async fn gettoken_encodes_the_secret_in_the_query() {
    let wecom = WeCom::saying([a_token()]).await;
    let token = wecom
        .client()
        .access_token("ww0a1b", &secret("a_b-c/d+e=&f g%"))
        .await
        .unwrap();
    assert_eq!(token.token.expose_secret(), "tok_corp");
    assert_get(
        &wecom.only_request(),
        "/cgi-bin/gettoken",
        "corpid=ww0a1b&corpsecret=a_b-c%2Fd%2Be%3D%26f+g%25",
    );
}

#[tokio::test]
async fn get_customized_auth_url_asks_for_templates_with_a_state() {
    let wecom = WeCom::saying([json!({
        "errcode": 0, "errmsg": "ok", "qrcode_url": "https://work.weixin.qq.com/x/y?state=t42n9K", "expires_in": 864_000,
    })])
    .await;
    let link = wecom
        .client()
        .customized_auth_url(&secret("tok_provider"), "t42n9K", &["dk1", "dk2"])
        .await
        .unwrap();
    assert_eq!(link.url.expose_secret(), "https://work.weixin.qq.com/x/y?state=t42n9K");
    assert_eq!(link.expires_in, Duration::from_hours(240));
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/service/get_customized_auth_url",
        Some("provider_access_token=tok_provider"),
        &json!({ "state": "t42n9K", "templateid_list": ["dk1", "dk2"] }),
    );
}

#[tokio::test]
async fn gettoken_takes_the_permanent_code_of_a_customised_app_and_the_encrypted_id() {
    let wecom = WeCom::saying([a_token()]).await;
    let token = wecom.client().access_token("wpAbC_d-E", &secret("pc_1")).await.unwrap();
    assert_eq!(token.token.expose_secret(), "tok_corp");
    assert_get(
        &wecom.only_request(),
        "/cgi-bin/gettoken",
        "corpid=wpAbC_d-E&corpsecret=pc_1",
    );
}

#[tokio::test]
async fn get_permissions_gives_the_names_and_those_that_end() {
    let wecom = WeCom::saying([json!({
        "errcode": 0, "errmsg": "ok",
        "app_permissions": ["contact:base:base", "externalcontact:base:base"],
        "app_permissions_ext": [{ "permission_name": "externalcontact:base:base", "expire_time": 1_796_000_000 }],
    })])
    .await;
    let permissions = wecom.client().app_permissions(&secret("tok_corp")).await.unwrap();
    assert_eq!(permissions.names, ["contact:base:base", "externalcontact:base:base"]);
    let expiring = ExpiringPermission {
        name: "externalcontact:base:base".to_owned(),
        expires_at: 1_796_000_000,
    };
    assert_eq!(permissions.expiring, [expiring]);
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/agent/get_permissions",
        Some("access_token=tok_corp"),
        &json!({}),
    );
}

#[tokio::test]
async fn agent_get_gives_the_publish_status_of_a_customised_app() {
    let wecom = WeCom::saying([json!({
        "errcode": 0, "errmsg": "ok", "agentid": 1_000_005, "name": "HR助手", "close": 1,
        "allow_userinfos": { "user": [{ "userid": "wangfang" }] }, "customized_publish_status": 1,
    })])
    .await;
    let agent = wecom.client().agent(&secret("tok_corp"), 1_000_005).await.unwrap();
    assert_eq!(
        agent,
        PublishedAgent {
            agent_id: 1_000_005,
            name: "HR助手".to_owned(),
            is_disabled: true,
            publish_status: Some(PublishStatus::InDevelopment),
        }
    );
    assert_get(
        &wecom.only_request(),
        "/cgi-bin/agent/get",
        "access_token=tok_corp&agentid=1000005",
    );
}

#[tokio::test]
async fn get_app_license_info_gives_the_trial() {
    let wecom = WeCom::saying([
        json!({
            "errcode": 0, "errmsg": "ok", "license_status": 1,
            "trail_info": { "start_time": 1_651_752_000, "end_time": 1_659_700_800 }, "license_check_time": 1_684_166_400,
        }),
        json!({ "errcode": 0, "errmsg": "ok", "license_status": 0 }),
    ])
    .await;
    let client = wecom.client();
    let expected = [
        AppLicense {
            is_required: true,
            trial: Some(Trial {
                starts_at: 1_651_752_000,
                ends_at: 1_659_700_800,
            }),
            enforced_at: Some(1_684_166_400),
        },
        AppLicense {
            is_required: false,
            trial: None,
            enforced_at: None,
        },
    ];
    for license in expected {
        let given = client.app_license(&secret("tok_provider"), "wpAbC", "dk1").await;
        assert_eq!(given, Ok(license));
    }
    assert_eq!(wecom.requests().len(), 2);
    assert_post(
        &wecom.requests()[0],
        "/cgi-bin/license/get_app_license_info",
        Some("provider_access_token=tok_provider"),
        &json!({ "corpid": "wpAbC", "suite_id": "dk1" }),
    );
}

#[tokio::test]
async fn list_actived_account_says_whether_there_is_one() {
    let account = json!({ "userid": "wouser", "type": 1, "expire_time": 1_826_812_800, "active_time": 1_795_276_800 });
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "errmsg": "ok", "has_more": 1, "next_cursor": "x", "account_list": [account] }),
        json!({ "errcode": 0, "errmsg": "ok", "has_more": 0, "account_list": [] }),
        json!({ "errcode": 0, "errmsg": "ok", "has_more": 0 }),
    ])
    .await;
    for expected in [true, false, false] {
        let given = wecom
            .client()
            .has_licensed_account(&secret("tok_provider"), "wpAbC")
            .await;
        assert_eq!(given, Ok(expected));
    }
    assert_post(
        &wecom.requests()[0],
        "/cgi-bin/license/list_actived_account",
        Some("provider_access_token=tok_provider"),
        &json!({ "corpid": "wpAbC", "limit": 1 }),
    );
}

#[tokio::test]
async fn list_id_asks_for_one_member() {
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "errmsg": "ok", "next_cursor": "", "dept_user": [{ "userid": "a", "department": 1 }] }),
    ])
    .await;
    wecom.client().probe_contacts(&secret("tok_corp")).await.unwrap();
    assert_post(
        &wecom.only_request(),
        "/cgi-bin/user/list_id",
        Some("access_token=tok_corp"),
        &json!({ "limit": 1 }),
    );
}

#[tokio::test]
async fn get_follow_user_list_counts_the_members() {
    let wecom = WeCom::saying([
        json!({ "errcode": 0, "errmsg": "ok", "follow_user": ["zhangsan", "lissi"] }),
        json!({ "errcode": 0, "errmsg": "ok", "follow_user": [] }),
        json!({ "errcode": 0, "errmsg": "ok" }),
    ])
    .await;
    let client = wecom.client();
    for members in [2, 0, 0] {
        let found = client.probe_external_contacts(&secret("tok_corp")).await;
        assert_eq!(found, Ok(members));
    }
    for request in wecom.requests() {
        assert_get(
            &request,
            "/cgi-bin/externalcontact/get_follow_user_list",
            "access_token=tok_corp",
        );
    }
}
