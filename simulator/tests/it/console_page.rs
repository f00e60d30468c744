//! `/`: the console, through its forms.

use simulator::{Scope, SecretKind};

use crate::stage::{CORP, Manner, Stage, element};

impl Stage {
    async fn console(&self, query: &str) -> String {
        self.http
            .get(self.url(&format!("/{query}")))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    /// Sends a form, and gives status and where it leads.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.http.post(self.url(&format!("/console/{path}"))).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.unwrap();
        let location = response
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location.unwrap_or_default())
    }
}

#[tokio::test]
async fn it_shows_ids_and_secrets_and_loads_nothing_from_elsewhere() {
    let stage = Stage::start().await;
    let response = stage.http.get(stage.url("/")).send().await.unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self'") && !policy.contains("unsafe")
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let page = response.text().await.unwrap();
    let shown = stage.simulator.control().state();
    for corp in &shown.corps {
        assert!(page.contains(&corp.corp_id) && page.contains(&corp.open_corp_id) && page.contains(&corp.name));
        for kind in SecretKind::ALL {
            assert!(page.contains(corp.secrets.of(kind)));
        }
    }
    assert!(!page.contains("style=") && !page.contains("onclick") && !page.contains("src=\"http"));
    for asset in ["simulator.css", "simulator.js"] {
        let path = format!("/_simulator/assets/{asset}");
        assert!(page.contains(&path));
        assert_eq!(stage.http.get(stage.url(&path)).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn saving_shows_wecoms_words_and_keeps_what_was_pasted() {
    let stage = Stage::without_suite_callback().await;
    let form = stage.form();
    let fields = [
        ("url", form.url.as_str()),
        ("token", &form.token),
        ("encoding_aes_key", &form.encoding_aes_key),
    ];
    let path = format!("corps/{CORP}/callbacks/contacts");
    stage.receiver.will([Manner::Answer(200, "<b>wrong</b>")]);
    assert_eq!(stage.submit(&path, &fields).await, (303, format!("/#{CORP}-contacts")));
    let page = stage.console("").await;
    assert!(page.contains("echostr校验失败，请您检查是否正确解密并输出明文echostr"));
    assert!(page.contains("&lt;b&gt;wrong&lt;/b&gt;") && !page.contains("<b>wrong"));
    assert!(page.contains(&form.token));
    assert!(!page.contains("发送事件"));

    stage.submit(&path, &fields).await;
    let page = stage.console("").await;
    assert!(page.contains("保存成功") && page.contains("发送事件"));
}

#[tokio::test]
async fn an_event_is_chosen_edited_and_sent() {
    let stage = Stage::without_suite_callback().await;
    stage.save(Scope::ExternalContacts).await;
    stage.receiver.forget();
    let page = stage
        .console(&format!(
            "?corp={CORP}&scope=external-contacts&event=change_external_chat/dismiss"
        ))
        .await;
    assert!(page.contains("value=\"change_external_chat/dismiss\" selected"));
    assert!(page.contains("&lt;ChangeType&gt;&lt;![CDATA[dismiss]]&gt;&lt;/ChangeType&gt;"));

    let xml =
        "<xml><Event>change_external_chat</Event>\r\n<ChangeType>dismiss</ChangeType><ChatId>edited</ChatId></xml>";
    let fields = [
        ("event", "change_external_chat/dismiss"),
        ("xml", xml),
        ("copies", "2"),
        ("same_content", "on"),
    ];
    let (status, location) = stage
        .submit(&format!("corps/{CORP}/events/external-contacts"), &fields)
        .await;
    assert_eq!(status, 303);
    assert!(
        location.ends_with("#deliveries") && location.contains("change_external_chat%2Fdismiss"),
        "{location}"
    );
    let messages = stage.receiver.messages("/corp");
    assert_eq!(messages.len(), 2);
    assert_eq!(element(&messages[0].0, "ChatId").as_deref(), Some("edited"));
    let page = stage.console("").await;
    assert!(page.contains("change_external_chat/dismiss") && page.contains("accepted"));
}

#[tokio::test]
async fn the_other_buttons_do_what_they_say() {
    let stage = Stage::start().await;
    let control = stage.simulator.control();
    let corp = |path: &str| format!("corps/{CORP}/{path}");
    let secret = control.secret(CORP, SecretKind::OtherApp).unwrap().secret;
    assert_eq!(stage.submit(&corp("secrets/other-app/reset"), &[]).await.0, 303);
    assert_ne!(control.secret(CORP, SecretKind::OtherApp).unwrap().secret, secret);

    assert_eq!(
        stage
            .submit(&corp("switches"), &[("contacts_ip_untrusted", "on")])
            .await
            .0,
        303
    );
    assert!(control.state().corps[0].switches.contacts_ip_untrusted);
    assert_eq!(stage.submit(&corp("switches"), &[]).await.0, 303);
    assert!(!control.state().corps[0].switches.contacts_ip_untrusted);

    let create = [
        ("event", "create_auth"),
        ("info_type", ""),
        ("corp_id", CORP),
        ("state", ""),
        ("auth_mode", "member"),
    ];
    assert_eq!(stage.submit("suite/events", &create).await.0, 303);
    assert_eq!(stage.submit("suite/check", &[]).await.0, 303);
    assert_eq!(stage.submit("suite/ticket", &[]).await.0, 303);
    let other = [
        ("event", "other"),
        ("info_type", "corp_arch_auth"),
        ("corp_id", CORP),
        ("state", ""),
        ("auth_mode", ""),
    ];
    assert_eq!(stage.submit("suite/events", &other).await.0, 303);
    assert_eq!(control.state().deliveries[0].event, "corp_arch_auth");

    let fault = [
        ("path", "/cgi-bin/gettoken"),
        ("kind", "errcode"),
        ("value", "-1"),
        ("times", "2"),
    ];
    assert_eq!(stage.submit("faults", &fault).await.0, 303);
    assert_eq!(control.state().faults[0].errcode, Some(-1));
    assert!(stage.console("").await.contains("errcode -1"));
    assert_eq!(stage.submit("faults/clear", &[]).await.0, 303);
    assert!(control.state().faults.is_empty());

    let settings = [
        ("wrong_secret_limit", "1"),
        ("foreign_secret_errcode", "40091"),
        ("removed_app_errcode", "48004"),
    ];
    assert_eq!(stage.submit("settings", &settings).await.0, 303);
    assert_eq!(control.state().settings.foreign_secret_errcode, 40091);
    stage.gettoken(CORP, "mistyped").await;
    assert!(stage.console("").await.contains("45009"));
    assert_eq!(stage.submit("ban/lift", &[]).await.0, 303);
    assert!(control.state().banned_until.is_none());

    let before = control.state().now;
    assert_eq!(stage.submit("clock", &[("minutes", "30")]).await.0, 303);
    assert!(control.state().now.duration_since(before).as_secs() >= 1800);
    let url = stage.receiver.url("/suite");
    assert_eq!(stage.submit("suite/callback", &[("url", url.as_str())]).await.0, 303);
}

#[tokio::test]
async fn a_button_that_cannot_do_it_says_why() {
    let stage = Stage::without_suite_callback().await;
    assert_eq!(stage.submit("suite/ticket", &[]).await.0, 409);
    assert_eq!(stage.submit("suite/callback", &[("url", "no url")]).await.0, 400);
    let event = [("event", "x"), ("xml", "<xml/>"), ("copies", "1")];
    assert_eq!(
        stage.submit(&format!("corps/{CORP}/events/contacts"), &event).await.0,
        409
    );
    assert_eq!(stage.submit("corps/ww0/secrets/contacts/reset", &[]).await.0, 404);
    let fault = [("path", ""), ("kind", "http_status"), ("value", "-5"), ("times", "1")];
    assert_eq!(stage.submit("faults", &fault).await.0, 400);
}
