//! `probe` tells what is on the wire, and tells a refusal as one.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::authority::{Authority, Issued, Leaf};
use crate::support::folder::Folder;
use crate::support::link::{CLIENT, SERVER, ServerSide};
use crate::support::plain;
use crate::support::process::{BINARY, config};

fn probe(address: &str, issued: &Issued, authority: &Authority) -> Output {
    let folder = Folder::with(issued, &authority.root);
    let path = folder.path().join("config.json");
    std::fs::write(&path, config("client", address, folder.path(), SERVER).to_string()).unwrap();
    Command::new(BINARY).args(["probe", "--json", "--config"]).arg(path).output().unwrap()
}

#[test]
fn tells_what_was_negotiated() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let output = probe(&side.tunnel.listen.to_string(), &side.authority.issue(&Leaf::of(CLIENT)), &side.authority);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (key, wanted) in [
        ("profile", "rfc8998"),
        ("version", "TLSv1.3"),
        ("suite", "0x00c6"),
        ("suiteName", "TLS_SM4_GCM_SM3"),
        ("group", "curveSM2"),
        ("signature", "sm2sig_sm3"),
        ("backend", "closed"),
    ] {
        assert_eq!(report[key], wanted, "{report}");
    }
    assert_eq!(report["peer"]["names"], serde_json::json!([SERVER]));
    assert_eq!(report["peer"]["issuer"], "CN=intermediate");
    assert_eq!(report["peer"]["serial"], side.tunnel.json("/status")["certificate"]["serial"]);
    assert!(report["handshakeMs"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_refused_probe_fails_although_its_handshake_ended() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let wrong = side.authority.issue(&Leaf::of("other.mesh.test"));
    let output = probe(&side.tunnel.listen.to_string(), &wrong, &side.authority);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("rejected_by_peer"), "{error}");
}

#[test]
fn a_dead_service_behind_the_server_is_told() {
    let side = ServerSide::to("127.0.0.1:1".parse().unwrap(), |_| {});
    let output = probe(&side.tunnel.listen.to_string(), &side.authority.issue(&Leaf::of(CLIENT)), &side.authority);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["backend"], "cut");
}

#[test]
fn nobody_there_is_an_error_that_names_the_address() {
    let authority = Authority::new();
    let output = probe("127.0.0.1:1", &authority.issue(&Leaf::of(CLIENT)), &authority);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1"));
}
