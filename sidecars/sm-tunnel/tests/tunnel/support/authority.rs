//! A small authority for tests: it issues whatever is asked for, right or wrong.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

static SERIAL: AtomicU32 = AtomicU32::new(0x1000);

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Sm2,
    P256,
    Rsa,
}

impl Kind {
    pub fn key(self) -> PKey<Private> {
        match self {
            Kind::Sm2 => curve(Nid::SM2),
            Kind::P256 => curve(Nid::X9_62_PRIME256V1),
            Kind::Rsa => PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
        }
    }
}

fn curve(nid: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(nid).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub struct Issued {
    pub key: PKey<Private>,
    pub certificate: X509,
    pub intermediates: Vec<X509>,
}

impl Issued {
    /// Key, certificate and what leads to the root, as in tls.pem.
    pub fn pem(&self) -> Vec<u8> {
        let mut pem = self.key.private_key_to_pem_pkcs8().unwrap();
        pem.extend(self.certificate.to_pem().unwrap());
        for certificate in &self.intermediates {
            pem.extend(certificate.to_pem().unwrap());
        }
        pem
    }

    pub fn serial(&self) -> String {
        sm_tunnel::certificate::serial(&self.certificate).unwrap()
    }
}

/// A leaf to be: what is not said is right.
#[derive(Clone)]
pub struct Leaf {
    pub kind: Kind,
    pub names: Vec<&'static str>,
    pub common_name: &'static str,
    /// Seconds from now.
    pub from: i64,
    pub to: i64,
}

impl Leaf {
    pub fn of(name: &'static str) -> Leaf {
        Leaf { kind: Kind::Sm2, names: vec![name], common_name: "leaf", from: -60, to: 86_400 }
    }
}

pub struct Authority {
    pub root: X509,
    intermediate: X509,
    key: PKey<Private>,
}

impl Authority {
    pub fn new() -> Authority {
        let root_key = Kind::Sm2.key();
        let root = authority("root", &root_key, None);
        let key = Kind::Sm2.key();
        let intermediate = authority("intermediate", &key, Some((&root, &root_key)));
        Authority { root, intermediate, key }
    }

    pub fn issue(&self, leaf: &Leaf) -> Issued {
        let key = leaf.kind.key();
        let mut builder = start(leaf.common_name, &key, leaf.from, leaf.to);
        builder.set_issuer_name(self.intermediate.subject_name()).unwrap();
        builder.append_extension(KeyUsage::new().critical().digital_signature().build().unwrap()).unwrap();
        builder.append_extension(ExtendedKeyUsage::new().server_auth().client_auth().build().unwrap()).unwrap();
        name_issuer(&mut builder, &self.intermediate);
        if !leaf.names.is_empty() {
            let mut names = SubjectAlternativeName::new();
            for name in &leaf.names {
                names.dns(name);
            }
            let extension = names.build(&builder.x509v3_context(Some(&self.intermediate), None)).unwrap();
            builder.append_extension(extension).unwrap();
        }
        builder.sign(&self.key, MessageDigest::sm3()).unwrap();
        Issued { key, certificate: builder.build(), intermediates: vec![self.intermediate.clone()] }
    }
}

fn authority(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut builder = start(name, key, -3600, 864_000);
    let own = common_name(name);
    builder.set_issuer_name(issuer.map_or(&*own, |(certificate, _)| certificate.subject_name())).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap()).unwrap();
    let own = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(own).unwrap();
    if let Some((certificate, _)) = issuer {
        name_issuer(&mut builder, certificate);
    }
    builder.sign(issuer.map_or(key, |(_, key)| key), MessageDigest::sm3()).unwrap();
    builder.build()
}

/// By its key: authorities of the same name are told apart by it.
fn name_issuer(builder: &mut X509Builder, issuer: &X509) {
    let extension =
        AuthorityKeyIdentifier::new().keyid(true).build(&builder.x509v3_context(Some(issuer), None)).unwrap();
    builder.append_extension(extension).unwrap();
}

fn start(name: &str, key: &PKey<Private>, from: i64, to: i64) -> X509Builder {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&common_name(name)).unwrap();
    builder.set_pubkey(key).unwrap();
    let serial = BigNum::from_u32(SERIAL.fetch_add(1, Ordering::Relaxed)).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now + from).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + to).unwrap()).unwrap();
    builder
}

fn common_name(name: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_text("CN", name).unwrap();
    builder.build()
}
