//! The library's settings for a profile and nothing wider.

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::{X509, X509Name};

use crate::config::Role;

pub const SUITE: &str = "TLS_SM4_GCM_SM3";
pub const GROUP: &str = "SM2";
pub const SIGNATURE: &str = "sm2sig_sm3";

/// A key with its certificate and what leads from it to an authority.
pub struct Pair {
    pub key: PKey<Private>,
    pub leaf: X509,
    pub intermediates: Vec<X509>,
}

/// RFC 8998, strictly: one version, one suite, one group, one signature, both sides show a certificate.
pub fn rfc8998(role: Role, pair: &Pair, authorities: &[X509]) -> Result<SslContext, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_3))?;
    context.set_ciphersuites(SUITE)?;
    context.set_groups_list(GROUP)?;
    context.set_sigalgs_list(SIGNATURE)?;
    context.enable_sm_tls13_strict();
    context.set_certificate(&pair.leaf)?;
    context.set_private_key(&pair.key)?;
    common(&mut context, role, pair, authorities)?;
    context.check_private_key()?;
    Ok(context.build())
}

/// What does not depend on the profile. Sessions are never resumed: each connection judges its peer anew.
fn common(context: &mut SslContextBuilder, role: Role, pair: &Pair, authorities: &[X509]) -> Result<(), ErrorStack> {
    for certificate in &pair.intermediates {
        context.add_extra_chain_cert(certificate.clone())?;
    }
    let mut names = Stack::<X509Name>::new()?;
    for authority in authorities {
        context.cert_store_mut().add_cert(authority.clone())?;
        names.push(authority.subject_name().to_owned()?)?;
    }
    if role == Role::Server {
        context.set_client_ca_list(names);
    }
    context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_options(SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION);
    context.set_num_tickets(0)?;
    context.set_mode(
        SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::AUTO_RETRY
            | SslMode::RELEASE_BUFFERS
            | SslMode::NO_AUTO_CHAIN,
    );
    Ok(())
}
