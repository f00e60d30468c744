#![doc = include_str!("../README.md")]

pub mod audit;
pub mod authorization;
pub mod binding_line;
pub mod callbacks;
pub mod clock;
pub mod config;
pub mod context;
#[cfg(feature = "contract")]
pub mod contract;
pub mod entropy;
pub mod entry;
pub mod error;
pub mod event_bus;
pub mod http;
pub mod ids;
pub mod lifecycle;
pub mod pasted;
pub mod platform;
pub mod position;
pub mod probe;
pub mod queue;
pub mod sealing;
pub mod steps;
pub mod store;
pub mod suite;
pub mod webhook;

pub use wecom_callback as callback;
pub use wecom_client as wecom;
