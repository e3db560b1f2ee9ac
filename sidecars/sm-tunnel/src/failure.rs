//! Why a handshake failed, in words that fit a metric's label.

use openssl::ssl::{Error, ErrorCode};
use openssl::x509::X509VerifyResult;

macro_rules! reasons {
    ($($variant:ident => $label:literal, $doc:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $(#[doc = $doc] $variant,)* }

        impl Reason {
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            pub fn label(self) -> &'static str {
                match self { $(Reason::$variant => $label,)* }
            }
        }
    };
}

reasons! {
    NoCertificate => "no_certificate", "The peer sent no certificate (or none that sm2sig_sm3 could be used with).";
    Expired => "certificate_expired", "A certificate of the peer's chain has expired.";
    NotYetValid => "certificate_not_yet_valid", "A certificate of the peer's chain is not valid yet.";
    Untrusted => "untrusted", "The chain does not end at an authority of ca.crt, or is not fit for its purpose.";
    WrongName => "wrong_name", "No DNS name of the certificate is in peerNames.";
    NotSm2 => "not_sm2", "A certificate of the chain is not SM2 with SM3.";
    Denied => "denied", "A serial of the chain is in denied.json.";
    Protocol => "protocol", "Another protocol version.";
    Algorithms => "algorithms", "No suite, group or signature of the profile was offered.";
    Malformed => "malformed", "What arrived is not a handshake.";
    PeerAlert => "rejected_by_peer", "The peer sent an alert.";
    Closed => "closed", "The peer closed or reset the connection.";
    Timeout => "timeout", "The handshake took too long.";
    Evicted => "evicted", "Made room for a newer connection while waiting for this peer.";
    Limit => "limit", "limits.connections was reached.";
    Unreachable => "unreachable", "The other side could not be connected to.";
    Library => "library", "The TLS library failed in a way that is not the peer's doing.";
}

impl Reason {
    /// From the result of chain verification.
    pub fn of_verify(result: X509VerifyResult) -> Reason {
        Reason::of_verify_code(result.as_raw())
    }

    /// Numbers of X509_V_ERR_* in x509_vfy.h, which are part of the library's ABI.
    fn of_verify_code(code: i32) -> Reason {
        match code {
            9 | 13 => Reason::NotYetValid,
            10 | 14 => Reason::Expired,
            _ => Reason::Untrusted,
        }
    }

    /// From an error of the library during a handshake.
    pub fn of_error(error: &Error) -> Reason {
        if error.code() == ErrorCode::ZERO_RETURN || error.io_error().is_some() || error.ssl_error().is_none() {
            return Reason::Closed;
        }
        let Some(first) = error.ssl_error().and_then(|stack| stack.errors().first().cloned()) else {
            return Reason::Closed;
        };
        // SSL_AD_REASON_OFFSET: an alert from the peer is 1000 + its number.
        if (1000..1256).contains(&first.reason_code()) {
            return Reason::PeerAlert;
        }
        Reason::of_text(first.reason().unwrap_or_default())
    }

    fn of_text(reason: &str) -> Reason {
        match reason {
            "peer did not return a certificate" => Reason::NoCertificate,
            "unsupported protocol" | "wrong version number" | "wrong ssl version" | "version too low" => {
                Reason::Protocol
            }
            "no shared cipher"
            | "no suitable key share"
            | "no suitable groups"
            | "no suitable signature algorithm"
            | "no shared signature algorithms"
            | "wrong signature type"
            | "wrong cipher returned"
            | "missing sigalgs extension"
            // What strict RFC 8998 says of a hello without sm2sig_sm3 or a key share of curveSM2.
            | "bad value"
            | "no ciphers specified" => Reason::Algorithms,
            "unexpected eof while reading" => Reason::Closed,
            "certificate verify failed" => Reason::Untrusted,
            "malloc failure" | "internal error" => Reason::Library,
            _ => Reason::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_and_fit_a_metric() {
        let mut labels: Vec<_> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        assert!(
            labels.iter().all(|label| label
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit()))
        );
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Reason::ALL.len());
    }

    #[test]
    fn verification_results_have_their_own_words() {
        assert_eq!(Reason::of_verify_code(10), Reason::Expired);
        assert_eq!(Reason::of_verify_code(9), Reason::NotYetValid);
        assert_eq!(Reason::of_verify_code(19), Reason::Untrusted);
    }
}
