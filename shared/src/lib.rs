#![doc = include_str!("../README.md")]

pub mod audit;
pub mod authorization;
pub mod clock;
pub mod config;
pub mod entropy;
pub mod http;
pub mod ids;
pub mod invoked;
pub mod probe;
pub mod startup;
pub mod steps;
pub mod store;
pub mod streams;

pub use wecom_callback as callback;
pub use wecom_client as wecom;
