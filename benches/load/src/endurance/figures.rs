//! Figures of a run.

use std::{fmt, time::Duration};

/// Median and 99th percentile, in milliseconds.
pub(super) struct Latency {
    median: f64,
    high: f64,
    requests: usize,
}

impl Latency {
    pub(super) fn of(waited: &mut [Duration]) -> Self {
        waited.sort_unstable();
        let percentile = |percent| {
            let found = waited.get(waited.len() * percent / 100);
            found.map_or(f64::NAN, |waited: &Duration| waited.as_secs_f64() * 1000.0)
        };
        Self {
            median: percentile(50),
            high: percentile(99),
            requests: waited.len(),
        }
    }

    pub(super) fn compared(&self, before: &Self) -> String {
        let (median, high) = (self.median / before.median, self.high / before.high);
        format!("{median:.1} and {high:.1} times as long")
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, high, requests } = self;
        write!(formatter, "p50 {median:.1} ms, p99 {high:.1} ms ({requests} events)")
    }
}

/// Slope of the line through the points with the least squares.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let count: f64 = points.iter().map(|_| 1.0).sum();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    together / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_requests_took_no_longer_than_the_median() {
        let mut waited: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        let latency = Latency::of(&mut waited);
        assert_eq!(latency.to_string(), "p50 101.0 ms, p99 199.0 ms (200 events)");
        let before = Latency::of(&mut [Duration::from_millis(50)]);
        assert_eq!(latency.compared(&before), "2.0 and 4.0 times as long");
    }

    #[test]
    fn the_slope_is_what_the_second_value_grows_by() {
        let close = |slope: f64, to: f64| (slope - to).abs() < 1e-9;
        assert!(close(slope(&[(0.0, 1.0), (10.0, 6.0), (20.0, 11.0)]), 0.5));
        assert!(close(slope(&[(0.0, 3.0), (10.0, 4.0), (20.0, 3.0)]), 0.0));
    }
}
