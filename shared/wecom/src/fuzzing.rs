//! Entry point of the fuzz target `answer` (fuzz/): the reader of answers without a server.

use serde::de::DeserializeOwned;

use crate::{
    answers::wire,
    transport::{Call, understand},
};

/// Reads `body` as the answer of each call.
pub fn read_as_every_answer(body: &[u8]) {
    fn read_as<Wire: DeserializeOwned, Answer>(body: &[u8], read: fn(Wire) -> Option<Answer>) {
        let _ = understand(body, &Call::get("/"), read);
    }
    read_as(body, wire::Token::of_suite);
    read_as(body, wire::Token::of_corp);
    read_as(body, wire::Token::of_provider);
    read_as(body, wire::PreAuth::code);
    read_as(body, wire::Done::confirmed);
    read_as(body, wire::Installed::code);
    read_as(body, wire::Authorization::info);
    read_as(body, wire::OpenCorp::id);
    read_as(body, wire::CustomizedAuth::url);
    read_as(body, wire::PermissionsAnswer::granted);
    read_as(body, wire::AgentDetails::agent);
    read_as(body, wire::LicenseAnswer::license);
    read_as(body, wire::LicensedAccounts::any);
    read_as(body, wire::Members::listed);
    read_as(body, wire::FollowUsers::count);
}
