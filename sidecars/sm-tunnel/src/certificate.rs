//! What we want to know of a certificate, in plain values.

use std::time::{Duration, SystemTime};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkey::Id;
use openssl::x509::{X509NameRef, X509Ref};
use serde::Serialize;

use crate::denied::normal_serial;

/// `1.2.156.10197.1.501`, SM2 signature with SM3.
const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    pub names: Vec<String>,
    #[serde(serialize_with = "as_text")]
    pub not_before: SystemTime,
    #[serde(serialize_with = "as_text")]
    pub not_after: SystemTime,
    /// Lower-case hex without leading zeros, as in the authority's log.
    pub serial: String,
    pub issuer: String,
}

impl Certificate {
    pub fn of(certificate: &X509Ref) -> Result<Certificate, ErrorStack> {
        Ok(Certificate {
            names: dns_names(certificate),
            not_before: system_time(certificate.not_before())?,
            not_after: system_time(certificate.not_after())?,
            serial: serial(certificate)?,
            issuer: readable(certificate.issuer_name()),
        })
    }

    /// Seconds until it expires; negative once it has.
    pub fn seconds_left(&self, now: SystemTime) -> f64 {
        match self.not_after.duration_since(now) {
            Ok(left) => left.as_secs_f64(),
            Err(past) => -past.duration().as_secs_f64(),
        }
    }
}

fn as_text<S: serde::Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// DNS names of the subject alternative name extension; the common name never counts.
pub fn dns_names(certificate: &X509Ref) -> Vec<String> {
    certificate
        .subject_alt_names()
        .map(|names| names.iter().filter_map(|name| name.dnsname().map(str::to_owned)).collect())
        .unwrap_or_default()
}

pub fn serial(certificate: &X509Ref) -> Result<String, ErrorStack> {
    let digits = certificate.serial_number().to_bn()?.to_hex_str()?;
    Ok(normal_serial(&digits))
}

/// SM2 key and an SM2-with-SM3 signature on the certificate itself.
pub fn is_sm2(certificate: &X509Ref) -> bool {
    let signature = certificate.signature_algorithm().object().to_string();
    let named = signature == "SM2-with-SM3" || signature == "SM2-SM3" || signature == SM2_WITH_SM3;
    named && certificate.public_key().is_ok_and(|key| key.id() == Id::SM2)
}

fn readable(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let key = entry.object().nid().short_name().unwrap_or("?");
            let value = String::from_utf8_lossy(entry.data().as_slice());
            format!("{key}={value}")
        })
        .collect();
    parts.join(", ")
}

fn system_time(time: &Asn1TimeRef) -> Result<SystemTime, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.max(0).unsigned_abs()))
}
