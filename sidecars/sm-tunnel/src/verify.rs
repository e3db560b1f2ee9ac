//! Who is let in: each certificate of the chain must be SM2 and not denied, the leaf must carry an allowed name.

use std::sync::{Arc, Mutex, PoisonError};

use openssl::ssl::{SslRef, SslVerifyMode};
use openssl::x509::{X509Ref, X509StoreContextRef, X509VerifyResult};

use crate::certificate::{dns_names, is_sm2, serial};
use crate::denied::Denied;
use crate::failure::Reason;

/// X509_V_ERR_*: each makes the library send a fitting alert.
const CERT_REVOKED: i32 = 23;
const APPLICATION_VERIFICATION: i32 = 50;
const HOSTNAME_MISMATCH: i32 = 62;

/// What a chain is judged by, beyond signatures and dates.
pub struct PeerRules {
    pub names: Vec<String>,
    pub denied: Arc<Denied>,
}

impl PeerRules {
    /// None lets the certificate pass.
    pub fn refusal(&self, certificate: &X509Ref, depth: u32) -> Option<Reason> {
        if !is_sm2(certificate) {
            return Some(Reason::NotSm2);
        }
        match serial(certificate) {
            Ok(number) if !self.denied.contains(&number) => {}
            _ => return Some(Reason::Denied),
        }
        let named = depth > 0 || self.allows(&dns_names(certificate));
        (!named).then_some(Reason::WrongName)
    }

    /// Exact, without regard to case; no wildcards.
    pub fn allows(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
    }
}

/// The first reason why a chain was refused; shared with the callback of one handshake.
#[derive(Clone, Default)]
pub struct Verdict(Arc<Mutex<Option<Reason>>>);

impl Verdict {
    pub fn get(&self) -> Option<Reason> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, reason: Reason) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }
}

/// Makes this connection judge its peer by `rules`.
pub fn install(ssl: &mut SslRef, rules: Arc<PeerRules>) -> Verdict {
    let verdict = Verdict::default();
    let shared = verdict.clone();
    let mode = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
    ssl.set_verify_callback(mode, move |chain_is_fine, store| judge(chain_is_fine, store, &rules, &shared));
    verdict
}

fn judge(chain_is_fine: bool, store: &mut X509StoreContextRef, rules: &PeerRules, verdict: &Verdict) -> bool {
    if !chain_is_fine {
        verdict.refuse(Reason::of_verify(store.error()));
        return false;
    }
    let depth = store.error_depth();
    let refusal = match store.current_cert() {
        Some(certificate) => rules.refusal(certificate, depth),
        None => Some(Reason::Untrusted),
    };
    let Some(reason) = refusal else { return true };
    verdict.refuse(reason);
    store.set_error(alert_for(reason));
    false
}

fn alert_for(reason: Reason) -> X509VerifyResult {
    let code = match reason {
        Reason::Denied => CERT_REVOKED,
        Reason::WrongName => HOSTNAME_MISMATCH,
        _ => APPLICATION_VERIFICATION,
    };
    // SAFETY: each code is one of the library's own constants, as from_raw asks.
    unsafe { X509VerifyResult::from_raw(code) }
}
