//! An answer, read whole.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the product.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Method and path of the request, for messages.
    pub(crate) asked: String,
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's value, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}: {:?}", self.asked, self.shown()))
    }

    /// The JSON of an answer of this status.
    #[track_caller]
    pub(crate) fn with_status(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.shown());
        self.json()
    }

    /// The problem document of a refusal with this status and this code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{}: {}",
            self.asked,
            self.shown()
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}: {problem}", self.asked);
        assert_eq!(problem["status"], status, "{}: {problem}", self.asked);
        for member in ["type", "title", "detail", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member}: {problem}");
        }
        problem
    }

    /// A refusal of API Gateway itself: no function was invoked.
    #[track_caller]
    pub(crate) fn refused_by_gateway(&self, status: u16, message: &str) {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/json"),
            "{}: {}",
            self.asked,
            self.shown()
        );
        assert_eq!(self.json(), serde_json::json!({ "message": message }), "{}", self.asked);
    }

    /// The `Location` of a 303.
    #[track_caller]
    pub(crate) fn redirect(&self) -> String {
        assert_eq!(self.status, 303, "{}: {}", self.asked, self.shown());
        self.header("location").to_owned()
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(2000).collect()
    }
}
