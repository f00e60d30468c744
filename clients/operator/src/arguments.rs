use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

/// See and mend the bindings of a deployment of WeCom Authorization (企微授权管理)
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// Print JSON instead of tables: one object, or a line for each row
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the deployment is, and who asks. The token is in the environment or a file: arguments can be seen by others.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    /// Address of the deployment [default: that of the server which runs with --data]
    #[arg(long, global = true, env = "WECOM_AUTHORIZATION_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// File with the operator's token [default: with --url the variable WECOM_OPERATOR_TOKEN, without it the local server's]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Data directory of a local server, whose address and token are taken without --url
    #[arg(long, global = true, value_name = "DIR", default_value = ".local")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the tenants by health, finding and step, and show what concerns them all
    Summary,
    /// List tenants, newest trouble first
    Tenants {
        #[command(flatten)]
        filter: Filter,
        /// Show at most this many
        #[arg(long, default_value_t = 50, value_name = "NUMBER")]
        most: usize,
        /// Show all of them
        #[arg(long)]
        all: bool,
    },
    /// Show a tenant: its state, and the newest of its audit trail and events
    Tenant(Tenant),
    /// Ask WeCom about tenants now
    Check {
        /// Ids of tenants
        #[arg(value_name = "TENANT")]
        tenants: Vec<String>,
        #[command(flatten)]
        filter: Filter,
    },
    /// Disconnect a tenant: its credentials and events are deleted
    Disconnect {
        #[command(flatten)]
        tenant: Tenant,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// List installations that name no tenant
    Claims,
    /// Bind the corporation of such an installation to a tenant
    Assign {
        /// Id of the claim
        claim_id: String,
        /// Id of the tenant
        tenant_id: String,
    },
    /// Send the events of a time to the platform's other services again
    #[command(subcommand)]
    Replay(ReplayCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Tenant {
    /// Id of the tenant
    #[arg(value_name = "TENANT")]
    pub(crate) tenant_id: String,
    /// Which of its bindings [default: the first]
    #[arg(long, value_name = "BINDING_ID")]
    pub(crate) binding: Option<String>,
}

impl Tenant {
    pub(crate) fn name(&self) -> String {
        let binding = self.binding.as_ref();
        let binding = binding.map(|id| format!(" (binding {id})")).unwrap_or_default();
        format!("{}{binding}", self.tenant_id)
    }
}

/// Which tenants: those that fulfil all of it.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Of this health
    #[arg(long)]
    health: Option<Health>,
    /// With a finding of this code (openapi.yaml has them)
    #[arg(long, value_name = "CODE")]
    finding: Option<String>,
    /// With this next step
    #[arg(long)]
    step: Option<String>,
    /// Of the corporation with this id
    #[arg(long, value_name = "CORP_ID")]
    corp: Option<String>,
    /// With this text in an id, or in the corporation's name
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Health {
    Ok,
    Attention,
    Broken,
}

impl Filter {
    /// Parameters of the list.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let health = self.health.map(|health| match health {
            Health::Ok => "ok",
            Health::Attention => "attention",
            Health::Broken => "broken",
        });
        let fields = [
            ("health", health),
            ("finding", self.finding.as_deref()),
            ("step", self.step.as_deref()),
            ("corp", self.corp.as_deref()),
            ("query", self.query.as_deref()),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields().next().is_none()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Start a replay
    Start(Wanted),
    /// Show how far a replay is
    Show {
        /// Id of the replay
        replay_id: String,
        /// Wait until it has ended
        #[arg(long)]
        watch: bool,
    },
    /// Stop a replay
    Stop {
        /// Id of the replay
        replay_id: String,
    },
}

/// Which events are replayed.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Wanted {
    /// Arrived then or later: RFC 3339
    #[arg(long)]
    since: String,
    /// Arrived before then: RFC 3339
    #[arg(long)]
    until: String,
    /// Only of this scope: contacts, external-contacts or app
    #[arg(long)]
    scope: Option<String>,
    /// Only with this `Event`
    #[arg(long)]
    event: Option<String>,
    /// Only with this `ChangeType`
    #[arg(long)]
    change_type: Option<String>,
    /// Largest number of events in a minute
    #[arg(long, value_name = "NUMBER")]
    per_minute: Option<u32>,
}

impl Wanted {
    /// Body of the request: what was given.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!(self);
        if let Value::Object(fields) = &mut body {
            fields.retain(|_, value| !value.is_null());
        }
        body
    }
}
