//! What is asked of a tunnel.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use crate::support::authority::Leaf;
use crate::support::link::{CLIENT, ServerSide};
use crate::support::peer::{self, Offer};
use crate::support::plain::{self, connect};

/// What one write or read moves.
pub const CHUNK: usize = 16 * 1024;

/// Greets with one byte, takes what comes until its end, and ends too.
pub fn service() -> SocketAddr {
    plain::service(|mut socket| {
        let mut buffer = vec![0; CHUNK * 4];
        if socket.write_all(b"x").is_ok() {
            while matches!(socket.read(&mut buffer), Ok(1..)) {}
        }
    })
}

/// One after the other: connect, wait for the greeting, leave.
pub fn connections(address: SocketAddr, count: usize) {
    for _ in 0..count {
        let mut socket = connect(address);
        socket.read_exact(&mut [0; 1]).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        assert_eq!(socket.read(&mut [0; 1]).unwrap(), 0);
    }
}

pub fn send(address: SocketAddr, mib: usize) {
    let mut socket = connect(address);
    socket.read_exact(&mut [0; 1]).unwrap();
    let chunk = vec![7; CHUNK];
    for _ in 0..mib * 1024 * 1024 / CHUNK {
        socket.write_all(&chunk).unwrap();
    }
    socket.shutdown(Shutdown::Write).unwrap();
    assert_eq!(socket.read(&mut [0; 1]).unwrap(), 0);
}

/// Seconds of each.
pub fn round_trips(address: SocketAddr, count: usize) -> Vec<f64> {
    let mut socket = connect(address);
    socket.set_nodelay(true).unwrap();
    let mut message = [7; 1024];
    (0..count)
        .map(|_| {
            let started = Instant::now();
            socket.write_all(&message).unwrap();
            socket.read_exact(&mut message).unwrap();
            started.elapsed().as_secs_f64()
        })
        .collect()
}

/// So many connections that have all carried a message.
pub fn hold(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut sockets: Vec<TcpStream> = (0..count).map(|_| connect(address)).collect();
    for socket in &mut sockets {
        socket.write_all(&[7; 1024]).unwrap();
    }
    for socket in &mut sockets {
        socket.read_exact(&mut [0; 1024]).unwrap();
    }
    sockets
}

/// Seconds until a client is served beside so many silent connections.
pub fn silent(count: usize) -> f64 {
    let side = ServerSide::to(plain::echo(), |_| {});
    let context = peer::context(&Offer::right(), Some(&side.authority.issue(&Leaf::of(CLIENT))));
    let silent: Vec<TcpStream> = (0..count).map(|_| connect(side.tunnel.listen)).collect();
    let started = Instant::now();
    peer::ask(side.tunnel.listen, &context, b"hello").unwrap();
    let took = started.elapsed().as_secs_f64();
    drop(silent);
    took
}
