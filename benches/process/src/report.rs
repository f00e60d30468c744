//! Medians, and their ratios to those of the plainest function.

use std::{fmt::Write as _, time::Duration};

use crate::{Subject, run::Measurements};

/// The measurements of each subject; the first subject is the plainest function.
pub(crate) struct Table {
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    name: String,
    runs: Vec<Measurements>,
    /// Time from start to answer under the CPU share, limited from the start and limited from the first invocation.
    throttled: [Vec<Duration>; 2],
    throttled_cpu: Vec<Duration>,
}

impl Table {
    pub(crate) fn new(subjects: &[Subject]) -> Self {
        let rows = subjects.iter().map(|subject| Row {
            name: subject.name.clone(),
            ..Row::default()
        });
        Self { rows: rows.collect() }
    }

    pub(crate) fn add(&mut self, row: usize, run: Measurements) {
        if let Some(row) = self.rows.get_mut(row) {
            row.runs.push(run);
        }
    }

    pub(crate) fn add_throttled(&mut self, row: usize, column: usize, run: &Measurements) {
        let Some(row) = self.rows.get_mut(row) else { return };
        row.throttled_cpu.push(run.init_cpu + run.first_cpu);
        if let Some(column) = row.throttled.get_mut(column) {
            column.push(run.to_answer);
        }
    }

    /// The main table, in Markdown.
    pub(crate) fn render(&self) -> String {
        let mut text =
            "| function | init ms | least | init CPU ms | first ms | first CPU ms | warm p50 µs | p99 µs | CPU µs | \
                        calls: init, first, each | peak RSS MB |\n\
                        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |\n"
                .to_owned();
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", self.cells(row).join(" | "));
        }
        text
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let ms = |of: fn(&Measurements) -> Duration| self.with_ratio(row, 1e3, |run| Some(of(run).as_secs_f64()));
        let us =
            |of: fn(&Measurements) -> Option<Duration>| self.with_ratio(row, 1e6, |run| Some(of(run)?.as_secs_f64()));
        let calls = [
            row.median(|run| Some(f64::from(u32::try_from(run.init_calls).ok()?))),
            row.median(|run| Some(f64::from(u32::try_from(run.first_calls).ok()?))),
            row.median(|run| Some(run.warm.as_ref()?.calls)),
        ]
        .into_iter()
        .flatten()
        .map(|calls| {
            format!("{calls:.2}")
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        });
        vec![
            row.name.clone(),
            ms(|run| run.init),
            self.least_init(row),
            ms(|run| run.init_cpu),
            ms(|run| run.first),
            ms(|run| run.first_cpu),
            us(|run| percentile(&run.warm.as_ref()?.times, 50)),
            us(|run| percentile(&run.warm.as_ref()?.times, 99)),
            us(|run| Some(run.warm.as_ref()?.cpu)),
            calls.collect::<Vec<_>>().join(", "),
            row.median(|run| Some(f64::from(u32::try_from(run.peak_rss_kib).ok()?) / 1024.0))
                .map_or_else(String::new, |mb| format!("{mb:.1}")),
        ]
    }

    /// The shortest start, which other load on the machine affected least, and its ratio to that of the plainest function.
    fn least_init(&self, row: &Row) -> String {
        let least = |row: &Row| {
            row.runs
                .iter()
                .map(|run| run.init.as_secs_f64())
                .fold(f64::INFINITY, f64::min)
        };
        let own = least(row);
        let ratio = own / self.rows.first().map_or(f64::NAN, least);
        format!("{:.2} ({ratio:.2}×)", own * 1e3)
    }

    /// The table of cold checks under a CPU share, in Markdown.
    pub(crate) fn render_throttled(&self, mb: u64) -> String {
        let mut text = format!(
            "| cold check at the share of {mb} MB | start to answer, limited from the start: ms | min | limited from the \
             first invocation: ms | min | CPU ms |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
        );
        for row in self.rows.iter().filter(|row| !row.throttled_cpu.is_empty()) {
            let [from_start, from_first] = &row.throttled;
            let cells = [from_start, from_first, &row.throttled_cpu].map(|times| {
                let times: Vec<_> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
                let least = times.iter().copied().fold(f64::INFINITY, f64::min);
                (median(times).unwrap_or_default(), least)
            });
            let [from_start, from_first, cpu] = cells;
            let _ = writeln!(
                text,
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} |",
                row.name, from_start.0, from_start.1, from_first.0, from_first.1, cpu.0
            );
        }
        text
    }

    /// A median in some unit, and the median of the ratios to the plainest function in the same round.
    fn with_ratio(&self, row: &Row, unit: f64, of: impl Fn(&Measurements) -> Option<f64>) -> String {
        let Some(value) = row.median(&of) else {
            return String::new();
        };
        let plainest = self.rows.first().map_or(&[][..], |first| &first.runs);
        let ratios = row.runs.iter().zip(plainest);
        let ratios = ratios.filter_map(|(run, plainest)| Some(of(run)? / of(plainest)?));
        let ratio = median(ratios.collect()).map_or_else(String::new, |ratio| format!(" ({ratio:.2}×)"));
        let value = value * unit;
        let value = if value < 100.0 {
            format!("{value:.2}")
        } else {
            format!("{value:.0}")
        };
        format!("{value}{ratio}")
    }
}

impl Row {
    fn median(&self, of: impl Fn(&Measurements) -> Option<f64>) -> Option<f64> {
        median(self.runs.iter().filter_map(of).collect())
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() * percent / 100).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_middle_whatever_the_order() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
        let times: Vec<_> = (0..200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 99), Some(Duration::from_millis(198)));
    }
}
