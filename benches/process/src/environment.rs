//! The environment of the functions: the stores with the data of the samples, a TLS proxy in front of them, and a WeCom.

use std::{collections::BTreeMap, path::PathBuf};

use aws_types::SdkConfig;
use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, Query},
};
use devstack::{Devstack, Entry, Options};
use tests::{Names, seed, wecom};
use tokio::net::TcpListener;
use wecom_authorization::entry::aws_config;

use crate::{Error, front::TlsFront, runtime_api::RuntimeApi};

/// Connection of a function to the stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wire {
    /// TLS, as on AWS.
    Tls,
    /// Plain HTTP, as with `sam local`.
    Http,
}

pub(crate) struct Environment {
    devstack: Devstack,
    front: TlsFront,
    folder: tempfile::TempDir,
    aws: SdkConfig,
    wecom_url: String,
    wire: Wire,
    runs: u32,
}

impl Environment {
    /// Functions trust `roots` in addition to the authority of the TLS proxy, so that loading them costs as much as on AWS.
    pub(crate) async fn start(wire: Wire, roots: &str) -> Result<Self, Error> {
        let devstack = Devstack::start(Options::default()).await?;
        let front = TlsFront::start(devstack.endpoint_url()).await?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("roots.pem"), format!("{roots}\n{}", front.authority))?;
        let aws = aws_config(
            REGION.to_owned(),
            aws_credential_types::Credentials::new("process-bench", "secret", None, None, "process-bench"),
            Some(devstack.endpoint_url().to_owned()),
        );
        Ok(Self {
            devstack,
            front,
            folder,
            aws,
            wecom_url: wecom().await?,
            wire,
            runs: 0,
        })
    }

    /// Creates the tables and secrets of one run. Returns the environment variables that point a function to them.
    pub(crate) async fn prepare(&mut self, function: &str, api: &RuntimeApi) -> Result<Vec<(String, String)>, Error> {
        self.runs += 1;
        let own = format!("run-{}", self.runs);
        let names = Names {
            authorization_table: format!("{own}-state"),
            event_table: format!("{own}-events"),
            secret_prefix: own,
        };
        seed(&self.aws, &names).await?;
        self.devstack.clear_journal();
        let endpoint_url = match self.wire {
            Wire::Tls => &self.front.endpoint_url,
            Wire::Http => self.devstack.endpoint_url(),
        };
        let roots: PathBuf = self.folder.path().join("roots.pem");
        Ok([
            ("AWS_LAMBDA_RUNTIME_API", api.address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("_HANDLER", function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "measured"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "measured"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
            ("AWS_REGION", REGION),
            // The journal distinguishes callers by their access key.
            ("AWS_ACCESS_KEY_ID", function),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_ENDPOINT_URL", endpoint_url),
            ("SSL_CERT_FILE", &roots.to_string_lossy()),
            ("AUTHORIZATION_TABLE", &names.authorization_table),
            ("EVENT_TABLE", &names.event_table),
            ("SECRET_PREFIX", &names.secret_prefix),
            ("WECOM_API_URL", &self.wecom_url),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into())
    }

    /// The functions' calls to AWS since the last call of this method.
    pub(crate) fn calls(&self) -> Vec<Entry> {
        let entries = self.devstack.journal();
        self.devstack.clear_journal();
        entries
    }
}

/// Starts the samples' WeCom. Returns its base URL.
async fn wecom() -> Result<String, Error> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let answer = async |OriginalUri(uri): OriginalUri, Query(query): Query<BTreeMap<String, String>>, body: Bytes| {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        wecom::answer(uri.path(), &query, &body).to_string()
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

const REGION: &str = "us-east-1";
