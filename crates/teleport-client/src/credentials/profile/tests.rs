use tempfile::TempDir;

use super::*;
use crate::testing::Authority;

struct Folder {
    temp: TempDir,
    authority: Authority,
}

impl Folder {
    fn new() -> Self {
        let folder = Self {
            temp: tempfile::tempdir().unwrap(),
            authority: Authority::new("parent"),
        };
        folder.write("current-profile", "proxy.example.com\n");
        folder.write(
            "proxy.example.com.yaml",
            "web_proxy_addr: proxy.example.com:3080\nuser: alice\nssh_dial_timeout: 30s\nmissingclusterdetails: false\nanything: [1]\n",
        );
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.temp.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn write_keys(&self, certificate: &str, key: &str, ca: &str) {
        let issued = self.authority.issue("alice");
        let keys = "keys/proxy.example.com";
        self.write(&format!("{keys}/{certificate}"), &issued.cert_pem);
        self.write(&format!("{keys}/{key}"), &issued.key_pem);
        self.write(&format!("{keys}/{ca}"), &self.authority.certificate_pem());
    }

    async fn read(&self, name: Option<&str>) -> Result<(Identity, Address), InvalidProfile> {
        read(&ProfileName::new(Some(self.temp.path().to_owned()), name)).await
    }
}

#[tokio::test]
async fn the_current_profile_is_read_in_the_layout_of_version_17() {
    let folder = Folder::new();
    folder.write_keys("alice.crt", "alice.key", "cas/parent.pem");
    folder.write(
        "keys/proxy.example.com/cas/leaf.pem",
        &Authority::new("leaf").certificate_pem(),
    );
    let (identity, address) = folder.read(None).await.unwrap();
    assert_eq!(identity.user(), "alice");
    assert_eq!(identity.cluster_roots().len(), 2);
    assert_eq!(address.to_string(), "proxy.example.com:3080");
}

#[tokio::test]
async fn a_named_profile_is_read_in_the_layout_of_version_16() {
    let folder = Folder::new();
    folder.write_keys("alice-x509.pem", "alice", "certs.pem");
    let (identity, _) = folder.read(Some("proxy.example.com")).await.unwrap();
    assert_eq!(identity.user(), "alice");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let folder = Folder::new();
    let error = folder.read(None).await.unwrap_err().to_string();
    assert!(
        error.contains("keys/proxy.example.com/alice.crt cannot be read"),
        "{error}"
    );

    let error = folder
        .read(Some("other.example.com"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("other.example.com.yaml cannot be read"),
        "{error}"
    );

    folder.write("current-profile", " \n");
    let error = folder.read(None).await.unwrap_err().to_string();
    assert!(
        error.contains("current-profile names no current profile"),
        "{error}"
    );

    let error = folder.read(Some("../x")).await.unwrap_err();
    assert!(matches!(error, InvalidProfile::Name(_)), "{error}");
}

#[tokio::test]
async fn a_malformed_description_is_named() {
    let folder = Folder::new();
    for (text, reason) in [
        ("", "it is empty"),
        ("user: alice\n", "no web_proxy_addr"),
        ("web_proxy_addr: a:1\n", "no user"),
        ("web_proxy_addr: [", "is not a profile"),
        (
            "web_proxy_addr: https://a\nuser: alice\n",
            "web_proxy_addr that is not an address",
        ),
    ] {
        folder.write("proxy.example.com.yaml", text);
        let error = folder.read(None).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
    }
}

#[tokio::test]
async fn what_a_damaged_profile_holds_is_not_repeated() {
    let folder = Folder::new();
    let issued = folder.authority.issue("alice");
    let key = &issued.key_pem;
    let line = key.replace('\n', "\\n");
    let secret = key.lines().nth(1).unwrap();
    for text in [
        key.clone(),
        format!("user: alice\nweb_proxy_addr: [\n{key}"),
        format!("user: alice\nweb_proxy_addr: \"{line}\"\n"),
        format!("web_proxy_addr: proxy.example.com\nuser: \"{line}\"\n"),
        format!("user: {{ {secret}: 1 }}\nweb_proxy_addr: a\n"),
    ] {
        folder.write("proxy.example.com.yaml", &text);
        let error = folder.read(None).await.unwrap_err().to_string();
        assert!(error.contains("proxy.example.com.yaml"), "{error}");
        assert!(!error.contains(&secret[..20]), "{error}");
    }
    folder.write("current-profile", key);
    let error = folder.read(None).await.unwrap_err().to_string();
    assert!(error.contains("is not the name of a profile"), "{error}");
    assert!(!error.contains(&secret[..20]), "{error}");
}

#[tokio::test]
async fn a_damaged_ca_file_is_named() {
    let folder = Folder::new();
    folder.write_keys("alice.crt", "alice.key", "cas/parent.pem");
    folder.write(
        "keys/proxy.example.com/cas/zzz.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n",
    );
    let error = folder.read(None).await.unwrap_err().to_string();
    assert!(error.contains("cas/zzz.pem: the PEM block"), "{error}");
}

#[tokio::test]
async fn a_key_in_a_hardware_token_is_not_supported() {
    let folder = Folder::new();
    folder.write_keys("alice.crt", "alice.key", "cas/parent.pem");
    let key =
        "-----BEGIN PIV YUBIKEY PRIVATE KEY-----\ncGl2\n-----END PIV YUBIKEY PRIVATE KEY-----\n";
    folder.write("keys/proxy.example.com/alice.key", key);
    let error = folder.read(None).await.unwrap_err().to_string();
    assert!(
        error.contains("alice.key: the private key is in a hardware key"),
        "{error}"
    );
}
