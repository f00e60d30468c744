//! Entry points of each function's `main.rs`, which run the function until Lambda ends the process.

use std::future::Future;

use lambda_http::{Error, Response, service_fn};
use lambda_runtime::LambdaEvent;
use serde_json::Value;

use super::{
    aws::aws_from_env,
    invoked::InvocationError,
    log,
    streams::{BatchAnswer, Changes},
};
use crate::{
    config::Config,
    http::{Request, gateway_response},
    platform::Platform,
};

/// Serves a function that answers HTTP requests, until Lambda ends the process.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_http<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    serve_http_prepared(async |_| {}, handler).await
}

/// Like [`serve_http`], after `prepare`, which fetches ahead of the first request what every request needs.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_http_prepared<F, A>(prepare: impl AsyncFnOnce(&'static Platform), handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Request) -> A,
    A: Future<Output = Response<lambda_http::Body>> + Send,
{
    let platform = platform()?;
    prepare(platform).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Request>| {
        // Boxed, because the layout of a whole function as one future exceeds the compiler's depth limit.
        let answer = Box::pin(handler(platform, event.payload.with_id(event.context.request_id)));
        async { Ok::<_, std::convert::Infallible>(gateway_response(answer.await)) }
    }))
    .await
}

/// Serves a function that receives the changes of a table.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_stream<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Changes) -> A,
    A: Future<Output = BatchAnswer> + Send,
{
    let platform = platform()?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Changes>| {
        // Boxed for the same reason as above.
        let answer = Box::pin(handler(platform, event.payload));
        async { Ok::<_, std::convert::Infallible>(answer.await) }
    }))
    .await
}

/// Serves a function that other services, a schedule or Secrets Manager invoke.
///
/// # Errors
/// When the environment is incomplete, or Lambda's runtime API fails.
pub async fn serve_invoked<F, A>(handler: F) -> Result<(), Error>
where
    F: Fn(&'static Platform, Value) -> A,
    A: Future<Output = Result<Value, InvocationError>> + Send,
{
    let platform = platform()?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| handler(platform, event.payload))).await
}

/// Lives as long as the process, so that handlers may borrow from it.
fn platform() -> Result<&'static Platform, Error> {
    log::init();
    let config = Config::from_env()?;
    let aws = aws_from_env(config.aws_endpoint_url.clone())?;
    Ok(Box::leak(Box::new(Platform::new(config, &aws))))
}
