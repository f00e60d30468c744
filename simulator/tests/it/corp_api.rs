//! `gettoken` and the probes: which Secret opens what, and how the wrong ones are refused.

use serde_json::{Value, json};
use simulator::{AuthMode, NewCorporation, SecretKind, SettingsPatch, SwitchesPatch};

use crate::stage::{CORP, OTHER_CORP, Stage, assert_ok, assert_refused, fields, text};

const ALL_KINDS: [SecretKind; 4] = SecretKind::ALL;

impl Stage {
    async fn list_id(&self, token: &str, body: Value) -> Value {
        self.post(&format!("/cgi-bin/user/list_id?access_token={token}"), body)
            .await
    }

    async fn follow_users(&self, token: &str) -> Value {
        self.get(&format!(
            "/cgi-bin/externalcontact/get_follow_user_list?access_token={token}"
        ))
        .await
    }

    async fn departments(&self, token: &str) -> Value {
        self.get(&format!("/cgi-bin/department/simplelist?access_token={token}"))
            .await
    }

    fn switch(&self, patch: SwitchesPatch) {
        self.simulator.control().set_switches(CORP, patch).unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_secret_gets_a_token_that_stays_the_same() {
    let stage = Stage::start().await;
    let mut tokens = Vec::new();
    for kind in ALL_KINDS {
        let secret = stage.simulator.control().secret(CORP, kind).unwrap().secret;
        let answer = stage.gettoken(CORP, &secret).await;
        assert_ok(&answer);
        assert_eq!(fields(&answer), ["errcode", "errmsg", "access_token", "expires_in"]);
        assert_eq!(answer["expires_in"], 7200);
        stage.advance(100).await;
        let again = stage.gettoken(CORP, &secret).await;
        assert_eq!(again["access_token"], answer["access_token"]);
        assert!(again["expires_in"].as_i64().unwrap() <= 7100);
        tokens.push(text(&answer, "access_token"));
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn gettoken_names_what_is_missing_the_secret_first() {
    let stage = Stage::start().await;
    assert_refused(&stage.get("/cgi-bin/gettoken").await, 41004);
    assert_refused(&stage.get(&format!("/cgi-bin/gettoken?corpid={CORP}")).await, 41004);
    assert_refused(&stage.get("/cgi-bin/gettoken?corpsecret=x").await, 41002);
}

#[tokio::test]
async fn gettoken_wants_the_plaintext_id_of_a_corporation_that_exists() {
    let stage = Stage::start().await;
    let corp = stage.simulator.control().state().corps.swap_remove(0);
    assert_refused(
        &stage.gettoken("ww0000000000000000", &corp.secrets.contacts).await,
        40013,
    );
    assert_refused(&stage.gettoken(&corp.open_corp_id, &corp.secrets.contacts).await, 40013);
}

#[tokio::test]
async fn a_wrong_secret_and_another_corporations_answer_as_set() {
    let stage = Stage::start().await;
    let foreign = stage
        .simulator
        .control()
        .secret(OTHER_CORP, SecretKind::Contacts)
        .unwrap()
        .secret;
    assert_refused(&stage.gettoken(CORP, "mistyped").await, 40001);
    assert_refused(&stage.gettoken(CORP, &foreign).await, 40001);
    let patch = SettingsPatch {
        foreign_secret_errcode: Some(40091),
        ..SettingsPatch::default()
    };
    stage.simulator.control().set_settings(patch).unwrap();
    assert_refused(&stage.gettoken(CORP, "mistyped").await, 40001);
    assert_refused(&stage.gettoken(CORP, &foreign).await, 40091);
}

#[tokio::test]
async fn a_reset_secret_kills_the_old_one_and_its_tokens() {
    let stage = Stage::start().await;
    let token = stage.corp_token(CORP, SecretKind::Contacts).await;
    let old = stage
        .simulator
        .control()
        .secret(CORP, SecretKind::Contacts)
        .unwrap()
        .secret;
    let new = stage
        .simulator
        .control()
        .reset_secret(CORP, SecretKind::Contacts)
        .unwrap()
        .secret;
    assert_ne!(old, new);
    assert_refused(&stage.gettoken(CORP, &old).await, 40001);
    assert_refused(&stage.list_id(&token, json!({})).await, 40014);
    assert_ok(&stage.gettoken(CORP, &new).await);
}

#[tokio::test]
async fn repeated_wrong_secrets_ban_everybody_for_an_hour() {
    let stage = Stage::start().await;
    let control = stage.simulator.control();
    control
        .set_settings(SettingsPatch {
            wrong_secret_limit: Some(3),
            ..SettingsPatch::default()
        })
        .unwrap();
    let right = control.secret(OTHER_CORP, SecretKind::Contacts).unwrap().secret;
    for _ in 0..3 {
        assert_refused(&stage.gettoken(CORP, "mistyped").await, 40001);
    }
    // Right or wrong, this corporation or another: the address is banned.
    assert_refused(&stage.gettoken(OTHER_CORP, &right).await, 45009);
    assert!(control.state().banned_until.is_some());
    stage.advance(3590).await;
    assert_refused(&stage.gettoken(OTHER_CORP, &right).await, 45009);
    stage.advance(20).await;
    assert_ok(&stage.gettoken(OTHER_CORP, &right).await);
}

#[tokio::test]
async fn a_ban_can_be_lifted() {
    let stage = Stage::start().await;
    let control = stage.simulator.control();
    control
        .set_settings(SettingsPatch {
            wrong_secret_limit: Some(1),
            ..SettingsPatch::default()
        })
        .unwrap();
    assert_refused(&stage.gettoken(CORP, "mistyped").await, 40001);
    assert_refused(&stage.gettoken(CORP, "mistyped").await, 45009);
    control.lift_ban();
    assert_refused(&stage.gettoken(CORP, "mistyped").await, 40001);
}

#[tokio::test]
async fn each_probe_opens_for_its_own_kinds_only() {
    let stage = Stage::start().await;
    for (kind, members, followers) in [
        (SecretKind::Contacts, 0, 48002),
        (SecretKind::ExternalContacts, 48002, 0),
        (SecretKind::ListedApp, 48002, 0),
        (SecretKind::OtherApp, 48002, 48002),
    ] {
        let token = stage.corp_token(CORP, kind).await;
        let listed = stage.list_id(&token, json!({"limit": 1})).await;
        assert_eq!(listed["errcode"], members, "{kind:?}");
        let following = stage.follow_users(&token).await;
        assert_eq!(following["errcode"], followers, "{kind:?}");
        // The list is there in a refusal too, empty.
        let count = following["follow_user"].as_array().unwrap().len();
        assert_eq!(count, if followers == 0 { 5 } else { 0 });
    }
}

#[tokio::test]
async fn the_members_come_in_pages() {
    let stage = Stage::start().await;
    let token = stage.corp_token(CORP, SecretKind::Contacts).await;
    let first = stage.list_id(&token, json!({"limit": 1})).await;
    assert_eq!(first["dept_user"], json!([{"userid": "wangfang", "department": 1}]));
    let cursor = text(&first, "next_cursor");
    let rest = stage.list_id(&token, json!({"cursor": cursor})).await;
    assert_eq!(rest["dept_user"].as_array().unwrap().len(), 35);
    assert_eq!(rest["next_cursor"], "");
    for bad in [
        json!({"limit": 0}),
        json!({"limit": 10_001}),
        json!({"limit": "1"}),
        json!({"cursor": "x"}),
    ] {
        assert_refused(&stage.list_id(&token, bad).await, 40058);
    }
    assert_refused(
        &stage.get(&format!("/cgi-bin/user/list_id?access_token={token}")).await,
        40003,
    );
}

#[tokio::test]
async fn an_app_sees_its_visible_range_and_contacts_sees_all_departments() {
    let stage = Stage::start().await;
    let all = stage
        .departments(&stage.corp_token(CORP, SecretKind::Contacts).await)
        .await;
    let some = stage
        .departments(&stage.corp_token(CORP, SecretKind::OtherApp).await)
        .await;
    assert_ok(&all);
    assert_eq!(all["department_id"].as_array().unwrap().len(), 5);
    assert_eq!(
        some["department_id"],
        json!([{"id": 1, "parentid": 0, "order": 99_999}])
    );
    assert_refused(
        &stage
            .departments(&stage.corp_token(CORP, SecretKind::ExternalContacts).await)
            .await,
        48002,
    );
}

#[tokio::test]
async fn an_untrusted_address_is_refused_after_gettoken() {
    let stage = Stage::start().await;
    stage.switch(SwitchesPatch {
        contacts_ip_untrusted: Some(true),
        ..SwitchesPatch::default()
    });
    let contacts = stage.corp_token(CORP, SecretKind::Contacts).await;
    assert_refused(&stage.list_id(&contacts, json!({})).await, 60020);
    assert_refused(&stage.departments(&contacts).await, 60020);
    assert_refused(&stage.follow_users(&contacts).await, 60020);
    assert_ok(
        &stage
            .follow_users(&stage.corp_token(CORP, SecretKind::ListedApp).await)
            .await,
    );

    stage.switch(SwitchesPatch {
        contacts_ip_untrusted: Some(false),
        apps_ip_untrusted: Some(true),
        ..SwitchesPatch::default()
    });
    assert_ok(&stage.list_id(&contacts, json!({})).await);
    assert_refused(
        &stage
            .follow_users(&stage.corp_token(CORP, SecretKind::ListedApp).await)
            .await,
        60020,
    );
}

#[tokio::test]
async fn the_system_apps_secret_can_be_withdrawn() {
    let stage = Stage::start().await;
    stage.switch(SwitchesPatch {
        customer_secret_withdrawn: Some(true),
        ..SwitchesPatch::default()
    });
    let system = stage.corp_token(CORP, SecretKind::ExternalContacts).await;
    assert_refused(&stage.follow_users(&system).await, 48002);
    assert_ok(
        &stage
            .follow_users(&stage.corp_token(CORP, SecretKind::ListedApp).await)
            .await,
    );
}

#[tokio::test]
async fn a_token_of_the_wrong_type_or_age_is_refused() {
    let stage = Stage::start().await;
    let contacts = stage.corp_token(CORP, SecretKind::Contacts).await;
    let (suite, provider) = (stage.suite_token().await, stage.provider_token().await);
    assert_refused(&stage.post("/cgi-bin/user/list_id", json!({})).await, 41001);
    for token in ["bogus", &suite, &provider] {
        assert_refused(&stage.list_id(token, json!({})).await, 40014);
    }
    stage.advance(7200).await;
    assert_refused(&stage.list_id(&contacts, json!({})).await, 42001);
    assert_ne!(stage.corp_token(CORP, SecretKind::Contacts).await, contacts);
}

#[tokio::test]
async fn the_token_counts_in_the_query_only() {
    let stage = Stage::start().await;
    let token = stage.corp_token(CORP, SecretKind::Contacts).await;
    let request = stage.http.post(stage.url("/cgi-bin/user/list_id")).bearer_auth(&token);
    let answer = request.json(&json!({"access_token": token})).send().await.unwrap();
    assert_refused(&answer.json().await.unwrap(), 41001);
}

#[tokio::test]
async fn the_installed_apps_token_reads_its_range_and_no_customers() {
    let stage = Stage::start().await;
    let (corp, code) = stage.installed(CORP, AuthMode::Admin).await;
    let body = json!({"auth_corpid": corp, "permanent_code": code});
    let token = text(&stage.service("get_corp_token", body).await, "access_token");
    assert_ok(&stage.departments(&token).await);
    assert_refused(&stage.list_id(&token, json!({})).await, 48002);
    assert_refused(&stage.follow_users(&token).await, 48002);
}

#[tokio::test]
async fn every_token_tells_the_callback_addresses() {
    let stage = Stage::start().await;
    let token = stage.corp_token(CORP, SecretKind::OtherApp).await;
    let answer = stage.get(&format!("/cgi-bin/getcallbackip?access_token={token}")).await;
    assert_eq!(answer, json!({"ip_list": ["127.0.0.1"], "errcode": 0, "errmsg": "ok"}));
    assert_refused(&stage.get("/cgi-bin/getcallbackip").await, 41001);
}

#[tokio::test]
async fn a_corporation_that_is_added_works_like_the_others() {
    let stage = Stage::start().await;
    let new: NewCorporation = serde_json::from_value(json!({"name": "新企业", "members": 3, "followers": 0})).unwrap();
    let corp = stage.simulator.control().add_corporation(&new).unwrap();
    let token = stage.corp_token(&corp.corp_id, SecretKind::ListedApp).await;
    let followers = stage.follow_users(&token).await;
    assert_ok(&followers);
    assert_eq!(followers["follow_user"], json!([]));
}
