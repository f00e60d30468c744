//! The provider's app on the console: its callback, tickets, authorization events.

use super::{
    super::{both, escaped},
    corporation::check,
};
use crate::control::views::StateView;

/// Format of times.
pub(super) const TIME: &str = "%F %T UTC";

const EVENTS: [(&str, &str); 5] = [
    ("create_auth", "授权成功 Authorized (app market)"),
    ("change_auth", "变更授权 Authorization changed"),
    ("cancel_auth", "取消授权 App removed"),
    ("reset_permanent_code", "重置永久授权码 Permanent code reset"),
    ("other", "其他 InfoType Another InfoType"),
];

pub(super) fn section(state: &StateView) -> String {
    format!(
        "<section id=\"suite\">\n<h2>{title}</h2>\n<div class=\"columns\">\n{callback}{events}</div>\n</section>\n",
        title = both("服务商 · 第三方应用", "The provider's app"),
        callback = callback(state),
        events = events(state),
    )
}

fn callback(state: &StateView) -> String {
    let suite = &state.suite;
    let ticket = match (suite.last_ticket_at, suite.ticket_accepted_at) {
        (_, Some(at)) => format!(
            "<p class=\"good\">{} {}</p>",
            both("suite_ticket 已被接收", "Ticket accepted"),
            at.strftime(TIME)
        ),
        (Some(at), None) => {
            format!(
                "<p class=\"bad\">{} {}</p>",
                both("suite_ticket 尚未被接收", "Ticket not accepted yet"),
                at.strftime(TIME)
            )
        }
        (None, None) => format!(
            "<p class=\"quiet\">{}</p>",
            both("尚未推送 suite_ticket", "No ticket pushed yet")
        ),
    };
    format!(
        "<div class=\"panel\">\n<table><tr><th>SuiteID</th><td><code>{id}</code></td></tr>\
         <tr><th>{provider}</th><td><code>{provider_id}</code></td></tr></table>\n\
         <form method=\"post\" action=\"/console/suite/callback\"><label>{url}\
         <input name=\"url\" value=\"{current}\" required></label>\n<button>{set}</button></form>\n\
         <p class=\"buttons\">{check_button}{ticket_button}</p>\n{ticket}\n{check}</div>\n",
        id = escaped(&suite.suite_id),
        provider = both("服务商 corpid", "The provider's corpid"),
        provider_id = escaped(&suite.provider_corp_id),
        url = both("指令回调URL", "Command callback URL"),
        current = escaped(suite.callback_url.as_deref().unwrap_or_default()),
        set = both("设置", "Set"),
        check_button = button("/console/suite/check", "校验URL", "Check the URL"),
        ticket_button = button("/console/suite/ticket", "推送 suite_ticket", "Push a ticket now"),
        check = suite.last_check.as_ref().map(check).unwrap_or_default(),
    )
}

fn events(state: &StateView) -> String {
    let kinds = EVENTS
        .map(|(name, title)| format!("<option value=\"{name}\">{title} — {name}</option>\n"))
        .concat();
    let corporations = state
        .corps
        .iter()
        .map(|corporation| {
            let id = escaped(&corporation.corp_id);
            format!(
                "<option value=\"{id}\">{} — {id}</option>\n",
                escaped(&corporation.name)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<div class=\"panel\">\n<h3>{title}</h3>\n<form method=\"post\" action=\"/console/suite/events\">\n\
         <label>{event}<select name=\"event\">\n{kinds}</select></label>\n\
         <label>{other}<input name=\"info_type\" value=\"corp_arch_auth\"></label>\n\
         <label>{corp}<select name=\"corp_id\">\n{corporations}</select></label>\n\
         <label>State<input name=\"state\" pattern=\"[A-Za-z0-9]{{0,128}}\"></label>\n\
         <label>{mode}<select name=\"auth_mode\"><option value=\"\">{keep}</option>\
         <option value=\"admin\">管理员授权 Administrator</option><option value=\"member\">成员授权 Member</option></select></label>\n\
         <button class=\"primary\">{send}</button></form></div>\n",
        title = both("发送授权事件", "Send an authorization event"),
        event = both("事件", "Event"),
        other = both("其他 InfoType", "Another InfoType"),
        corp = both("企业", "Corporation"),
        mode = both("授权方式", "Authorized by"),
        keep = "不变 As it is",
        send = both("发送", "Send"),
    )
}

/// A form that is only a button.
pub(super) fn button(action: &str, chinese: &str, english: &str) -> String {
    format!(
        "<form class=\"inline\" method=\"post\" action=\"{action}\"><button>{}</button></form> ",
        both(chinese, english)
    )
}
