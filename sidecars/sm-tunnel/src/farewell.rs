//! Sees to it that a refused peer hears why.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::stream::TlsStream;

/// How long the peer may take to hear it.
const TIME: Duration = Duration::from_secs(1);
/// More than a refused client has sent before it listens.
const AT_MOST: usize = 256 * 1024;

/// Ends our side and reads on until the peer has ended its own: closing with bytes unread would be a reset, and a
/// reset takes the alert away from a client that has already begun to send. Where too many are being seen off,
/// the connection is just closed.
pub async fn see_off(room: &Arc<Semaphore>, stream: TlsStream) {
    let Ok(_permit) = room.try_acquire() else { return };
    let socket = stream.socket();
    if shutdown(socket, Shutdown::Write).is_ok() {
        // Out of time or not, it ends here.
        let _ = timeout(TIME, drain(socket)).await;
    }
}

async fn drain(socket: &TcpStream) {
    let mut buffer = [0; 1024];
    let mut total = 0;
    while total < AT_MOST && socket.readable().await.is_ok() {
        match socket.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => total += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
