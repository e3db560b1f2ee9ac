//! Runs the real binary over loopback, against itself and against peers that misbehave.

mod chores;
mod fuzz;
mod limits;
mod namespace;
mod probing;
mod refused_by_client;
mod refused_by_server;
mod rotation;
mod support;
mod transfer;
