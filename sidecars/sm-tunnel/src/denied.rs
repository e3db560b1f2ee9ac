//! The deny list: serials of certificates that must not be used although they have not expired.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

/// One entry; what else the authority writes beside the serial is for people.
#[derive(Deserialize)]
struct Entry {
    serial: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Denied(HashSet<String>);

impl Denied {
    /// Reads the list; there being none is an empty one.
    pub fn load(path: &Path) -> Result<Denied, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Denied::parse(&text).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Denied::default()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// `null` is what an empty list of the authority looks like.
    pub fn parse(text: &str) -> Result<Denied, String> {
        let entries: Option<Vec<Entry>> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut serials = HashSet::new();
        for entry in entries.unwrap_or_default() {
            let serial = normal_serial(&entry.serial);
            if serial.is_empty() || !serial.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!("serial {:?} is not allowed: hex digits", entry.serial));
            }
            serials.insert(serial);
        }
        Ok(Denied(serials))
    }

    pub fn contains(&self, serial: &str) -> bool {
        self.0.contains(&normal_serial(serial))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The authority's form of a serial: lower-case hex without leading zeros, colons or 0x.
pub fn normal_serial(text: &str) -> String {
    let lower = text.to_ascii_lowercase().replace(':', "");
    let digits = lower.strip_prefix("0x").unwrap_or(&lower);
    digits.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_authority_writes() {
        let list = Denied::parse(
            r#"[{"serial": "a1b2", "time": "2026-11-24T10:00:00Z", "reason": "lost"}, {"serial": "0C:0d", "time": "2026-11-24T10:00:00Z"}]"#,
        )
        .unwrap();
        assert_eq!(list.len(), 2);
        assert!(list.contains("00A1B2") && list.contains("c0d") && !list.contains("a1b"));
    }

    #[test]
    fn an_empty_list_denies_nothing() {
        for text in ["null", "[]"] {
            assert!(Denied::parse(text).unwrap().is_empty());
        }
        assert!(Denied::load(Path::new("/nowhere/denied.json")).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_list_is_an_error_and_never_an_empty_one() {
        for text in ["", "{}", r#"[{"number": "1"}]"#, r#"[{"serial": ""}]"#, r#"[{"serial": "xyz"}]"#] {
            assert!(Denied::parse(text).is_err(), "{text}");
        }
    }
}
