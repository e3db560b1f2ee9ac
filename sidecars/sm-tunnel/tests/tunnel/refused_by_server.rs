//! Clients that must not get in, each over the wire. None of them may reach the plain service.

use std::io::Write;

use openssl::ssl::SslVersion;

use crate::support::authority::{Authority, Issued, Kind, Leaf};
use crate::support::link::{CLIENT, ServerSide};
use crate::support::peer::{self, Offer};
use crate::support::plain;

/// The reason that the tunnel counts, after a client with this offer and certificate was turned away.
fn refused(offer: &Offer, shown: impl Fn(&Authority) -> Option<Issued>, reason: &str) {
    let (knocked, knocks) = std::sync::mpsc::channel();
    let service = plain::service(move |_| knocked.send(()).unwrap());
    let side = ServerSide::to(service, |_| {});
    let issued = shown(&side.authority);
    let answer = peer::ask(side.tunnel.listen, &peer::context(offer, issued.as_ref()), b"let me in");
    assert!(answer.is_err(), "got an answer");
    side.tunnel.wait_for(reason, |tunnel| tunnel.failures(reason) == 1.0);
    assert_eq!(side.tunnel.metric("handshakes_total"), 0.0);
    assert!(knocks.try_recv().is_err(), "the plain service was reached");
}

fn leaf(change: impl Fn(&mut Leaf)) -> impl Fn(&Authority) -> Option<Issued> {
    move |authority| {
        let mut leaf = Leaf::of(CLIENT);
        change(&mut leaf);
        Some(authority.issue(&leaf))
    }
}

#[test]
fn the_right_client_gets_an_answer() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let issued = side.authority.issue(&Leaf::of(CLIENT));
    let context = peer::context(&Offer::right(), Some(&issued));
    assert_eq!(peer::ask(side.tunnel.listen, &context, b"hello").unwrap(), b"hello");
}

#[test]
fn names_are_compared_without_regard_to_case() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let issued = side.authority.issue(&Leaf::of("Client.MESH.test"));
    let context = peer::context(&Offer::right(), Some(&issued));
    assert_eq!(peer::ask(side.tunnel.listen, &context, b"hello").unwrap(), b"hello");
}

#[test]
fn no_certificate() {
    refused(&Offer::right(), |_| None, "no_certificate");
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
fn right_authority_wrong_name() {
    refused(&Offer::right(), leaf(|leaf| leaf.names = vec!["other.mesh.test"]), "wrong_name");
}

#[test]
fn a_longer_name_or_a_wildcard_is_a_wrong_name() {
    for name in ["x.client.mesh.test", "*.mesh.test", "client.mesh.test.evil"] {
        refused(&Offer::right(), leaf(move |leaf| leaf.names = vec![name]), "wrong_name");
    }
}

#[test]
fn the_common_name_does_not_count() {
    let change = |leaf: &mut Leaf| {
        leaf.names.clear();
        leaf.common_name = CLIENT;
    };
    refused(&Offer::right(), leaf(change), "wrong_name");
}

#[test]
fn rsa_certificate() {
    refused(&Offer::broad(), leaf(|leaf| leaf.kind = Kind::Rsa), "no_certificate");
}

#[test]
fn p256_certificate() {
    refused(&Offer::broad(), leaf(|leaf| leaf.kind = Kind::P256), "no_certificate");
}

#[test]
fn aes_suites_only() {
    let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    refused(&Offer { suites, ..Offer::broad() }, leaf(|_| {}), "algorithms");
}

#[test]
fn the_other_sm4_suite() {
    refused(&Offer { suites: "TLS_SM4_CCM_SM3", ..Offer::right() }, leaf(|_| {}), "algorithms");
}

#[test]
fn another_group() {
    refused(&Offer { groups: "P-256", ..Offer::broad() }, leaf(|_| {}), "algorithms");
}

#[test]
fn another_signature() {
    let offer = Offer { signatures: "ECDSA+SHA256", ..Offer::broad() };
    refused(&offer, leaf(|leaf| leaf.kind = Kind::P256), "algorithms");
}

#[test]
fn tls_1_2() {
    let versions = (SslVersion::TLS1_2, SslVersion::TLS1_2);
    refused(&Offer { versions, ..Offer::broad() }, leaf(|_| {}), "protocol");
}

#[test]
fn denied_serial_from_the_next_look_on_and_at_once_for_those_inside() {
    let side = ServerSide::to(plain::echo(), |_| {});
    let issued = side.authority.issue(&Leaf::of(CLIENT));
    let context = peer::context(&Offer::right(), Some(&issued));
    let mut inside = peer::shake(side.tunnel.listen, &context).unwrap();
    inside.write_all(b"x").unwrap();
    side.tunnel.wait_for("a connection", |tunnel| tunnel.metric("connections") == 1.0);

    side.folder
        .deny(&format!(r#"[{{"serial": "{}", "time": "2026-11-24T10:00:00Z", "reason": "lost"}}]"#, issued.serial()));
    side.tunnel.wait_for("the list", |tunnel| tunnel.metric("denied_serials") == 1.0);
    side.tunnel.wait_for("the end of those inside", |tunnel| tunnel.metric("ended_total{how=\"denied\"}") == 1.0);
    assert!(peer::ask(side.tunnel.listen, &context, b"hello").is_err());
    side.tunnel.wait_for("the refusal", |tunnel| tunnel.failures("denied") == 1.0);

    side.folder.deny("not a list");
    side.tunnel.wait_for("the complaint", |tunnel| tunnel.get("/healthz").0 == 503);
    assert!(peer::ask(side.tunnel.listen, &context, b"hello").is_err(), "a damaged list must not let anybody in");
    side.folder.deny("[]");
    side.tunnel.wait_for("the repaired list", |tunnel| tunnel.get("/healthz").0 == 200);
    assert_eq!(peer::ask(side.tunnel.listen, &context, b"hello").unwrap(), b"hello");
}
