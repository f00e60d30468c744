//! The whole product over HTTP, as its users and WeCom meet it. Every test runs an instance of its own: all functions, the
//! stores and WeCom's side, on free loopback ports and with a data directory of its own.

#[cfg(test)]
mod support;

#[cfg(test)]
mod audit_export;
#[cfg(test)]
mod bad_requests;
#[cfg(test)]
mod callback_input;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod doubt;
#[cfg(test)]
mod event_schema;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod half_disconnected;
#[cfg(test)]
mod install_mistakes;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod rotation_counted;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod secret_mistakes;
#[cfg(test)]
mod self_test;
#[cfg(test)]
mod suite_events;
#[cfg(test)]
mod template;
#[cfg(test)]
mod token_broker;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod year;
