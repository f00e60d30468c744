//! The command line.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::Parser;
use url::Url;

use crate::terminal::Command;

/// Run WeCom Authorization (企微授权管理) on this machine: every function, the stores and a simulator of WeCom. No account
/// is needed.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// What to do instead of running the server.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of the server.
    #[command(flatten)]
    pub options: Options,
    /// Make the stores and the simulator reachable for containers at the address of their bridge, for `sam local` (Docker on
    /// Linux: 172.17.0.1)
    #[arg(long, value_name = "ADDRESS")]
    pub containers: Option<IpAddr>,
}

/// Options of the server.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address to listen on [default: a free port of 127.0.0.1, the same at each start]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Data directory
    #[arg(long, value_name = "DIR", default_value = ".local", global = true)]
    pub data: PathBuf,
    /// Base URL of the WeCom API to use instead of the simulator
    #[arg(long, value_name = "URL")]
    pub wecom_api: Option<Url>,
    /// URL that every event of the bus is sent to as a signed webhook, and again until it is delivered
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<Url>,
    /// Origins whose pages may frame the admin page, beside the example workbench
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    pub embed_origins: Vec<String>,
    /// Callback domains of tenants that lead here, with the names below them; no other is looked up
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "example.com")]
    pub callback_domains: Vec<String>,
    /// Name that the admin page gives as the target of the CNAME record of a callback domain
    #[arg(long, value_name = "NAME")]
    pub cname_target: Option<String>,
    /// Addresses that the admin page gives as those that calls to WeCom come from
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    pub egress_addresses: Vec<String>,
}

impl Options {
    /// Preferred port of another server than the gateway. With `--listen …:0` it is any free port, so that several instances
    /// can run at the same time.
    pub(crate) fn usual_port(&self, usual: u16) -> u16 {
        match self.listen {
            Some(address) if address.port() == 0 => 0,
            _ => usual,
        }
    }
}

impl Arguments {
    /// Parses the process's arguments; prints the error and ends the process when they are not valid.
    #[must_use]
    pub fn read() -> Self {
        Self::parse()
    }
}
