//! The self-test: the check that WeCom makes, sent through the callback's public URL before the admin pastes anything;
//! on request also a test event, which takes the whole path.
//!
//! Tests: `tests/it/self_test.rs`.

use std::time::Duration;

use serde::Serialize;
use url::Url;
use wecom_callback::{Credentials, envelope, seal, sign};

use crate::{
    audit::Action,
    authorization::{Authorization, Callback},
    callbacks::{SELF_TEST, TEST_EVENT},
    context::Context,
    entropy::random_id,
    error::StepError,
    ids::{CorpId, EventId, Scope, TenantId},
    probe::{Probe, Reached, Unreachable},
    sealing::SealingKeys,
    store::DynamoDb,
};

/// The time that WeCom waits for an answer (developer document 90930).
const BUDGET: Duration = Duration::from_secs(1);

/// Tests a callback through its public URL.
#[derive(Debug)]
pub struct TestCallback<'a> {
    /// The table of states.
    pub store: &'a DynamoDb,
    /// The keys that the credentials are sealed under.
    pub keys: &'a SealingKeys,
    /// The client that calls the URL.
    pub probe: Probe,
    /// The beginning of callback URLs, unless the tenant's settings replace it.
    pub base_url: &'a str,
}

/// Result of a self-test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct TestReport {
    /// Whether the address answered at all.
    pub reachable: bool,
    /// Whether it answered as WeCom wants it.
    pub verified: bool,
    /// Duration of the request, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Faults found, the most likely cause first.
    pub findings: Vec<TestFinding>,
    /// The test event, when one was sent and taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
}

/// Something that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct TestFinding {
    /// The stable word for it.
    pub code: &'static str,
    /// The same in words.
    pub detail: &'static str,
    /// The HTTP status, where that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl TestCallback<'_> {
    /// Sends the check, and with `send_event` a test event after it.
    ///
    /// # Errors
    /// [`StepError::NotFound`] when no credentials have been generated, or the failure of the stores.
    pub async fn run(
        &self,
        tenant_id: &TenantId,
        scope: Scope,
        send_event: bool,
        context: Context<'_>,
    ) -> Result<TestReport, StepError> {
        let authorization = self.store.authorization(tenant_id).await?;
        let id = authorization
            .scope(scope)
            .callback_id
            .as_ref()
            .ok_or(StepError::NotFound)?;
        let callback = self.store.callback(id).await?.ok_or(StepError::NotFound)?;
        let newest = callback.newest().ok_or(StepError::NotFound)?;
        let keys = self.keys.to_open(&callback, context.now()).await?;
        let credentials = keys.open_generation(&callback, newest)?;
        let mut report = self.check(&authorization, &callback, &credentials, context).await?;
        if send_event && callback.corp_id.is_none() {
            report.findings.push(TestFinding {
                code: "corp_id_unknown",
                detail: "An event carries the 企业ID, which is not known before a Secret has been entered or WeCom has checked the URL.",
                status: None,
            });
        } else if send_event && report.verified {
            self.send_event(&authorization, &callback, &credentials, &mut report, context)
                .await?;
        }
        let entry = context
            .entry(Action::CallbackTested)
            .of(scope)
            .with("verified", &report.verified);
        self.store.record(tenant_id, entry).await?;
        Ok(report)
    }

    async fn check(
        &self,
        authorization: &Authorization,
        callback: &Callback,
        credentials: &Credentials,
        context: Context<'_>,
    ) -> Result<TestReport, StepError> {
        let plaintext = format!("{SELF_TEST}{}", random_id(context.entropy));
        let echostr = sealed(credentials, callback, plaintext.as_bytes(), context);
        let mut url = self.signed_url(authorization, callback, credentials, &echostr, context)?;
        url.query_pairs_mut().append_pair("echostr", &echostr);
        let (reachable, verified, latency_ms, findings) = match self.probe.call(&url, None).await {
            Ok(reached) => {
                let findings = judge(&reached, |body| body == plaintext.as_bytes());
                let verified = findings.iter().all(|finding| finding.code == "too_slow");
                (true, verified, milliseconds(reached.elapsed), findings)
            }
            Err(unreachable) => (false, false, None, vec![finding_of(unreachable)]),
        };
        Ok(TestReport {
            reachable,
            verified,
            latency_ms,
            findings,
            event_id: None,
        })
    }

    async fn send_event(
        &self,
        authorization: &Authorization,
        callback: &Callback,
        credentials: &Credentials,
        report: &mut TestReport,
        context: Context<'_>,
    ) -> Result<(), StepError> {
        let corp_id = callback.corp_id.as_ref().map(CorpId::as_str).unwrap_or_default();
        let message = format!(
            "<xml><ToUserName>{corp_id}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{}</CreateTime>\
             <MsgType>event</MsgType><Event>{TEST_EVENT}</Event><TestId>{}</TestId></xml>",
            context.now().as_second(),
            random_id(context.entropy),
        );
        let encrypt = sealed(credentials, callback, message.as_bytes(), context);
        let url = self.signed_url(authorization, callback, credentials, &encrypt, context)?;
        match self.probe.call(&url, Some(envelope::xml(corp_id, "", &encrypt))).await {
            Ok(reached) => {
                let findings = judge(&reached, |body| body == b"success");
                if findings.iter().all(|finding| finding.code == "too_slow") {
                    report.event_id = Some(EventId::of(callback.callback_id.as_str(), message.as_bytes()));
                }
                report.findings.extend(findings);
            }
            Err(unreachable) => report.findings.push(finding_of(unreachable)),
        }
        Ok(())
    }

    fn signed_url(
        &self,
        authorization: &Authorization,
        callback: &Callback,
        credentials: &Credentials,
        encrypt: &str,
        context: Context<'_>,
    ) -> Result<Url, StepError> {
        let url = callback.url(authorization.callback_base_url(self.base_url));
        let mut url = Url::parse(&url).map_err(|error| StepError::Internal(Box::new(error)))?;
        let timestamp = context.now().as_second().to_string();
        let nonce = random_id(context.entropy);
        let signature = sign(&credentials.token, &timestamp, &nonce, encrypt);
        url.query_pairs_mut()
            .append_pair("msg_signature", &signature)
            .append_pair("timestamp", &timestamp)
            .append_pair("nonce", &nonce);
        Ok(url)
    }
}

fn sealed(credentials: &Credentials, callback: &Callback, message: &[u8], context: Context<'_>) -> String {
    let mut random = [0; 16];
    context.entropy.fill(&mut random);
    let corp_id = callback.corp_id.as_ref().map(CorpId::as_str).unwrap_or_default();
    seal(&credentials.encoding_aes_key, random, message, corp_id)
}

fn milliseconds(elapsed: Duration) -> Option<u64> {
    u64::try_from(elapsed.as_millis()).ok()
}

fn judge(reached: &Reached, right: impl Fn(&[u8]) -> bool) -> Vec<TestFinding> {
    let mut findings = Vec::new();
    if (300..400).contains(&reached.status) {
        findings.push(TestFinding {
            code: "redirected",
            detail: "The URL answers with a redirect, which WeCom does not follow.",
            status: Some(reached.status),
        });
    } else if reached.status != 200 {
        findings.push(TestFinding {
            code: "wrong_status",
            detail: "The URL does not answer with status 200: it leads elsewhere, or a proxy or firewall answers.",
            status: Some(reached.status),
        });
    } else if !right(&reached.body) {
        findings.push(TestFinding {
            code: "wrong_answer",
            detail: "The URL answers, but not with what it was asked for: something in between changes the answer.",
            status: None,
        });
    }
    if reached.elapsed > BUDGET {
        findings.push(TestFinding {
            code: "too_slow",
            detail: "The answer took more than the second that WeCom waits.",
            status: None,
        });
    }
    findings
}

fn finding_of(unreachable: Unreachable) -> TestFinding {
    let (code, detail) = match unreachable {
        Unreachable::NotAllowed => ("not_https", "The callback domain must be reached by https."),
        Unreachable::Unresolved => (
            "dns_not_found",
            "The callback domain has no address yet: check the CNAME.",
        ),
        Unreachable::PrivateAddress => (
            "private_address",
            "The callback domain leads to an address that is not public.",
        ),
        Unreachable::Unconnected => ("connection_failed", "Nobody answers at the callback domain's address."),
        Unreachable::Untrusted => (
            "certificate_refused",
            "The callback domain's certificate is missing, expired or another's.",
        ),
        Unreachable::TimedOut => ("timed_out", "The callback domain did not answer within five seconds."),
    };
    TestFinding {
        code,
        detail,
        status: None,
    }
}
