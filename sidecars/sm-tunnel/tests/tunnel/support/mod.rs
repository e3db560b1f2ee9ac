//! What the tests share: certificates, the tunnel as a process, plain services and crooked peers.

pub mod authority;
pub mod folder;
pub mod link;
pub mod peer;
pub mod plain;
pub mod process;
