//! Bytes arrive whole and in order, and an end is told as what it was.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;

use crate::support::link::Link;
use crate::support::plain::{self, MOMENT, connect, is_cut, pattern};

#[test]
fn megabytes_both_ways_at_once_with_half_close() {
    let link = Link::to(plain::echo());
    let sent = pattern(24 * 1024 * 1024, 1);
    let mut socket = connect(link.entry());
    let mut writer = socket.try_clone().unwrap();
    let copy = sent.clone();
    let thread = std::thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    socket.read_to_end(&mut received).unwrap();
    thread.join().unwrap();
    assert!(received == sent, "{} bytes came back of {}", received.len(), sent.len());
    link.server.wait_for("an end in order", |tunnel| tunnel.metric("ended_total{how=\"finished\"}") == 1.0);
    assert_eq!(link.server.metric("bytes_from_peer_total"), sent.len() as f64);
    assert_eq!(link.client.metric("bytes_to_peer_total"), sent.len() as f64);
}

#[test]
fn the_end_of_the_request_comes_through_before_the_answer() {
    let service = plain::service(|mut socket| {
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        socket.write_all(format!("{} bytes", all.len()).as_bytes()).unwrap();
    });
    let link = Link::to(service);
    let mut socket = connect(link.entry());
    socket.write_all(&pattern(100_000, 2)).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "100000 bytes");
}

#[test]
fn the_end_of_the_answer_comes_through_while_the_request_goes_on() {
    let (tell, told) = channel();
    let service = plain::service(move |mut socket| {
        socket.write_all(b"go on").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        tell.send(all.len()).unwrap();
    });
    let link = Link::to(service);
    let mut socket = connect(link.entry());
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "go on");
    socket.write_all(&pattern(300_000, 3)).unwrap();
    drop(socket);
    assert_eq!(told.recv().unwrap(), 300_000);
}

#[test]
fn a_reader_that_stops_stops_the_writer() {
    let (hold, held) = channel::<()>();
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let service = plain::service(move |socket| {
        // Never reads; keeps the connection until the test is over.
        let _ = held.lock().unwrap().recv();
        drop(socket);
    });
    let link = Link::to(service);
    let before = link.server.resident_kib() + link.client.resident_kib();
    let mut socket = connect(link.entry());
    socket.set_write_timeout(Some(MOMENT)).unwrap();
    let chunk = pattern(1024 * 1024, 4);
    let stopped = (0..256).any(|_| socket.write_all(&chunk).is_err());
    assert!(stopped, "256 MiB went into a connection that nobody reads");
    let grown = link.server.resident_kib() + link.client.resident_kib() - before;
    assert!(grown < 16 * 1024, "both tunnels grew by {grown} KiB for one connection");
    drop(hold);
}

#[test]
fn a_killed_peer_is_a_reset_and_not_an_end() {
    let mut link = Link::to(plain::echo());
    let mut socket = connect(link.entry());
    socket.write_all(b"hello").unwrap();
    socket.read_exact(&mut [0; 5]).unwrap();
    link.server.signal("KILL");
    link.server.wait();
    let error = socket.read(&mut [0; 5]).expect_err("the caller took a cut stream for a whole one");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    link.client.wait_for("the cut", |tunnel| tunnel.metric("ended_total{how=\"peer_failed\"}") == 1.0);
}

#[test]
fn a_reset_of_the_service_is_a_reset_for_the_caller() {
    let service = plain::service(|mut socket| {
        let mut word = [0; 5];
        socket.read_exact(&mut word).unwrap();
        // Data left unread makes the close a reset.
        drop(socket);
    });
    let link = Link::to(service);
    let mut socket = connect(link.entry());
    socket.write_all(&pattern(200_000, 5)).unwrap();
    assert!(is_cut(&mut socket));
    link.server.wait_for("the count", |tunnel| tunnel.metric("connections") == 0.0);
}

#[test]
fn a_service_that_is_not_there_cuts_the_caller_and_nothing_else() {
    let link = Link::to("127.0.0.1:1".parse().unwrap());
    assert!(plain::ask(link.entry(), b"hello").is_err());
    link.server.wait_for("the reason", |tunnel| tunnel.failures("unreachable") == 1.0);
    assert_eq!(link.server.get("/healthz").0, 200);
}

#[test]
fn an_idle_connection_ends_and_a_used_one_stays() {
    let idle = |config: &mut serde_json::Value| config["limits"] = serde_json::json!({"idleTimeoutMs": 1500});
    let link = Link::with(plain::echo(), idle, |_| {});
    let mut quiet = connect(link.entry());
    let mut busy = connect(link.entry());
    let word = |socket: &mut TcpStream| {
        socket.write_all(b"x").unwrap();
        socket.read_exact(&mut [0; 1]).unwrap();
    };
    word(&mut quiet);
    link.client.wait_for("the end of the quiet one", |tunnel| {
        word(&mut busy);
        tunnel.metric("ended_total{how=\"idle\"}") == 1.0
    });
    assert!(is_cut(&mut quiet));
    word(&mut busy);
}
