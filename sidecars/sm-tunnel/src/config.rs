//! The configuration file: JSON, unknown keys refused, every value checked before anything starts.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which side of the link this process is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Plain connections come in, TLS goes out.
    Client,
    /// TLS comes in, plain connections go out.
    Server,
}

/// Which protocol is spoken between the two sides.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// TLS 1.3 with TLS_SM4_GCM_SM3, curveSM2 and sm2sig_sm3 (RFC 8998), nothing else.
    Rfc8998,
    /// GB/T 38636 with double certificates, GCM suites only.
    Tlcp,
}

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Profile::Rfc8998 => "rfc8998",
            Profile::Tlcp => "tlcp",
        }
    }
}

/// Bounds on what one process takes; times in milliseconds.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Established connections, and as many again that have not said a word yet. Default 512.
    pub connections: usize,
    /// Handshakes under way. Default 128.
    pub pending_handshakes: usize,
    /// From the first byte of a handshake to its end. Default 5000.
    pub handshake_timeout_ms: u64,
    /// Silence in both directions after which a connection is ended. Default 900000.
    pub idle_timeout_ms: u64,
    /// How long connections may go on after SIGTERM. Default 10000.
    pub drain_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 512,
            pending_handshakes: 128,
            handshake_timeout_ms: 5_000,
            idle_timeout_ms: 900_000,
            drain_ms: 10_000,
        }
    }
}

impl Limits {
    pub fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}

fn two() -> usize {
    2
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    pub role: Role,
    pub profile: Profile,
    /// Where connections come in, `address:port`.
    pub listen: SocketAddr,
    /// Where they go, `host:port`; the name is resolved for each connection.
    pub connect: String,
    /// The folder with `current/` and `denied.json`.
    pub tls: PathBuf,
    /// DNS names of which the peer's certificate must carry at least one.
    pub peer_names: Vec<String>,
    /// Address of health, metrics and status; loopback only.
    pub admin: SocketAddr,
    /// Worker threads. Default 2.
    #[serde(default = "two")]
    pub concurrency: usize,
    /// Server: forward nothing while the plain port listens on anything but loopback.
    #[serde(default)]
    pub require_loopback: bool,
    /// Exit with 3 when the network namespace has had no interface but `lo` for 5 seconds.
    #[serde(default)]
    pub exit_without_network: bool,
    #[serde(default)]
    pub limits: Limits,
}

impl Config {
    /// Reads and checks a file. The error names the file, the key, the value and what is allowed.
    pub fn load(path: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}: give an existing file", path.display()))?;
        Config::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn parse(text: &str) -> Result<Config, String> {
        let config: Config = serde_json::from_str(text).map_err(|error| error.to_string())?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        host_and_port(&self.connect)?;
        if self.peer_names.is_empty() {
            return Err("peerNames: [] is not allowed: at least one DNS name, or nobody could be let in".into());
        }
        for name in &self.peer_names {
            if !is_dns_name(name) {
                return Err(format!(
                    "peerNames: {name:?} is not allowed: a DNS name of letters, digits, '-' and '.', without wildcards"
                ));
            }
        }
        if !self.admin.ip().is_loopback() {
            return Err(format!("admin: {} is not allowed: a loopback address such as 127.0.0.1:9901", self.admin));
        }
        if self.role == Role::Client && !self.listen.ip().is_loopback() {
            return Err(format!(
                "listen: {} is not allowed: the client side takes plain connections, so a loopback address",
                self.listen
            ));
        }
        if self.require_loopback && self.role == Role::Client {
            return Err(
                "requireLoopback: true is not allowed with role \"client\": only the server side forwards to a plain port"
                    .into(),
            );
        }
        within("concurrency", self.concurrency, 1, 64)?;
        let limits = &self.limits;
        within("limits.connections", limits.connections, 1, 65_536)?;
        within("limits.pendingHandshakes", limits.pending_handshakes, 1, 65_536)?;
        within("limits.handshakeTimeoutMs", limits.handshake_timeout_ms, 100, 60_000)?;
        within("limits.idleTimeoutMs", limits.idle_timeout_ms, 100, 86_400_000)?;
        within("limits.drainMs", limits.drain_ms, 0, 600_000)
    }

    /// The host part of `connect` where it is a name: what SNI carries.
    pub fn server_name(&self) -> Option<&str> {
        let (host, _) = host_and_port(&self.connect).ok()?;
        host.parse::<IpAddr>().is_err().then_some(host)
    }

    /// The port part of `connect`.
    pub fn connect_port(&self) -> u16 {
        host_and_port(&self.connect).map_or(0, |(_, port)| port)
    }
}

fn within<T: PartialOrd + Display>(key: &str, value: T, least: T, most: T) -> Result<(), String> {
    if value < least || value > most {
        return Err(format!("{key}: {value} is not allowed: {least} to {most}"));
    }
    Ok(())
}

fn host_and_port(text: &str) -> Result<(&str, u16), String> {
    let wrong = || format!("connect: {text:?} is not allowed: host:port with a port from 1 to 65535");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    if port == 0 || !(is_dns_name(host) || host.parse::<IpAddr>().is_ok()) {
        return Err(wrong());
    }
    Ok((host, port))
}

fn is_dns_name(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(change: &[(&str, serde_json::Value)]) -> String {
        let mut value = serde_json::json!({
            "role": "client", "profile": "rfc8998", "listen": "127.0.0.1:8443",
            "connect": "goproxy.mesh.gows-dev.internal:9443", "tls": "/run/workstation/tls",
            "peerNames": ["goproxy.mesh.gows-dev.internal"], "admin": "127.0.0.1:9901",
        });
        for (key, wanted) in change {
            value[*key] = wanted.clone();
        }
        value.to_string()
    }

    #[test]
    fn the_least_file_gets_the_defaults() {
        let config = Config::parse(&text(&[])).unwrap();
        assert_eq!(config.concurrency, 2);
        assert_eq!(config.limits, Limits::default());
        assert!(!config.require_loopback && !config.exit_without_network);
        assert_eq!(config.server_name(), Some("goproxy.mesh.gows-dev.internal"));
        assert_eq!(config.connect_port(), 9443);
    }

    #[test]
    fn an_address_has_no_server_name() {
        let config = Config::parse(&text(&[("connect", "[::1]:80".into())])).unwrap();
        assert_eq!(config.server_name(), None);
    }

    #[test]
    fn wrong_values_are_named_with_what_is_allowed() {
        let cases: &[(&str, serde_json::Value, &str)] = &[
            ("suites", "AES".into(), "unknown field `suites`"),
            ("profile", "tls".into(), "unknown variant `tls`, expected `rfc8998` or `tlcp`"),
            ("connect", "nowhere".into(), "connect: \"nowhere\" is not allowed: host:port"),
            ("connect", "host:0".into(), "connect: \"host:0\" is not allowed"),
            ("peerNames", serde_json::json!([]), "peerNames: [] is not allowed"),
            ("peerNames", serde_json::json!(["*.internal"]), "peerNames: \"*.internal\" is not allowed"),
            ("admin", "0.0.0.0:9901".into(), "admin: 0.0.0.0:9901 is not allowed: a loopback"),
            ("listen", "0.0.0.0:8443".into(), "listen: 0.0.0.0:8443 is not allowed"),
            ("requireLoopback", true.into(), "requireLoopback: true is not allowed with role"),
            ("concurrency", 0.into(), "concurrency: 0 is not allowed: 1 to 64"),
            ("limits", serde_json::json!({"connections": 0}), "limits.connections: 0 is not allowed: 1 to 65536"),
            ("limits", serde_json::json!({"handshakes": 1}), "unknown field `handshakes`"),
        ];
        for (key, value, wanted) in cases {
            let error = Config::parse(&text(&[(key, value.clone())])).unwrap_err();
            assert!(error.contains(wanted), "{error:?} does not say {wanted:?}");
        }
    }
}
