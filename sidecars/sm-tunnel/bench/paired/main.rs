//! The tunnel beside the bare library and beside a Go tunnel with AES-GCM, in one run and in turn.
//!
//! `cargo bench` builds it; `node bench/sm-tunnel.ts` at the top runs it. Rates are per second of processor time, both
//! ends together, so that a busy machine disturbs little. SM_TUNNEL_GO names the Go tunnel; without it there is none.
//! The last line is JSON with every figure.

#[allow(dead_code, reason = "shared with the tests, which use the rest")]
#[path = "../../tests/tunnel/support/mod.rs"]
mod support;

mod bare;
mod figures;
mod go;
mod work;

use std::net::SocketAddr;

use serde_json::{Value, json};
use support::link::Link;
use support::plain;

const ROUNDS: usize = 5;
const HANDSHAKES: usize = 300;
const MIB: usize = 192;

/// Who is measured: a way in, and whose processor time counts.
struct Subject<'a> {
    name: &'static str,
    handshakes: Box<dyn Fn() -> f64 + 'a>,
    bulk: Box<dyn Fn() -> f64 + 'a>,
}

fn tunnel<'a>(name: &'static str, discard: SocketAddr, hello: SocketAddr, pids: Vec<u32>) -> Subject<'a> {
    let others = pids.clone();
    Subject {
        name,
        handshakes: Box::new(move || {
            HANDSHAKES as f64 / figures::spent(&pids, || work::connections(hello, HANDSHAKES))
        }),
        bulk: Box::new(move || MIB as f64 / figures::spent(&others, || work::send(discard, MIB))),
    }
}

fn main() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    let link = Link::to(work::service());
    let pids = vec![link.client.id(), link.server.id()];
    let bare = bare::Bare::new();
    let go = go::Pair::start();
    let mut subjects = vec![
        Subject {
            name: "bare library",
            handshakes: Box::new(|| HANDSHAKES as f64 / bare.handshakes(HANDSHAKES)),
            bulk: Box::new(|| MIB as f64 / bare.bulk(MIB)),
        },
        tunnel("sm-tunnel", link.entry(), link.entry(), pids.clone()),
    ];
    if let Some(go) = &go {
        subjects.push(tunnel("go AES-GCM", go.entry, go.entry, go.pids()));
    }
    let mut report = json!({"load": load.trim(), "rounds": ROUNDS});
    measure(&subjects, &mut report);
    latency(&mut report);
    memory(&mut report);
    println!("{report}");
}

fn measure(subjects: &[Subject<'_>], report: &mut Value) {
    let mut handshakes = vec![Vec::new(); subjects.len()];
    let mut bulk = vec![Vec::new(); subjects.len()];
    for round in 0..=ROUNDS {
        let mut order: Vec<usize> = (0..subjects.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let rates = ((subjects[index].handshakes)(), (subjects[index].bulk)());
            // The first round warms caches.
            if round > 0 {
                handshakes[index].push(rates.0);
                bulk[index].push(rates.1);
            }
        }
    }
    println!("\nper second of processor time, both ends together; median (least, most) of {ROUNDS}");
    for (index, subject) in subjects.iter().enumerate() {
        let (shakes, mib) = (figures::summary(&handshakes[index]), figures::summary(&bulk[index]));
        let ratios = (figures::ratio(&handshakes[index], &handshakes[0]), figures::ratio(&bulk[index], &bulk[0]));
        println!(
            "{:<13} {} handshakes/s ({:.2} x), {} MiB/s ({:.2} x); {:.2} ms a handshake, {:.2} ms a MiB",
            subject.name,
            shakes,
            ratios.0,
            mib,
            ratios.1,
            1e3 / shakes.median,
            1e3 / mib.median
        );
        report[subject.name] = json!({
            "handshakesPerCpuSecond": handshakes[index], "mibPerCpuSecond": bulk[index],
            "handshakesToBare": ratios.0, "bulkToBare": ratios.1,
        });
    }
}

fn latency(report: &mut Value) {
    let direct = work::round_trips(plain::echo(), 2_000);
    let echo = Link::to(plain::echo());
    let through = work::round_trips(echo.entry(), 2_000);
    drop(echo);
    let added = |quantile: f64| figures::quantile(&through, quantile) - figures::quantile(&direct, quantile);
    println!("\n1 KiB round trip: {:.0} us p50 and {:.0} us p99 added", added(0.5) * 1e6, added(0.99) * 1e6);
    report["addedMicroseconds"] = json!({"p50": added(0.5) * 1e6, "p99": added(0.99) * 1e6});
}

fn memory(report: &mut Value) {
    let link = Link::to(plain::echo());
    let idle = (link.client.resident_kib(), link.server.resident_kib());
    let sockets = work::hold(link.entry(), 500);
    let full = (link.client.resident_kib(), link.server.resident_kib());
    drop(sockets);
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!(
        "\nresident MiB (client side, server side): idle {:.1} {:.1}, 500 connections {:.1} {:.1}",
        mib(idle.0),
        mib(idle.1),
        mib(full.0),
        mib(full.1)
    );
    report["residentMib"] = json!({"idle": [mib(idle.0), mib(idle.1)], "at500": [mib(full.0), mib(full.1)]});
    let silent = work::silent(1_000);
    println!("a new client beside 1,000 silent connections: served after {:.0} ms", silent * 1e3);
    report["besideSilentMs"] = json!(silent * 1e3);
}
