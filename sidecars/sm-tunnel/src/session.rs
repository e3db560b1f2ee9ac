//! One handshake: set up, carried out within its time, its result told in our words.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use openssl::ssl::{Ssl, SslContext};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::certificate::Certificate;
use crate::config::{Config, Role};
use crate::failure::Reason;
use crate::stream::TlsStream;
use crate::verify::{PeerRules, install};

/// A handshake that did not succeed; the detail is for the log.
pub struct Failed {
    pub reason: Reason,
    pub detail: String,
    /// Where an alert may be on its way to the peer.
    pub farewell: Option<TlsStream>,
}

impl Failed {
    pub fn new(reason: Reason, detail: impl ToString) -> Failed {
        Failed { reason, detail: detail.to_string(), farewell: None }
    }
}

pub struct Established {
    pub stream: TlsStream,
    pub peer: Certificate,
    pub took: Duration,
}

/// Carries a handshake out; `record` keeps the peer's first bytes, `moved` is called whenever there was work to do.
pub async fn handshake(
    config: &Config,
    context: &SslContext,
    rules: Arc<PeerRules>,
    socket: TcpStream,
    record: bool,
    moved: impl Fn(),
) -> Result<Established, Failed> {
    let library = |error: openssl::error::ErrorStack| Failed::new(Reason::Library, error);
    let started = Instant::now();
    let mut ssl = Ssl::new(context).map_err(library)?;
    match config.role {
        Role::Server => ssl.set_accept_state(),
        Role::Client => {
            ssl.set_connect_state();
            if let Some(name) = config.server_name() {
                ssl.set_hostname(name).map_err(library)?;
            }
        }
    }
    let verdict = install(&mut ssl, rules);
    let mut stream = TlsStream::new(ssl, socket, record).map_err(library)?;
    let step = |cx: &mut Context<'_>| {
        let result = stream.poll_handshake(cx);
        moved();
        result
    };
    match timeout(config.limits.handshake_timeout(), poll_fn(step)).await {
        Err(_) => return Err(Failed::new(Reason::Timeout, "the handshake took longer than limits.handshakeTimeoutMs")),
        Ok(Err(error)) => {
            let reason = verdict.get().unwrap_or_else(|| Reason::of_error(&error));
            return Err(Failed { farewell: Some(stream), ..Failed::new(reason, error) });
        }
        Ok(Ok(())) => {}
    }
    let certificate = stream.ssl().peer_certificate();
    let certificate = certificate.ok_or_else(|| Failed::new(Reason::NoCertificate, "no certificate"))?;
    let peer = Certificate::of(&certificate).map_err(library)?;
    Ok(Established { stream, peer, took: started.elapsed() })
}
