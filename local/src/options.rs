//! The command line.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::Parser;
use url::Url;

/// WeCom Authorization (企微授权管理) on this machine: every function, the stores and WeCom's side, without an account
/// anywhere.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// How to start.
    #[command(flatten)]
    pub options: Options,
    /// Let containers reach the stores and WeCom's side at this address of their bridge, for `sam local` (Docker on Linux:
    /// 172.17.0.1)
    #[arg(long, value_name = "ADDRESS")]
    pub containers: Option<IpAddr>,
}

/// How to start.
#[derive(Debug, Clone, clap::Args)]
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
    /// Where else than at the gateway's address something listens. Who asks for any port wants several instances side by side:
    /// they must not fight for the usual ones.
    pub(crate) fn usual_port(&self, usual: u16) -> u16 {
        match self.listen {
            Some(address) if address.port() == 0 => 0,
            _ => usual,
        }
    }
}

impl Arguments {
    /// Reads the process's arguments; prints what is wrong and ends the process when they cannot be read.
    #[must_use]
    pub fn read() -> Self {
        Self::parse()
    }
}
