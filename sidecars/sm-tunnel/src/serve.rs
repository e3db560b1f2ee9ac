//! Takes connections in, carries each through its life, and ends in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::certificate::rfc3339;
use crate::config::{Config, Role};
use crate::denied::Denied;
use crate::failure::Reason;
use crate::log;
use crate::netwatch::NamespaceWatch;
use crate::pending::Seat;
use crate::relay::{End, Relay, reset};
use crate::session::{Established, Failed, handshake};
use crate::state::{LastHandshake, State};
use crate::{admin, identity, reload};

/// The namespace has no interface any more.
pub const EXIT_LOST: u8 = 3;

/// Runs until told to stop. The error is of the start: nothing was served.
pub fn run(config: Config) -> Result<ExitCode, String> {
    raise_file_limit(&config)?;
    let identity = identity::load(&config.tls, config.role, config.profile)?;
    let denied = Denied::load(&config.tls.join("denied.json"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.concurrency)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let code = runtime.block_on(serve(Arc::new(State::new(config, identity, denied))));
    runtime.shutdown_background();
    code
}

/// Two sockets a connection, one a silent or shaking one, and some to spare.
fn raise_file_limit(config: &Config) -> Result<(), String> {
    let needed = (config.limits.connections * 3 + config.limits.pending_handshakes + 64) as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|most| most < needed) {
        return Err(format!(
            "limits.connections: {} needs {needed} open files, this process may have {}: raise the container's nofile limit or lower it",
            config.limits.connections,
            limit.maximum.unwrap_or_default()
        ));
    }
    limit.current = Some(needed);
    setrlimit(Resource::Nofile, limit).map_err(|error| format!("open files: {error}"))
}

async fn serve(state: Arc<State>) -> Result<ExitCode, String> {
    let bind = async |key: &str, address| {
        TcpListener::bind(address).await.map_err(|error| format!("{key}: {address}: {error}: give a free address"))
    };
    let admin = bind("admin", state.config.admin).await?;
    let listener = bind("listen", state.config.listen).await?;
    let failed = |error: std::io::Error| error.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    started(&state);
    tokio::spawn(admin::serve(admin, state.clone()));
    tokio::spawn(reload::watch(state.clone()));
    let mut tasks = JoinSet::new();
    let code = tokio::select! {
        () = accept(&state, &listener, &mut tasks) => ExitCode::SUCCESS,
        () = watch_namespace(&state) => return Ok(ExitCode::from(EXIT_LOST)),
        _ = terminate.recv() => ExitCode::SUCCESS,
        _ = interrupt.recv() => ExitCode::SUCCESS,
    };
    drop(listener);
    tokio::select! {
        () = drain(&state, &mut tasks) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(code)
}

fn started(state: &State) {
    let config = &state.config;
    let leaf = &state.identity().leaf;
    let fields = json!({
        "role": config.role, "profile": config.profile, "listen": config.listen, "connect": config.connect,
        "peerNames": config.peer_names, "serial": leaf.serial, "notAfter": rfc3339(leaf.not_after),
        "library": openssl::version::version(),
    });
    log::say("info", "serving", fields);
}

/// Looks every second at what the kernel says; ends when the namespace is lost.
async fn watch_namespace(state: &State) {
    let mut namespace = NamespaceWatch::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        state.exposed();
        if !state.config.exit_without_network {
            continue;
        }
        match std::fs::read_to_string("/proc/net/dev") {
            Ok(dev) if namespace.lost(&dev, Instant::now()) => {
                log::say(
                    "error",
                    "this network namespace has lost its interfaces: its owner was restarted",
                    json!({"exit": EXIT_LOST}),
                );
                return;
            }
            Ok(_) => {}
            Err(error) => log::say("error", "cannot read /proc/net/dev", json!({"error": error.to_string()})),
        }
    }
}

async fn accept(state: &Arc<State>, listener: &TcpListener, tasks: &mut JoinSet<()>) {
    loop {
        while let Some(result) = tasks.try_join_next() {
            if let Err(error) = result {
                log::say("error", "a connection ended in a fault of this program", json!({"error": error.to_string()}));
            }
        }
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                log::connection("cannot accept", json!({"error": error.to_string()}));
                // Out of files or memory: trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        state.metrics.accepted.add(1);
        if state.slots.available_permits() == 0 {
            refuse(state, &socket, &Failed::new(Reason::Limit, "limits.connections is reached"));
            continue;
        }
        let state = state.clone();
        if state.config.role == Role::Server {
            let seat = state.lobby.enter().await;
            tasks.spawn(async move { server(&state, socket, seat).await });
        } else {
            tasks.spawn(async move { client(&state, socket).await });
        }
    }
}

/// Nobody gets in any more; who is in may finish within limits.drainMs.
async fn drain(state: &State, tasks: &mut JoinSet<()>) {
    state.orders.send_modify(|orders| orders.draining = true);
    let open = state.metrics.connections.get();
    log::say("info", "draining", json!({"connections": open, "drainMs": state.config.limits.drain_ms}));
    let all = async { while tasks.join_next().await.is_some() {} };
    if timeout(state.config.limits.drain(), all).await.is_err() {
        log::say(
            "warn",
            "connections left after limits.drainMs are cut",
            json!({"connections": state.metrics.connections.get()}),
        );
        state.orders.send_modify(|orders| orders.abort = true);
        let rest = async { while tasks.join_next().await.is_some() {} };
        // Each of them only has to set its sockets to reset.
        let _ = timeout(Duration::from_secs(1), rest).await;
    }
    log::say("info", "stopped", json!({}));
}

fn refuse(state: &State, socket: &TcpStream, failed: &Failed) {
    state.metrics.failed(failed.reason);
    log::connection("connection refused", json!({"reason": failed.reason.label(), "detail": failed.detail}));
    reset(socket);
}

/// Server side: TLS first, then the plain service.
async fn server(state: &State, socket: TcpStream, mut seat: Seat) {
    let mut orders = state.orders.subscribe();
    let silence = timeout(state.config.limits.handshake_timeout(), socket.readable());
    let first = tokio::select! {
        spoke = silence => match spoke {
            Ok(Ok(())) => Ok(()),
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
    let Some(established) = shake(state, socket, Some(seat)).await else { return };
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
async fn client(state: &State, plain: TcpStream) {
    let socket = match connect(state).await {
        Ok(socket) => socket,
        Err(failed) => return refuse(state, &plain, &failed),
    };
    match shake(state, socket, None).await {
        Some(established) => forward(state, established, plain).await,
        None => reset(&plain),
    }
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
async fn shake(state: &State, socket: TcpStream, lobby: Option<Seat>) -> Option<Established> {
    let mut seat = state.handshakes.enter().await;
    drop(lobby);
    let identity = state.identity();
    // Small answers must not wait for the peer's acknowledgement; where this fails they are only slower.
    let _ = socket.set_nodelay(true);
    let result = tokio::select! {
        result = handshake(&state.config, &identity.context, state.rules(), socket, false) => result,
        () = seat.evicted() => Err(Failed::new(Reason::Evicted, "slow while others wanted in")),
    };
    match result {
        Ok(established) => {
            state.metrics.handshake(established.took);
            remember(state, &established);
            Some(established)
        }
        Err(failed) => {
            state.metrics.failed(failed.reason);
            log::connection("handshake failed", json!({"reason": failed.reason.label(), "detail": failed.detail}));
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
    *state.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(last);
}

async fn forward(state: &State, established: Established, plain: TcpStream) {
    let Ok(_slot) = state.slots.try_acquire() else {
        reset(&plain);
        return refuse(
            state,
            established.stream.socket(),
            &Failed::new(Reason::Limit, "limits.connections is reached"),
        );
    };
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

async fn stopped(orders: &mut tokio::sync::watch::Receiver<crate::state::Orders>, serial: &str) -> &'static str {
    loop {
        if let Some(why) = orders.borrow_and_update().against(serial) {
            return why;
        }
        if orders.changed().await.is_err() {
            return "drained";
        }
    }
}
