//! `/_local/*`: the faults and the journal over HTTP, for tests in other languages and for a developer's `curl`.

use bytes::Bytes;
use http::{Method, StatusCode, request::Parts};
use serde_json::json;

use crate::{
    answer::{Answer, raw},
    front::Front,
};

pub(crate) fn answer(front: &Front, parts: &Parts, body: &Bytes) -> Answer {
    match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/_local/faults") => pretty(&front.faults.list()),
        (&Method::POST, "/_local/faults") => match front.faults.add_json(body) {
            Ok(()) => pretty(&front.faults.list()),
            Err(error) => raw(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n")),
        },
        (&Method::DELETE, "/_local/faults") => {
            front.faults.clear();
            raw(StatusCode::NO_CONTENT, "text/plain", "")
        }
        (&Method::GET, "/_local/journal") => pretty(&json!(front.journal.entries())),
        (&Method::DELETE, "/_local/journal") => {
            front.journal.clear();
            raw(StatusCode::NO_CONTENT, "text/plain", "")
        }
        _ => raw(
            StatusCode::NOT_FOUND,
            "text/plain",
            "here are /_local/faults and /_local/journal\n",
        ),
    }
}

fn pretty(value: &serde_json::Value) -> Answer {
    raw(StatusCode::OK, "application/json", format!("{value:#}\n"))
}
