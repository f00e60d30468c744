//! Bindings of the simulator's corporations: through the admin's steps, or imported.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use wecom_callback::{EncodingAesKey, Token};

use crate::{
    Error,
    connection::Callback,
    product::{BETWEEN_LOOKS, Product, text},
};

/// Corporations that the simulator starts with.
const CORPS: [&str; 2] = ["ww0a1b2c3d4e5f6071", "ww9f8e7d6c5b4a3021"];
/// Scopes of callbacks, as paths name them.
pub(crate) const SCOPES: [&str; 2] = ["contacts", "external-contacts"];
/// Lines of one import, which has a minute.
const IMPORTED_AT_ONCE: usize = 20;

impl Product {
    /// Tokens of the two tenants whose admins use the page.
    pub(crate) fn admins(&self) -> [&str; 2] {
        [self.text("/admin_token"), self.text("/second_tenant/admin_token")]
    }

    /// Installs the app and binds both callbacks of both tenants.
    pub(crate) async fn bind(&self) -> Result<Vec<Callback>, Error> {
        let mut callbacks = Vec::new();
        for (token, corp_id) in self.admins().into_iter().zip(CORPS) {
            self.install(token, corp_id).await?;
            for scope in SCOPES {
                callbacks.push(self.register(token, corp_id, scope).await?);
            }
        }
        Ok(callbacks)
    }

    async fn install(&self, token: &str, corp_id: &str) -> Result<(), Error> {
        let link = loop {
            // There is no link before the first suite ticket has arrived.
            let answer = self
                .ask(Method::POST, "/authorization/installation", token, None)
                .await?;
            match answer.get("install_url").and_then(Value::as_str) {
                Some(link) => break link.to_owned(),
                None => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        };
        // What the button of the link's page does.
        let pressed = self.http.post(link).send().await?;
        let header = |name: &str| pressed.headers().get(name).and_then(|value| value.to_str().ok());
        let cookie = header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let (cookie, at_wecom) = cookie.zip(header("location")).ok_or("the install link leads nowhere")?;
        let confirmed = self
            .at_wecom(
                Method::POST,
                "/_simulator/install",
                &json!({"url": at_wecom, "corp_id": corp_id, "auth_mode": "admin"}),
            )
            .await?;
        let back = confirmed
            .get("redirect_url")
            .and_then(Value::as_str)
            .ok_or("WeCom did not install")?;
        self.http.get(back).header("cookie", cookie).send().await?;
        Ok(())
    }

    async fn register(&self, token: &str, corp_id: &str, scope: &str) -> Result<Callback, Error> {
        let url = format!(
            "{}/_simulator/corps/{corp_id}/secrets/{scope}",
            self.text("/simulator_url")
        );
        let secret = self.http.get(url).send().await?.text().await?;
        let path = format!("/authorization/{scope}/secret");
        let body = json!({"secret": secret, "corp_id": corp_id});
        let shown = self.ask(Method::PUT, &path, token, Some(body)).await?;
        let shown = shown.get("credentials").ok_or("no credentials")?;
        self.save(corp_id, scope, shown).await
    }

    /// Generates new credentials of a callback, and saves them in WeCom's console.
    pub(crate) async fn rotate(&self, token: &str, corp_id: &str, scope: &str) -> Result<Callback, Error> {
        let path = format!("/authorization/{scope}/credentials");
        let shown = self
            .ask(Method::POST, &path, token, Some(json!({"rotate": true})))
            .await?;
        self.save(corp_id, scope, &shown).await
    }

    async fn save(&self, corp_id: &str, scope: &str, shown: &Value) -> Result<Callback, Error> {
        let value = |name: &str| text(shown, &format!("/{name}"));
        let form = json!({"url": value("url"), "token": value("token"), "encoding_aes_key": value("encoding_aes_key")});
        let path = format!("/_simulator/corps/{corp_id}/callbacks/{scope}");
        let saved = self.at_wecom(Method::PUT, &path, &form).await?;
        if saved.get("saved") != Some(&Value::Bool(true)) {
            return Err(format!("WeCom did not save the callback: {saved}").into());
        }
        Ok(Callback {
            path: value("url").parse::<Url>()?.path().to_owned(),
            corp_id: corp_id.to_owned(),
            token: Token::parse(value("token"))?,
            key: EncodingAesKey::parse(value("encoding_aes_key"))?,
        })
    }

    /// Founds a corporation for each tenant, and imports its binding as another platform's. Returns their callbacks, two of each.
    pub(crate) async fn import(&self, tenant_ids: &[String]) -> Result<Vec<[Callback; 2]>, Error> {
        let mut callbacks = Vec::new();
        for batch in tenant_ids.chunks(IMPORTED_AT_ONCE) {
            // The simulator keeps 200 tokens.
            let suite_token = self.suite_token().await?;
            let mut lines = Vec::new();
            for tenant_id in batch {
                let (line, both) = self.moved(&suite_token, tenant_id, callbacks.len()).await?;
                lines.push(line.to_string());
                callbacks.push(both);
            }
            let path = "/2015-03-31/functions/import-bindings/invocations";
            let body = json!({"lines": lines, "dry_run": false});
            let report = self.ask(Method::POST, path, "", Some(body)).await?;
            let counts = report.get("counts").cloned().unwrap_or_default();
            if counts != json!({"imported": batch.len()}) {
                let code = text(&report, "/lines/0/code");
                return Err(format!("bindings were not imported: {counts} {code}").into());
            }
        }
        Ok(callbacks)
    }

    /// The other platform's token: it has the suite, and takes the suite's ticket from where the simulator keeps it.
    async fn suite_token(&self) -> Result<String, Error> {
        let kept: Value = serde_json::from_str(&self.file("simulator.json").ok_or("the simulator kept nothing")?)?;
        let tickets = kept.pointer("/world/suite/tickets").and_then(Value::as_array);
        let ticket = tickets.and_then(|tickets| tickets.last()).ok_or("no suite ticket")?;
        let body = json!({
            "suite_id": self.text("/suite/suite_id"),
            "suite_secret": self.text("/suite/suite_secret"),
            "suite_ticket": text(ticket, "/value"),
        });
        let path = "/cgi-bin/service/get_suite_token";
        let answer = self.at_wecom(Method::POST, path, &body).await?;
        Ok(text(&answer, "/suite_access_token").to_owned())
    }

    /// The line about a corporation that has installed the suite at the other platform, and its callbacks.
    async fn moved(&self, suite_token: &str, tenant_id: &str, number: usize) -> Result<(Value, [Callback; 2]), Error> {
        let new = json!({"name": tenant_id, "members": 1, "followers": 1});
        let corp = self.at_wecom(Method::POST, "/_simulator/corps", &new).await?;
        let corp_id = text(&corp, "/corp_id");
        let event = json!({"event": "create_auth", "corp_id": corp_id, "silent": true});
        let installed = self.at_wecom(Method::POST, "/_simulator/suite/events", &event).await?;
        let code = json!({"auth_code": text(&installed, "/auth_code")});
        let path = format!("/cgi-bin/service/get_permanent_code?suite_access_token={suite_token}");
        let exchanged = self.at_wecom(Method::POST, &path, &code).await?;
        let callback = |scope: &str| {
            Ok::<_, Error>(Callback {
                path: format!("/legacy/{tenant_id}/{scope}"),
                corp_id: corp_id.to_owned(),
                token: Token::parse(&format!("{tenant_id}{scope}").replace('-', ""))?,
                key: EncodingAesKey::parse(&format!("{number:043}"))?,
            })
        };
        let both = [callback("contacts")?, callback("external-contacts")?];
        let scope = |name: &str, callback: &Callback| {
            json!({
                "secret": text(&corp, &format!("/secrets/{name}")),
                "callback": {
                    "path": callback.path.strip_prefix("/legacy"),
                    "token": callback.token.expose(),
                    "encoding_aes_key": callback.key.expose(),
                },
            })
        };
        let [contacts, external_contacts] = &both;
        let line = json!({
            "tenant_id": tenant_id,
            "corp_id": text(&corp, "/open_corp_id"),
            "plaintext_corp_id": corp_id,
            "permanent_code": text(&exchanged, "/permanent_code"),
            "contacts": scope("contacts", contacts),
            "external_contacts": scope("external-contacts", external_contacts),
            "completed_at": "2024-05-01T08:00:00Z",
        });
        Ok((line, both))
    }
}
