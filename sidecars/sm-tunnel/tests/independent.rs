//! RFC 8998 against BouncyCastle, in both directions: it shares no code with Tongsuo.
//!
//! SM_TUNNEL_BOUNCYCASTLE is the class path that tests/labs/bouncycastle/prepare prints.

#[allow(dead_code, reason = "shared with the other tests, which use the rest")]
#[path = "tunnel/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use support::authority::{Authority, Issued, Leaf};
use support::folder::Folder;
use support::link::{CLIENT, SERVER, ServerSide};
use support::plain;
use support::process::{Tunnel, config};

fn java(arguments: &[&str], folder: &Folder) -> Command {
    let path = std::env::var("SM_TUNNEL_BOUNCYCASTLE")
        .expect("SM_TUNNEL_BOUNCYCASTLE is not set: run tests/labs/bouncycastle/prepare DIR and give what it prints");
    let mut command = Command::new("java");
    command.args(["-cp", &path, "SmPeer"]).args(arguments);
    command.arg(folder.path().join("current/tls.pem")).arg(folder.path().join("current/ca.crt"));
    command
}

fn client(side: &ServerSide, issued: &Issued, bytes: &str) -> Output {
    let folder = Folder::with(issued, &side.authority.root);
    let port = side.tunnel.listen.port().to_string();
    java(&["client", &port, bytes], &folder).output().unwrap()
}

struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: String,
}

impl Server {
    fn start(authority: &Authority, name: &'static str) -> Server {
        let folder = Folder::with(&authority.issue(&Leaf::of(name)), &authority.root);
        let mut child = java(&["server"], &folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("the peer did not start").unwrap();
        let port = first.strip_prefix("listening ").expect("the peer tells its port").to_owned();
        Server { child, lines, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tunnel_to(server: &Server, authority: &Authority) -> (Tunnel, Folder) {
    let folder = Folder::with(&authority.issue(&Leaf::of(CLIENT)), &authority.root);
    let tunnel = Tunnel::start(&config("client", &format!("127.0.0.1:{}", server.port), folder.path(), SERVER));
    (tunnel, folder)
}

#[test]
fn bouncycastle_is_let_in_and_gets_its_bytes_back() {
    let side = ServerSide::to(plain::echo(), |_| {});
    for bytes in ["1", "5", "1000000"] {
        let output = client(&side, &side.authority.issue(&Leaf::of(CLIENT)), bytes);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "TLSv1.3 TLS_SM4_GCM_SM3\n");
    }
}

#[test]
fn bouncycastle_with_a_wrong_name_or_authority_is_refused() {
    let side = ServerSide::to(plain::echo(), |_| {});
    assert!(!client(&side, &side.authority.issue(&Leaf::of("other.mesh.test")), "5").status.success());
    assert_eq!(side.tunnel.failures("wrong_name"), 1.0);
    assert!(!client(&side, &Authority::new().issue(&Leaf::of(CLIENT)), "5").status.success());
    assert_eq!(side.tunnel.failures("untrusted"), 1.0);
}

#[test]
fn bouncycastle_serves_our_client() {
    let authority = Authority::new();
    let mut server = Server::start(&authority, SERVER);
    let (tunnel, _folder) = tunnel_to(&server, &authority);
    let message = plain::pattern(1_000_000, 9);
    let mut socket = plain::connect(tunnel.listen);
    let mut writer = socket.try_clone().unwrap();
    let copy = message.clone();
    let thread = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &copy).unwrap());
    let mut answer = vec![0; message.len()];
    std::io::Read::read_exact(&mut socket, &mut answer).unwrap();
    thread.join().unwrap();
    assert!(answer == message);
    assert_eq!(server.lines.next().unwrap().unwrap(), "served TLSv1.3 TLS_SM4_GCM_SM3");
}

#[test]
fn a_bouncycastle_of_another_name_is_not_talked_to() {
    let authority = Authority::new();
    let server = Server::start(&authority, "other.mesh.test");
    let (tunnel, _folder) = tunnel_to(&server, &authority);
    assert!(plain::ask(tunnel.listen, b"hello").is_err());
    tunnel.wait_for("the reason", |tunnel| tunnel.failures("wrong_name") == 1.0);
}
