//! A minimal WeCom for the samples, which knows only their data. The simulator is the complete one.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::Uri,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::people::{AUTH_CODE, HOOLI, TEMPLATE_ID, TENANTS, Tenant};

/// The paths of the calls it was asked, in order.
pub type Asked = Arc<Mutex<Vec<String>>>;

/// Serves a listener until the task is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, asked: Asked) -> io::Result<()> {
    axum::serve(listener, Router::new().fallback(called).with_state(asked)).await
}

async fn called(
    State(asked): State<Asked>,
    Query(query): Query<BTreeMap<String, String>>,
    uri: Uri,
    body: Bytes,
) -> String {
    let path = uri.path();
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(path.to_owned());
    answer(path, &query, &serde_json::from_slice(&body).unwrap_or_default()).to_string()
}

/// The answer to a call: its path, the parameters of its query, and its body.
#[must_use]
pub fn answer(path: &str, query: &BTreeMap<String, String>, body: &Value) -> Value {
    let given = |name: &str| {
        query
            .get(name)
            .map(String::as_str)
            .or(body[name].as_str())
            .unwrap_or_default()
    };
    let by = |known: fn(&Tenant) -> &'static str, id: &str| TENANTS.iter().find(|tenant| known(tenant) == id);
    match path {
        "/cgi-bin/service/get_suite_token" if given("suite_id") == TEMPLATE_ID => {
            json!({"suite_access_token": "template-access-token", "expires_in": 7200})
        }
        "/cgi-bin/service/get_suite_token" => json!({"suite_access_token": "suite-access-token", "expires_in": 7200}),
        "/cgi-bin/service/get_provider_token" => {
            json!({"provider_access_token": "provider-access-token", "expires_in": 7200})
        }
        "/cgi-bin/service/get_pre_auth_code" => {
            json!({"errcode": 0, "errmsg": "ok", "pre_auth_code": "pre-auth-code", "expires_in": 1200})
        }
        "/cgi-bin/service/v2/get_permanent_code" => match permanent_code_for(given("auth_code")) {
            None => refusal(40078, "invalid auth_code"),
            Some((tenant, permanent_code)) => json!({
                "errcode": 0,
                "errmsg": "ok",
                "permanent_code": permanent_code,
                "auth_corp_info": {"corpid": tenant.open_corp_id, "corp_name": tenant.name},
            }),
        },
        "/cgi-bin/service/v2/get_auth_info" => match by(|tenant| tenant.open_corp_id, given("auth_corpid")) {
            None => refusal(40013, "invalid corpid"),
            // It has removed the app.
            Some(tenant) if tenant.id == "globex" => refusal(48004, "invalid suite auth"),
            // So that a sample can show what happens when WeCom does not answer right.
            Some(tenant) if tenant.id == "stark" => refusal(45033, "api concurrent out of limit"),
            Some(tenant) => json!({
                "errcode": 0,
                "errmsg": "ok",
                "auth_corp_info": {"corpid": tenant.open_corp_id, "corp_name": tenant.name},
                "auth_info": {"agent": [{"agentid": 1_000_010, "auth_mode": i32::from(tenant.id == "umbrella"),
                    "is_customized_app": given("suite_access_token") == "template-access-token"}]},
            }),
        },
        "/cgi-bin/service/get_corp_token" => json!({"access_token": "corp-access-token", "expires_in": 7200}),
        "/cgi-bin/service/corpid_to_opencorpid" => match by(|tenant| tenant.corp_id, given("corpid")) {
            None => refusal(40013, "invalid corpid"),
            Some(tenant) => json!({"errcode": 0, "errmsg": "ok", "open_corpid": tenant.open_corp_id}),
        },
        "/cgi-bin/gettoken" => match by(|tenant| tenant.corp_id, given("corpid")) {
            None => refusal(40013, "invalid corpid"),
            Some(tenant) => match given("corpsecret") {
                secret if secret == tenant.contacts_secret() => token("contacts"),
                secret if secret == tenant.external_contacts_secret() => token("external-contacts"),
                _ => refusal(40001, "invalid credential"),
            },
        },
        "/cgi-bin/user/list_id" if given("access_token") == "token-for-contacts" => {
            json!({"errcode": 0, "errmsg": "ok", "next_cursor": "", "dept_user": []})
        }
        "/cgi-bin/externalcontact/get_follow_user_list" if given("access_token") == "token-for-external-contacts" => {
            json!({"errcode": 0, "errmsg": "ok", "follow_user": ["wangfang"]})
        }
        "/cgi-bin/user/list_id" | "/cgi-bin/externalcontact/get_follow_user_list" => refusal(48002, "api forbidden"),
        _ => refusal(-1, "system busy"),
    }
}

/// HOOLI installs; a reset gives ACME another permanent code.
fn permanent_code_for(auth_code: &str) -> Option<(Tenant, String)> {
    match auth_code {
        AUTH_CODE => Some((HOOLI, HOOLI.permanent_code())),
        "auth-code-of-acme" => Some((crate::people::ACME, "another-permanent-code-of-acme".to_owned())),
        _ => None,
    }
}

fn token(kind: &str) -> Value {
    json!({"errcode": 0, "errmsg": "ok", "access_token": format!("token-for-{kind}"), "expires_in": 7200})
}

fn refusal(errcode: i64, errmsg: &str) -> Value {
    json!({"errcode": errcode, "errmsg": errmsg})
}
