//! The authorization that an event needs: what a person does on the admin page and in WeCom's console, for the first tenant.

use reqwest::{
    Method,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use serde_json::{Value, json};

use super::{
    CommandError, say,
    server::{Server, answer, sent},
};

/// The corporation that the simulator lists first.
pub(super) struct Corporation {
    pub(super) id: String,
    pub(super) is_installed: bool,
}

pub(super) fn corporation(state: &Value) -> Corporation {
    let field = |path: &str| state.pointer(&format!("/corps/0/{path}"));
    Corporation {
        id: field("corp_id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        is_installed: field("installation/removed") == Some(&Value::Bool(false)),
    }
}

/// Installs the app in the first corporation, registers both Secrets, and saves both callbacks; what is done already is left
/// as it is.
pub(super) async fn run(server: &Server, state: &Value) -> Result<(), CommandError> {
    let Corporation {
        id: corp_id,
        is_installed,
    } = corporation(state);
    say(&format!(
        "Authorizing {corp_id} for the tenant {} first",
        server.announcement.tenant_id
    ));
    let (api, wecom) = (&server.announcement.base_url, server.simulator_url()?);
    let admin = |method, path: &str| {
        let request = server.request(method, &format!("{api}/authorization{path}"));
        request.bearer_auth(&server.announcement.admin_token)
    };
    if !is_installed {
        let link = answer(admin(Method::POST, "/installation").json(&json!({}))).await?;
        install(server, &corp_id, &link).await?;
    }
    for scope in ["contacts", "external-contacts"] {
        if state
            .pointer(&format!("/corps/0/callbacks/{scope}/saved/url"))
            .is_some()
        {
            continue;
        }
        let secret = format!("{wecom}/_simulator/corps/{corp_id}/secrets/{scope}");
        let secret = sent(server.request(Method::GET, &secret)).await?.text().await?;
        let request = json!({"corp_id": corp_id, "secret": secret});
        let shown = answer(admin(Method::PUT, &format!("/{scope}/secret")).json(&request)).await?;
        let credentials = shown.get("credentials").unwrap_or(&shown);
        let pasted: Value = ["url", "token", "encoding_aes_key"]
            .into_iter()
            .map(|name| (name.to_owned(), credentials.get(name).cloned().unwrap_or_default()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let form = format!("{wecom}/_simulator/corps/{corp_id}/callbacks/{scope}");
        answer(server.request(Method::PUT, &form).json(&pasted)).await?;
    }
    sent(admin(Method::POST, "/completion")).await?;
    Ok(())
}

/// Presses the button behind the install link, confirms at WeCom, and comes back.
async fn install(server: &Server, corp_id: &str, link: &Value) -> Result<(), CommandError> {
    let link = link.get("install_url").and_then(Value::as_str).unwrap_or_default();
    let pressed = sent(server.request(Method::POST, link)).await?;
    let header = |name| pressed.headers().get(name).and_then(|value| value.to_str().ok());
    let cookie = header(SET_COOKIE)
        .and_then(|cookie| cookie.split(';').next())
        .unwrap_or_default();
    let at_wecom = header(LOCATION).unwrap_or_default();
    let confirm = format!("{}/_simulator/install", server.simulator_url()?);
    let confirmation = json!({"url": at_wecom, "corp_id": corp_id, "auth_mode": "admin"});
    let confirmed = answer(server.request(Method::POST, &confirm).json(&confirmation)).await?;
    let back = confirmed
        .get("redirect_url")
        .and_then(Value::as_str)
        .unwrap_or_default();
    sent(server.request(Method::GET, back).header(COOKIE, cookie)).await?;
    Ok(())
}
