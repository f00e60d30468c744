//! Tests of the client against a server that plays WeCom, over a loopback connection.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod wecom;
