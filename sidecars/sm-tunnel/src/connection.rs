//! The life of one connection on either side of a link.

use std::sync::PoisonError;
use std::time::SystemTime;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::timeout;

use crate::certificate::rfc3339;
use crate::failure::Reason;
use crate::farewell::see_off;
use crate::log;
use crate::pending::Seat;
use crate::relay::{End, Relay, reset};
use crate::session::{Established, Failed, handshake};
use crate::state::{LastHandshake, Orders, State};

/// Counts it, tells it, and lets the other side see a reset.
pub fn refuse(state: &State, socket: &TcpStream, failed: &Failed) {
    state.metrics.failed(failed.reason);
    log::connection("connection refused", json!({"reason": failed.reason.label(), "detail": failed.detail}));
    reset(socket);
}

/// Server side: TLS first, then the plain service.
pub async fn server(state: &State, socket: TcpStream, mut seat: Seat) {
    let mut orders = state.orders.subscribe();
    // Readiness may be a false alarm, and a silent connection must not take a handshake's seat: look for a byte.
    let mut byte = [0; 1];
    let silence = timeout(state.config.limits.handshake_timeout(), socket.peek(&mut byte));
    let first = tokio::select! {
        spoke = silence => match spoke {
            Ok(Ok(0)) => Err(Failed::new(Reason::Closed, "closed without a word")),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failed::new(Reason::Closed, error)),
            Err(_) => Err(Failed::new(Reason::Timeout, "not a word within limits.handshakeTimeoutMs")),
        },
        () = seat.evicted() => Err(Failed::new(Reason::Evicted, "silent while others wanted in")),
        _ = orders.wait_for(|orders| orders.draining) => return reset(&socket),
    };
    if let Err(failed) = first {
        return refuse(state, &socket, &failed);
    }
    seat.keep();
    let handshake_seat = state.handshakes.enter().await;
    drop(seat);
    let Some(established) = shake(state, socket, handshake_seat).await else { return };
    let Some(_slot) = slot(state, established.stream.socket()) else { return };
    let plain = if state.exposed() {
        Err(Failed::new(Reason::Unreachable, "the plain port is exposed"))
    } else {
        connect(state).await
    };
    match plain {
        Ok(plain) => forward(state, established, plain).await,
        Err(failed) => refuse(state, established.stream.socket(), &failed),
    }
}

/// Client side: the peer first; what the plain side sends waits in its socket.
pub async fn client(state: &State, plain: TcpStream) {
    let Some(_slot) = slot(state, &plain) else { return };
    // Before the call: a peer that is called and then kept waiting in our own queue takes us for a silent one.
    let seat = state.handshakes.enter().await;
    // Nobody outside chose to be slow here.
    seat.keep();
    let socket = match connect(state).await {
        Ok(socket) => socket,
        Err(failed) => return refuse(state, &plain, &failed),
    };
    match shake(state, socket, seat).await {
        Some(established) => forward(state, established, plain).await,
        None => reset(&plain),
    }
}

/// A place among limits.connections; without one this connection is refused.
fn slot<'a>(state: &'a State, socket: &TcpStream) -> Option<SemaphorePermit<'a>> {
    let slot = state.slots.try_acquire().ok();
    if slot.is_none() {
        refuse(state, socket, &Failed::new(Reason::Limit, "limits.connections is reached"));
    }
    slot
}

async fn connect(state: &State) -> Result<TcpStream, Failed> {
    let target = &state.config.connect;
    match timeout(state.config.limits.handshake_timeout(), TcpStream::connect(target)).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(Failed::new(Reason::Unreachable, format!("{target}: {error}"))),
        Err(_) => Err(Failed::new(Reason::Unreachable, format!("{target}: no answer"))),
    }
}

/// A handshake within its limits; a failure has been counted and told.
async fn shake(state: &State, socket: TcpStream, mut seat: Seat) -> Option<Established> {
    let identity = state.identity();
    // Small answers must not wait for the peer's acknowledgement; where this fails they are only slower.
    let _ = socket.set_nodelay(true);
    let result = {
        let mover = seat.mover();
        let shaking = handshake(&state.config, &identity.context, state.rules(), socket, false, move || mover.moved());
        tokio::select! {
            result = shaking => result,
            () = seat.evicted() => Err(Failed::new(Reason::Evicted, "slow while others wanted in")),
        }
    };
    match result {
        Ok(established) => {
            seat.succeeded();
            state.metrics.handshake(established.took);
            remember(state, &established);
            Some(established)
        }
        Err(failed) => {
            state.metrics.failed(failed.reason);
            log::connection("handshake failed", json!({"reason": failed.reason.label(), "detail": failed.detail}));
            drop(seat);
            if let Some(stream) = failed.farewell {
                see_off(&state.farewells, stream).await;
            }
            None
        }
    }
}

fn remember(state: &State, established: &Established) {
    let ssl = established.stream.ssl();
    let last = LastHandshake {
        version: ssl.version_str().into(),
        suite: ssl.current_cipher().map_or("none", |cipher| cipher.name()).into(),
        peer: established.peer.clone(),
        at: rfc3339(SystemTime::now()),
    };
    *state.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
}

async fn forward(state: &State, established: Established, plain: TcpStream) {
    let _live = state.metrics.connection();
    // As above.
    let _ = plain.set_nodelay(true);
    let serial = established.peer.serial;
    let mut orders = state.orders.subscribe();
    let mut relay = Relay::new(established.stream, plain, &state.metrics, state.config.limits.idle_timeout());
    let end = tokio::select! {
        end = relay.run() => end,
        why = stopped(&mut orders, &serial) => End::Stopped(why),
    };
    state.metrics.ended(end.label());
    if let End::Peer(Reason::PeerAlert, detail) = &end
        && relay.received == 0
    {
        state.metrics.failed(Reason::PeerAlert);
        log::connection("the peer refused us", json!({"detail": detail, "peer": serial}));
    } else if let End::Peer(reason, detail) = &end {
        log::connection("connection cut by the peer", json!({"reason": reason.label(), "detail": detail}));
    }
    if !matches!(end, End::Finished) {
        relay.reset();
    }
}

async fn stopped(orders: &mut watch::Receiver<Orders>, serial: &str) -> &'static str {
    loop {
        if let Some(why) = orders.borrow_and_update().against(serial) {
            return why;
        }
        if orders.changed().await.is_err() {
            return "drained";
        }
    }
}
