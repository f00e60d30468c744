use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use serde_json::Value;

/// Where results go, as tables or as JSON.
pub(crate) struct Printer<'a> {
    pub(crate) output: &'a mut dyn Write,
    pub(crate) is_json: bool,
}

/// A column: its title, and where a row has its value.
type Column = (&'static str, fn(&Value) -> String);

const TENANTS: [Column; 7] = [
    ("TENANT", |row| shown(row, "/tenant_id")),
    ("BINDING", |row| shown(row, "/binding_id")),
    ("HEALTH", |row| shown(row, "/health")),
    ("SINCE", |row| shown(row, "/since")),
    ("NEXT STEP", |row| shown(row, "/next_step")),
    ("FINDINGS", findings),
    ("CORPORATION", |row| shown(row, "/corp_name")),
];

const CHECKED: [Column; 6] = [
    ("TENANT", |row| shown(row, "/tenant_id")),
    ("BINDING", |row| shown(row, "/binding_id")),
    ("HEALTH", |row| shown(row, "/health")),
    ("NEXT STEP", |row| shown(row, "/next_step")),
    ("FINDINGS", findings),
    ("NOT CHECKED", |row| match text(row, "/code") {
        "" => format!("{} {}", shown(row, "/status"), shown(row, "/detail"))
            .trim()
            .to_owned(),
        code => printable(code),
    }),
];

const CLAIMS: [Column; 5] = [
    ("CLAIM", |row| shown(row, "/claim_id")),
    ("SUITE", |row| shown(row, "/suite_id")),
    ("CORPORATION", |row| shown(row, "/corp_name")),
    ("INSTALLED", |row| shown(row, "/installed_at")),
    ("EXPIRES", |row| shown(row, "/expires_at")),
];

const COUNTS: [Column; 3] = [
    ("", |row| shown(row, "/of")),
    ("TENANTS", |row| shown(row, "/tenants")),
    ("SINCE", |row| shown(row, "/since")),
];

const SUITES: [Column; 2] = [
    ("SUITE", |row| shown(row, "/suite_id")),
    ("TICKET OF", |row| shown(row, "/ticket_issued_at")),
];

const DEAD_LETTERS: [Column; 2] = [
    ("GIVEN UP", |row| shown(row, "/queue")),
    ("MESSAGES", |row| match row.pointer("/messages") {
        Some(Value::Null) => "unknown".to_owned(),
        _ => shown(row, "/messages"),
    }),
];

const BREAKERS: [Column; 3] = [
    ("CALLS PAUSE", |row| shown(row, "/name")),
    ("UNTIL", |row| shown(row, "/until")),
    ("OPENED BY", |row| shown(row, "/opened_by")),
];

const REFUSALS: [Column; 5] = [
    ("REFUSED", |row| shown(row, "/at")),
    ("REASON", |row| shown(row, "/reason")),
    ("FROM", |row| shown(row, "/source_ip")),
    ("FOR", |row| shown(row, "/receive_id")),
    ("TIMES", |row| shown(row, "/count")),
];

const AUDIT: [Column; 5] = [
    ("AT", |row| shown(row, "/at")),
    ("WHO", |row| shown(row, "/actor/id")),
    ("ACTION", |row| shown(row, "/action")),
    ("OUTCOME", |row| shown(row, "/outcome")),
    ("CODE", |row| shown(row, "/code")),
];

const EVENTS: [Column; 4] = [
    ("RECEIVED", |row| shown(row, "/received_at")),
    ("SCOPE", |row| shown(row, "/scope")),
    ("EVENT", |row| shown(row, "/event")),
    ("CHANGE", |row| shown(row, "/change_type")),
];

impl Printer<'_> {
    /// A sentence, or what it says as JSON.
    pub(crate) fn say(&mut self, sentence: &str, json: &Value) -> io::Result<()> {
        if self.is_json {
            return writeln!(self.output, "{json}");
        }
        writeln!(self.output, "{}", printable(sentence))
    }

    pub(crate) fn tenants(&mut self, rows: &[Value]) -> io::Result<()> {
        self.rows(&TENANTS, rows)
    }

    pub(crate) fn checked(&mut self, rows: &[Value]) -> io::Result<()> {
        self.rows(&CHECKED, rows)
    }

    pub(crate) fn claims(&mut self, rows: &[Value]) -> io::Result<()> {
        self.rows(&CLAIMS, rows)
    }

    pub(crate) fn summary(&mut self, summary: &Value) -> io::Result<()> {
        if self.is_json {
            return writeln!(self.output, "{summary}");
        }
        writeln!(self.output, "{} tenants\n", shown(summary, "/tenants"))?;
        for part in ["/health", "/findings", "/steps"] {
            self.table(&COUNTS, array(summary, part))?;
        }
        let run = shown(summary, "/health_run/at");
        if !run.is_empty() {
            writeln!(
                self.output,
                "last health run {run}: {} looked at, {} failed\n",
                shown(summary, "/health_run/checked"),
                shown(summary, "/health_run/failed")
            )?;
            self.table(&SUITES, array(summary, "/health_run/suites"))?;
            self.table(&DEAD_LETTERS, array(summary, "/health_run/dead_letters"))?;
            let key = shown(summary, "/health_run/sealing_key_since");
            if !key.is_empty() {
                writeln!(self.output, "the newest sealing key is used since {key}\n")?;
            }
        }
        self.table(&BREAKERS, array(summary, "/breakers"))
    }

    pub(crate) fn tenant(&mut self, tenant: &Value) -> io::Result<()> {
        if self.is_json {
            return writeln!(self.output, "{tenant}");
        }
        let state = tenant.get("state").unwrap_or(&Value::Null);
        let facts = [
            ("tenant", "/tenant_id"),
            ("binding", "/binding_id"),
            ("health", "/health"),
            ("next step", "/next_step"),
            ("corporation", "/installation/corp_name"),
            ("corp id", "/installation/corp_id"),
            ("installation", "/installation/status"),
            ("contacts Secret", "/contacts/secret/status"),
            ("contacts callback", "/contacts/callback/status"),
            ("  last event", "/contacts/callback/last_event_at"),
            ("external contacts Secret", "/external_contacts/secret/status"),
            ("external contacts callback", "/external_contacts/callback/status"),
            ("  last event", "/external_contacts/callback/last_event_at"),
            ("completed", "/completed_at"),
        ];
        let mut table = table();
        for (name, at) in facts {
            let value = shown(state, at);
            if !value.is_empty() {
                table.add_row([name, &value]);
            }
        }
        if tenant["is_removed"] == true {
            table.add_row(["removed", "yes"]);
        }
        for finding in array(state, "/findings") {
            let scope = shown(finding, "/scope");
            let since = shown(finding, "/since");
            let finding = format!("{} {scope} since {since}", shown(finding, "/code"));
            table.add_row(["finding", &finding.replace("  ", " ")]);
        }
        self.write(&table)?;
        for scope in ["contacts", "external_contacts"] {
            let refusals = array(state, &format!("/{scope}/callback/refusals"));
            if !refusals.is_empty() {
                writeln!(self.output, "refused on the callback of {}:", scope.replace('_', " "))?;
            }
            self.table(&REFUSALS, refusals)?;
        }
        self.table(&AUDIT, array(tenant, "/audit"))?;
        self.table(&EVENTS, array(tenant, "/events"))
    }

    pub(crate) fn replay(&mut self, replay: &Value) -> io::Result<()> {
        self.say(&replay_sentence(replay), replay)
    }

    /// A table, or a line of JSON for each row.
    fn rows(&mut self, columns: &[Column], rows: &[Value]) -> io::Result<()> {
        if !self.is_json && rows.is_empty() {
            return writeln!(self.output, "none");
        }
        if !self.is_json {
            return self.table(columns, rows);
        }
        rows.iter().try_for_each(|row| writeln!(self.output, "{row}"))
    }

    /// A table; nothing if it has no rows. Columns without a value are left out.
    fn table(&mut self, columns: &[Column], rows: &[Value]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let is_used = |(_, value): &&Column| rows.iter().any(|row| !value(row).is_empty());
        let columns: Vec<_> = columns.iter().filter(is_used).collect();
        let mut table = table();
        table.set_header(columns.iter().map(|(title, _)| *title));
        for row in rows {
            table.add_row(columns.iter().map(|(_, value)| value(row)));
        }
        self.write(&table)
    }

    fn write(&mut self, table: &Table) -> io::Result<()> {
        writeln!(self.output, "{}\n", table.trim_fmt())
    }
}

/// How far a replay is.
pub(crate) fn replay_sentence(replay: &Value) -> String {
    format!(
        "replay {} {}: {} events",
        shown(replay, "/replay_id"),
        shown(replay, "/status"),
        shown(replay, "/replayed")
    )
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// The text at a JSON pointer; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

/// The value at a JSON pointer, for people.
fn shown(value: &Value, at: &str) -> String {
    match value.pointer(at) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => printable(text),
        Some(value) => value.to_string(),
    }
}

/// Without control characters, which a terminal would obey: a corporation's name is a stranger's.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

fn array<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    value.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn findings(row: &Value) -> String {
    let codes = array(row, "/findings").iter().map(|finding| shown(finding, "/code"));
    codes.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(is_json: bool, rows: &[Value]) -> String {
        let mut output = Vec::new();
        let mut printer = Printer {
            output: &mut output,
            is_json,
        };
        printer.tenants(rows).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_table_has_no_control_characters_of_a_stranger() {
        let row = json!({"tenant_id": "acme", "corp_name": "\u{1b}[2J云\u{7}帆\n"});
        assert_eq!(printed(false, &[row]), " TENANT  CORPORATION\n acme    [2J云帆\n\n");
    }

    #[test]
    fn json_is_a_line_for_each_row_as_it_was_answered() {
        let row = json!({"tenant_id": "acme", "corp_name": "\u{1b}云帆", "unknown": [1]});
        assert_eq!(printed(true, &[row.clone(), row.clone()]), format!("{row}\n{row}\n"));
    }

    #[test]
    fn a_replay_is_said_with_the_number_of_its_events() {
        let replay = json!({"replay_id": "a", "status": "running", "replayed": 1200});
        assert_eq!(replay_sentence(&replay), "replay a running: 1200 events");
    }

    #[test]
    fn an_empty_list_is_said_to_people_alone() {
        assert_eq!(printed(false, &[]), "none\n");
        assert_eq!(printed(true, &[]), "");
    }
}
