//! Plain services behind the server side.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::process::PATIENCE;

/// Serves each connection with `work` on a thread of its own.
pub fn service(work: impl Fn(TcpStream) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, work);
    address
}

pub fn serve(listener: TcpListener, work: impl Fn(TcpStream) + Send + Clone + 'static) {
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let work = work.clone();
            std::thread::spawn(move || work(socket));
        }
    });
}

/// Sends back what it gets, and its end after the client's.
pub fn echo() -> SocketAddr {
    service(send_back)
}

pub fn send_back(mut socket: TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = socket.read(&mut buffer) {
        if socket.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    let _ = socket.shutdown(Shutdown::Write);
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A round trip of one message on a new connection.
pub fn ask(address: SocketAddr, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut socket = connect(address);
    socket.write_all(message)?;
    let mut answer = vec![0; message.len()];
    socket.read_exact(&mut answer)?;
    Ok(answer)
}

/// Bytes that tell where they belong.
pub fn pattern(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

/// Whether the peer ends or resets the connection instead of answering.
pub fn is_cut(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    match socket.read(&mut [0; 16]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Short enough for a test, long enough to tell that nothing comes.
pub const MOMENT: Duration = Duration::from_millis(300);
