//! Moves bytes both ways between the plain and the TLS side of one connection.
//!
//! Buffers belong to the thread, not to the connection: one holds memory of its own only while a side does not take
//! what the other has sent. That is the backpressure too: nothing is read while something is left to write.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::failure::Reason;
use crate::metrics::Metrics;
use crate::stream::TlsStream;

/// The most that a TLS record carries.
const RECORD: usize = 16 * 1024;
/// Records of one direction before other connections get their turn.
const ROUNDS: usize = 8;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; RECORD]);
}

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// Both sides said that they were done.
    Finished,
    /// Nothing moved for limits.idleTimeoutMs.
    Idle,
    /// The plain side failed, most often by a reset.
    Plain(io::Error),
    /// The TLS side failed: an alert, a reset, an end without close_notify.
    Peer(Reason, String),
    /// Ended on our own account: draining, a denied peer, an exposed port.
    Stopped(&'static str),
}

impl End {
    pub fn label(&self) -> &'static str {
        match self {
            End::Finished => "finished",
            End::Idle => "idle",
            End::Plain(_) => "plain_failed",
            End::Peer(..) => "peer_failed",
            End::Stopped(why) => why,
        }
    }
}

#[derive(PartialEq)]
enum Phase {
    Open,
    Closing,
    Done,
}

/// One direction: what could not be written yet, and whether its source has ended.
struct Flow {
    left: Vec<u8>,
    at: usize,
    phase: Phase,
}

impl Flow {
    fn new() -> Flow {
        Flow { left: Vec::new(), at: 0, phase: Phase::Open }
    }

    fn wrote(&mut self, count: usize) {
        self.at += count;
        if self.at == self.left.len() {
            *self = Flow { left: Vec::new(), at: 0, phase: Phase::Open };
        }
    }
}

pub struct Relay<'a> {
    pub stream: TlsStream,
    pub plain: TcpStream,
    metrics: &'a Metrics,
    up: Flow,
    down: Flow,
    idle: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
    /// Bytes that the peer has sent; none and an alert mean that it never let us in.
    pub received: u64,
}

impl<'a> Relay<'a> {
    pub fn new(stream: TlsStream, plain: TcpStream, metrics: &'a Metrics, idle: Duration) -> Relay<'a> {
        let last = Instant::now();
        let timer = Box::pin(sleep_until(last + idle));
        Relay { stream, plain, metrics, up: Flow::new(), down: Flow::new(), idle, last, timer, received: 0 }
    }

    pub async fn run(&mut self) -> End {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Lets both sides see a reset, so that nobody takes a cut stream for a whole one.
    pub fn reset(&self) {
        reset(&self.plain);
        reset(self.stream.socket());
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let (up, down) = SCRATCH.with_borrow_mut(|scratch| (self.poll_up(cx, scratch), self.poll_down(cx, scratch)));
        match (up, down) {
            (Poll::Ready(Err(end)), _) | (_, Poll::Ready(Err(end))) => Poll::Ready(end),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(End::Finished),
            _ => self.poll_idle(cx),
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let due = self.last + self.idle;
            if Instant::now() >= due {
                return Poll::Ready(End::Idle);
            }
            self.timer.as_mut().reset(due);
        }
    }

    /// Plain to TLS.
    fn poll_up(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Result<(), End>> {
        for _ in 0..ROUNDS {
            while self.up.at < self.up.left.len() {
                let left = &self.up.left[self.up.at..];
                let count = ready!(self.stream.poll_write(cx, left)).map_err(peer)?;
                self.sent(count);
                self.up.wrote(count);
            }
            match self.up.phase {
                Phase::Open => {}
                Phase::Closing => {
                    ready!(self.stream.poll_close_write(cx)).map_err(peer)?;
                    self.up.phase = Phase::Done;
                    return Poll::Ready(Ok(()));
                }
                Phase::Done => return Poll::Ready(Ok(())),
            }
            match self.plain.try_read(scratch) {
                Ok(0) => self.up.phase = Phase::Closing,
                Ok(count) => self.send(cx, &scratch[..count])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.plain.poll_read_ready(cx)).map_err(End::Plain)?;
                }
                Err(error) => return Poll::Ready(Err(End::Plain(error))),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes at once what the TLS side takes and keeps the rest.
    fn send(&mut self, cx: &mut Context<'_>, mut bytes: &[u8]) -> Result<(), End> {
        while !bytes.is_empty() {
            match self.stream.poll_write(cx, bytes) {
                Poll::Ready(result) => {
                    let count = result.map_err(peer)?;
                    self.sent(count);
                    bytes = &bytes[count..];
                }
                Poll::Pending => {
                    self.up.left = bytes.to_vec();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// TLS to plain.
    fn poll_down(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Result<(), End>> {
        for _ in 0..ROUNDS {
            while self.down.at < self.down.left.len() {
                match self.plain.try_write(&self.down.left[self.down.at..]) {
                    Ok(count) => self.down.wrote(count),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        ready!(self.plain.poll_write_ready(cx)).map_err(End::Plain)?;
                    }
                    Err(error) => return Poll::Ready(Err(End::Plain(error))),
                }
            }
            match self.down.phase {
                Phase::Open => {}
                Phase::Closing => {
                    ready!(Pin::new(&mut self.plain).poll_shutdown(cx)).map_err(End::Plain)?;
                    self.down.phase = Phase::Done;
                    return Poll::Ready(Ok(()));
                }
                Phase::Done => return Poll::Ready(Ok(())),
            }
            match ready!(self.stream.poll_read(cx, scratch)).map_err(peer)? {
                0 => self.down.phase = Phase::Closing,
                count => self.receive(&scratch[..count])?,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn receive(&mut self, mut bytes: &[u8]) -> Result<(), End> {
        self.last = Instant::now();
        self.received += bytes.len() as u64;
        self.metrics.bytes_from_peer.add(bytes.len() as u64);
        while !bytes.is_empty() {
            match self.plain.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.down.left = bytes.to_vec();
                    return Ok(());
                }
                Err(error) => return Err(End::Plain(error)),
            }
        }
        Ok(())
    }

    fn sent(&mut self, count: usize) {
        self.last = Instant::now();
        self.metrics.bytes_to_peer.add(count as u64);
    }
}

fn peer(error: openssl::ssl::Error) -> End {
    End::Peer(Reason::of_error(&error), error.to_string())
}

/// Makes the close of this socket a reset.
pub fn reset(socket: &TcpStream) {
    // The socket may be gone already; then there is nothing left to reset.
    let _ = socket.set_zero_linger();
}
