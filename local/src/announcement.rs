//! Where everything is: `local.json` for programs, and the same in words for people.

use std::fmt;

use serde::Serialize;

use crate::directory::{Settings, Suite};

/// What `local.json` holds.
#[derive(Debug, Clone, Serialize)]
pub struct Announcement {
    /// Where the HTTP API is.
    pub base_url: String,
    /// Where the admin page is.
    pub console_url: String,
    /// Where WeCom's side is, when it is simulated.
    pub simulator_url: Option<String>,
    /// What `AWS_ENDPOINT_URL` takes.
    pub aws_endpoint_url: String,
    /// The first tenant.
    pub tenant_id: String,
    /// Its admin's token.
    pub admin_token: String,
    /// Another tenant.
    pub second_tenant: SecondTenant,
    pub(crate) suite: Suite,
}

/// Another tenant, for whoever wants to see that the two know nothing of each other.
#[derive(Debug, Clone, Serialize)]
pub struct SecondTenant {
    /// Its id.
    pub tenant_id: String,
    /// Its admin's token.
    pub admin_token: String,
}

impl Announcement {
    pub(crate) fn new(
        base_url: &str,
        simulator_url: Option<&str>,
        aws_endpoint_url: &str,
        settings: &Settings,
    ) -> Self {
        Self {
            base_url: base_url.to_owned(),
            console_url: format!("{base_url}/"),
            simulator_url: simulator_url.map(ToOwned::to_owned),
            aws_endpoint_url: aws_endpoint_url.to_owned(),
            tenant_id: "demo".to_owned(),
            admin_token: String::new(),
            second_tenant: SecondTenant {
                tenant_id: "demo-2".to_owned(),
                admin_token: String::new(),
            },
            suite: settings.suite.clone(),
        }
    }

    pub(crate) fn with_tokens(mut self, issue: impl Fn(&str) -> String) -> Self {
        self.admin_token = issue(&self.tenant_id);
        self.second_tenant.admin_token = issue(&self.second_tenant.tenant_id);
        self
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "WeCom Authorization 企微授权管理 is running.\n")?;
        writeln!(formatter, "  admin page   管理页面    {}", self.console_url)?;
        match &self.simulator_url {
            Some(url) => writeln!(formatter, "  WeCom        模拟企业微信  {url}")?,
            None => writeln!(formatter, "  suite callback 指令回调  {}/suite/callback", self.base_url)?,
        }
        writeln!(formatter, "  HTTP API                 {}", self.base_url)?;
        writeln!(formatter, "  AWS endpoint             {}", self.aws_endpoint_url)?;
        writeln!(
            formatter,
            "\n  admin token of the tenant {}:\n  {}",
            self.tenant_id, self.admin_token
        )?;
        writeln!(formatter, "\nNext: open the admin page and press 安装到企业微信.")?;
        writeln!(
            formatter,
            "下一步：打开管理页面，点击「安装到企业微信」。Ctrl-C stops everything."
        )
    }
}
