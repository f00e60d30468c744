#![doc = include_str!("../README.md")]

mod answers;
mod client;
mod error;
mod error_code;
mod scrub;
mod tls;
mod transport;

pub use answers::{AccessToken, Agent, AuthInfo, AuthMode, AuthUser, PermanentCode, PreAuthCode, Privilege};
pub use client::{BuildError, Client, ClientConfig};
pub use error::{Error, Refusal};
pub use error_code::{ErrorClass, ErrorCode};
pub use tls::public_tls;

/// Where WeCom's API is, for everybody: `https://qyapi.weixin.qq.com`.
pub const OFFICIAL_API_BASE_URL: &str = "https://qyapi.weixin.qq.com";
