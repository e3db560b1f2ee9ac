//! Health, metrics and status over HTTP on loopback, and the small client that asks for them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::certificate::rfc3339;
use crate::log;
use crate::state::State;

/// A scrape takes milliseconds; whoever takes longer has no business here.
const TIME: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 16;

type Answer = Response<Full<Bytes>>;

/// Runs as long as the process.
pub async fn serve(listener: TcpListener, state: Arc<State>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                log::connection("admin: cannot accept", json!({"error": error.to_string()}));
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let state = state.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let service = service_fn(move |request| {
                let answer = answer(&state, &request);
                async { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(socket), service);
            // A client that leaves early has lost nothing but its own answer.
            let _ = timeout(TIME, connection).await;
        });
    }
}

fn answer(state: &State, request: &Request<Incoming>) -> Answer {
    if request.method() != Method::GET {
        return respond(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET is allowed\n".into());
    }
    match request.uri().path() {
        "/healthz" => health(state),
        "/metrics" => respond(StatusCode::OK, "text/plain; version=0.0.4", state.metrics.text(&state.gauges())),
        "/status" => respond(StatusCode::OK, "application/json", format!("{}\n", status(state))),
        _ => respond(StatusCode::NOT_FOUND, "text/plain", "/healthz, /metrics and /status are here\n".into()),
    }
}

fn health(state: &State) -> Answer {
    let problems = state.problems();
    let code = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"healthy": problems.is_empty(), "problems": problems});
    respond(code, "application/json", format!("{body}\n"))
}

fn status(state: &State) -> serde_json::Value {
    let identity = state.identity();
    let last = state.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
    json!({
        "role": state.config.role,
        "profile": state.config.profile,
        "listen": state.config.listen,
        "connect": state.config.connect,
        "peerNames": state.config.peer_names,
        "connections": state.metrics.connections.get(),
        "handshakes": state.metrics.handshakes.get(),
        "certificate": identity.leaf,
        "rotatedAt": rfc3339(identity.loaded),
        "rotations": state.metrics.reloads.get(),
        "lastHandshake": last,
        "problems": state.problems(),
        "library": openssl::version::version(),
    })
}

fn respond(code: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

/// Asks a running tunnel; the error says what was tried.
pub async fn get(address: SocketAddr, path: &str) -> Result<(StatusCode, String), String> {
    let failed = |error: &dyn std::fmt::Display| format!("http://{address}{path}: {error}");
    let ask = async {
        let socket = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|error| failed(&error))?;
        tokio::spawn(connection);
        let request = Request::get(path)
            .header(HOST, address.to_string())
            .body(Empty::<Bytes>::new())
            .map_err(|error| failed(&error))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let code = response.status();
        let body = response.into_body().collect().await.map_err(|error| failed(&error))?.to_bytes();
        Ok((code, String::from_utf8_lossy(&body).into_owned()))
    };
    timeout(TIME, ask).await.unwrap_or_else(|_| Err(failed(&"no answer")))
}
