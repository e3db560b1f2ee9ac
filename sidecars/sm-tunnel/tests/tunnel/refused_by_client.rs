//! Servers that the client side must not talk to: the plain caller sees a cut connection and no byte of an answer.

use openssl::ssl::SslVersion;

use crate::support::authority::{Authority, Issued, Kind, Leaf};
use crate::support::folder::Folder;
use crate::support::link::{CLIENT, SERVER};
use crate::support::peer::{self, Offer};
use crate::support::plain;
use crate::support::process::{Tunnel, config};

fn client_of(authority: &Authority, server: &str) -> (Tunnel, Folder) {
    let folder = Folder::with(&authority.issue(&Leaf::of(CLIENT)), &authority.root);
    (Tunnel::start(&config("client", server, folder.path(), SERVER)), folder)
}

fn refused(offer: &Offer, shown: impl Fn(&Authority) -> Issued, reason: &str) {
    let authority = Authority::new();
    let server = peer::server(peer::context(offer, Some(&shown(&authority))));
    let (tunnel, _folder) = client_of(&authority, &server.to_string());
    assert!(plain::ask(tunnel.listen, b"hello").is_err());
    tunnel.wait_for(reason, |tunnel| tunnel.failures(reason) == 1.0);
}

fn leaf(change: impl Fn(&mut Leaf)) -> impl Fn(&Authority) -> Issued {
    move |authority| {
        let mut leaf = Leaf::of(SERVER);
        change(&mut leaf);
        authority.issue(&leaf)
    }
}

#[test]
fn the_right_server_is_talked_to() {
    let authority = Authority::new();
    let issued = authority.issue(&Leaf::of(SERVER));
    let server = peer::server(peer::context(&Offer::right(), Some(&issued)));
    let (tunnel, _folder) = client_of(&authority, &server.to_string());
    assert_eq!(plain::ask(tunnel.listen, b"hello").unwrap(), b"hello");
}

#[test]
fn expired() {
    refused(&Offer::right(), leaf(|leaf| (leaf.from, leaf.to) = (-7200, -3600)), "certificate_expired");
}

#[test]
fn not_yet_valid() {
    refused(&Offer::right(), leaf(|leaf| (leaf.from, leaf.to) = (3600, 7200)), "certificate_not_yet_valid");
}

#[test]
fn wrong_authority() {
    refused(&Offer::right(), |_| leaf(|_| {})(&Authority::new()), "untrusted");
}

#[test]
fn wrong_name() {
    refused(&Offer::right(), leaf(|leaf| leaf.names = vec!["other.mesh.test"]), "wrong_name");
}

#[test]
fn p256_server() {
    refused(&Offer::broad(), leaf(|leaf| leaf.kind = Kind::P256), "rejected_by_peer");
}

#[test]
fn aes_server() {
    let offer = Offer { suites: "TLS_AES_128_GCM_SHA256", ..Offer::broad() };
    refused(&offer, leaf(|_| {}), "rejected_by_peer");
}

#[test]
fn tls_1_2_server() {
    let versions = (SslVersion::TLS1_2, SslVersion::TLS1_2);
    refused(&Offer { versions, ..Offer::broad() }, leaf(|_| {}), "rejected_by_peer");
}

#[test]
fn a_server_that_is_not_there() {
    let authority = Authority::new();
    let (tunnel, _folder) = client_of(&authority, "127.0.0.1:1");
    assert!(plain::ask(tunnel.listen, b"hello").is_err());
    tunnel.wait_for("the reason", |tunnel| tunnel.failures("unreachable") == 1.0);
}
