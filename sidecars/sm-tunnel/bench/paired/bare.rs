//! The library without a tunnel: a client and a server thread over loopback, as s_time and s_server are.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use openssl::ssl::{Ssl, SslContext, SslStream};
use sm_tunnel::config::{Profile, Role};
use sm_tunnel::identity;

use crate::figures;
use crate::support::authority::{Authority, Leaf};
use crate::support::folder::Folder;
use crate::work::CHUNK;

/// The very contexts that the tunnel uses: mutual, no resumption.
pub struct Bare {
    client: SslContext,
    server: SslContext,
}

impl Bare {
    pub fn new() -> Bare {
        let authority = Authority::new();
        let context = |role| {
            let folder = Folder::with(&authority.issue(&Leaf::of("bench.test")), &authority.root);
            identity::load(folder.path(), role, Profile::Rfc8998).unwrap().context
        };
        Bare { client: context(Role::Client), server: context(Role::Server) }
    }

    /// Processor seconds of both ends.
    pub fn handshakes(&self, count: usize) -> f64 {
        self.both(
            |listener| {
                for _ in 0..count {
                    let mut stream = self.accept(listener);
                    stream.write_all(b"x").unwrap();
                }
            },
            |address| {
                for _ in 0..count {
                    let mut stream = self.connect(address);
                    stream.read_exact(&mut [0; 1]).unwrap();
                }
            },
        )
    }

    pub fn bulk(&self, mib: usize) -> f64 {
        self.both(
            |listener| {
                let mut stream = self.accept(listener);
                let mut buffer = vec![0; CHUNK];
                while stream.read(&mut buffer).unwrap() > 0 {}
            },
            |address| {
                let mut stream = self.connect(address);
                let chunk = vec![7; CHUNK];
                for _ in 0..mib * 1024 * 1024 / CHUNK {
                    stream.write_all(&chunk).unwrap();
                }
                stream.shutdown().unwrap();
                stream.get_ref().shutdown(Shutdown::Write).unwrap();
            },
        )
    }

    fn both(&self, serve: impl FnOnce(&TcpListener) + Send, ask: impl FnOnce(std::net::SocketAddr)) -> f64 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        figures::spent(&[std::process::id()], || {
            std::thread::scope(|scope| {
                scope.spawn(|| serve(&listener));
                ask(address);
            });
        })
    }

    fn accept(&self, listener: &TcpListener) -> SslStream<TcpStream> {
        let (socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        Ssl::new(&self.server).unwrap().accept(socket).unwrap()
    }

    fn connect(&self, address: std::net::SocketAddr) -> SslStream<TcpStream> {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        Ssl::new(&self.client).unwrap().connect(socket).unwrap()
    }
}
