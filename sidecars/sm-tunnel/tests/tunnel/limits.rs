//! Nobody keeps others out: not by silence, not by slowness, not by numbers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::authority::Leaf;
use crate::support::link::{CLIENT, Link, ServerSide};
use crate::support::peer::{self, Offer};
use crate::support::plain::{self, connect, is_cut};

#[test]
fn a_thousand_silent_connections_do_not_keep_a_client_out() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let issued = side.authority.issue(&Leaf::of(CLIENT));
    let context = peer::context(&Offer::right(), Some(&issued));
    let silent: Vec<TcpStream> = (0..1000).map(|_| connect(side.tunnel.listen)).collect();
    let started = Instant::now();
    assert_eq!(peer::ask(side.tunnel.listen, &context, b"hello").unwrap(), b"hello");
    eprintln!("served after {:?} beside {} silent connections", started.elapsed(), silent.len());
    side.tunnel.wait_for("evictions", |tunnel| tunnel.failures("evicted") >= 488.0);
    assert!(side.tunnel.metric("silent_connections") <= 512.0);
}

#[test]
fn handshakes_that_stop_half_way_make_room() {
    let side = ServerSide::to(plain::echo(), |config| config["limits"] = json!({"pendingHandshakes": 4}));
    let issued = side.authority.issue(&Leaf::of(CLIENT));
    let context = peer::context(&Offer::right(), Some(&issued));
    let halves: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut socket = connect(side.tunnel.listen);
            socket.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
            socket
        })
        .collect();
    assert_eq!(peer::ask(side.tunnel.listen, &context, b"hello").unwrap(), b"hello");
    side.tunnel.wait_for("evictions", |tunnel| tunnel.failures("evicted") >= 1.0);
    drop(halves);
}

#[test]
fn a_handshake_has_its_time() {
    let side = ServerSide::to(plain::echo(), |config| config["limits"] = json!({"handshakeTimeoutMs": 300}));
    let mut silent = connect(side.tunnel.listen);
    let mut slow = connect(side.tunnel.listen);
    slow.write_all(&[22, 3, 1]).unwrap();
    assert!(is_cut(&mut silent) && is_cut(&mut slow));
    side.tunnel.wait_for("both", |tunnel| tunnel.failures("timeout") == 2.0);
}

#[test]
fn connections_over_the_limit_are_cut_and_those_inside_stay() {
    let limit = |config: &mut Value| config["limits"] = json!({"connections": 3});
    let link = Link::with(plain::echo(), limit, |_| {});
    let mut inside: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut socket = connect(link.entry());
            socket.write_all(b"x").unwrap();
            socket.read_exact(&mut [0; 1]).unwrap();
            socket
        })
        .collect();
    assert!(is_cut(&mut connect(link.entry())));
    assert_eq!(link.client.failures("limit"), 1.0);
    for socket in &mut inside {
        socket.write_all(b"y").unwrap();
        socket.read_exact(&mut [0; 1]).unwrap();
    }
    drop(inside);
    link.client.wait_for("free places", |tunnel| tunnel.metric("connections") == 0.0);
    assert_eq!(plain::ask(link.entry(), b"again").unwrap(), b"again");
}

#[test]
fn five_hundred_connections_at_once_in_little_memory() {
    // Not the subject here: on a busy machine a thousand handshakes take their time.
    let patient = |config: &mut Value| config["limits"] = json!({"handshakeTimeoutMs": 60_000});
    let link = Link::with(plain::echo(), patient, patient);
    let idle = (link.client.resident_kib(), link.server.resident_kib());
    let mut sockets: Vec<TcpStream> = (0..500).map(|_| connect(link.entry())).collect();
    for socket in &mut sockets {
        socket.write_all(&[7; 1024]).unwrap();
    }
    for socket in &mut sockets {
        socket.read_exact(&mut [0; 1024]).unwrap();
    }
    let full = (link.client.resident_kib(), link.server.resident_kib());
    eprintln!("resident KiB (client, server): idle {idle:?}, 500 connections {full:?}");
    assert_eq!(link.server.metric("connections"), 500.0);
    for (idle, full) in [(idle.0, full.0), (idle.1, full.1)] {
        assert!(idle <= 20 * 1024 && full <= 60 * 1024, "{idle} KiB idle, {full} KiB with 500 connections");
    }
}
