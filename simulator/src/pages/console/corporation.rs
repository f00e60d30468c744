//! One corporation on the console: ids, Secrets, the two receive-event forms, events, switches.

use super::{
    super::{both, escaped},
    Chosen,
};
use crate::{
    control::{Control, views::CorporationView},
    delivery::CheckOutcome,
    events,
    world::{
        corporation::{AuthMode, CallbackSlot, Scope, SecretKind},
        settings::Licence,
    },
};

pub(super) fn section(control: &Control, corporation: &CorporationView, chosen: &Chosen) -> String {
    let id = escaped(&corporation.corp_id);
    let forms = Scope::ALL
        .into_iter()
        .map(|scope| callback(control, corporation, scope, chosen))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<section id=\"{id}\">\n<h2>{name}</h2>\n<table>\n\
         <tr><th>{corp_id}</th><td>{id_copy}</td></tr>\n<tr><th>{open}</th><td>{open_copy}</td></tr>\n\
         <tr><th>{app}</th><td>{installation}</td></tr>\n{secrets}</table>\n{switches}<div class=\"columns\">\n{forms}</div>\n</section>\n",
        name = escaped(&corporation.name),
        corp_id = both("企业ID", "Corp ID (my company → company info)"),
        id_copy = copyable(&corporation.corp_id),
        open = both("服务商看到的corpid", "The id that the provider sees"),
        open_copy = copyable(&corporation.open_corp_id),
        app = both("第三方应用", "The provider's app"),
        installation = installation(corporation),
        secrets = SecretKind::ALL.map(|kind| secret(corporation, kind)).concat(),
        switches = switches(corporation),
    )
}

fn installation(corporation: &CorporationView) -> String {
    match &corporation.installation {
        None => both("未安装", "Not installed"),
        Some(installation) if installation.removed => both("已删除", "Removed"),
        Some(installation) => match installation.auth_mode {
            AuthMode::Admin => both("已安装（管理员授权）", "Installed by an administrator"),
            AuthMode::Member => both("已安装（成员授权）", "Installed by a member, for themselves"),
        },
    }
}

fn secret(corporation: &CorporationView, kind: SecretKind) -> String {
    let name = match kind {
        SecretKind::Contacts => both("通讯录同步 Secret", "Contacts sync"),
        SecretKind::ExternalContacts => both("客户联系 Secret", "Customer contact, the system app"),
        SecretKind::ListedApp => both(
            "自建应用 Secret（可调用接口的应用）",
            "A self-built app that may call the customer API",
        ),
        SecretKind::OtherApp => both("自建应用 Secret（其他）", "Another self-built app"),
    };
    let agent = match kind {
        SecretKind::ListedApp => format!(" AgentId {}", corporation.listed_app_agent_id),
        SecretKind::OtherApp => format!(" AgentId {}", corporation.other_app_agent_id),
        SecretKind::Contacts | SecretKind::ExternalContacts => String::new(),
    };
    format!(
        "<tr><th>{name}</th><td>{secret}{agent} <form class=\"inline\" method=\"post\" \
         action=\"/console/corps/{id}/secrets/{slug}/reset\"><button>{reset}</button></form></td></tr>\n",
        secret = copyable(corporation.secrets.of(kind)),
        id = escaped(&corporation.corp_id),
        slug = kind.slug(),
        reset = both("重新获取", "Reset"),
    )
}

fn switches(corporation: &CorporationView) -> String {
    let boxed = |name: &str, on: bool, words: String| {
        let checked = if on { " checked" } else { "" };
        format!("<label class=\"choice\"><input type=\"checkbox\" name=\"{name}\"{checked}> {words}</label>\n")
    };
    let on = corporation.switches;
    format!(
        "<form method=\"post\" action=\"/console/corps/{id}/switches\"><fieldset><legend>{title}</legend>\n{a}{b}{c}{d}{e}{licence}\
         <button>{apply}</button></fieldset></form>\n",
        id = escaped(&corporation.corp_id),
        title = both("开关", "Switches"),
        a = boxed(
            "contacts_ip_untrusted",
            on.contacts_ip_untrusted,
            both("通讯录同步：IP不可信（60020）", "Contacts: address not trusted")
        ),
        b = boxed(
            "apps_ip_untrusted",
            on.apps_ip_untrusted,
            both("其他应用：IP不可信（60020）", "Other Secrets: address not trusted")
        ),
        c = boxed(
            "customer_secret_withdrawn",
            on.customer_secret_withdrawn,
            both(
                "客户联系Secret不再支持调用接口（48002）",
                "The customer contact Secret opens no API any more"
            )
        ),
        d = boxed(
            "app_in_development",
            on.app_in_development,
            both(
                "代开发应用：开发中，未上线",
                "Customised app: in development, not online"
            )
        ),
        e = boxed(
            "app_disabled",
            on.app_disabled,
            both("代开发应用：已停用", "Customised app: disabled")
        ),
        licence = licences(on.licence),
        apply = both("应用", "Apply"),
    )
}

fn licences(chosen: Licence) -> String {
    let options = Licence::ALL
        .into_iter()
        .map(|licence| {
            let words = match licence {
                Licence::NotRequired => ("不检查", "Not checked"),
                Licence::Trial => ("试用90天", "Trial of 90 days"),
                Licence::TrialEnding => ("试用一周后到期", "The trial ends in a week"),
                Licence::TrialOver => ("试用已到期，未购买", "The trial is over, none bought"),
                Licence::Bought => ("已购买", "Bought"),
            };
            let selected = if licence == chosen { " selected" } else { "" };
            format!(
                "<option value=\"{}\"{selected}>{} · {}</option>",
                licence.as_str(),
                words.0,
                words.1
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<label class=\"choice\">{} <select name=\"licence\">{options}</select></label>\n",
        both("接口调用许可", "Interface licence")
    )
}

fn callback(control: &Control, corporation: &CorporationView, scope: Scope, chosen: &Chosen) -> String {
    let title = match scope {
        Scope::Contacts => both("通讯录同步 · 设置接收事件服务器", "Contacts sync: receive-event server"),
        Scope::ExternalContacts => both("客户联系 · 接收事件服务器", "Customer contact: receive-event server"),
    };
    let slot = corporation.callbacks.of(scope);
    let pasted = slot.pasted.clone().unwrap_or_default();
    format!(
        "<div class=\"panel\" id=\"{id}-{slug}\">\n<h3>{title}</h3>\n{saved}\
         <form method=\"post\" action=\"/console/corps/{id}/callbacks/{slug}\" autocomplete=\"off\">\n\
         <label>URL<input name=\"url\" value=\"{url}\" required></label>\n\
         <label>Token<input name=\"token\" value=\"{token}\" required></label>\n\
         <label>EncodingAESKey<input name=\"encoding_aes_key\" value=\"{key}\" required></label>\n\
         <button class=\"primary\">{save}</button>\n</form>\n{check}{event}</div>\n",
        id = escaped(&corporation.corp_id),
        slug = scope.slug(),
        saved = saved(slot),
        url = escaped(&pasted.url),
        token = escaped(&pasted.token),
        key = escaped(&pasted.encoding_aes_key),
        save = both("保存", "Save"),
        check = slot.last_check.as_ref().map(check).unwrap_or_default(),
        event = if slot.saved.is_some() {
            event(control, corporation, scope, chosen)
        } else {
            String::new()
        },
    )
}

fn saved(slot: &CallbackSlot) -> String {
    slot.saved.as_ref().map_or_else(
        || format!("<p class=\"quiet\">{}</p>\n", both("尚未配置", "Not configured")),
        |saved| {
            let words = both("已配置", "Configured");
            format!(
                "<p class=\"good\">{words} <code>{}</code></p>\n",
                escaped(saved.url.as_str())
            )
        },
    )
}

/// Result of a check: WeCom's message and details.
pub(super) fn check(outcome: &CheckOutcome) -> String {
    let status = outcome
        .status
        .map_or_else(|| "–".to_owned(), |status| status.to_string());
    let words = match &outcome.error {
        None => both("保存成功", "Saved"),
        Some(error) => escaped(error),
    };
    format!(
        "<div class=\"{class}\" role=\"status\"><p>{words}</p><p class=\"quiet\">HTTP {status} · {ms} ms {detail} {body}</p></div>\n",
        class = if outcome.error.is_none() { "good" } else { "bad" },
        ms = outcome.elapsed_ms,
        detail = outcome
            .detail
            .as_deref()
            .map(|detail| format!("· {}", escaped(detail)))
            .unwrap_or_default(),
        body = outcome
            .body_prefix
            .as_deref()
            .map(|body| format!("· <code>{}</code>", escaped(body)))
            .unwrap_or_default(),
    )
}

fn event(control: &Control, corporation: &CorporationView, scope: Scope, chosen: &Chosen) -> String {
    let is_chosen = chosen.corp == corporation.corp_id && chosen.scope == scope.slug();
    let templates = events::of(scope);
    let template = templates
        .iter()
        .find(|template| is_chosen && template.name == chosen.event)
        .or(templates.first());
    let Some(template) = template else {
        return String::new();
    };
    let options = templates
        .iter()
        .map(|one| {
            format!(
                "<option value=\"{name}\"{selected}>{title} — {name}</option>\n",
                name = escaped(one.name),
                title = escaped(one.title),
                selected = if one.name == template.name { " selected" } else { "" },
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let id = escaped(&corporation.corp_id);
    let slug = scope.slug();
    format!(
        "<h4>{title}</h4>\n\
         <form method=\"get\" action=\"/#{id}-{slug}\"><input type=\"hidden\" name=\"corp\" value=\"{id}\">\
         <input type=\"hidden\" name=\"scope\" value=\"{slug}\">\n\
         <label>{which}<select name=\"event\" data-submits>\n{options}</select></label> <button>{load}</button></form>\n\
         <form method=\"post\" action=\"/console/corps/{id}/events/{slug}\"><input type=\"hidden\" name=\"event\" value=\"{name}\">\n\
         <label>XML<textarea name=\"xml\" rows=\"6\" spellcheck=\"false\">{xml}</textarea></label>\n\
         <label>{copies}<input type=\"number\" name=\"copies\" value=\"1\" min=\"1\" max=\"1000\"></label>\n\
         <label class=\"choice\"><input type=\"checkbox\" name=\"same_content\"> {same}</label>\n\
         <button class=\"primary\">{send}</button></form>\n",
        title = both("发送事件", "Send an event"),
        which = both("事件", "Event"),
        load = both("载入", "Load"),
        name = escaped(template.name),
        xml = escaped(
            &control
                .draft(&corporation.corp_id, scope, template.name)
                .unwrap_or_default()
        ),
        copies = both("份数", "Copies"),
        same = both("内容相同（重复推送）", "All alike, as a repeated push"),
        send = both("发送事件", "Send"),
    )
}

/// A value that one click selects, with a button to copy it.
fn copyable(text: &str) -> String {
    format!("<code class=\"copyable\">{}</code>", escaped(text))
}
