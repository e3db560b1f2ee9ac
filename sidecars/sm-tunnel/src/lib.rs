//! A TCP tunnel: plain on one side, mutual TLS with SM2, SM3 and SM4 on the other.

pub mod admin;
pub mod certificate;
pub mod config;
pub mod connection;
pub mod context;
pub mod denied;
pub mod failure;
pub mod farewell;
pub mod health;
pub mod hello;
pub mod identity;
pub mod log;
pub mod metrics;
pub mod netwatch;
pub mod pending;
pub mod probe;
pub mod relay;
pub mod reload;
pub mod serve;
pub mod session;
pub mod state;
pub mod stream;
pub mod verify;
