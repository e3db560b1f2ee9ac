//! Certificates change under load; nothing is dropped. What is not fit is refused and told.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::support::authority::{Authority, Kind, Leaf};
use crate::support::link::{CLIENT, Link, SERVER};
use crate::support::plain::{self, connect, pattern};

struct Load {
    stop: Arc<AtomicBool>,
    transfers: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<Result<(), String>>>,
}

/// Short connections one after the other, and long ones that go on all the time.
fn load(link: &Link) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    let transfers = Arc::new(AtomicU64::new(0));
    let entry = link.entry();
    let spawn = |long: bool| {
        let (stop, transfers) = (stop.clone(), transfers.clone());
        std::thread::spawn(move || -> Result<(), String> {
            let message = pattern(64 * 1024, u64::from(long));
            let mut socket = connect(entry);
            let mut answer = vec![0; message.len()];
            while !stop.load(Ordering::Relaxed) {
                if !long {
                    socket = connect(entry);
                }
                socket.write_all(&message).map_err(|error| format!("write: {error}"))?;
                socket.read_exact(&mut answer).map_err(|error| format!("read: {error}"))?;
                if answer != message {
                    return Err("other bytes came back".into());
                }
                transfers.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        })
    };
    let threads = vec![spawn(true), spawn(true), spawn(false), spawn(false)];
    Load { stop, transfers, threads }
}

fn rotate_under_load(every: Duration, all: Duration) {
    let link = Link::to(plain::echo());
    let load = load(&link);
    let started = Instant::now();
    let mut swaps = 0;
    while started.elapsed() < all {
        std::thread::sleep(every);
        link.client_folder.put(&link.authority.issue(&Leaf::of(CLIENT)), &link.authority.root);
        link.server_folder.put(&link.authority.issue(&Leaf::of(SERVER)), &link.authority.root);
        swaps += 1;
    }
    let last = link.client.json("/status")["certificate"]["serial"].clone();
    load.stop.store(true, Ordering::Relaxed);
    for thread in load.threads {
        thread.join().unwrap().unwrap();
    }
    let transfers = load.transfers.load(Ordering::Relaxed);
    let reloads = link.server.metric("reloads_total");
    eprintln!("{swaps} swaps, {reloads} taken into use, {transfers} transfers, none failed");
    assert!(transfers > 0 && reloads >= f64::from(swaps) / 2.0, "{transfers} transfers, {reloads} reloads");
    assert_ne!(last, serde_json::Value::Null);
    for tunnel in [&link.client, &link.server] {
        tunnel.wait_for("the end of all", |tunnel| tunnel.metric("connections") == 0.0);
        for how in ["peer_failed", "plain_failed", "idle", "denied"] {
            assert_eq!(tunnel.metric(&format!("ended_total{{how=\"{how}\"}}")), 0.0, "{how}");
        }
        assert_eq!(tunnel.metric("reload_failures_total"), 0.0);
    }
}

#[test]
fn a_swap_a_second_for_thirty_seconds_drops_nothing() {
    rotate_under_load(Duration::from_secs(1), Duration::from_secs(30));
}

#[test]
#[ignore = "takes 5 minutes: run it with --ignored"]
fn soak_a_swap_every_ten_seconds_for_five_minutes() {
    rotate_under_load(Duration::from_secs(10), Duration::from_secs(300));
}

#[test]
fn a_pair_that_is_not_fit_is_told_and_the_old_goes_on() {
    let link = Link::to(plain::echo());
    let root = link.authority.root.clone();
    let issue = |change: &dyn Fn(&mut Leaf)| {
        let mut leaf = Leaf::of(CLIENT);
        change(&mut leaf);
        link.authority.issue(&leaf)
    };
    let other_key = {
        let mut mixed = issue(&|_| {});
        mixed.key = Kind::Sm2.key();
        mixed
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("holds no readable private key", b"not a key".to_vec()),
        ("is not SM2", issue(&|leaf| leaf.kind = Kind::P256).pem()),
        ("does not belong to the certificate", other_key.pem()),
        ("expired", issue(&|leaf| (leaf.from, leaf.to) = (-7200, -3600)).pem()),
        ("not yet valid", issue(&|leaf| (leaf.from, leaf.to) = (3600, 7200)).pem()),
        ("at depth 1", Authority::new().issue(&Leaf::of(CLIENT)).pem()),
    ];
    let serial = link.client.json("/status")["certificate"]["serial"].clone();
    for (wanted, pem) in &cases {
        link.client_folder.put_raw(pem, &root.to_pem().unwrap());
        link.client.wait_for(wanted, |tunnel| {
            let problems = tunnel.json("/healthz")["problems"].to_string();
            problems.contains("\"reload\"") && problems.contains(wanted)
        });
        assert_eq!(link.client.get("/healthz").0, 503);
        assert_eq!(link.client.json("/status")["certificate"]["serial"], serial);
        assert_eq!(plain::ask(link.entry(), b"hello").unwrap(), b"hello");
    }
    assert!(link.client.metric("reload_failures_total") >= cases.len() as f64);
    let said = link.client.log.lock().unwrap().iter().filter(|line| line["level"] == "error").count();
    assert!(said >= cases.len(), "{said} lines of {}", cases.len());

    link.client_folder.put(&issue(&|_| {}), &root);
    link.client.wait_for("the repaired pair", |tunnel| tunnel.get("/healthz").0 == 200);
    assert_ne!(link.client.json("/status")["certificate"]["serial"], serial);
}

#[test]
fn a_new_authority_takes_over_by_way_of_both() {
    let link = Link::to(plain::echo());
    let next = Authority::new();
    let both = [link.authority.root.to_pem().unwrap(), next.root.to_pem().unwrap()].concat();
    let reloads = |wanted: f64| {
        for tunnel in [&link.client, &link.server] {
            tunnel.wait_for("the reload", |tunnel| tunnel.metric("reloads_total") == wanted);
        }
        assert_eq!(plain::ask(link.entry(), b"hello").unwrap(), b"hello");
    };
    link.client_folder.put_raw(&link.authority.issue(&Leaf::of(CLIENT)).pem(), &both);
    link.server_folder.put_raw(&link.authority.issue(&Leaf::of(SERVER)).pem(), &both);
    reloads(1.0);
    link.client_folder.put_raw(&next.issue(&Leaf::of(CLIENT)).pem(), &both);
    link.server_folder.put_raw(&next.issue(&Leaf::of(SERVER)).pem(), &both);
    reloads(2.0);
    link.client_folder.put(&next.issue(&Leaf::of(CLIENT)), &next.root);
    link.server_folder.put(&next.issue(&Leaf::of(SERVER)), &next.root);
    reloads(3.0);
}
