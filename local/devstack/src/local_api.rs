//! `/_local/*`: faults and journal over HTTP, for tests in other languages and for a developer's `curl`.

use bytes::Bytes;
use http::{Method, StatusCode, request::Parts};
use serde_json::json;

use crate::{
    answer::{Answer, raw},
    faults::Faults,
    journal::Journal,
};

pub(crate) fn answer(faults: &Faults, journal: &Journal, parts: &Parts, body: &Bytes) -> Answer {
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_local/faults") => pretty(&faults.list()),
        (&Method::POST, "/_local/faults") => match faults.add_json(body) {
            Ok(()) => pretty(&faults.list()),
            Err(error) => raw(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n")),
        },
        (&Method::DELETE, "/_local/faults") => {
            faults.clear();
            raw(StatusCode::NO_CONTENT, "text/plain", "")
        }
        (&Method::GET, "/_local/journal") => pretty(&json!(journal.entries())),
        (&Method::DELETE, "/_local/journal") => {
            journal.clear();
            raw(StatusCode::NO_CONTENT, "text/plain", "")
        }
        _ => raw(
            StatusCode::NOT_FOUND,
            "text/plain",
            "not found; see /_local/faults and /_local/journal\n",
        ),
    }
}

fn pretty(value: &serde_json::Value) -> Answer {
    raw(StatusCode::OK, "application/json", format!("{value:#}\n"))
}
