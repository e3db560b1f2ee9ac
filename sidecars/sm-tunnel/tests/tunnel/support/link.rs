//! Both sides of a link with fresh certificates.

use std::net::SocketAddr;

use serde_json::Value;

use super::authority::{Authority, Issued, Leaf};
use super::folder::Folder;
use super::process::{Tunnel, config};

pub const CLIENT: &str = "client.mesh.test";
pub const SERVER: &str = "server.mesh.test";

pub struct Link {
    pub authority: Authority,
    pub client: Tunnel,
    pub server: Tunnel,
    pub client_folder: Folder,
    pub server_folder: Folder,
    pub client_leaf: Issued,
}

impl Link {
    pub fn to(plain: SocketAddr) -> Link {
        Link::with(plain, |_| {}, |_| {})
    }

    /// `client` and `server` change the configurations.
    pub fn with(plain: SocketAddr, client: impl Fn(&mut Value), server: impl Fn(&mut Value)) -> Link {
        let authority = Authority::new();
        let client_leaf = authority.issue(&Leaf::of(CLIENT));
        let client_folder = Folder::with(&client_leaf, &authority.root);
        let server_folder = Folder::with(&authority.issue(&Leaf::of(SERVER)), &authority.root);
        let mut settings = config("server", &plain.to_string(), server_folder.path(), CLIENT);
        server(&mut settings);
        let server = Tunnel::start(&settings);
        let mut settings = config("client", &server.listen.to_string(), client_folder.path(), SERVER);
        client(&mut settings);
        let client = Tunnel::start(&settings);
        Link { authority, client, server, client_folder, server_folder, client_leaf }
    }

    pub fn entry(&self) -> SocketAddr {
        self.client.listen
    }
}

/// A server side alone, for crooked clients.
pub struct ServerSide {
    pub authority: Authority,
    pub tunnel: Tunnel,
    pub folder: Folder,
}

impl ServerSide {
    pub fn to(plain: SocketAddr, change: impl Fn(&mut Value)) -> ServerSide {
        let authority = Authority::new();
        let folder = Folder::with(&authority.issue(&Leaf::of(SERVER)), &authority.root);
        let mut settings = config("server", &plain.to_string(), folder.path(), CLIENT);
        change(&mut settings);
        let tunnel = Tunnel::start(&settings);
        ServerSide { authority, tunnel, folder }
    }
}
