#![doc = include_str!("../README.md")]

mod cipher;
mod credentials;
mod damaged;
pub mod envelope;
mod json;
mod markup;
mod query;
mod signature;
mod tree;
pub mod xml;

pub use cipher::{Message, OpenError, seal};
pub use credentials::{Credentials, EncodingAesKey, KeyError, Token, TokenError};
pub use query::{CallbackQuery, QueryError};
pub use signature::{SignatureError, Verified, sign, verify};
