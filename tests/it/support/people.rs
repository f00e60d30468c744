//! Users of the product: admins with a token, and browsers with cookies.

use std::sync::Mutex;

use reqwest::{Method, header::SET_COOKIE};
use serde_json::Value;

use super::{Reply, World};

/// A caller of the admin routes, with or without a token.
#[derive(Clone, Copy)]
pub(crate) struct Admin<'a> {
    pub(crate) world: &'a World,
    pub(crate) token: Option<&'a str>,
    /// Id of the binding that `/authorization` means; `None`: the first, by its short path.
    pub(crate) binding_id: Option<&'a str>,
}

impl<'a> Admin<'a> {
    /// The same admin, who asks about this binding wherever a path begins with `/authorization`.
    pub(crate) fn of_binding(self, binding_id: &'a str) -> Self {
        Self {
            binding_id: Some(binding_id),
            ..self
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.request(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.request(Method::PUT, path, Some(body)).await
    }

    /// With a JSON body, if there is one.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.raw(method, path, body).await
    }

    /// With any body and Content-Type.
    pub(crate) async fn raw(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Reply {
        let below = path
            .strip_prefix("/authorization")
            .filter(|below| !below.starts_with('s'));
        let path = match (self.binding_id, below) {
            (Some(binding_id), Some(below)) => format!("/authorizations/{binding_id}{below}"),
            _ => path.to_owned(),
        };
        let mut request = self.world.http().request(method, self.world.url(&path));
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        if let Some((content_type, body)) = body {
            request = request.header("content-type", content_type).body(body);
        }
        self.world.send(request).await
    }
}

/// A browser that keeps cookies and follows no redirects by itself.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookies: Mutex<Vec<Cookie>>,
}

/// The cookies that a browser has.
#[derive(Clone, Default)]
pub(crate) struct Cookies(Vec<Cookie>);

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: Mutex::default(),
        }
    }

    /// A browser with these cookies.
    pub(crate) fn with(self, cookies: Cookies) -> Self {
        *self.cookies.lock().unwrap() = cookies.0;
        self
    }

    /// The browser's cookies, to survive a restart of the product.
    pub(crate) fn leave(self) -> Cookies {
        Cookies(self.cookies.into_inner().unwrap())
    }

    /// Opens an address of the product.
    pub(crate) async fn open(&self, address: &str) -> Reply {
        self.request(Method::GET, address).await
    }

    /// Opens an install link and presses the button on its page. Answers what the button leads to, or what comes instead of
    /// the page.
    pub(crate) async fn set_out(&self, link: &str) -> Reply {
        let page = self.open(link).await;
        if page.status == 200 {
            self.request(Method::POST, link).await
        } else {
            page
        }
    }

    async fn request(&self, method: Method, address: &str) -> Reply {
        let url = url::Url::parse(address).unwrap();
        let mut request = self.world.http().request(method, url.clone());
        request = request.header("accept", "text/html");
        let cookies = self.cookies_for(url.path());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        let reply = self.world.send(request).await;
        for cookie in reply.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        reply
    }

    fn cookies_for(&self, path: &str) -> String {
        let cookies = self.cookies.lock().unwrap();
        let sent: Vec<_> = cookies
            .iter()
            .filter(|cookie| path.starts_with(&cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        sent.join("; ")
    }

    fn keep(&self, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|cookie| cookie.name != name);
        cookies.push(Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: path.to_owned(),
        });
    }
}
