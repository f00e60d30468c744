//! The routes of the HTTP API, as `template.yaml` gives them to API Gateway.

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
    /// `replay-event`
    ReplayEvent,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a good token.
    Token,
    /// Everybody.
    Open,
}

/// A route: `{name}` stands for one segment, `{name+}` for one or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Who answers it.
    pub function: Function,
}

const fn route(method: &'static str, path: &'static str, access: Access, function: Function) -> Route {
    Route {
        method,
        path,
        access,
        function,
    }
}

/// Every route.
pub const ROUTES: [Route; 23] = [
    route("GET", "/callback/{callback_id+}", Access::Open, Function::EventCallback),
    route(
        "POST",
        "/callback/{callback_id+}",
        Access::Open,
        Function::EventCallback,
    ),
    route("GET", "/suite/callback", Access::Open, Function::SuiteCallback),
    route("POST", "/suite/callback", Access::Open, Function::SuiteCallback),
    route("GET", "/suite/callback/{rest+}", Access::Open, Function::SuiteCallback),
    route("POST", "/suite/callback/{rest+}", Access::Open, Function::SuiteCallback),
    route(
        "GET",
        "/installation/start/{nonce}",
        Access::Open,
        Function::StartInstallation,
    ),
    route(
        "GET",
        "/installation/callback",
        Access::Open,
        Function::InstallationCallback,
    ),
    route("GET", "/", Access::Open, Function::Console),
    route("GET", "/assets/{file+}", Access::Open, Function::Console),
    route("GET", "/authorization", Access::Token, Function::ReadAuthorization),
    route(
        "GET",
        "/authorization/events",
        Access::Token,
        Function::ReadAuthorization,
    ),
    route(
        "POST",
        "/authorization/installation",
        Access::Token,
        Function::StartInstallation,
    ),
    route(
        "PUT",
        "/authorization/settings",
        Access::Token,
        Function::UpdateSettings,
    ),
    route(
        "POST",
        "/authorization/completion",
        Access::Token,
        Function::CompleteAuthorization,
    ),
    route(
        "PUT",
        "/authorization/{scope}/secret",
        Access::Token,
        Function::RegisterSecret,
    ),
    route(
        "POST",
        "/authorization/{scope}/credentials",
        Access::Token,
        Function::GenerateCredentials,
    ),
    route(
        "GET",
        "/authorization/{scope}/credentials",
        Access::Token,
        Function::GenerateCredentials,
    ),
    route("HEAD", "/", Access::Open, Function::Console),
    route(
        "GET",
        "/authorization/audit",
        Access::Token,
        Function::ReadAuthorization,
    ),
    route("DELETE", "/authorization", Access::Token, Function::Disconnect),
    route(
        "POST",
        "/authorization/events/{event_id}/replay",
        Access::Token,
        Function::ReplayEvent,
    ),
    route(
        "POST",
        "/authorization/{scope}/test",
        Access::Token,
        Function::TestCallback,
    ),
];

/// The route of a request.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    ROUTES
        .iter()
        .find(|route| route.method == method.as_str() && matches(route.path, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (Some(wanted), Some(_)) if wanted.ends_with("+}") => return true,
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(method: &Method, path: &str) -> Option<Function> {
        find(method, path).map(|route| route.function)
    }

    #[test]
    fn finds_a_callback_with_any_number_of_slashes_at_its_end() {
        for path in ["/callback/x", "/callback/x/", "/callback/x//"] {
            assert_eq!(function(&Method::POST, path), Some(Function::EventCallback), "{path}");
        }
    }

    #[test]
    fn knows_no_other_route() {
        for (method, path) in [
            (Method::GET, "/callback"),
            (Method::DELETE, "/callback/x"),
            (Method::GET, "/authorization/contacts"),
            (Method::GET, "/authorization/contacts/secret"),
            (Method::PUT, "/authorization//secret"),
            (Method::GET, "/index.html"),
        ] {
            assert_eq!(function(&method, path), None, "{method} {path}");
        }
    }
}
