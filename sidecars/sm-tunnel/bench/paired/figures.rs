//! Processor time and what is made of many figures.

use std::fmt;

/// User and system seconds that these processes have used.
pub fn processor_seconds(pids: &[u32]) -> f64 {
    // The kernel reports in hundredths of a second to user space on every architecture that Rust runs on.
    const TICKS: f64 = 100.0;
    let of = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let (_, rest) = text.rsplit_once(')').unwrap();
        rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum::<f64>()
    };
    pids.iter().map(of).sum::<f64>() / TICKS
}

/// What `work` costs these processes.
pub fn spent(pids: &[u32], work: impl FnOnce()) -> f64 {
    let before = processor_seconds(pids);
    work();
    processor_seconds(pids) - before
}

pub struct Summary {
    pub median: f64,
    least: f64,
    most: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.0} ({:.0}, {:.0})", self.median, self.least, self.most)
    }
}

pub fn summary(values: &[f64]) -> Summary {
    Summary { median: quantile(values, 0.5), least: quantile(values, 0.0), most: quantile(values, 1.0) }
}

pub fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// The median of the ratios within each round.
pub fn ratio(values: &[f64], base: &[f64]) -> f64 {
    let ratios: Vec<f64> = values.iter().zip(base).map(|(value, base)| value / base).collect();
    quantile(&ratios, 0.5)
}
