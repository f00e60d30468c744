//! Invocation of the functions: the entry points that each `main.rs` calls, and the functions that are not reached by HTTP.

mod aws;
pub mod invoked;
mod log;
pub mod queues;
mod serve;
pub mod streams;

pub use self::{
    aws::{aws_config, aws_from_env},
    log::may_be_logged,
    serve::{serve_http, serve_http_prepared, serve_invoked, serve_stream},
};
