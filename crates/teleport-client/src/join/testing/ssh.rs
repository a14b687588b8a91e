//! An SSH certificate for a user and the public keys of two authorities, as `ssh-keygen` of OpenSSH writes them.

use ssh_key::{Certificate, PublicKey};

/// The authority of users.
pub(crate) const USER_CA: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRg0jM3QCDBWm4mx1/2FJGosLeeh5Wndlr5kl/BT2Qk users";

/// The authority of hosts.
pub(crate) const HOST_CA: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII7kfeV8tl/XXCW4hIJm1eKd1d/RhNlSt+wokdcJBxMf hosts";

/// A certificate for an ECDSA key, with the extensions of Teleport, signed by the authority of users.
pub(crate) const CERTIFICATE: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgNFIpo\
     etIV2s0jMBpQNep3Duojnqx6l1AJxfeUhw0CtEAAAAIbmlzdHAyNTYAAABBBF8zfg/yJtiilP1KcArKdgaJZnSSsWUKUeLiHelN/szLURD1sjJ\
     St6Lz+HHanf7UEr/oHuF70q+Ujx6NgijOiLAAAAAAAAAAAAAAAAEAAAAOYm90LXRlbmFudC1ib3QAAAASAAAADmJvdC10ZW5hbnQtYm90AAAAA\
     GlVuQAAAAAAaVcKgAAAAAAAAAB2AAAACnBlcm1pdC1wdHkAAAAAAAAADnRlbGVwb3J0LXJvbGVzAAAAMQAAAC17InZlcnNpb24iOiJ2MSIsInJ\
     vbGVzIjpbImVkaXRvciIsImF1ZGl0b3IiXX0AAAAPdGVsZXBvcnQtdHJhaXRzAAAABgAAAAJ7fQAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAI\
     JRg0jM3QCDBWm4mx1/2FJGosLeeh5Wndlr5kl/BT2QkAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBkYoI6tGry+eYiAsntRjdiEalZJGFls7yN921\
     Nyd2DGVXp3YqKcVXk8JC76rcQCcwg3uMW7jCP1SvL7w0p82oN";

/// The certificate in SSH's wire form.
pub(super) fn certificate() -> Vec<u8> {
    Certificate::from_openssh(CERTIFICATE)
        .unwrap()
        .to_bytes()
        .unwrap()
}

/// An authority in SSH's wire form.
pub(super) fn key(line: &str) -> Vec<u8> {
    PublicKey::from_openssh(line).unwrap().to_bytes().unwrap()
}
