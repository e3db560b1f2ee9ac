//! A leaf folder as the authority's renewer lays it out: files behind one symlink that moves in one step.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use openssl::x509::X509;

use super::authority::Issued;

static NEXT: AtomicU32 = AtomicU32::new(0);

pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let name = format!("sm-tunnel-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn with(issued: &Issued, trust: &X509) -> Folder {
        let folder = Folder::new();
        folder.put(issued, trust);
        folder
    }

    pub fn put(&self, issued: &Issued, trust: &X509) {
        self.put_raw(&issued.pem(), &trust.to_pem().unwrap());
    }

    pub fn put_raw(&self, tls: &[u8], trust: &[u8]) {
        let version = format!("v{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let path = self.0.join(&version);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("tls.pem"), tls).unwrap();
        fs::write(path.join("ca.crt"), trust).unwrap();
        let next = self.0.join("next");
        symlink(&version, &next).unwrap();
        fs::rename(next, self.0.join("current")).unwrap();
    }

    /// In one step too, as the authority writes it.
    pub fn deny(&self, text: &str) {
        let next = self.0.join("denied.next");
        fs::write(&next, text).unwrap();
        fs::rename(next, self.0.join("denied.json")).unwrap();
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
