//! What is wrong at this moment, by a code each; nothing wrong is healthy.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    pub code: &'static str,
    pub message: String,
}

/// Problems that last until the one who found them says that they are over.
#[derive(Default)]
pub struct Problems(Mutex<BTreeMap<&'static str, String>>);

impl Problems {
    /// True when this is news.
    pub fn set(&self, code: &'static str, message: String) -> bool {
        let mut problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.insert(code, message.clone()).is_none_or(|old| old != message)
    }

    /// True when there was one.
    pub fn clear(&self, code: &'static str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(code).is_some()
    }

    pub fn list(&self) -> Vec<Problem> {
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.iter().map(|(code, message)| Problem { code, message: message.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_news_once() {
        let problems = Problems::default();
        assert!(problems.set("reload", "bad".into()));
        assert!(!problems.set("reload", "bad".into()));
        assert!(problems.set("reload", "worse".into()));
        assert_eq!(problems.list(), [Problem { code: "reload", message: "worse".into() }]);
        assert!(problems.clear("reload") && !problems.clear("reload"));
        assert!(problems.list().is_empty());
    }
}
