//! The tunnel as a process of its own, ended with the test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::folder::Folder;

pub const BINARY: &str = env!("CARGO_BIN_EXE_sm-tunnel");
/// How long the tests wait for something that must come, on a machine that has other work.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Tunnel {
    child: Child,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    pub log: Arc<Mutex<Vec<Value>>>,
    _files: Folder,
}

/// The configuration of the tests; port 0 is any free one and the log tells which.
pub fn config(role: &str, connect: &str, tls: &Path, peer: &str) -> Value {
    serde_json::json!({
        "role": role, "profile": "rfc8998", "listen": "127.0.0.1:0", "connect": connect, "tls": tls,
        "peerNames": [peer], "admin": "127.0.0.1:0",
    })
}

impl Tunnel {
    pub fn start(config: &Value) -> Tunnel {
        let files = Folder::new();
        let path = files.path().join("config.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let mut command = Command::new(BINARY);
        command.arg("serve").arg("--config").arg(path);
        Tunnel::spawn(command, files)
    }

    pub fn spawn(mut command: Command, files: Folder) -> Tunnel {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = String::new();
        let serving = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the tunnel did not start: {seen}")).unwrap();
            match serde_json::from_str::<Value>(&line) {
                Ok(value) if value["message"] == "serving" => break value,
                _ => seen.push_str(&line),
            }
        };
        let log = Arc::new(Mutex::new(Vec::new()));
        let copy = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                copy.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let address = |key: &str| serving[key].as_str().unwrap().parse().unwrap();
        Tunnel { child, listen: address("listen"), admin: address("admin"), log, _files: files }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (code, body) = runtime.block_on(sm_tunnel::admin::get(self.admin, path)).unwrap();
        (code.as_u16(), body)
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).1).unwrap()
    }

    /// A sample of /metrics, such as `handshakes_total` or `ended_total{how="idle"}`; 0 where there is none.
    pub fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get("/metrics");
        let wanted = format!("sm_tunnel_{name} ");
        text.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0.0, |value| value.parse().unwrap())
    }

    pub fn failures(&self, reason: &str) -> f64 {
        self.metric(&format!("handshake_failures_total{{reason=\"{reason}\"}}"))
    }

    pub fn wait_for(&self, what: &str, mut reached: impl FnMut(&Tunnel) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !reached(self) {
            assert!(Instant::now() < until, "{what} did not come: {:?}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status().unwrap();
        assert!(done.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the tunnel did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
