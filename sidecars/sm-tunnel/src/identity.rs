//! What `tls/current` holds, read in one go and judged before it is used.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openssl::pkey::{Id, PKey};
use openssl::ssl::SslContext;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509, X509StoreContext};

use crate::certificate::{Certificate, is_sm2};
use crate::config::{Profile, Role};
use crate::context::{self, Pair};

/// A pair that is fit for use, as the library's context.
pub struct Identity {
    pub context: SslContext,
    pub leaf: Certificate,
    /// The folder that `current` pointed to.
    pub folder: PathBuf,
    pub loaded: SystemTime,
}

/// Where `current` points now; all files of one load come from there.
pub fn current(tls: &Path) -> Result<PathBuf, String> {
    let link = tls.join("current");
    std::fs::canonicalize(&link).map_err(|error| format!("{}: {error}", link.display()))
}

pub fn load(tls: &Path, role: Role, profile: Profile) -> Result<Identity, String> {
    let folder = current(tls)?;
    let authorities = certificates(&folder.join("ca.crt"))?;
    let store = store_of(&authorities)?;
    let pair = pair_of(&folder.join("tls.pem"), &store)?;
    let leaf = Certificate::of(&pair.leaf).map_err(|error| error.to_string())?;
    let context = match profile {
        Profile::Rfc8998 => context::rfc8998(role, &pair, &authorities).map_err(|error| error.to_string())?,
        Profile::Tlcp => return Err(TLCP_MISSING.into()),
    };
    Ok(Identity { context, leaf, folder, loaded: SystemTime::now() })
}

const TLCP_MISSING: &str = "profile: \"tlcp\" is not in this program: its library (Tongsuo 8.5.0) cannot write TLCP records; \"rfc8998\" is allowed";

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<X509>, String> {
    let found = X509::stack_from_pem(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    if found.is_empty() {
        return Err(format!("{}: holds no certificate", path.display()));
    }
    Ok(found)
}

fn store_of(authorities: &[X509]) -> Result<X509Store, String> {
    let build = || {
        let mut builder = X509StoreBuilder::new()?;
        for authority in authorities {
            builder.add_cert(authority.clone())?;
        }
        Ok(builder.build())
    };
    build().map_err(|error: openssl::error::ErrorStack| format!("ca.crt: {error}"))
}

/// Reads key and chain, and refuses what a peer would refuse.
fn pair_of(path: &Path, store: &X509Store) -> Result<Pair, String> {
    let say = |what: &str| format!("{}: {what}", path.display());
    let pem = read(path)?;
    let key = PKey::private_key_from_pem_passphrase(&pem, b"").map_err(|_| say("holds no readable private key"))?;
    if key.id() != Id::SM2 {
        return Err(say("the private key is not SM2"));
    }
    let mut chain = X509::stack_from_pem(&pem).map_err(|error| say(&error.to_string()))?;
    if chain.is_empty() {
        return Err(say("holds no certificate"));
    }
    let leaf = chain.remove(0);
    if !is_sm2(&leaf) {
        return Err(say("the certificate is not SM2 with SM3"));
    }
    let public = leaf.public_key().map_err(|error| say(&error.to_string()))?;
    if !key.public_eq(&public) {
        return Err(say("the private key does not belong to the certificate"));
    }
    chain_verifies(&leaf, &chain, store).map_err(|error| say(&error))?;
    Ok(Pair { key, leaf, intermediates: chain })
}

fn chain_verifies(leaf: &X509, intermediates: &[X509], store: &X509Store) -> Result<(), String> {
    let check = || {
        let mut chain = Stack::new()?;
        for certificate in intermediates {
            chain.push(certificate.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        context
            .init(store, leaf, &chain, |context| Ok((context.verify_cert()?, context.error(), context.error_depth())))
    };
    match check() {
        Ok((true, _, _)) => Ok(()),
        Ok((false, result, depth)) => Err(format!("the chain does not verify at depth {depth}: {result}")),
        Err(error) => {
            let error: openssl::error::ErrorStack = error;
            Err(error.to_string())
        }
    }
}
