//! Reads requests: who asks, which scope, the body.

use lambda_http::{Body, Request, RequestExt as _, http::header::CONTENT_TYPE, request::RequestContext};
use serde_json::{Map, Value};

use super::Problem;
use crate::{
    audit::{Actor, ActorKind},
    config::Config,
    ids::{Scope, TenantId},
};

/// An admin's request has at most this many bytes of body.
pub(super) const MAX_ADMIN_BODY: usize = 64 * 1024;
/// A callback's request has at most this many bytes of body.
pub(super) const MAX_CALLBACK_BODY: usize = 1024 * 1024;

/// The tenant, from the claims that API Gateway's JWT authorizer has verified; there is no other way to name one, but for
/// the setting that stands in for claims under `sam local`, which checks no token.
pub(super) fn tenant(request: &Request, config: &Config) -> Result<TenantId, Problem> {
    let claim = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context
            .authorizer
            .as_ref()
            .and_then(|authorizer| authorizer.jwt.as_ref())
            .and_then(|jwt| jwt.claims.get(&config.tenant_claim)),
        _ => None,
    };
    match (claim.filter(|claim| !claim.is_empty()), &config.local_tenant_id) {
        (Some(claim), _) => TenantId::parse(claim).map_err(|_| Problem::forbidden()),
        (None, Some(local)) => Ok(local.clone()),
        (None, None) => Err(Problem::unauthenticated()),
    }
}

/// Who asks: the subject of the admin's token, and the address that API Gateway saw.
pub(super) fn actor(request: &Request) -> Actor {
    let context = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    };
    let jwt = context
        .and_then(|context| context.authorizer.as_ref())
        .and_then(|authorizer| authorizer.jwt.as_ref());
    Actor {
        kind: ActorKind::Admin,
        id: jwt.and_then(|jwt| jwt.claims.get("sub").cloned()),
        source_ip: context.and_then(|context| context.http.source_ip.clone()),
    }
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

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::apigw::{
        ApiGatewayRequestAuthorizer, ApiGatewayRequestAuthorizerJwtDescription, ApiGatewayV2httpRequestContext,
    };

    use super::*;

    fn request(claim: Option<&str>) -> Request {
        let mut jwt = ApiGatewayRequestAuthorizerJwtDescription::default();
        jwt.claims
            .extend(claim.map(|claim| ("tenant_id".to_owned(), claim.to_owned())));
        let mut authorizer = ApiGatewayRequestAuthorizer::default();
        authorizer.jwt = Some(jwt);
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.authorizer = Some(authorizer);
        Request::default().with_request_context(RequestContext::ApiGatewayV2(context))
    }

    fn config(set: &[(&str, &str)]) -> Config {
        let required = ["AUTHORIZATION_TABLE", "EVENT_TABLE", "SECRET_PREFIX"].map(|name| (name, "x"));
        Config::from_lookup(|name| {
            let mut given = required.iter().chain(set);
            given
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    fn code(request: &Request, config: &Config) -> Result<String, &'static str> {
        tenant(request, config)
            .map(String::from)
            .map_err(|problem| problem.code())
    }

    #[test]
    fn fails_closed_without_a_claim() {
        let config = config(&[]);
        assert_eq!(code(&request(Some("acme")), &config), Ok("acme".into()));
        for without in [request(None), request(Some("")), Request::default()] {
            assert_eq!(code(&without, &config), Err("unauthenticated"));
        }
        assert_eq!(code(&request(Some("a/b")), &config), Err("forbidden"));
    }

    #[test]
    fn falls_back_on_the_local_tenant_only_when_there_is_no_claim() {
        let config = config(&[("LOCAL_TENANT_ID", "demo"), ("AWS_SAM_LOCAL", "true")]);
        assert_eq!(code(&request(None), &config), Ok("demo".into()));
        assert_eq!(code(&request(Some("acme")), &config), Ok("acme".into()));
        assert_eq!(code(&request(Some("a/b")), &config), Err("forbidden"));
    }
}
