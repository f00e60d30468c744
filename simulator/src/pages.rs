//! The pages: WeCom's install page, and a console for everything else.
//!
//! Server-rendered HTML, Chinese with English below. Every page works without its script, which only copies values
//! and submits forms; nothing is loaded from other sites.

mod console;
mod install;
mod scan;

use axum::{
    Router,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::control::{Control, ControlError};

const STYLE: &str = include_str!("../assets/simulator.css");
const SCRIPT: &str = include_str!("../assets/simulator.js");

/// Content security policy of every page. `form-action` is set by each page, see [`install`].
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Control> {
    Router::new()
        .merge(console::routes())
        .merge(install::routes())
        .merge(scan::routes())
        .route(
            "/_simulator/assets/simulator.css",
            get(async || asset("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/_simulator/assets/simulator.js",
            get(async || asset("text/javascript; charset=utf-8", SCRIPT)),
        )
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// A complete page. `form_action` is added to the policy.
fn page(status: StatusCode, title: &str, form_action: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/_simulator/assets/simulator.css\">\n\
         <script src=\"/_simulator/assets/simulator.js\" defer></script>\n</head>\n<body>\n{body}</body>\n</html>\n",
        title = escaped(title),
    );
    let headers: [(HeaderName, String); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // Not `no-referrer`: that would make the origin of our own forms `null`.
        (header::REFERRER_POLICY, "same-origin".to_owned()),
        (header::CONTENT_SECURITY_POLICY, format!("{POLICY}{form_action}")),
    ];
    (status, headers, html).into_response()
}

/// A page with an error.
fn refusal(error: &ControlError) -> Response {
    let status = match error {
        ControlError::UnknownCorporation | ControlError::Unknown(_) => StatusCode::NOT_FOUND,
        ControlError::Invalid(_) => StatusCode::BAD_REQUEST,
        ControlError::NotReady(_) => StatusCode::CONFLICT,
    };
    let body = format!(
        "<main class=\"narrow\"><h1>{}</h1><p class=\"bad\">{}</p><p><a href=\"/\">{}</a></p></main>\n",
        both("没有执行", "Not done"),
        escaped(&error.to_string()),
        both("返回", "Back"),
    );
    page(status, "没有执行", "; form-action 'self'", &body)
}

/// Chinese text with English below.
fn both(chinese: &str, english: &str) -> String {
    format!("{}<small lang=\"en\">{}</small>", escaped(chinese), escaped(english))
}

/// Text escaped for HTML, attributes included.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        assert_eq!(
            escaped("<a b=\"c\" d='e'>&"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;"
        );
    }
}
