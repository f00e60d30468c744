//! Types and helpers for a consumer of WeCom Authorization's events.
//!
//! No I/O: what speaks HTTP or to AWS is the consumer's own. [`Event`] is what EventBridge delivers, [`Payload`] what WeCom
//! said, [`EventPages`] walks `GET /authorization/events`, [`TokenRequest`] asks `issue-access-token`, and [`SeenEvents`]
//! says which events have been handled.

mod api;
#[rustfmt::skip]
pub mod catalogue;
mod element;
mod event;
mod seen;
mod tokens;

pub use self::{
    api::{EventFilter, EventPages, MalformedPage, StoredEvent},
    catalogue::Payload,
    element::ElementOrText,
    event::{AuthorizationChanged, Event, EventsGap, Scope, WebhooksChanged, WecomEvent},
    seen::{SeenEvents, SeenInMemory, once},
    tokens::{AccessToken, MalformedAnswer, TokenAnswer, TokenKind, TokenRefused, TokenRequest},
};
