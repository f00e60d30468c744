//! What happens to the server while events are sent: rotations throughout, kills and refused calls in the first half.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    plan::{Phase, Place},
    tenant_id,
    traffic::Traffic,
};
use crate::{Error, bindings::SCOPES, product::Product};

/// Pause between two looks.
pub(super) const LOOK: Duration = Duration::from_secs(2);

pub(super) struct Course {
    pub(super) product: Product,
    traffic: Arc<Traffic>,
    kills: u64,
    looks: usize,
    /// Callbacks whose credentials were rotated at the last look.
    rotated: Vec<Place>,
    pub(super) rotations: u64,
    pub(super) failed_rotations: u64,
    pub(super) killed: u64,
    pub(super) longest_away: Duration,
    /// Calls of the stores that were to be refused, or not to be answered.
    pub(super) faults: u64,
    /// Memory of the server in MB, by the number of events that had begun.
    pub(super) memory: Vec<(u64, f64)>,
}

impl Course {
    pub(super) fn new(product: Product, traffic: Arc<Traffic>, kills: u64) -> Self {
        Self {
            product,
            traffic,
            kills,
            looks: 0,
            rotated: Vec::new(),
            rotations: 0,
            failed_rotations: 0,
            killed: 0,
            longest_away: Duration::ZERO,
            faults: 0,
            memory: Vec::new(),
        }
    }

    pub(super) async fn look(&mut self) -> Result<(), Error> {
        let begun = self.traffic.begun();
        let megabytes = self.product.resident_megabytes().ok_or("the server has ended")?;
        self.memory.push((begun, megabytes));
        self.rotate().await?;
        if self.traffic.plan.phase(begun) == Phase::Disturbed {
            self.refuse_calls().await?;
            let disturbed = self.traffic.plan.disturbed();
            let next = (disturbed.end - disturbed.start) * (self.killed + 1) / (self.kills + 1);
            if self.killed < self.kills && begun >= disturbed.start + next {
                let away = Instant::now();
                self.product.kill_and_start().await?;
                self.longest_away = self.longest_away.max(away.elapsed());
                self.killed += 1;
            }
        }
        self.looks += 1;
        Ok(())
    }

    /// Rotates a callback of the noisy tenant and one of another. Until the next look events come with either pair.
    async fn rotate(&mut self) -> Result<(), Error> {
        for place in std::mem::take(&mut self.rotated) {
            self.traffic.settled(place)?;
        }
        let quiet = self.traffic.tenants() - 1;
        let turn = self.looks;
        for place in [(0, turn % 2), (1 + turn % quiet, turn / quiet % 2)] {
            let corp_id = self.traffic.callback(place, false)?.corp_id;
            let token = self.product.token_of(&tenant_id(place.0.try_into()?))?;
            let scope = SCOPES.get(place.1).ok_or("no such scope")?;
            match self.product.rotate(&token, &corp_id, scope).await {
                Ok(newest) => {
                    self.traffic.rotated(place, newest)?;
                    self.rotated.push(place);
                    self.rotations += 1;
                }
                // A call that it needed was refused. What was valid still is.
                Err(_) => self.failed_rotations += 1,
            }
        }
        Ok(())
    }

    /// Has the stores refuse some calls, and carry others out without an answer.
    async fn refuse_calls(&mut self) -> Result<(), Error> {
        let throttled = "ProvisionedThroughputExceededException";
        let faults = json!([
            {"target": "PutItem", "resource": "wecom-events", "code": throttled, "times": 100},
            {"target": "PutItem", "resource": "wecom-events", "after": true, "drop": true, "times": 10},
            {"target": "GetItem", "code": throttled, "times": 5},
            {"target": "UpdateItem", "code": throttled, "times": 5},
            {"target": "PutEvents", "code": "ThrottlingException", "times": 2},
        ]);
        self.faults += 122;
        let url = format!("{}/_local/faults", self.product.text("/aws_endpoint_url"));
        let request = self.product.http.request(Method::POST, url).json(&faults);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}
