//! Addresses and tokens of a running instance: `local.json` for programs, and the text that `cargo run` prints.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::directory::{Settings, Suite};

/// Content of `local.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Announcement {
    /// Base URL of the HTTP API, without a slash at the end.
    pub base_url: String,
    /// URL of the admin page.
    pub console_url: String,
    /// URL of the event bus: a page in a browser, server-sent events otherwise.
    pub bus_url: String,
    /// Secret that webhooks are signed with (`whsec_…`).
    pub webhook_secret: String,
    /// Base URL of the simulator of WeCom; `None` with `--wecom-api`.
    pub simulator_url: Option<String>,
    /// URL of the example of a platform's own page.
    pub workbench_url: String,
    /// Value for `AWS_ENDPOINT_URL`.
    pub aws_endpoint_url: String,
    /// Id of the first tenant.
    pub tenant_id: String,
    /// Token of its admin.
    pub admin_token: String,
    /// Second tenant, with a token of its own.
    pub second_tenant: SecondTenant,
    /// Token of an operator, who sees every tenant and is the admin of none.
    pub operator_token: String,
    pub(crate) suite: Suite,
    /// The app that is not published; `None` with `--wecom-api`.
    pub(crate) test_suite: Option<Suite>,
    /// The template of customised apps (代开发); `None` with `--wecom-api`.
    pub(crate) template: Option<Suite>,
}

/// A second tenant, to see that tenants are isolated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecondTenant {
    /// Id of the tenant.
    pub tenant_id: String,
    /// Token of its admin.
    pub admin_token: String,
}

impl Announcement {
    pub(crate) fn new(
        base_url: &str,
        simulator_url: Option<&str>,
        workbench_url: &str,
        aws_endpoint_url: &str,
        settings: &Settings,
    ) -> Self {
        Self {
            base_url: base_url.to_owned(),
            console_url: format!("{base_url}/"),
            bus_url: format!("{base_url}{}", crate::bus::PATH),
            webhook_secret: settings.webhook_secret.clone(),
            simulator_url: simulator_url.map(ToOwned::to_owned),
            workbench_url: format!("{workbench_url}/"),
            aws_endpoint_url: aws_endpoint_url.to_owned(),
            tenant_id: "demo".to_owned(),
            admin_token: String::new(),
            second_tenant: SecondTenant {
                tenant_id: "demo-2".to_owned(),
                admin_token: String::new(),
            },
            operator_token: String::new(),
            suite: settings.suite.clone(),
            test_suite: simulator_url.map(|_| settings.test_suite.clone()),
            template: simulator_url.map(|_| settings.template.clone()),
        }
    }

    pub(crate) fn with_tokens(mut self, issue: impl Fn(&str) -> String, operator_token: String) -> Self {
        self.operator_token = operator_token;
        self.admin_token = issue(&self.tenant_id);
        self.second_tenant.admin_token = issue(&self.second_tenant.tenant_id);
        self
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "WeCom Authorization 企微授权管理 is running.\n")?;
        writeln!(formatter, "  admin page   管理页面    {}", self.console_url)?;
        writeln!(formatter, "  workbench    示例工作台  {}", self.workbench_url)?;
        match &self.simulator_url {
            Some(url) => writeln!(formatter, "  WeCom        模拟企业微信  {url}")?,
            None => writeln!(formatter, "  suite callback 指令回调  {}/suite/callback", self.base_url)?,
        }
        writeln!(formatter, "  operators    运维页面    {}operator", self.console_url)?;
        writeln!(formatter, "  event bus    事件总线    {}", self.bus_url)?;
        writeln!(formatter, "  HTTP API                 {}", self.base_url)?;
        writeln!(formatter, "  AWS endpoint             {}", self.aws_endpoint_url)?;
        writeln!(
            formatter,
            "\n  admin token of the tenant {}:\n  {}",
            self.tenant_id, self.admin_token
        )?;
        writeln!(formatter, "\n  operator token:\n  {}", self.operator_token)?;
        writeln!(
            formatter,
            "\nEvents 事件: cargo run -- listen, trigger, resend (in a second terminal 在另一个终端)"
        )?;
        writeln!(formatter, "Next: open the admin page and press 安装到企业微信.")?;
        writeln!(
            formatter,
            "下一步：打开管理页面，点击「安装到企业微信」。Ctrl-C stops everything."
        )
    }
}
