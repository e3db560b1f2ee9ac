//! Takes new certificates and deny lists into use. What is not fit is told, and the old goes on.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::certificate::rfc3339;
use crate::denied::Denied;
use crate::identity;
use crate::log;
use crate::state::State;

/// How often the folder is looked at. A look is a readlink and four stats.
pub const EVERY: Duration = Duration::from_secs(1);
/// Looks after which a refused pair is tried again: it may only have been too young.
const RETRY: u32 = 10;

/// Tells one state of a file from another.
type Stamp = Option<(u64, u64, i64, i64, u64)>;

#[derive(PartialEq)]
struct Seen {
    folder: Result<PathBuf, String>,
    stamps: [Stamp; 3],
}

fn stamp(path: &Path) -> Stamp {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino(), data.mtime(), data.mtime_nsec(), data.size()))
}

fn look(tls: &Path) -> Seen {
    let folder = identity::current(tls);
    let file = |name: &str| folder.as_ref().ok().and_then(|folder| stamp(&folder.join(name)));
    let stamps = [file("tls.pem"), file("enc.pem"), file("ca.crt")];
    Seen { folder, stamps }
}

/// Runs as long as the process.
pub async fn watch(state: Arc<State>) {
    let tls = state.config.tls.clone();
    let list = tls.join("denied.json");
    let mut seen = look(&tls);
    let mut seen_list = stamp(&list);
    // The first load came before the first look: compare with what it used.
    let mut stale = seen.folder.as_ref().ok() != Some(&state.identity().folder);
    let mut refused = 0;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let now = look(&tls);
        let changed = now != seen || stale;
        seen = now;
        stale = false;
        refused = if refused > 0 { refused + 1 } else { 0 };
        if changed || refused > RETRY {
            refused = u32::from(!reload(&state));
        }
        let now = stamp(&list);
        if now != seen_list || state.problems.list().iter().any(|problem| problem.code == "deny-list") {
            seen_list = now;
            reload_denied(&state, &list);
        }
    }
}

fn reload(state: &State) -> bool {
    let config = &state.config;
    match identity::load(&config.tls, config.role, config.profile) {
        Ok(new) => {
            let fields = json!({
                "serial": new.leaf.serial, "notAfter": rfc3339(new.leaf.not_after), "folder": new.folder,
            });
            state.use_identity(new);
            state.metrics.reloads.add(1);
            state.problems.clear("reload");
            log::say("info", "new certificate in use", fields);
            true
        }
        Err(error) => {
            state.metrics.reload_failures.add(1);
            let old = state.identity();
            let message = format!("new certificate refused, the one with serial {} goes on: {error}", old.leaf.serial);
            if state.problems.set("reload", message.clone()) {
                log::say("error", &message, json!({"notAfter": rfc3339(old.leaf.not_after)}));
            }
            false
        }
    }
}

fn reload_denied(state: &State, path: &Path) {
    match Denied::load(path) {
        Ok(list) => {
            state.problems.clear("deny-list");
            log::say("info", "deny list in use", json!({"serials": list.len()}));
            state.use_denied(list);
        }
        Err(error) => {
            let message = format!("deny list refused, the old one goes on: {error}");
            if state.problems.set("deny-list", message.clone()) {
                state.metrics.reload_failures.add(1);
                log::say("error", &message, json!({}));
            }
        }
    }
}
