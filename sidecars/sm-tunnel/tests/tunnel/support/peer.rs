//! Peers made with the library directly, so that they may do what the tunnel never does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion};

use super::authority::Issued;
use super::plain::connect;

/// What a peer offers; `right` is what the tunnel wants.
#[derive(Clone)]
pub struct Offer {
    pub versions: (SslVersion, SslVersion),
    pub suites: &'static str,
    pub groups: &'static str,
    pub signatures: &'static str,
}

impl Offer {
    pub fn right() -> Offer {
        Offer {
            versions: (SslVersion::TLS1_3, SslVersion::TLS1_3),
            suites: "TLS_SM4_GCM_SM3",
            groups: "SM2",
            signatures: "sm2sig_sm3",
        }
    }

    /// Everything the library can do, so that only the certificate is wrong.
    pub fn broad() -> Offer {
        Offer { groups: "SM2:P-256", signatures: "sm2sig_sm3:ECDSA+SHA256:RSA-PSS+SHA256", ..Offer::right() }
    }
}

pub fn context(offer: &Offer, shown: Option<&Issued>) -> SslContext {
    let mut builder = SslContextBuilder::new(SslMethod::tls()).unwrap();
    builder.set_min_proto_version(Some(offer.versions.0)).unwrap();
    builder.set_max_proto_version(Some(offer.versions.1)).unwrap();
    builder.set_ciphersuites(offer.suites).unwrap();
    builder.set_groups_list(offer.groups).unwrap();
    builder.set_sigalgs_list(offer.signatures).unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_num_tickets(0).unwrap();
    if let Some(issued) = shown {
        builder.set_certificate(&issued.certificate).unwrap();
        builder.set_private_key(&issued.key).unwrap();
        for certificate in &issued.intermediates {
            builder.add_extra_chain_cert(certificate.clone()).unwrap();
        }
    }
    builder.build()
}

/// Connects, sends a word and returns the answer: a refused TLS 1.3 client sees that only when it reads.
pub fn ask(address: SocketAddr, context: &SslContext, message: &[u8]) -> Result<Vec<u8>, String> {
    let mut stream = shake(address, context)?;
    stream.write_all(message).map_err(|error| format!("write: {error}"))?;
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).map_err(|error| format!("read: {error}"))?;
    Ok(answer)
}

pub fn shake(address: SocketAddr, context: &SslContext) -> Result<SslStream<TcpStream>, String> {
    let ssl = Ssl::new(context).unwrap();
    ssl.connect(connect(address)).map_err(|error| format!("handshake: {error}"))
}

/// A TLS server that echoes; for looking at how the client side judges it.
pub fn server(context: SslContext) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let ssl = Ssl::new(&context).unwrap();
            std::thread::spawn(move || {
                let Ok(mut stream) = ssl.accept(socket) else { return };
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
