//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use url::Url;

/// WeCom Authorization (企微授权管理) on this machine: every function, the stores and WeCom's side, without an account
/// anywhere.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Options {
    /// Where to listen; without it a free port of 127.0.0.1, the same one at each start
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where to keep what must survive a restart
    #[arg(long, value_name = "DIR", default_value = ".local")]
    pub data: PathBuf,
    /// Talk to the WeCom at this address and start no simulator
    #[arg(long, value_name = "URL")]
    pub wecom_api: Option<Url>,
}

impl Options {
    /// Reads the process's arguments; prints what is wrong and ends the process when they cannot be read.
    #[must_use]
    pub fn from_arguments() -> Self {
        Self::parse()
    }
}
