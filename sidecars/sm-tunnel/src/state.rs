//! What all connections of the process share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use crate::certificate::Certificate;
use crate::config::Config;
use crate::denied::Denied;
use crate::health::{Problem, Problems};
use crate::identity::Identity;
use crate::log;
use crate::metrics::{Gauges, Metrics};
use crate::netwatch;
use crate::pending::Room;
use crate::verify::PeerRules;

/// How long a handshake may wait for its peer before it has to make room for others.
const HANDSHAKE_GRACE: Duration = Duration::from_secs(2);
/// How old an answer about the plain port may be.
const EXPOSURE_AGE: Duration = Duration::from_millis(200);

/// What running connections have to obey.
#[derive(Clone, Default)]
pub struct Orders {
    /// No new connections.
    pub draining: bool,
    /// End now.
    pub abort: bool,
    /// The plain port can be reached from outside.
    pub exposed: bool,
    pub denied: Arc<Denied>,
}

impl Orders {
    /// Why a connection with this peer must end, if it must.
    pub fn against(&self, serial: &str) -> Option<&'static str> {
        if self.abort {
            return Some("drained");
        }
        if self.exposed {
            return Some("exposed");
        }
        self.denied.contains(serial).then_some("denied")
    }
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastHandshake {
    pub version: String,
    pub suite: String,
    pub peer: Certificate,
    pub at: String,
}

pub struct State {
    pub config: Config,
    pub metrics: Metrics,
    pub problems: Problems,
    pub orders: watch::Sender<Orders>,
    /// Established connections.
    pub slots: Arc<Semaphore>,
    /// Those that have not said a word.
    pub lobby: Arc<Room>,
    /// Those in the middle of a handshake.
    pub handshakes: Arc<Room>,
    /// Refused ones that are being told so.
    pub farewells: Arc<Semaphore>,
    pub last: Mutex<Option<LastHandshake>>,
    identity: RwLock<Arc<Identity>>,
    rules: RwLock<Arc<PeerRules>>,
    exposure: Mutex<Option<(Instant, bool)>>,
}

impl State {
    pub fn new(config: Config, identity: Identity, denied: Denied) -> State {
        let denied = Arc::new(denied);
        let rules = PeerRules { names: config.peer_names.clone(), denied: denied.clone() };
        let limits = &config.limits;
        State {
            metrics: Metrics::new(),
            problems: Problems::default(),
            orders: watch::Sender::new(Orders { denied, ..Orders::default() }),
            slots: Arc::new(Semaphore::new(limits.connections)),
            lobby: Room::new(limits.connections, Duration::ZERO),
            handshakes: Room::new(limits.pending_handshakes, HANDSHAKE_GRACE),
            farewells: Arc::new(Semaphore::new(limits.pending_handshakes)),
            last: Mutex::default(),
            identity: RwLock::new(Arc::new(identity)),
            rules: RwLock::new(Arc::new(rules)),
            exposure: Mutex::default(),
            config,
        }
    }

    pub fn identity(&self) -> Arc<Identity> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn use_identity(&self, identity: Identity) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(identity);
    }

    pub fn rules(&self) -> Arc<PeerRules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// New connections are judged by the list at once, running ones end where it names their peer.
    pub fn use_denied(&self, denied: Denied) {
        let denied = Arc::new(denied);
        let rules = PeerRules { names: self.config.peer_names.clone(), denied: denied.clone() };
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.orders.send_modify(|orders| orders.denied = denied);
    }

    /// Whether others can reach the plain port; not being able to tell counts as yes.
    pub fn exposed(&self) -> bool {
        if !self.config.require_loopback {
            return false;
        }
        let mut exposure = self.exposure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, known)) = *exposure
            && at.elapsed() < EXPOSURE_AGE
        {
            return known;
        }
        let found = self.look_at_port();
        *exposure = Some((Instant::now(), found));
        found
    }

    fn look_at_port(&self) -> bool {
        let port = self.config.connect_port();
        let message = match netwatch::exposed(port) {
            Ok(addresses) if addresses.is_empty() => None,
            Ok(addresses) => Some(exposed_message(port, &addresses)),
            Err(error) => Some(format!("cannot tell who listens on port {port}: {error}")),
        };
        // First what is done about it, then what is said: who reads that it is over finds the way open.
        let found = message.is_some();
        self.orders.send_if_modified(|orders| std::mem::replace(&mut orders.exposed, found) != found);
        match &message {
            Some(text) => {
                if self.problems.set("exposed", text.clone()) {
                    log::say("error", text, json!({"port": port}));
                }
            }
            None => {
                if self.problems.clear("exposed") {
                    log::say("info", "the plain port listens on loopback only again", json!({"port": port}));
                }
            }
        }
        found
    }

    pub fn problems(&self) -> Vec<Problem> {
        let mut list = self.problems.list();
        let leaf = &self.identity().leaf;
        if leaf.seconds_left(SystemTime::now()) <= 0.0 {
            let message = format!("our certificate {} has expired: renew {}", leaf.serial, self.config.tls.display());
            list.push(Problem { code: "expired", message });
        }
        if self.rules().denied.contains(&leaf.serial) {
            let message = format!("our certificate {} is in denied.json: issue another", leaf.serial);
            list.push(Problem { code: "denied", message });
        }
        if self.orders.borrow().draining {
            list.push(Problem { code: "draining", message: "no new connections are taken".into() });
        }
        list
    }

    pub fn gauges(&self) -> Gauges {
        let identity = self.identity();
        Gauges {
            seconds_left: identity.leaf.seconds_left(SystemTime::now()),
            loaded: identity.loaded,
            pending: self.handshakes.taken(),
            silent: self.lobby.taken(),
            problems: self.problems().len(),
            exposed: self.orders.borrow().exposed,
            denied: self.rules().denied.len(),
        }
    }
}

fn exposed_message(port: u16, addresses: &[IpAddr]) -> String {
    let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    format!(
        "the plain port {port} listens on {}: nothing is forwarded until it listens on 127.0.0.1 or ::1 only",
        list.join(", ")
    )
}
