//! A tenant's audit trail: `/authorization/audit`.

use lambda_http::http::{HeaderValue, StatusCode, header::LINK};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Problem, Request, binding,
    page::{Cursor, Limit},
    problem,
};
use crate::{audit::AuditEntry, platform::Platform};

/// Which page is wanted. An empty parameter counts as absent.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Largest number of rows in the page.
    limit: Option<Limit>,
    /// `next_cursor` of the page before. Any other is refused.
    cursor: Option<String>,
}

/// A page of the audit trail, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct AuditPage {
    #[cfg_attr(feature = "contract", schemars(length(max = 100)))]
    entries: Vec<AuditEntry>,
    /// The cursor of the next page, if there may be one.
    next_cursor: Option<String>,
}

/// The trail as JSON, or one line for each entry for a program that asks for `application/x-ndjson`.
pub(super) async fn list(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let query: AuditQuery = request.query()?;
    let limit = query.limit.unwrap_or_default().get();
    let cursor = Cursor::new("audit", Some(&tenant_id), &());
    let before = cursor.read(query.cursor.as_deref())?;
    let page = platform
        .store
        .audit(&tenant_id, limit, before)
        .await
        .map_err(|error| problem(platform)(error.into()))?;
    let next_cursor = page.next.map(|position| cursor.write(&position));
    if !request.header("accept").contains("application/x-ndjson") {
        let entries = page.entries;
        return Ok(Answer::json(StatusCode::OK, &AuditPage { entries, next_cursor }));
    }
    let answer = Answer::json_lines(&page.entries);
    // Lines have no room for a cursor: the next page is linked as RFC 8288 describes.
    match next_cursor {
        None => Ok(answer),
        Some(next) => {
            let path = request.path().trim_end_matches('/');
            let link = format!("<{path}?limit={limit}&cursor={next}>; rel=\"next\"");
            let link = HeaderValue::from_str(&link).map_err(|_| Problem::internal())?;
            Ok(answer.with(LINK, link))
        }
    }
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::contract::Operation;
    vec![
        Operation::admin(
            ["GET", "/authorization/audit"],
            ["listAudit", "read-authorization"],
            ["State", "Who did what, newest first"],
        )
        .says(
            "Append-only, and free of secrets. An empty parameter counts as absent; an unknown one is refused. With `Accept: \
             application/x-ndjson` the page has one line for each entry, for a program that stores them elsewhere.",
        )
        .query::<AuditQuery>()
        .answers::<AuditPage>(200, "A page."),
    ]
}
