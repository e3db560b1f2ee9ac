//! Ten thousand hellos that are none: no crash, nothing left behind.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};

use crate::support::authority::Leaf;
use crate::support::link::{CLIENT, ServerSide};
use crate::support::peer::{self, Offer};
use crate::support::plain::{self, connect, pattern};

const ALL: u64 = 10_000;
const THREADS: u64 = 8;

/// A real ClientHello, caught from the library.
fn hello() -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || peer::shake(address, &peer::context(&Offer::right(), None)).is_err());
    let (mut socket, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 4096];
    let count = socket.read(&mut buffer).unwrap();
    drop(socket);
    assert!(client.join().unwrap());
    buffer.truncate(count);
    buffer
}

/// Cut, changed in some bytes, random behind a right header, or random altogether.
fn mangled(hello: &[u8], number: u64) -> Vec<u8> {
    let noise = pattern(64 + (number % 700) as usize, number + 11);
    let at = |index: usize| usize::from(noise[index]) << 8 | usize::from(noise[index + 1]);
    match number % 4 {
        0 => hello[..at(0) % hello.len()].to_vec(),
        1 => {
            let mut changed = hello.to_vec();
            for index in 0..1 + at(2) % 8 {
                let place = at(4 + index * 2) % changed.len();
                changed[place] = noise[30 + index];
            }
            changed
        }
        2 => [&[22, 3, 1, (noise.len() >> 8) as u8, noise.len() as u8], noise.as_slice()].concat(),
        _ => noise,
    }
}

fn throw(address: SocketAddr, bytes: &[u8]) {
    let mut socket = connect(address);
    // The tunnel may refuse before it has heard all.
    if socket.write_all(bytes).is_ok() && socket.shutdown(Shutdown::Write).is_ok() {
        let _ = socket.read_to_end(&mut Vec::new());
    }
}

#[test]
fn ten_thousand_broken_hellos_leave_nothing_behind() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let address = side.tunnel.listen;
    let hello = hello();
    let issued = side.authority.issue(&Leaf::of(CLIENT));
    let context = peer::context(&Offer::right(), Some(&issued));
    let round = |from: u64, to: u64| {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let hello = &hello;
                scope.spawn(move || {
                    for number in (from + thread..to).step_by(THREADS as usize) {
                        throw(address, &mangled(hello, number));
                    }
                });
            }
        });
        assert_eq!(peer::ask(address, &context, b"still here").unwrap(), b"still here");
        side.tunnel.wait_for("the end of all", |tunnel| {
            tunnel.metric("pending_handshakes") + tunnel.metric("silent_connections") + tunnel.metric("connections")
                == 0.0
        });
        (side.tunnel.open_files(), side.tunnel.resident_kib())
    };
    // The first fifth fills the allocator's pools; a leak shows in what comes after.
    let (files, memory) = round(0, ALL / 5);
    let (files_after, memory_after) = round(ALL / 5, ALL);
    eprintln!("open files {files} -> {files_after}, resident KiB {memory} -> {memory_after}");
    assert!(files_after <= files + 1, "{files} open files became {files_after}");
    // 8,000 connections that leaked as little as 512 bytes each would be 4,000 KiB.
    assert!(memory_after < memory + 4_000, "{memory} KiB became {memory_after}");
    assert!(side.tunnel.metric("accepted_total") >= ALL as f64);
    assert_eq!(side.tunnel.metric("handshakes_total"), 2.0);
}
