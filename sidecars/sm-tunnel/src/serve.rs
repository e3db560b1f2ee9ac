//! Takes connections in, carries each through its life, and ends in order.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::certificate::rfc3339;
use crate::config::{Config, Role};
use crate::denied::Denied;
use crate::failure::Reason;
use crate::log;
use crate::netwatch::NamespaceWatch;
use crate::session::Failed;
use crate::state::State;
use crate::{admin, connection, identity, reload};

/// The namespace has no interface any more.
pub const EXIT_LOST: u8 = 3;
/// Connections that wait in the kernel; it takes less where net.core.somaxconn says so.
const BACKLOG: u32 = 4096;

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
    let admin = bind("admin", state.config.admin)?;
    let listener = bind("listen", state.config.listen)?;
    let failed = |error: std::io::Error| error.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    started(&state, &listener, &admin).map_err(failed)?;
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

/// With a long queue: one that overflows costs the client a second until it tries again.
fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error: std::io::Error| format!("{key}: {address}: {error}: give a free address"))
}

/// Tells the addresses as they are: port 0 in the configuration is any free one.
fn started(state: &State, listener: &TcpListener, admin: &TcpListener) -> std::io::Result<()> {
    let config = &state.config;
    let leaf = &state.identity().leaf;
    let fields = json!({
        "role": config.role, "profile": config.profile, "listen": listener.local_addr()?, "connect": config.connect,
        "admin": admin.local_addr()?, "peerNames": config.peer_names, "serial": leaf.serial,
        "notAfter": rfc3339(leaf.not_after), "library": openssl::version::version(),
    });
    log::say("info", "serving", fields);
    Ok(())
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
            connection::refuse(state, &socket, &Failed::new(Reason::Limit, "limits.connections is reached"));
            continue;
        }
        let state = state.clone();
        if state.config.role == Role::Server {
            let seat = state.lobby.enter().await;
            tasks.spawn(async move { connection::server(&state, socket, seat).await });
        } else {
            tasks.spawn(async move { connection::client(&state, socket).await });
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
