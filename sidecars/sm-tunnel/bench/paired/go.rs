//! The Go tunnel, where SM_TUNNEL_GO names its program.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::work;

pub struct Pair {
    children: [Child; 2],
    pub entry: SocketAddr,
}

impl Pair {
    pub fn start() -> Option<Pair> {
        let program = std::env::var_os("SM_TUNNEL_GO")?;
        let certificate = Command::new(&program).arg("certificate").output().unwrap().stdout;
        let (server, inner) = side(&program, "server", work::service(), &certificate);
        let (client, entry) = side(&program, "client", inner, &certificate);
        Some(Pair { children: [client, server], entry })
    }

    pub fn pids(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }
}

fn side(program: &OsStr, role: &str, connect: SocketAddr, certificate: &[u8]) -> (Child, SocketAddr) {
    let mut child = Command::new(program)
        .args([role, &connect.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(certificate).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().parse().unwrap();
    (child, address)
}

impl Drop for Pair {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
