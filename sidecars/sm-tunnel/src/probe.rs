//! Opens one real connection with the settings of a client and tells what was negotiated, read from the wire.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{Config, Role};
use crate::denied::Denied;
use crate::failure::Reason;
use crate::hello::{self, ServerHello};
use crate::identity;
use crate::session::{Established, handshake};
use crate::stream::TlsStream;
use crate::verify::PeerRules;

/// A rejected TLS 1.3 client has finished its handshake already: how long to wait for the peer's word.
const WORD: Duration = Duration::from_secs(1);

/// The error says why there is no link.
pub async fn probe(config: &Config) -> Result<Value, String> {
    if config.role != Role::Client {
        return Err("role: \"server\" is not allowed: probe takes the configuration of the client side".into());
    }
    let identity = identity::load(&config.tls, config.role, config.profile)?;
    let denied = Denied::load(&config.tls.join("denied.json"))?;
    let rules = Arc::new(PeerRules { names: config.peer_names.clone(), denied: Arc::new(denied) });
    let target = &config.connect;
    let socket = timeout(config.limits.handshake_timeout(), TcpStream::connect(target))
        .await
        .map_err(|_| format!("{target}: no answer"))?
        .map_err(|error| format!("{target}: {error}"))?;
    let mut established = handshake(config, &identity.context, rules, socket, true, || {})
        .await
        .map_err(|failed| format!("{target}: {}: {}", failed.reason.label(), failed.detail))?;
    let hello = hello::parse(established.stream.heard())
        .ok_or_else(|| format!("{target}: no ServerHello in what was received"))?;
    let backend = word_of_peer(&mut established.stream).await.map_err(|error| format!("{target}: {error}"))?;
    Ok(report(config, &established, &hello, backend))
}

/// Ends the connection in order and listens to how the peer takes it.
async fn word_of_peer(stream: &mut TlsStream) -> Result<&'static str, String> {
    let mut byte = [0; 1];
    let word = async {
        let closed = poll_fn(|cx| stream.poll_close_write(cx)).await;
        match closed {
            Ok(()) => poll_fn(|cx| stream.poll_read(cx, &mut byte)).await,
            Err(error) => Err(error),
        }
    };
    match timeout(WORD, word).await {
        Err(_) => Ok("open"),
        Ok(Ok(0)) => Ok("closed"),
        Ok(Ok(_)) => Ok("spoke"),
        Ok(Err(error)) => match Reason::of_error(&error) {
            Reason::PeerAlert => Err(format!("rejected_by_peer: {error}")),
            _ => Ok("cut"),
        },
    }
}

fn report(config: &Config, established: &Established, hello: &ServerHello, backend: &str) -> Value {
    let peer = serde_json::to_value(&established.peer).unwrap_or_default();
    json!({
        "profile": config.profile.name(),
        "version": hello::version_name(hello.version),
        "suite": format!("0x{:04x}", hello.suite),
        "suiteName": hello::suite_name(hello.suite),
        "group": hello::group_name(hello.group),
        "signature": crate::context::SIGNATURE,
        "peer": peer,
        "handshakeMs": (established.took.as_secs_f64() * 10_000.0).round() / 10.0,
        "backend": backend,
    })
}
