//! Routes of the HTTP API, as in `template.yaml`.

use std::{collections::HashMap, sync::LazyLock};

use lambda_http::http::Method;

/// A function that answers HTTP requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `start-installation`
    StartInstallation,
    /// `installation-callback`
    InstallationCallback,
    /// `suite-callback`
    SuiteCallback,
    /// `register-secret`
    RegisterSecret,
    /// `generate-credentials`
    GenerateCredentials,
    /// `event-callback`
    EventCallback,
    /// `complete-authorization`
    CompleteAuthorization,
    /// `update-settings`
    UpdateSettings,
    /// `read-authorization`
    ReadAuthorization,
    /// `console`
    Console,
    /// `test-callback`
    TestCallback,
    /// `disconnect`
    Disconnect,
    /// `check-authorization`
    CheckAuthorization,
    /// `replay-event`
    ReplayEvent,
    /// `find-person`
    FindPerson,
    /// `share-credentials`
    ShareCredentials,
    /// `read-tenants`
    ReadTenants,
    /// `act-on-tenant`
    ActOnTenant,
}

/// Callers that a route accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Callers with a valid token.
    Token,
    /// Callers without a token.
    Open,
}

/// A route: `{name}` matches one segment, `{name+}` the rest of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with variables.
    pub path: &'static str,
    /// Callers that the route accepts.
    pub access: Access,
    /// The function that answers.
    pub function: Function,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $function:ident,)*) => {
        /// Every route of the HTTP API, as in template.yaml.
        pub const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            access: Access::$access,
            function: Function::$function,
        }),*];
    };
}

routes! {
    GET "/callback/{callback_id+}" Open EventCallback,
    POST "/callback/{callback_id+}" Open EventCallback,
    GET "/legacy/{path+}" Open EventCallback,
    POST "/legacy/{path+}" Open EventCallback,
    GET "/suite/callback" Open SuiteCallback,
    POST "/suite/callback" Open SuiteCallback,
    GET "/suite/callback/{rest+}" Open SuiteCallback,
    POST "/suite/callback/{rest+}" Open SuiteCallback,
    GET "/suite/{suite_id}/callback" Open SuiteCallback,
    POST "/suite/{suite_id}/callback" Open SuiteCallback,
    GET "/suite/{suite_id}/callback/{rest+}" Open SuiteCallback,
    POST "/suite/{suite_id}/callback/{rest+}" Open SuiteCallback,
    GET "/installation/start/{nonce}" Open StartInstallation,
    POST "/installation/start/{nonce}" Open StartInstallation,
    GET "/installation/callback" Open InstallationCallback,
    GET "/" Open Console,
    HEAD "/" Open Console,
    GET "/operator" Open Console,
    GET "/embed.js" Open Console,
    GET "/help/{topic}" Open Console,
    GET "/assets/{file+}" Open Console,
    GET "/authorization" Token ReadAuthorization,
    GET "/authorization/events" Token ReadAuthorization,
    GET "/authorization/events/{event_id}" Token ReadAuthorization,
    GET "/authorization/audit" Token ReadAuthorization,
    POST "/authorization/installation" Token StartInstallation,
    POST "/authorization/installation/confirmation" Token InstallationCallback,
    PUT "/authorization/settings" Token UpdateSettings,
    POST "/authorization/check" Token CheckAuthorization,
    POST "/authorization/completion" Token CompleteAuthorization,
    PUT "/authorization/{scope}/secret" Token RegisterSecret,
    POST "/authorization/{scope}/credentials" Token GenerateCredentials,
    GET "/authorization/{scope}/credentials" Token GenerateCredentials,
    POST "/authorization/{scope}/test" Token TestCallback,
    POST "/authorization/events/{event_id}/replay" Token ReplayEvent,
    POST "/authorization/events/replays" Token ReplayEvent,
    GET "/authorization/events/replays/{replay_id}" Token ReplayEvent,
    DELETE "/authorization/events/replays/{replay_id}" Token ReplayEvent,
    DELETE "/authorization" Token Disconnect,
    POST "/authorization/assist-links" Token ShareCredentials,
    DELETE "/authorization/assist-links/{id}" Token ShareCredentials,
    POST "/authorization/persons/events" Token FindPerson,
    POST "/authorization/persons/deletion" Token FindPerson,
    GET "/authorizations" Token ReadAuthorization,
    POST "/authorizations" Token StartInstallation,
    GET "/authorizations/{binding_id}" Token ReadAuthorization,
    GET "/authorizations/{binding_id}/events" Token ReadAuthorization,
    GET "/authorizations/{binding_id}/events/{event_id}" Token ReadAuthorization,
    GET "/authorizations/{binding_id}/audit" Token ReadAuthorization,
    POST "/authorizations/{binding_id}/installation" Token StartInstallation,
    POST "/authorizations/{binding_id}/installation/confirmation" Token InstallationCallback,
    PUT "/authorizations/{binding_id}/settings" Token UpdateSettings,
    POST "/authorizations/{binding_id}/check" Token CheckAuthorization,
    POST "/authorizations/{binding_id}/completion" Token CompleteAuthorization,
    PUT "/authorizations/{binding_id}/{scope}/secret" Token RegisterSecret,
    POST "/authorizations/{binding_id}/{scope}/credentials" Token GenerateCredentials,
    GET "/authorizations/{binding_id}/{scope}/credentials" Token GenerateCredentials,
    POST "/authorizations/{binding_id}/{scope}/test" Token TestCallback,
    POST "/authorizations/{binding_id}/events/{event_id}/replay" Token ReplayEvent,
    GET "/authorizations/{binding_id}/events/replays/{replay_id}" Token ReplayEvent,
    DELETE "/authorizations/{binding_id}/events/replays/{replay_id}" Token ReplayEvent,
    POST "/authorizations/{binding_id}/events/replays" Token ReplayEvent,
    DELETE "/authorizations/{binding_id}" Token Disconnect,
    POST "/authorizations/{binding_id}/assist-links" Token ShareCredentials,
    DELETE "/authorizations/{binding_id}/assist-links/{id}" Token ShareCredentials,
    POST "/authorizations/{binding_id}/persons/events" Token FindPerson,
    POST "/authorizations/{binding_id}/persons/deletion" Token FindPerson,
    GET "/assist/{token}" Open ShareCredentials,
    POST "/assist/{token}" Open ShareCredentials,
    GET "/assist/{token}/status" Open ShareCredentials,
    GET "/operator/tenants" Token ReadTenants,
    GET "/operator/tenants/{tenant_id}" Token ReadTenants,
    GET "/operator/summary" Token ReadTenants,
    POST "/operator/replays" Token ReplayEvent,
    GET "/operator/replays/{replay_id}" Token ReplayEvent,
    DELETE "/operator/replays/{replay_id}" Token ReplayEvent,
    GET "/operator/claims" Token ReadTenants,
    POST "/operator/tenants/{tenant_id}/check" Token ActOnTenant,
    POST "/operator/tenants/{tenant_id}/disconnect" Token ActOnTenant,
    POST "/operator/tenants/{tenant_id}/persons/events" Token FindPerson,
    POST "/operator/tenants/{tenant_id}/persons/deletion" Token FindPerson,
    POST "/operator/claims/{claim_id}/assignment" Token ActOnTenant,
}

type Routers = HashMap<&'static str, matchit::Router<&'static Route>>;

/// The routes by method. A static segment has priority over a variable, and both over a greedy one, as in API Gateway: "API
/// Gateway selects the route with the most-specific match" (developer guide, http-api-develop-routes, "Routing API requests").
static ROUTERS: LazyLock<Routers> = LazyLock::new(|| {
    let mut routers = Routers::new();
    for route in ROUTES {
        let router = routers.entry(route.method).or_default();
        let mut insert = |path: &str| router.insert(path, route).expect("the routes do not conflict");
        match route.path.rsplit_once('{').filter(|_| route.path.ends_with("+}")) {
            None => insert(route.path),
            Some((parent, variable)) => {
                insert(&format!("{parent}{{*{}", variable.replace('+', "")));
                // It matches an empty rest too: a route `/metrics/{proxy+}` serves `/metrics/` (storacha/w3infra pull 166).
                insert(parent);
            }
        }
    }
    routers
});

/// The route of a request, and the values of its path variables.
pub(crate) fn find(method: &Method, path: &str) -> Option<(&'static Route, Vec<(String, String)>)> {
    let found = ROUTERS.get(method.as_str())?.at(path).ok()?;
    // `matchit` lets a variable be empty within a path; a segment of API Gateway's is not.
    if found.params.iter().any(|(_, value)| value.is_empty()) {
        return None;
    }
    let variables = found
        .params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some((found.value, variables.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(method: &Method, path: &str) -> Option<Function> {
        find(method, path).map(|(route, _)| route.function)
    }

    #[test]
    fn finds_a_callback_with_any_number_of_slashes_at_its_end() {
        for path in ["/callback/x", "/callback/x/", "/callback/x//"] {
            assert_eq!(function(&Method::POST, path), Some(Function::EventCallback), "{path}");
        }
        let first = ["/suite/callback", "/suite/callback/", "/suite/callback//"];
        let another = ["/suite/ww1/callback", "/suite/ww1/callback/", "/suite/ww1/callback//"];
        for path in first.into_iter().chain(another) {
            assert_eq!(function(&Method::POST, path), Some(Function::SuiteCallback), "{path}");
        }
    }

    #[test]
    fn a_variable_is_one_segment_and_a_greedy_one_the_rest() {
        let variables = |path: &str| find(&Method::GET, path).unwrap().1;
        let variable = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(variables("/installation/start/n"), variable("nonce", "n"));
        assert_eq!(variables("/assets/css/page.css"), variable("file", "css/page.css"));
        assert_eq!(variables("/suite/callback/"), []);
    }

    #[test]
    fn finds_no_other_route() {
        for (method, path) in [
            (Method::GET, "/callback"),
            (Method::DELETE, "/callback/x"),
            (Method::GET, "/authorization/"),
            (Method::GET, "/authorization/contacts"),
            (Method::GET, "/authorization/contacts/secret"),
            (Method::PUT, "/authorization//secret"),
            (Method::GET, "/index.html"),
            (Method::PATCH, "/authorization"),
        ] {
            assert_eq!(function(&method, path), None, "{method} {path}");
        }
    }

    /// API Gateway refuses to create such routes: no path ends in a slash but `/` (storacha/w3infra pull 166, SAM issue
    /// 1949), and a greedy variable is at the end (developer guide, http-api-develop-routes).
    #[test]
    fn every_route_is_one_that_api_gateway_creates() {
        for Route { path, .. } in ROUTES {
            assert!(
                path.starts_with('/') && (*path == "/" || !path.ends_with('/')),
                "{path}"
            );
            let segments: Vec<_> = path.split('/').skip(1).collect();
            for (index, segment) in segments.iter().enumerate() {
                let is_last = index + 1 == segments.len();
                let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let name = name.map_or(*segment, |name| {
                    name.strip_suffix('+').filter(|_| is_last).unwrap_or(name)
                });
                assert!(!name.contains(['{', '}', '+']), "{path}");
                assert!(*path == "/" || !name.is_empty(), "{path}");
            }
        }
    }
}
