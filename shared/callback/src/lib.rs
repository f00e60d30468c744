#![doc = include_str!("../README.md")]

mod cipher;
mod credentials;
pub mod envelope;
mod markup;
mod query;
mod signature;
pub mod xml;

pub use cipher::{Message, OpenError, seal};
pub use credentials::{Credentials, EncodingAesKey, KeyError, Token, TokenError};
pub use query::{CallbackQuery, QueryError};
pub use signature::{SignatureError, Verified, sign, verify};
