//! One JSON object a line on standard error, and no more lines a second than a person can use.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::certificate::rfc3339;

/// Lines a second about single connections; the rest is counted and told with the next.
const LINES: u32 = 20;

struct Budget {
    since: Instant,
    used: u32,
    dropped: u64,
}

static BUDGET: LazyLock<Mutex<Budget>> =
    LazyLock::new(|| Mutex::new(Budget { since: Instant::now(), used: 0, dropped: 0 }));

/// Something that concerns the whole program: always written.
pub fn say(level: &str, message: &str, fields: Value) {
    write(level, message, fields, 0);
}

/// Something that concerns one connection: anybody can cause it, so it is rationed.
pub fn connection(message: &str, fields: Value) {
    let dropped = {
        let mut budget = BUDGET.lock().unwrap_or_else(PoisonError::into_inner);
        if budget.since.elapsed() >= Duration::from_secs(1) {
            budget.since = Instant::now();
            budget.used = 0;
        }
        if budget.used >= LINES {
            budget.dropped += 1;
            return;
        }
        budget.used += 1;
        std::mem::take(&mut budget.dropped)
    };
    write("warn", message, fields, dropped);
}

fn write(level: &str, message: &str, fields: Value, dropped: u64) {
    let mut line = json!({"time": rfc3339(SystemTime::now()), "level": level, "message": message});
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields);
        if dropped > 0 {
            line.insert("linesDropped".into(), dropped.into());
        }
    }
    eprintln!("{line}");
}
