//! Starting, being asked, being told to stop.

use std::io::{Read, Write};
use std::process::{Command, Output};

use serde_json::json;

use crate::support::authority::{Authority, Kind, Leaf};
use crate::support::folder::Folder;
use crate::support::link::{CLIENT, Link, SERVER};
use crate::support::plain::{self, connect};
use crate::support::process::{BINARY, config};

fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}

#[test]
fn a_start_that_cannot_be_names_file_and_cause() {
    let authority = Authority::new();
    let mut leaf = Leaf::of(SERVER);
    let good = Folder::with(&authority.issue(&leaf), &authority.root);
    leaf.kind = Kind::P256;
    let wrong = Folder::with(&authority.issue(&leaf), &authority.root);
    let damaged = Folder::with(&authority.issue(&Leaf::of(SERVER)), &authority.root);
    damaged.deny("{");
    let settings = |folder: &Folder| config("server", "127.0.0.1:9", folder.path(), CLIENT);
    let mut tlcp = settings(&good);
    tlcp["profile"] = "tlcp".into();
    let mut unknown = settings(&good);
    unknown["suites"] = json!(["TLS_AES_128_GCM_SHA256"]);
    let missing = config("server", "127.0.0.1:9", std::path::Path::new("/nowhere"), CLIENT);
    for (settings, wanted) in [
        (settings(&wrong), "is not SM2"),
        (settings(&damaged), "denied.json"),
        (tlcp, "profile: \"tlcp\""),
        (unknown, "unknown field `suites`"),
        (missing, "/nowhere/current"),
    ] {
        let files = Folder::new();
        let path = files.path().join("config.json");
        std::fs::write(&path, settings.to_string()).unwrap();
        let output = run(&["serve", "--config", path.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(wanted), "{error} does not say {wanted}");
    }
}

#[test]
fn the_commands_tell_what_is_allowed() {
    for (arguments, wanted) in [
        (vec![], "a command is missing"),
        (vec!["dance"], "\"dance\" is not a command"),
        (vec!["health"], "--admin ADDRESS is missing"),
        (vec!["health", "--admin", "here"], "--admin: \"here\" is not allowed"),
        (vec!["serve"], "--config FILE is missing"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(wanted), "{arguments:?}");
    }
    let version = run(&["version"]);
    assert!(version.status.success());
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("sm-tunnel 0."));
}

#[test]
fn health_is_an_exit_code_and_status_tells_the_rest() {
    let mut link = Link::to(plain::echo());
    assert_eq!(plain::ask(link.entry(), b"hello").unwrap(), b"hello");
    let admin = link.client.admin.to_string();
    assert_eq!(run(&["health", "--admin", &admin]).status.code(), Some(0));
    let status = link.client.json("/status");
    assert_eq!(status["profile"], "rfc8998");
    assert_eq!(status["lastHandshake"]["suite"], "TLS_SM4_GCM_SM3");
    assert_eq!(status["lastHandshake"]["version"], "TLSv1.3");
    assert_eq!(status["lastHandshake"]["peer"]["names"], json!([SERVER]));
    assert_eq!(status["certificate"]["serial"], link.client_leaf.serial());
    assert_eq!(link.client.get("/nothing").0, 404);

    link.client_folder.put_raw(b"bad", b"bad");
    link.client.wait_for("the problem", |tunnel| tunnel.get("/healthz").0 == 503);
    assert_eq!(run(&["health", "--admin", &admin]).status.code(), Some(1));
    link.client.signal("TERM");
    link.client.wait();
    assert_eq!(run(&["health", "--admin", &admin]).status.code(), Some(1));
}

#[test]
fn sigterm_lets_running_transfers_finish() {
    let mut link = Link::to(plain::echo());
    let mut socket = connect(link.entry());
    socket.write_all(b"before").unwrap();
    socket.read_exact(&mut [0; 6]).unwrap();
    link.client.signal("TERM");
    link.client.wait_for("draining", |tunnel| tunnel.get("/healthz").1.contains("draining"));
    assert!(std::net::TcpStream::connect(link.entry()).is_err(), "new connections are still taken");
    socket.write_all(b"after!").unwrap();
    socket.read_exact(&mut [0; 6]).unwrap();
    drop(socket);
    assert_eq!(link.client.wait().code(), Some(0));
}

#[test]
fn what_does_not_finish_in_time_is_cut() {
    let short = |config: &mut serde_json::Value| config["limits"] = json!({"drainMs": 300});
    let mut link = Link::with(plain::echo(), short, short);
    let mut socket = connect(link.entry());
    socket.write_all(b"x").unwrap();
    socket.read_exact(&mut [0; 1]).unwrap();
    link.server.signal("TERM");
    assert_eq!(link.server.wait().code(), Some(0));
    assert!(plain::is_cut(&mut socket));
}
