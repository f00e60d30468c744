#![doc = include_str!("../README.md")]

mod answers;
mod client;
mod config;
mod error;
mod error_code;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod scrub;
mod tls;
mod transport;

pub use answers::{
    AccessToken, Agent, AppLicense, AppPermissions, AuthInfo, AuthMode, AuthUser, CustomizedAuthUrl,
    ExpiringPermission, PermanentCode, PreAuthCode, Privilege, PublishStatus, PublishedAgent, Trial,
};
pub use client::Client;
pub use config::{BuildError, ClientConfig};
pub use error::{Error, Refusal};
pub use error_code::{ErrorClass, ErrorCode};
pub use tls::public_tls;

/// Base URL of WeCom's API: `https://qyapi.weixin.qq.com`.
pub const OFFICIAL_API_BASE_URL: &str = "https://qyapi.weixin.qq.com";
