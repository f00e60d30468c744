//! The admin page: files of `console/dist/`, embedded.

use std::{io::Write as _, sync::LazyLock};

use flate2::{Compression, write::GzEncoder};
use include_dir::Dir;
use lambda_http::{
    Body, Response,
    http::{
        HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderName, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, VARY,
        },
    },
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Answer, Problem, Request, conclude, dist::FILES, help};
use crate::{config::Oidc, entropy::hex, platform::Platform};

/// Changes with any file. It is part of the addresses that the page's HTML gives, and modules name one another relative to
/// their own, so a browser may keep them all: a second visit asks for the HTML alone.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    digest_all(&FILES, &mut digest);
    hex(&digest.finalize())
        .get(..VERSION_DIGITS)
        .unwrap_or_default()
        .to_owned()
});
const VERSION_DIGITS: usize = 16;

static INDEX: LazyLock<String> = LazyLock::new(|| html("index.html"));

/// The operators' page.
static OPERATOR: LazyLock<String> = LazyLock::new(|| html("operator.html"));

fn html(file: &str) -> String {
    let html = FILES.get_file(file).and_then(|file| file.contents_utf8());
    html.unwrap_or_default()
        .replace("\"assets/", &format!("\"assets/{}/", *VERSION))
}

/// The script that a platform puts into its own page.
const EMBED: &str = "embed.js";

const KEEP: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// Nothing but our own files, and nothing inline; the page talks to its own origin and, to sign in, to the issuer and its
/// token endpoint.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /`, `GET /operator`, `GET /embed.js`, `GET /assets/…` and `GET /help/{topic}`.
pub async fn console(platform: &Platform, request: Request) -> Response<Body> {
    let answer = match request.segments().as_slice() {
        ["help", _] => help::read(&platform.config, &request),
        _ => file(platform, &request),
    };
    conclude(answer, &request)
}

fn file(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let path = request.path().trim_start_matches('/');
    if path == "assets/config.json" {
        return Ok(protect(
            platform,
            Answer::json(
                StatusCode::OK,
                &page_config(platform.config.console_oidc.as_ref(), &platform.config.embed_origins),
            ),
        ));
    }
    let (path, contents, cache_control) = find(path).ok_or_else(Problem::not_found)?;
    // Weak, because the same file goes out compressed and not.
    let etag = format!("W/\"{}\"", hex(&Sha256::digest(contents)).get(..32).unwrap_or_default());
    let mut seen = request.header("if-none-match").split(',');
    let answer = if seen.any(|one| one.trim().trim_start_matches("W/") == etag.trim_start_matches("W/")) {
        Answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        contents_of(&path, contents, request)
    };
    let etag = HeaderValue::from_str(&etag).map_err(|_| Problem::internal())?;
    Ok(protect(
        platform,
        answer
            .with(ETAG, etag)
            .with(CACHE_CONTROL, HeaderValue::from_static(cache_control)),
    ))
}

/// The file at a path, with or without a version in it, and how long it may be kept: for good where the version is that of
/// the files here. Another one is asked for while a deployment is under way, or by a page that was opened before it.
fn find(path: &str) -> Option<(String, &'static [u8], &'static str)> {
    if path.is_empty() || path == "index.html" {
        return Some(("index.html".to_owned(), INDEX.as_bytes(), ASK_EACH_TIME));
    }
    if path == "operator" {
        return Some(("operator.html".to_owned(), OPERATOR.as_bytes(), ASK_EACH_TIME));
    }
    if path == EMBED {
        let contents = FILES.get_file(EMBED)?.contents();
        return Some((path.to_owned(), contents, ASK_EACH_TIME));
    }
    let file = path.strip_prefix("assets/")?;
    let is_version = |segment: &str| segment.len() == VERSION_DIGITS && segment.bytes().all(|b| b.is_ascii_hexdigit());
    let (version, file) = match file.split_once('/') {
        Some((first, rest)) if is_version(first) => (first, rest),
        _ => ("", file),
    };
    let path = format!("assets/{file}");
    let contents = FILES.get_file(&path)?.contents();
    Some((path, contents, if version == *VERSION { KEEP } else { ASK_EACH_TIME }))
}

fn digest_all(folder: &Dir<'_>, digest: &mut Sha256) {
    for file in folder.files() {
        digest.update(file.path().as_os_str().as_encoded_bytes());
        digest.update(file.contents());
    }
    for inner in folder.dirs() {
        digest_all(inner, digest);
    }
}

/// The file, compressed for clients that accept it: an HTTP API of API Gateway does not compress.
fn contents_of(path: &str, contents: &'static [u8], request: &Request) -> Answer {
    let takes_gzip = request
        .header("accept-encoding")
        .split(',')
        .any(|one| one.split(';').next().is_some_and(|name| name.trim() == "gzip"));
    let answer = match (
        takes_gzip.then(|| gzip(contents)).flatten(),
        std::str::from_utf8(contents),
    ) {
        (Some(compressed), _) => Answer::new(StatusCode::OK, content_type(path), compressed)
            .with(CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        (None, Ok(text)) => Answer::new(StatusCode::OK, content_type(path), text),
        (None, Err(_)) => Answer::new(StatusCode::OK, content_type(path), contents),
    };
    answer.with(VARY, HeaderValue::from_static("accept-encoding"))
}

fn gzip(contents: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(contents).ok()?;
    encoder.finish().ok()
}

/// Sign-in settings of the page, for `console/src/session.js`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(tag = "mode", rename_all = "snake_case")]
enum PageConfig {
    /// From an OIDC issuer, with the authorization code flow and PKCE.
    #[cfg_attr(feature = "contract", schemars(title = "The page signs in"))]
    Oidc {
        #[cfg_attr(feature = "contract", schemars(extend("format" = "uri")))]
        issuer: String,
        #[cfg_attr(feature = "contract", schemars(length(min = 1)))]
        client_id: String,
        /// The token that goes into `Authorization: Bearer`: `access_token` or `id_token`.
        bearer: &'static str,
        scope: &'static str,
        /// Origins whose pages may frame the admin page (`EmbedOrigins`).
        embed_origins: Vec<String>,
    },
    /// From the local server, in this answer. `null` when it was not reached by a name of its own machine.
    #[cfg_attr(feature = "contract", schemars(title = "The page is given a token"))]
    Local {
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// A token of an operator, for the operators' page; under the same condition.
        #[serde(skip_serializing_if = "Option::is_none")]
        operator_token: Option<String>,
        /// Origins whose pages may frame the admin page (`EmbedOrigins`).
        embed_origins: Vec<String>,
    },
}

fn page_config(oidc: Option<&Oidc>, embed_origins: &[String]) -> PageConfig {
    let embed_origins = embed_origins.to_vec();
    match oidc {
        None => PageConfig::Local {
            token: None,
            operator_token: None,
            embed_origins,
        },
        Some(oidc) => PageConfig::Oidc {
            issuer: oidc.issuer.clone(),
            client_id: oidc.client_id.clone(),
            bearer: oidc.bearer,
            scope: "openid",
            embed_origins,
        },
    }
}

fn protect(platform: &Platform, answer: Answer) -> Answer {
    let policy = policy(platform.config.console_oidc.as_ref(), &platform.config.embed_origins);
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY));
    answer
        .with(CONTENT_SECURITY_POLICY, policy)
        .with(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
        .with(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"))
        .with(
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        )
}

fn policy(oidc: Option<&Oidc>, embed_origins: &[String]) -> String {
    let origins = oidc.map(|oidc| oidc.origins.join(" ")).unwrap_or_default();
    let policy = POLICY.replace("connect-src 'self'", format!("connect-src 'self' {origins}").trim_end());
    if embed_origins.is_empty() {
        return policy;
    }
    policy.replace(
        "frame-ancestors 'none'",
        &format!("frame-ancestors {}", embed_origins.join(" ")),
    )
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    let page = |method, id, summary| {
        Operation::open([method, "/"], [id, "console"], ["Console", summary])
            .never_fails()
            .parameters(&["ifNoneMatch"])
            .answers_component(304, "NotModified")
    };
    vec![
        page("GET", "readConsole", "The admin page").answers_component(200, "Page"),
        page("HEAD", "headConsole", "The admin page's headers").answers_component(200, "PageHeaders"),
        Operation::open(
            ["GET", "/operator"],
            ["readOperatorPage", "console"],
            ["Console", "The operators' page"],
        )
        .says("The page is the same for everybody; what it shows is answered to operators alone.")
        .never_fails()
        .parameters(&["ifNoneMatch"])
        .answers_component(200, "Page")
        .answers_component(304, "NotModified"),
        Operation::open(
            ["GET", "/embed.js"],
            ["readEmbedScript", "console"],
            ["Console", "The script that a platform puts into its own page"],
        )
        .never_fails()
        .parameters(&["ifNoneMatch"])
        .answers_component(200, "EmbedScript")
        .answers_component(304, "NotModified"),
        Operation::open(
            ["GET", "/assets/{file}"],
            ["readAsset", "console"],
            ["Console", "A file of the admin page"],
        )
        .never_fails()
        .parameters(&["file", "ifNoneMatch"])
        .answers_component(200, "File")
        .answers_component(304, "NotModified")
        .refuses(&[kinds::NOT_FOUND]),
        Operation::open(
            ["GET", "/assets/config.json"],
            ["readPageConfig", "console"],
            ["Console", "How the admin page gets its token"],
        )
        .never_fails()
        .answers::<PageConfig>(
            200,
            "From an OIDC issuer with the authorization code flow and PKCE. On the local server only: in this answer, when the \
             server is reached by a name of this machine.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn oidc() -> Oidc {
        Oidc {
            issuer: "https://issuer.example.com/pool".into(),
            client_id: "page".into(),
            bearer: "id_token",
            origins: vec!["https://issuer.example.com".into(), "https://login.example.com".into()],
        }
    }

    #[test]
    fn lets_a_browser_keep_what_the_page_names_and_nothing_else() {
        let named = |page: &'static str| -> Vec<&str> {
            let parts = page.split("=\"assets/").skip(1);
            parts.filter_map(|rest| rest.split('"').next()).collect()
        };
        let (admins, operators) = (named(&INDEX), named(&OPERATOR));
        let versioned = |name: &str| format!("{}/{name}", *VERSION);
        assert_eq!(admins, ["mark.svg", "early.js", "page.css", "page.js"].map(versioned));
        assert_eq!(operators, ["mark.svg", "page.css", "operator.js"].map(versioned));
        for name in admins.into_iter().chain(operators) {
            let (_, _, cache_control) = find(&format!("assets/{name}")).unwrap();
            assert_eq!(cache_control, KEEP, "{name}");
        }
        for path in [
            "",
            "operator",
            EMBED,
            "assets/page.js",
            "assets/0123456789abcdef/page.js",
        ] {
            assert_eq!(find(path).unwrap().2, ASK_EACH_TIME, "{path}");
        }
        let version = VERSION.as_str();
        for path in [
            "Cargo.toml".to_owned(),
            format!("assets/{version}"),
            format!("assets/{version}/{version}/page.js"),
            format!("assets/{version}/../index.html"),
        ] {
            assert!(find(&path).is_none(), "{path}");
        }
    }

    #[test]
    fn lets_the_page_talk_to_its_own_origin_alone_when_nobody_signs_in() {
        assert_eq!(policy(None, &[]), POLICY);
        assert!(POLICY.contains("connect-src 'self';"));
    }

    #[test]
    fn opens_the_policy_for_the_issuer_and_its_token_endpoint_and_for_nothing_else() {
        let opened = policy(Some(&oidc()), &[]);
        let sources = "connect-src 'self' https://issuer.example.com https://login.example.com;";
        assert!(opened.contains(sources), "{opened}");
        assert_eq!(opened.replace(sources, "connect-src 'self';"), POLICY);
    }

    #[test]
    fn tells_the_page_which_token_to_send() {
        let expected = json!({
            "mode": "oidc", "issuer": "https://issuer.example.com/pool", "client_id": "page", "bearer": "id_token", "scope": "openid",
            "embed_origins": [],
        });
        assert_eq!(json!(page_config(Some(&oidc()), &[])), expected);
        let listed = ["https://app.example.com".to_owned()];
        assert_eq!(
            json!(page_config(None, &listed)),
            json!({"mode": "local", "embed_origins": listed})
        );
    }

    #[test]
    fn lets_the_listed_origins_frame_the_page_and_nobody_otherwise() {
        assert!(POLICY.ends_with("frame-ancestors 'none'"));
        let listed = ["https://app.example.com".to_owned(), "http://localhost:5173".to_owned()];
        let opened = policy(None, &listed);
        let ancestors = "frame-ancestors https://app.example.com http://localhost:5173";
        assert!(opened.ends_with(ancestors), "{opened}");
        assert_eq!(opened.replace(ancestors, "frame-ancestors 'none'"), POLICY);
    }
}
