//! What an administrator's phone shows after scanning a QR code of templates (代开发).

use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
    routing::get,
};

use super::{both, escaped, page};
use crate::{
    api::Context,
    control::{Control, requests::ScanRequest},
    scan::{self, QrFault},
    suites::SCAN_PATH,
    world::ledger::QrCode,
};

const FORM_ACTION: &str = "; form-action 'self'";

pub(super) fn routes() -> Router<Control> {
    Router::new().route(SCAN_PATH, get(show).post(decide))
}

async fn show(State(control): State<Control>, RawQuery(query): RawQuery) -> Response {
    let code = scan::code_of_query(&query.unwrap_or_default());
    let form = control.shared.change(|context| {
        let qr_code = scan::valid(context, &code)?;
        Ok(form(&qr_code, context))
    });
    match form {
        Ok(body) => page(StatusCode::OK, "授权代开发应用", FORM_ACTION, &body),
        Err(fault) => refused(fault),
    }
}

async fn decide(State(control): State<Control>, body: String) -> Response {
    let corp_id = url::form_urlencoded::parse(body.as_bytes())
        .find(|(key, _)| key == "corp_id")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let code = scan::code_of_query(&body);
    let text = control.shared.suites.qr_code_text(&code);
    let request = ScanRequest {
        text,
        corp_id,
        ..ScanRequest::default()
    };
    match control.scan(&request).await {
        Ok(_) => notice(
            StatusCode::OK,
            "授权成功，请回到管理页面确认企业名称",
            "Authorized. Go back to the admin page and confirm the corporation's name",
        ),
        Err(error) => notice(StatusCode::BAD_REQUEST, "授权失败", &error.to_string()),
    }
}

fn form(qr_code: &QrCode, context: &Context<'_>) -> String {
    let corporations = context
        .world
        .corporations
        .iter()
        .enumerate()
        .map(|(place, corporation)| {
            format!(
                "<label class=\"choice\"><input type=\"radio\" name=\"corp_id\" value=\"{id}\" required{checked}> \
                 {name}<small>{id}</small></label>\n",
                id = escaped(&corporation.corp_id),
                name = escaped(&corporation.name),
                checked = if place == 0 { " checked" } else { "" },
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<main class=\"narrow\">\n<h1>{title}</h1>\n<p>{intro}</p>\n<form method=\"post\" action=\"{SCAN_PATH}\">\n\
         <input type=\"hidden\" name=\"code\" value=\"{code}\">\n\
         <fieldset><legend>{which}</legend>\n{corporations}</fieldset>\n\
         <p class=\"buttons\"><button class=\"primary\">{confirm}</button></p>\n</form>\n</main>\n",
        title = both("授权代开发应用", "Authorize a customised app"),
        intro = both(
            "管理员扫描二维码后，手机上显示的页面。这是模拟的企业微信页面。",
            "What an administrator's phone shows after scanning. This page plays WeCom's part."
        ),
        code = escaped(&qr_code.value),
        which = both("管理员所在的企业", "The administrator's corporation"),
        confirm = both("同意授权", "Authorize"),
    )
}

fn refused(fault: QrFault) -> Response {
    notice(StatusCode::BAD_REQUEST, fault.words(), &fault.to_string())
}

fn notice(status: StatusCode, chinese: &str, english: &str) -> Response {
    let body = format!("<main class=\"narrow\"><h1>{}</h1></main>\n", both(chinese, english));
    page(status, chinese, FORM_ACTION, &body)
}
