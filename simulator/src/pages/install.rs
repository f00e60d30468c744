//! `/3rdapp/install`: the page on which an admin confirms the app.

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{both, escaped, page};
use crate::{
    api::Context,
    control::Control,
    install::{self, INSTALL_PATH, InstallLink, LinkFault},
    world::{Which, corporation::AuthMode},
};

/// No `form-action`: browsers apply it to the redirect after the form, whose target is the provider's site.
const FORM_ACTION: &str = "";

pub(super) fn routes() -> Router<Control> {
    Router::new().route(INSTALL_PATH, get(show).post(decide))
}

async fn show(State(control): State<Control>, RawQuery(query): RawQuery) -> Response {
    let link = match InstallLink::from_query(&query.unwrap_or_default()) {
        Ok(link) => link,
        Err(fault) => return refused(fault),
    };
    let checked = control
        .shared
        .change(|context| link.check(context).map(|()| form(&link, context)));
    match checked {
        Ok(body) => page(StatusCode::OK, "安装应用", FORM_ACTION, &body),
        Err(fault) => refused(fault),
    }
}

async fn decide(State(control): State<Control>, body: String) -> Response {
    let link = match InstallLink::from_query(&body) {
        Ok(link) => link,
        Err(fault) => return refused(fault),
    };
    let value = |name: &str| {
        url::form_urlencoded::parse(body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if value("decision") != "confirm" {
        return cancelled(&link);
    }
    let auth_mode = if value("auth_mode") == "member" {
        AuthMode::Member
    } else {
        AuthMode::Admin
    };
    let corp_id = value("corp_id");
    if control.corp_id(&corp_id).is_err() {
        return notice(StatusCode::BAD_REQUEST, "请选择要安装的企业", "Choose a corporation");
    }
    match control
        .shared
        .change(|context| install::confirm(context, &link, &corp_id, auth_mode))
    {
        Ok(target) => (StatusCode::FOUND, [(header::LOCATION, target)]).into_response(),
        Err(fault) => refused(fault),
    }
}

fn form(link: &InstallLink, context: &Context<'_>) -> String {
    let which = context
        .suites
        .by_id(&link.suite_id)
        .map_or(Which::FIRST, |(which, _)| which);
    let corporations = context
        .world
        .corporations
        .iter()
        .enumerate()
        .map(|(place, corporation)| {
            let installed = if corporation.installed(&which).is_some() {
                " <em>已安装 Installed</em>"
            } else {
                ""
            };
            format!(
                "<label class=\"choice\"><input type=\"radio\" name=\"corp_id\" value=\"{id}\" required{checked}> \
                 {name}{installed}<small>{id}</small></label>\n",
                id = escaped(&corporation.corp_id),
                name = escaped(&corporation.name),
                checked = if place == 0 { " checked" } else { "" },
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<main class=\"narrow\">\n<h1>{title}</h1>\n<p>{intro}</p>\n<form method=\"post\" action=\"{INSTALL_PATH}\">\n{hidden}\
         <fieldset><legend>{which}</legend>\n{corporations}</fieldset>\n\
         <fieldset><legend>{how}</legend>\n\
         <label class=\"choice\"><input type=\"radio\" name=\"auth_mode\" value=\"admin\" checked> {admin}</label>\n\
         <label class=\"choice\"><input type=\"radio\" name=\"auth_mode\" value=\"member\"> {member}</label>\n</fieldset>\n\
         <p class=\"buttons\"><button class=\"primary\" name=\"decision\" value=\"confirm\">{confirm}</button>\n\
         <button name=\"decision\" value=\"cancel\">{cancel}</button></p>\n</form>\n</main>\n",
        title = both("安装应用", "Install the app"),
        intro = both(
            "“企微授权管理”申请获取：企业基本信息、通讯录基本信息。这是模拟的企业微信页面。",
            "The app asks for the corporation's name and its basic contacts. This page plays WeCom's part."
        ),
        hidden = hidden(link),
        which = both("安装到哪个企业", "Which corporation"),
        how = both("授权方式", "Authorized by"),
        admin = both("管理员授权", "An administrator, for the corporation"),
        member = both("成员授权", "A member, for themselves alone"),
        confirm = both("确认安装", "Install"),
        cancel = both("取消", "Cancel"),
    )
}

fn hidden(link: &InstallLink) -> String {
    [
        ("suite_id", link.suite_id.as_str()),
        ("pre_auth_code", &link.pre_auth_code),
        ("redirect_uri", link.redirect_uri.as_str()),
        ("state", &link.state),
    ]
    .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escaped(value)))
    .concat()
}

fn refused(fault: LinkFault) -> Response {
    notice(StatusCode::BAD_REQUEST, fault.words(), &fault.to_string())
}

/// Cancelling does not redirect, and the link stays valid, as at WeCom.
fn cancelled(link: &InstallLink) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("suite_id", &link.suite_id)
        .append_pair("pre_auth_code", &link.pre_auth_code)
        .append_pair("redirect_uri", link.redirect_uri.as_str())
        .append_pair("state", &link.state)
        .finish();
    let body = format!(
        "<main class=\"narrow\"><h1>{}</h1><p><a href=\"{}\">{}</a></p></main>\n",
        both("已取消安装", "Not installed"),
        escaped(&format!("{INSTALL_PATH}?{query}")),
        both("重新打开安装页", "Open the install page again"),
    );
    page(StatusCode::OK, "已取消安装", FORM_ACTION, &body)
}

fn notice(status: StatusCode, chinese: &str, english: &str) -> Response {
    let body = format!("<main class=\"narrow\"><h1>{}</h1></main>\n", both(chinese, english));
    page(status, chinese, FORM_ACTION, &body)
}
