//! Counters, as Prometheus text.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::failure::Reason;

#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn sub(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }
}

/// Counts itself as long as it lives.
pub struct Live<'a>(&'a Counter);

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.sub(1);
    }
}

#[derive(Default)]
pub struct Metrics {
    pub accepted: Counter,
    pub connections: Counter,
    pub handshakes: Counter,
    pub handshake_nanoseconds: Counter,
    pub bytes_to_peer: Counter,
    pub bytes_from_peer: Counter,
    pub reloads: Counter,
    pub reload_failures: Counter,
    failures: Vec<Counter>,
    ends: Mutex<Vec<(&'static str, u64)>>,
}

/// Values that are read where they live when the text is made.
pub struct Gauges {
    pub seconds_left: f64,
    pub loaded: SystemTime,
    pub pending: usize,
    pub silent: usize,
    pub problems: usize,
    pub exposed: bool,
    pub denied: usize,
}

impl Metrics {
    pub fn new() -> Metrics {
        let failures = Reason::ALL.iter().map(|_| Counter::default()).collect();
        Metrics { failures, ..Metrics::default() }
    }

    pub fn failed(&self, reason: Reason) {
        self.failures[reason as usize].add(1);
    }

    pub fn failures(&self, reason: Reason) -> u64 {
        self.failures[reason as usize].get()
    }

    pub fn handshake(&self, took: Duration) {
        self.handshakes.add(1);
        self.handshake_nanoseconds.add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub fn connection(&self) -> Live<'_> {
        self.connections.add(1);
        Live(&self.connections)
    }

    pub fn ended(&self, label: &'static str) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        match ends.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => ends.push((label, 1)),
        }
    }

    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        let mut one = |kind: &str, name: &str, help: &str, value: f64| {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "# HELP sm_tunnel_{name} {help}\n# TYPE sm_tunnel_{name} {kind}\nsm_tunnel_{name} {value}\n"
            );
        };
        let loaded = gauges.loaded.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        one("counter", "accepted_total", "Connections that came in.", self.accepted.get() as f64);
        one("gauge", "connections", "Connections that bytes are forwarded on.", self.connections.get() as f64);
        one("gauge", "pending_handshakes", "Handshakes under way.", gauges.pending as f64);
        one("gauge", "silent_connections", "Connections that have not said a word.", gauges.silent as f64);
        one("counter", "handshakes_total", "Handshakes that succeeded on our side.", self.handshakes.get() as f64);
        one(
            "counter",
            "handshake_seconds_total",
            "Time that those took.",
            self.handshake_nanoseconds.get() as f64 / 1e9,
        );
        one("counter", "bytes_to_peer_total", "Bytes sent through TLS.", self.bytes_to_peer.get() as f64);
        one("counter", "bytes_from_peer_total", "Bytes received through TLS.", self.bytes_from_peer.get() as f64);
        one("counter", "reloads_total", "Certificates taken into use after the first.", self.reloads.get() as f64);
        one(
            "counter",
            "reload_failures_total",
            "New files that were refused; the old go on.",
            self.reload_failures.get() as f64,
        );
        one("gauge", "certificate_days_left", "Days until our certificate expires.", gauges.seconds_left / 86_400.0);
        one("gauge", "certificate_loaded_timestamp_seconds", "When it was taken into use.", loaded.as_secs_f64());
        one("gauge", "denied_serials", "Entries of the deny list.", gauges.denied as f64);
        one(
            "gauge",
            "plain_port_exposed",
            "1 while the plain port can be reached from outside.",
            f64::from(u8::from(gauges.exposed)),
        );
        one("gauge", "problems", "Problems that /healthz tells.", gauges.problems as f64);
        one("gauge", "resident_bytes", "Memory of this process.", resident_bytes() as f64);
        self.labelled(&mut text);
        text
    }

    fn labelled(&self, text: &mut String) {
        text.push_str("# HELP sm_tunnel_handshake_failures_total Handshakes that failed, by reason.\n# TYPE sm_tunnel_handshake_failures_total counter\n");
        for reason in Reason::ALL {
            let _ = writeln!(
                text,
                "sm_tunnel_handshake_failures_total{{reason=\"{}\"}} {}",
                reason.label(),
                self.failures(*reason)
            );
        }
        text.push_str(
            "# HELP sm_tunnel_ended_total Connections that ended, by how.\n# TYPE sm_tunnel_ended_total counter\n",
        );
        for (label, count) in self.ends.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(text, "sm_tunnel_ended_total{{how=\"{label}\"}} {count}");
        }
    }
}

/// 0 where the kernel does not say.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_there_before_it_happens() {
        let metrics = Metrics::new();
        metrics.failed(Reason::WrongName);
        metrics.ended("finished");
        let live = metrics.connection();
        let gauges = Gauges {
            seconds_left: 43_200.0,
            loaded: SystemTime::UNIX_EPOCH,
            pending: 3,
            silent: 4,
            problems: 0,
            exposed: true,
            denied: 2,
        };
        let text = metrics.text(&gauges);
        for line in [
            "sm_tunnel_handshake_failures_total{reason=\"wrong_name\"} 1",
            "sm_tunnel_handshake_failures_total{reason=\"denied\"} 0",
            "sm_tunnel_ended_total{how=\"finished\"} 1",
            "sm_tunnel_connections 1",
            "sm_tunnel_certificate_days_left 0.5",
            "sm_tunnel_plain_port_exposed 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        drop(live);
        assert_eq!(metrics.connections.get(), 0);
    }
}
