//! What the kernel says about this network namespace: its interfaces and who listens on a port.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

/// How long the namespace must be without an interface before it counts as lost.
pub const LOST_AFTER: Duration = Duration::from_secs(5);

const LISTEN: &str = "0A";

/// Interfaces other than `lo` in the text of /proc/net/dev.
pub fn interfaces(dev: &str) -> Vec<&str> {
    dev.lines()
        .skip(2)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .filter(|name| *name != "lo")
        .collect()
}

/// Addresses on which `port` is listened on, from the text of /proc/net/tcp or tcp6.
pub fn listeners(table: &str, port: u16) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (address, hex_port) = fields.next()?.split_once(':')?;
            let state = fields.nth(1)?;
            let wanted = state == LISTEN && u16::from_str_radix(hex_port, 16) == Ok(port);
            wanted.then(|| address_of(address)).flatten()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The kernel prints addresses as 32-bit words in the machine's own byte order.
fn address_of(hex: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = (0..hex.len() / 8)
        .map(|at| {
            let word = u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok()?;
            Some(word.to_ne_bytes())
        })
        .collect();
    let bytes = words?.concat();
    if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(Ipv4Addr::from(four).into());
    }
    let sixteen = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
    Some(Ipv6Addr::from(sixteen).to_canonical())
}

/// Addresses that others can reach on which `port` is listened on, in this namespace.
pub fn exposed(port: u16) -> io::Result<Vec<IpAddr>> {
    let mut all = listeners(&std::fs::read_to_string("/proc/net/tcp")?, port);
    match std::fs::read_to_string("/proc/net/tcp6") {
        Ok(table) => all.extend(listeners(&table, port)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    all.retain(|address| !address.is_loopback());
    Ok(all)
}

/// Remembers since when the namespace has had no interface.
#[derive(Default)]
pub struct NamespaceWatch {
    alone_since: Option<Instant>,
}

impl NamespaceWatch {
    /// True when `lo` has been all there is for [`LOST_AFTER`].
    pub fn lost(&mut self, dev: &str, now: Instant) -> bool {
        if !interfaces(dev).is_empty() {
            self.alone_since = None;
            return false;
        }
        let since = *self.alone_since.get_or_insert(now);
        now.duration_since(since) >= LOST_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 12034567    8210    0    0    0     0          0         0 12034567    8210    0    0    0     0       0          0
  eth0:    1226      15    0    0    0     0          0         0      126       3    0    0    0     0       0          0
";
    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21520 1 0000000000000000 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21521 1 0000000000000000 100 0 0 10 0
   2: 020011AC:0BB8 010011AC:D431 01 00000000:00000000 00:00000000 00000000     0        0 21522 1 0000000000000000 20 4 30 10 -1
   3: 0B00007F:ABCD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21523 1 0000000000000000 100 0 0 10 0
";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21524 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21525 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21526 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn interfaces_leave_lo_out() {
        assert_eq!(interfaces(DEV), ["eth0"]);
        let only_lo: String = DEV.lines().take(3).map(|line| format!("{line}\n")).collect();
        assert!(interfaces(&only_lo).is_empty());
    }

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(listeners(TCP, 3000), [loopback]);
        assert_eq!(listeners(TCP, 8080), [IpAddr::from(Ipv4Addr::UNSPECIFIED)]);
        assert!(listeners(TCP, 0xabcd)[0].is_loopback());
        assert!(listeners(TCP, 81).is_empty());
    }

    #[test]
    fn version_6_addresses_are_read_too() {
        assert_eq!(listeners(TCP6, 3000), [IpAddr::from(Ipv6Addr::UNSPECIFIED)]);
        assert_eq!(listeners(TCP6, 8080), [IpAddr::from(Ipv6Addr::LOCALHOST)]);
        assert_eq!(listeners(TCP6, 8081), [IpAddr::from(Ipv4Addr::LOCALHOST)]);
    }

    #[test]
    fn a_namespace_is_lost_after_five_seconds_alone_and_not_before() {
        let only_lo: String = DEV.lines().take(3).map(|line| format!("{line}\n")).collect();
        let mut watch = NamespaceWatch::default();
        let start = Instant::now();
        assert!(!watch.lost(&only_lo, start));
        assert!(!watch.lost(&only_lo, start + Duration::from_millis(4_999)));
        assert!(!watch.lost(DEV, start + Duration::from_secs(5)));
        assert!(!watch.lost(&only_lo, start + Duration::from_secs(6)));
        assert!(watch.lost(&only_lo, start + Duration::from_secs(11)));
    }
}
