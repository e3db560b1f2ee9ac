//! The library's connection over a non-blocking socket.

use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};

use openssl::error::ErrorStack;
use openssl::ssl::{Error, ErrorCode, Ssl, SslRef, SslStream};
use tokio::net::TcpStream;

/// The socket as the library sees it; keeps the first bytes from the peer where that is asked for.
pub struct Wire {
    socket: TcpStream,
    heard: Option<Vec<u8>>,
}

/// More than a ServerHello and a chain need.
const HEARD_AT_MOST: usize = 64 * 1024;

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.socket.try_read(buffer)?;
        if let Some(heard) = &mut self.heard {
            let room = HEARD_AT_MOST.saturating_sub(heard.len());
            heard.extend_from_slice(&buffer[..count.min(room)]);
        }
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.try_write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A TLS connection that is polled from one task only: both directions share the task's waker.
pub struct TlsStream(SslStream<Wire>);

impl TlsStream {
    pub fn new(ssl: Ssl, socket: TcpStream, record: bool) -> Result<TlsStream, ErrorStack> {
        let wire = Wire { socket, heard: record.then(Vec::new) };
        Ok(TlsStream(SslStream::new(ssl, wire)?))
    }

    pub fn ssl(&self) -> &SslRef {
        self.0.ssl()
    }

    pub fn socket(&self) -> &TcpStream {
        &self.0.get_ref().socket
    }

    /// What arrived from the peer so far, where `record` was asked for.
    pub fn heard(&self) -> &[u8] {
        self.0.get_ref().heard.as_deref().unwrap_or_default()
    }

    pub fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, SslStream::do_handshake)
    }

    /// `Ok(0)` is the peer's close_notify; an end without one is an error.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        match ready!(self.poll(cx, |stream| stream.ssl_read(buffer))) {
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Poll::Ready(Ok(0)),
            result => Poll::Ready(result),
        }
    }

    pub fn poll_write(&mut self, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<Result<usize, Error>> {
        self.poll(cx, |stream| stream.ssl_write(buffer))
    }

    /// Sends close_notify; reading goes on.
    pub fn poll_close_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, |stream| stream.shutdown().map(|_| ()))
    }

    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut step: impl FnMut(&mut SslStream<Wire>) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        loop {
            let error = match step(&mut self.0) {
                Ok(value) => return Poll::Ready(Ok(value)),
                Err(error) => error,
            };
            let waited = match error.code() {
                ErrorCode::WANT_READ => ready!(self.socket().poll_read_ready(cx)),
                ErrorCode::WANT_WRITE => ready!(self.socket().poll_write_ready(cx)),
                _ => return Poll::Ready(Err(error)),
            };
            if waited.is_err() {
                return Poll::Ready(Err(error));
            }
        }
    }
}
