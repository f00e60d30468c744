//! Reads requests: who asks, which scope, the body.

use lambda_http::{Body, Request, RequestExt as _, http::header::CONTENT_TYPE, request::RequestContext};
use serde_json::{Map, Value};

use super::Problem;
use crate::{
    config::Config,
    ids::{Scope, TenantId},
};

/// An admin's request has at most this many bytes of body.
pub(super) const MAX_ADMIN_BODY: usize = 64 * 1024;
/// A callback's request has at most this many bytes of body.
pub(super) const MAX_CALLBACK_BODY: usize = 1024 * 1024;

/// The tenant, from the claims that API Gateway's JWT authorizer has verified; there is no other way to name one.
pub(super) fn tenant(request: &Request, config: &Config) -> Result<TenantId, Problem> {
    let claim = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context
            .authorizer
            .as_ref()
            .and_then(|authorizer| authorizer.jwt.as_ref())
            .and_then(|jwt| jwt.claims.get(&config.tenant_claim)),
        _ => None,
    };
    let claim = claim
        .filter(|claim| !claim.is_empty())
        .ok_or_else(Problem::unauthenticated)?;
    TenantId::parse(claim).map_err(|_| Problem::forbidden())
}

/// Where our links and callback URLs begin: as configured, else the host that API Gateway was reached at.
pub(super) fn base_url(request: &Request, config: &Config) -> String {
    if let Some(base_url) = &config.base_url {
        return base_url.clone();
    }
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            format!("https://{}", context.domain_name.as_deref().unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// The segments of the path, without empty ones: `/callback/x`, `/callback/x/` and `//callback/x` are the same.
pub(super) fn segments(request: &Request) -> Vec<&str> {
    request
        .uri()
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// The scope in `/authorization/{scope}/…`.
pub(super) fn scope(request: &Request) -> Result<Scope, Problem> {
    segments(request)
        .get(1)
        .and_then(|segment| Scope::from_path(segment))
        .ok_or_else(Problem::not_found)
}

pub(super) fn body(request: &Request, most: usize) -> Result<&[u8], Problem> {
    let bytes: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if bytes.len() > most {
        Err(Problem::body_too_large())
    } else {
        Ok(bytes)
    }
}

/// The fields of a JSON body, each of which must be one of `known`. No body is an empty object when `may_be_empty`.
///
/// The parser's own messages are not passed on, because they quote values, and a value may be a Secret.
pub(super) fn json_fields(
    request: &Request,
    known: &[&str],
    may_be_empty: bool,
) -> Result<Map<String, Value>, Problem> {
    let bytes = body(request, MAX_ADMIN_BODY)?;
    if bytes.is_empty() && may_be_empty {
        return Ok(Map::new());
    }
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::unsupported_media_type());
    }
    let fields: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|_| Problem::malformed_request("The body is not a JSON object."))?;
    match fields.keys().find(|field| !known.contains(&field.as_str())) {
        Some(field) => Err(Problem::unknown_field(field)),
        None => Ok(fields),
    }
}

pub(super) fn request_id(request: &Request) -> String {
    request
        .lambda_context_ref()
        .map(|context| context.request_id.clone())
        .unwrap_or_default()
}

/// One cookie of the request.
pub(super) fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get_all(lambda_http::http::header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}
