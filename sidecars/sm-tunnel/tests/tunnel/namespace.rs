//! What the tunnel makes of the namespace it sits in.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use socket2::{Domain, Socket, Type};

use crate::support::authority::{Authority, Leaf};
use crate::support::folder::Folder;
use crate::support::link::{CLIENT, Link, SERVER};
use crate::support::plain::{self, connect, is_cut};
use crate::support::process::{BINARY, Tunnel, config};

/// A listener that lets another have the same port.
fn shared(address: SocketAddr) -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(16).unwrap();
    socket.into()
}

#[test]
fn nothing_is_forwarded_to_a_port_that_others_reach() {
    let inner = shared(([127, 0, 0, 1], 0).into());
    let port = inner.local_addr().unwrap().port();
    plain::serve(inner, plain::send_back);
    let link = Link::with(([127, 0, 0, 1], port).into(), |_| {}, |config| config["requireLoopback"] = true.into());
    assert_eq!(plain::ask(link.entry(), b"hello").unwrap(), b"hello");
    let mut inside = connect(link.entry());
    link.server.wait_for("a connection", |tunnel| tunnel.metric("connections") == 1.0);

    // The kernel gives what comes for 127.0.0.1 to the listener above: this one is for all other addresses.
    let exposing = shared(([0, 0, 0, 0], port).into());
    link.server.wait_for("the complaint", |tunnel| tunnel.get("/healthz").0 == 503);
    assert!(link.server.json("/healthz")["problems"].to_string().contains("\"exposed\""));
    assert_eq!(link.server.metric("plain_port_exposed"), 1.0);
    assert!(is_cut(&mut inside));
    assert!(plain::ask(link.entry(), b"hello").is_err());

    drop(exposing);
    link.server.wait_for("the all-clear", |tunnel| tunnel.get("/healthz").0 == 200);
    assert_eq!(plain::ask(link.entry(), b"hello").unwrap(), b"hello");
}

#[test]
fn exits_with_3_where_only_lo_is_left() {
    let authority = Authority::new();
    let folder = Folder::with(&authority.issue(&Leaf::of(SERVER)), &authority.root);
    let mut settings = config("server", "127.0.0.1:9", folder.path(), CLIENT);
    settings["exitWithoutNetwork"] = true.into();
    let files = Folder::new();
    let path = files.path().join("config.json");
    std::fs::write(&path, settings.to_string()).unwrap();
    // A new network namespace has lo and nothing else, as one whose owner was restarted.
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--net",
        "sh",
        "-c",
        "ip link set lo up && exec \"$0\" serve --config \"$1\"",
        BINARY,
    ]);
    command.arg(&path);
    let mut tunnel = Tunnel::spawn(command, files);
    assert_eq!(tunnel.wait().code(), Some(3));
}
