//! `import`: bindings of another platform, as `scripts/import-bindings` takes them to a deployment.

use std::{collections::BTreeMap, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CommandError, say,
    server::{Server, answer},
};

/// Lines of one invocation, and their bytes: Lambda takes 6 MB, and JSON in JSON has more characters.
const MOST_LINES: usize = 100;
const MOST_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug, Clone, clap::Args)]
pub struct Import {
    /// File of JSON Lines, each as docs/binding.schema.json describes it
    pub file: PathBuf,
    /// Say what would become of each line, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Import {
    /// Imports every line, and prints each that is not there afterwards. A line that was imported before changes nothing, so the same
    /// file may be imported again.
    pub(super) async fn run(&self, server: &Server) -> Result<(), CommandError> {
        let unreadable = |error| CommandError::Unknown(format!("{}: {error}", self.file.display()));
        let text = std::fs::read_to_string(&self.file).map_err(unreadable)?;
        let lines: Vec<_> = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty())
            .collect();
        let url = format!(
            "{}/2015-03-31/functions/import-bindings/invocations",
            server.announcement.base_url
        );
        let mut counts = BTreeMap::new();
        for batch in batches(&lines) {
            let mut batch = batch.to_vec();
            while !batch.is_empty() {
                let texts: Vec<_> = batch.iter().map(|(_, line)| line).collect();
                let request = json!({"lines": texts, "dry_run": self.dry_run});
                let report = answer(server.request(Method::POST, &url).json(&request)).await?;
                let reports = report.get("lines").and_then(Value::as_array);
                let reports = reports.ok_or_else(|| CommandError::Unknown(report.to_string()))?;
                let (done, left) = divided(batch, reports);
                for (number, report) in done {
                    let text = |name| report.get(name).and_then(Value::as_str).unwrap_or_default();
                    *counts.entry(text("outcome").to_owned()).or_insert(0_usize) += 1;
                    if !["imported", "already", "importable"].contains(&text("outcome")) {
                        let said = ["outcome", "code", "field", "tenant_id", "binding_id"]
                            .map(text)
                            .join("  ");
                        say(&format!("line {number}: {}", said.trim_end()));
                    }
                }
                batch = left;
            }
        }
        let counts: Vec<_> = counts
            .iter()
            .map(|(outcome, lines)| format!("{outcome} {lines}"))
            .collect();
        say(&counts.join(", "));
        Ok(())
    }
}

/// A line of the file, with its number.
type Line<'a> = (usize, &'a str);

/// The lines of a batch that an invocation took, each with its report, and those that it had no time for. One that took none is not
/// repeated.
fn divided<'a, 'r>(batch: Vec<Line<'a>>, reports: &'r [Value]) -> (Vec<(usize, &'r Value)>, Vec<Line<'a>>) {
    let is_begun = |report: &Value| report.get("outcome").and_then(Value::as_str) != Some("not_begun");
    let is_any_begun = reports.iter().any(is_begun);
    let (mut done, mut left) = (Vec::new(), Vec::new());
    for (line, report) in batch.into_iter().zip(reports) {
        if is_begun(report) || !is_any_begun {
            done.push((line.0, report));
        } else {
            left.push(line);
        }
    }
    (done, left)
}

/// The lines in their order, in parts that one invocation takes.
fn batches<'a>(lines: &'a [Line<'a>]) -> Vec<&'a [Line<'a>]> {
    let mut batches = Vec::new();
    let mut rest = lines;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, line): &&Line<'_>| {
            bytes += line.len();
            bytes <= MOST_BYTES
        };
        // A line that is too long goes alone, to be refused.
        let length = rest.iter().take(MOST_LINES).take_while(fits).count().max(1);
        let (batch, after) = rest.split_at(length);
        batches.push(batch);
        rest = after;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_as_many_lines_as_an_invocation_takes_and_a_long_line_goes_alone() {
        let long = "x".repeat(MOST_BYTES + 1);
        let mut lines: Vec<(usize, &str)> = (1..=250).map(|number| (number, "{}")).collect();
        lines.insert(120, (0, &long));
        let sizes: Vec<_> = batches(&lines).into_iter().map(<[_]>::len).collect();
        assert_eq!(sizes, [100, 20, 1, 100, 30]);
        assert_eq!(batches(&[]).len(), 0);
    }

    #[test]
    fn lines_that_an_invocation_had_no_time_for_are_sent_again_unless_it_took_none() {
        let [imported, failed, left] = ["imported", "failed", "not_begun"].map(|word| json!({"outcome": word}));
        let batch = vec![(7, "a"), (8, "b"), (9, "c")];
        let reports = [imported.clone(), left.clone(), failed.clone()];
        let divided_batch = divided(batch.clone(), &reports);
        assert_eq!(divided_batch, (vec![(7, &imported), (9, &failed)], vec![(8, "b")]));
        let none = [left.clone(), left.clone(), left.clone()];
        let (done, again) = divided(batch, &none);
        assert_eq!((done.len(), again), (3, Vec::new()));
    }
}
