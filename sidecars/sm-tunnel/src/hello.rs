//! Reads a ServerHello from the bytes on the wire, without the help of the library that spoke them.

/// What the server chose, as numbers of the registries.
#[derive(Debug, PartialEq, Eq)]
pub struct ServerHello {
    pub version: u16,
    pub suite: u16,
    /// Of the key_share extension; TLCP and TLS 1.2 have none.
    pub group: Option<u16>,
}

const HANDSHAKE_RECORD: u8 = 22;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
/// SHA-256 of "HelloRetryRequest": a ServerHello with this random is a question, not an answer (RFC 8446 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Takes fields off the front; every step says None where bytes are missing.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }
    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
    fn short(&mut self) -> Option<u16> {
        u16::try_from(self.number(2)?).ok()
    }
    fn vector(&mut self, length_bytes: usize) -> Option<Reader<'a>> {
        let length = self.number(length_bytes)?;
        Some(Reader(self.take(length)?))
    }
}

/// The last ServerHello in the plain handshake records at the start of `wire`.
pub fn parse(wire: &[u8]) -> Option<ServerHello> {
    let messages = handshake_bytes(wire);
    let mut reader = Reader(&messages);
    while let Some(kind) = reader.number(1) {
        let mut body = reader.vector(3)?;
        if kind == usize::from(SERVER_HELLO)
            && let Some(hello) = server_hello(&mut body)?
        {
            return Some(hello);
        }
    }
    None
}

/// Payloads of plain handshake records; after the first encrypted record only opaque ones follow.
fn handshake_bytes(wire: &[u8]) -> Vec<u8> {
    let mut messages = Vec::new();
    let mut reader = Reader(wire);
    while let Some(kind) = reader.number(1) {
        let Some(payload) = reader.take(2).and_then(|_| reader.vector(2)) else { break };
        if kind == usize::from(HANDSHAKE_RECORD) {
            messages.extend_from_slice(payload.0);
        }
    }
    messages
}

/// Some(None) is a HelloRetryRequest.
fn server_hello(body: &mut Reader<'_>) -> Option<Option<ServerHello>> {
    let mut version = body.short()?;
    let random = body.take(32)?;
    body.vector(1)?;
    let suite = body.short()?;
    body.take(1)?;
    let mut group = None;
    if !body.0.is_empty() {
        let mut extensions = body.vector(2)?;
        while !extensions.0.is_empty() {
            let kind = extensions.short()?;
            let mut content = extensions.vector(2)?;
            match kind {
                SUPPORTED_VERSIONS => version = content.short()?,
                KEY_SHARE => group = Some(content.short()?),
                _ => {}
            }
        }
    }
    Some((random != RETRY).then_some(ServerHello { version, suite, group }))
}

pub fn version_name(version: u16) -> String {
    match version {
        0x0304 => "TLSv1.3".into(),
        0x0303 => "TLSv1.2".into(),
        0x0101 => "TLCPv1.1".into(),
        other => format!("0x{other:04x}"),
    }
}

pub fn suite_name(suite: u16) -> &'static str {
    match suite {
        0x00c6 => "TLS_SM4_GCM_SM3",
        0x00c7 => "TLS_SM4_CCM_SM3",
        0xe051 => "ECDHE_SM4_GCM_SM3",
        0xe053 => "ECC_SM4_GCM_SM3",
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        _ => "unknown",
    }
}

pub fn group_name(group: Option<u16>) -> String {
    match group {
        Some(41) => "curveSM2".into(),
        Some(23) => "secp256r1".into(),
        Some(29) => "x25519".into(),
        Some(other) => format!("0x{other:04x}"),
        None => "none".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(random: &[u8], suite: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(random);
        body.push(0);
        body.extend_from_slice(&suite.to_be_bytes());
        body.push(0);
        body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
        body.extend_from_slice(extensions);
        let mut message = vec![2, 0, 0, body.len() as u8];
        message.extend(body);
        message
    }

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        record.extend_from_slice(payload);
        record
    }

    const TLS13: [u8; 14] = [0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0, 41, 0, 0];

    #[test]
    fn a_hello_in_two_records_after_a_retry_is_read() {
        let retry = message(&RETRY, 0x00c6, &[0, 43, 0, 2, 3, 4]);
        let hello = message(&[7; 32], 0x00c6, &TLS13);
        let (first, second) = hello.split_at(9);
        let wire = [record(22, &retry), record(20, &[1]), record(22, first), record(22, second), record(23, &[9; 40])]
            .concat();
        let found = parse(&wire).unwrap();
        assert_eq!(found, ServerHello { version: 0x0304, suite: 0x00c6, group: Some(41) });
        assert_eq!(
            (version_name(found.version), suite_name(found.suite), group_name(found.group)),
            ("TLSv1.3".into(), "TLS_SM4_GCM_SM3", "curveSM2".into())
        );
    }

    #[test]
    fn what_is_cut_short_is_no_hello() {
        let whole = record(22, &message(&[7; 32], 0x00c6, &TLS13));
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length} bytes");
        }
        assert!(parse(&whole).is_some());
        assert_eq!(parse(&record(21, &[2, 40])), None);
    }
}
