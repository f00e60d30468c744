//! `/cgi-bin/service/…`: shapes, single use, expiry, refusals.

use serde_json::json;
use simulator::{AuthMode, SettingsPatch, SuiteEventRequest};

use crate::stage::{
    CORP, OTHER_CORP, PROVIDER_CORP, PROVIDER_SECRET, SUITE_ID, SUITE_SECRET, Stage, assert_ok, assert_refused, fields,
    text,
};

#[tokio::test]
async fn a_suite_token_comes_without_errcode_and_stays_the_same() {
    let stage = Stage::start().await;
    let body = json!({"suite_id": SUITE_ID, "suite_secret": SUITE_SECRET, "suite_ticket": stage.ticket()});
    let first = stage.post("/cgi-bin/service/get_suite_token", body.clone()).await;
    assert_eq!(fields(&first), ["suite_access_token", "expires_in"]);
    assert_eq!(first["expires_in"], 7200);
    let again = stage.post("/cgi-bin/service/get_suite_token", body).await;
    assert_eq!(first["suite_access_token"], again["suite_access_token"]);
}

#[tokio::test]
async fn a_suite_token_is_refused_for_each_wrong_or_missing_field() {
    let stage = Stage::start().await;
    let right = json!({"suite_id": SUITE_ID, "suite_secret": SUITE_SECRET, "suite_ticket": stage.ticket()});
    for (field, value, errcode) in [
        ("suite_id", json!("ww0000000000000000"), 40083),
        ("suite_secret", json!("wrong"), 40080),
        ("suite_ticket", json!("tk_never_pushed"), 40085),
        ("suite_id", json!(""), 41021),
        ("suite_ticket", json!(null), 41023),
        ("suite_secret", json!(""), 41024),
    ] {
        let mut body = right.clone();
        body[field] = value;
        assert_refused(&stage.post("/cgi-bin/service/get_suite_token", body).await, errcode);
    }
    let response = stage
        .http
        .post(stage.url("/cgi-bin/service/get_suite_token"))
        .body("no json")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_refused(&response.json().await.unwrap(), 41021);
}

#[tokio::test]
async fn a_ticket_older_than_half_an_hour_is_refused() {
    let stage = Stage::start().await;
    let paused = SettingsPatch {
        tickets_paused: Some(true),
        ..SettingsPatch::default()
    };
    stage.simulator.control().set_settings(paused).unwrap();
    let body = json!({"suite_id": SUITE_ID, "suite_secret": SUITE_SECRET, "suite_ticket": stage.ticket()});
    stage.advance(1790).await;
    assert_eq!(
        stage.post("/cgi-bin/service/get_suite_token", body.clone()).await["expires_in"],
        7200
    );
    stage.advance(20).await;
    assert_refused(&stage.post("/cgi-bin/service/get_suite_token", body).await, 40085);
}

#[tokio::test]
async fn an_older_ticket_is_good_while_it_is_young_enough() {
    let stage = Stage::start().await;
    let first = stage.ticket();
    stage.simulator.control().push_ticket().await.unwrap();
    assert_ne!(stage.ticket(), first);
    let body = json!({"suite_id": SUITE_ID, "suite_secret": SUITE_SECRET, "suite_ticket": first});
    assert_eq!(
        stage.post("/cgi-bin/service/get_suite_token", body).await["expires_in"],
        7200
    );
}

#[tokio::test]
async fn only_a_living_suite_token_opens_the_suites_calls() {
    let stage = Stage::start().await;
    let token = stage.suite_token().await;
    let provider = stage.provider_token().await;
    for name in [
        "get_pre_auth_code",
        "set_session_info",
        "get_permanent_code",
        "v2/get_permanent_code",
        "get_auth_info",
        "v2/get_auth_info",
        "get_corp_token",
    ] {
        let path = format!("/cgi-bin/service/{name}");
        assert_refused(&stage.post(&path, json!({})).await, 41022);
        assert_refused(
            &stage.post(&format!("{path}?suite_access_token=bogus"), json!({})).await,
            40082,
        );
        assert_refused(
            &stage
                .post(&format!("{path}?suite_access_token={provider}"), json!({}))
                .await,
            40082,
        );
    }
    stage.advance(7200).await;
    let path = format!("/cgi-bin/service/get_pre_auth_code?suite_access_token={token}");
    assert_refused(&stage.get(&path).await, 42009);
}

#[tokio::test]
async fn every_pre_auth_code_is_new_and_takes_a_session_info() {
    let stage = Stage::start().await;
    let token = stage.suite_token().await;
    let path = format!("/cgi-bin/service/get_pre_auth_code?suite_access_token={token}");
    let (first, second) = (stage.get(&path).await, stage.get(&path).await);
    assert_ok(&first);
    assert_eq!(first["expires_in"], 1200);
    assert_ne!(first["pre_auth_code"], second["pre_auth_code"]);

    let code = text(&first, "pre_auth_code");
    for auth_type in [0, 1] {
        let body = json!({"pre_auth_code": code, "session_info": {"auth_type": auth_type}});
        assert_ok(&stage.service("set_session_info", body).await);
    }
    let body = json!({"pre_auth_code": code, "session_info": {"auth_type": 7}});
    assert_refused(&stage.service("set_session_info", body).await, 40058);
    let body = json!({"pre_auth_code": "pac_unknown", "session_info": {}});
    assert_refused(&stage.service("set_session_info", body).await, 40077);
    stage.advance(1200).await;
    let body = json!({"pre_auth_code": code, "session_info": {}});
    assert_refused(&stage.service("set_session_info", body).await, 42007);
}

#[tokio::test]
async fn an_auth_code_becomes_a_permanent_code_once() {
    let stage = Stage::start().await;
    let code = stage.auth_code(CORP, AuthMode::Admin).await;
    let answer = stage.service("v2/get_permanent_code", json!({"auth_code": code})).await;
    assert_ok(&answer);
    assert_eq!(
        fields(&answer),
        [
            "errcode",
            "errmsg",
            "permanent_code",
            "auth_corp_info",
            "auth_user_info"
        ]
    );
    assert_eq!(fields(&answer["auth_corp_info"]), ["corpid", "corp_name"]);
    assert_eq!(answer["auth_corp_info"]["corp_name"], "云帆科技有限公司");
    assert!(answer["auth_corp_info"]["corpid"].as_str().unwrap().starts_with("wp"));
    for name in ["get_permanent_code", "v2/get_permanent_code"] {
        assert_refused(&stage.service(name, json!({"auth_code": code})).await, 40078);
        assert_refused(&stage.service(name, json!({"auth_code": "ac_unknown"})).await, 40078);
        assert_refused(&stage.service(name, json!({})).await, 40078);
    }
}

#[tokio::test]
async fn an_auth_code_lives_ten_minutes() {
    let stage = Stage::start().await;
    let (young, old) = (
        stage.auth_code(CORP, AuthMode::Admin).await,
        stage.auth_code(CORP, AuthMode::Admin).await,
    );
    stage.advance(590).await;
    assert_ok(
        &stage
            .service("v2/get_permanent_code", json!({"auth_code": young}))
            .await,
    );
    stage.advance(20).await;
    assert_refused(
        &stage.service("v2/get_permanent_code", json!({"auth_code": old})).await,
        40078,
    );
}

#[tokio::test]
async fn the_old_form_of_the_exchange_brings_token_and_agents() {
    let stage = Stage::start().await;
    let code = stage.auth_code(CORP, AuthMode::Admin).await;
    let answer = stage.service("get_permanent_code", json!({"auth_code": code})).await;
    assert_ok(&answer);
    assert_eq!(answer["expires_in"], 7200);
    assert_eq!(answer["auth_info"]["agent"][0]["auth_mode"], 0);
    assert_eq!(answer["auth_info"]["agent"][0]["privilege"]["allow_party"], json!([1]));
    assert_eq!(
        answer["edition_info"]["agent"][0]["agentid"],
        answer["auth_info"]["agent"][0]["agentid"]
    );
    assert!(answer["auth_corp_info"]["corp_wxqrcode"].is_string());
    let body = json!({
        "auth_corpid": answer["auth_corp_info"]["corpid"],
        "permanent_code": answer["permanent_code"],
    });
    let token = stage.service("get_corp_token", body).await;
    assert_eq!(fields(&token), ["access_token", "expires_in"]);
    assert_eq!(token["access_token"], answer["access_token"]);
}

#[tokio::test]
async fn auth_info_tells_an_admins_installation_from_a_members() {
    let stage = Stage::start().await;
    for (corp, mode, number) in [(CORP, AuthMode::Admin, 0), (OTHER_CORP, AuthMode::Member, 1)] {
        let (open_corp, permanent_code) = stage.installed(corp, mode).await;
        let body = json!({"auth_corpid": open_corp, "permanent_code": permanent_code});
        let old = stage.service("get_auth_info", body.clone()).await;
        let new = stage.service("v2/get_auth_info", body).await;
        assert_ok(&old);
        assert_ok(&new);
        let agent = &new["auth_info"]["agent"][0];
        assert_eq!(agent["auth_mode"], number);
        assert_eq!(agent["is_customized_app"], false);
        assert_eq!(agent["privilege"]["allow_user"].as_array().unwrap().len(), number);
        assert_eq!(new["auth_corp_info"]["corpid"], open_corp);
        assert_eq!(
            new["auth_corp_info"]["corp_sub_industry"] == "",
            mode == AuthMode::Member
        );
        assert!(old["auth_corp_info"].get("corp_wxqrcode").is_some());
        assert!(new["auth_corp_info"].get("corp_wxqrcode").is_none());
    }
}

#[tokio::test]
async fn an_installation_is_opened_by_its_own_code_only() {
    let stage = Stage::start().await;
    let (open_corp, permanent_code) = stage.installed(CORP, AuthMode::Admin).await;
    for name in ["get_auth_info", "v2/get_auth_info", "get_corp_token"] {
        let body = json!({"auth_corpid": open_corp, "permanent_code": "wrong"});
        assert_refused(&stage.service(name, body).await, 40084);
        let body = json!({"auth_corpid": "wpUnknown", "permanent_code": permanent_code});
        assert_refused(&stage.service(name, body).await, 40013);
        // The plaintext id is not the one that this provider knows.
        let body = json!({"auth_corpid": CORP, "permanent_code": permanent_code});
        assert_refused(&stage.service(name, body).await, 40013);
        // The encrypted one is case-sensitive.
        let body = json!({"auth_corpid": open_corp.to_uppercase(), "permanent_code": permanent_code});
        assert_refused(&stage.service(name, body).await, 40013);
        assert_refused(&stage.service(name, json!({"auth_corpid": open_corp})).await, 41025);
        assert_refused(
            &stage.service(name, json!({"permanent_code": permanent_code})).await,
            41002,
        );
    }
}

#[tokio::test]
async fn a_removed_app_answers_with_the_code_that_is_set() {
    let stage = Stage::start().await;
    let (open_corp, permanent_code) = stage.installed(CORP, AuthMode::Admin).await;
    let body = json!({"auth_corpid": open_corp, "permanent_code": permanent_code});
    let token = text(&stage.service("get_corp_token", body.clone()).await, "access_token");
    let cancel = SuiteEventRequest {
        event: Some("cancel_auth".into()),
        corp_id: Some(CORP.into()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    stage.simulator.control().send_suite_event(&cancel).await.unwrap();

    assert_refused(&stage.service("get_corp_token", body.clone()).await, 48004);
    assert_refused(&stage.service("v2/get_auth_info", body.clone()).await, 48004);
    assert_refused(
        &stage
            .get(&format!("/cgi-bin/department/simplelist?access_token={token}"))
            .await,
        48004,
    );
    let other_code = SettingsPatch {
        removed_app_errcode: Some(40084),
        ..SettingsPatch::default()
    };
    stage.simulator.control().set_settings(other_code).unwrap();
    assert_refused(&stage.service("get_auth_info", body.clone()).await, 40084);

    // Installed again, the old permanent code and the old token stay dead.
    let (_, new_code) = stage.installed(CORP, AuthMode::Admin).await;
    assert_ne!(new_code, permanent_code);
    assert_refused(&stage.service("get_auth_info", body).await, 40084);
    assert_refused(
        &stage
            .get(&format!("/cgi-bin/department/simplelist?access_token={token}"))
            .await,
        40014,
    );
}

#[tokio::test]
async fn authorizing_an_installed_app_again_keeps_its_permanent_code() {
    let stage = Stage::start().await;
    let (_, first) = stage.installed(CORP, AuthMode::Admin).await;
    let (_, second) = stage.installed(CORP, AuthMode::Member).await;
    assert_eq!(first, second);
    let installation = stage.simulator.control().state().corps[0].installation.clone().unwrap();
    assert_eq!(installation.auth_mode, AuthMode::Member);
}

#[tokio::test]
async fn a_provider_token_needs_the_providers_id_and_secret() {
    let stage = Stage::start().await;
    let path = "/cgi-bin/service/get_provider_token";
    let right = json!({"corpid": PROVIDER_CORP, "provider_secret": PROVIDER_SECRET});
    let first = stage.post(path, right.clone()).await;
    assert_eq!(fields(&first), ["provider_access_token", "expires_in"]);
    assert_eq!(
        stage.post(path, right).await["provider_access_token"],
        first["provider_access_token"]
    );
    assert_refused(
        &stage
            .post(path, json!({"corpid": CORP, "provider_secret": PROVIDER_SECRET}))
            .await,
        40013,
    );
    assert_refused(
        &stage
            .post(path, json!({"corpid": PROVIDER_CORP, "provider_secret": "x"}))
            .await,
        40001,
    );
    assert_refused(
        &stage.post(path, json!({"provider_secret": PROVIDER_SECRET})).await,
        41002,
    );
    assert_refused(&stage.post(path, json!({"corpid": PROVIDER_CORP})).await, 41004);
}

#[tokio::test]
async fn the_encrypted_id_is_given_for_corporations_that_installed_the_app() {
    let stage = Stage::start().await;
    let (open_corp, _) = stage.installed(CORP, AuthMode::Admin).await;
    let path = format!(
        "/cgi-bin/service/corpid_to_opencorpid?provider_access_token={}",
        stage.provider_token().await
    );
    let answer = stage.post(&path, json!({"corpid": CORP})).await;
    assert_ok(&answer);
    assert_eq!(answer["open_corpid"], open_corp);
    // The plaintext id compares without regard to case.
    assert_eq!(
        stage.post(&path, json!({"corpid": CORP.to_uppercase()})).await["open_corpid"],
        open_corp
    );
    assert_refused(&stage.post(&path, json!({"corpid": OTHER_CORP})).await, 48001);
    assert_refused(&stage.post(&path, json!({"corpid": "ww0000000000000000"})).await, 40013);
    assert_refused(&stage.post(&path, json!({"corpid": open_corp})).await, 40013);
    assert_refused(&stage.post(&path, json!({})).await, 41002);

    let bare = "/cgi-bin/service/corpid_to_opencorpid";
    assert_refused(&stage.post(bare, json!({"corpid": CORP})).await, 41001);
    let suite_token = stage.suite_token().await;
    let wrong_type = format!("{bare}?provider_access_token={suite_token}");
    assert_refused(&stage.post(&wrong_type, json!({"corpid": CORP})).await, 40014);
    stage.advance(7200).await;
    assert_refused(&stage.post(&path, json!({"corpid": CORP})).await, 42001);
}

#[tokio::test]
async fn an_unknown_path_is_404_with_an_empty_body() {
    let stage = Stage::start().await;
    for path in [
        "/cgi-bin/service/get_nothing",
        "/cgi-bin/user/get",
        "/cgi-bin/",
        "/elsewhere",
    ] {
        let response = stage.http.get(stage.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.bytes().await.unwrap().len(), 0, "{path}");
    }
}
