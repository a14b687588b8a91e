//! Where the server listens: a Unix socket that only its owner can reach, or TCP on loopback where there are none.

use std::{io, ops::RangeInclusive, path::PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(not(unix))]
use tcp as imp;
#[cfg(unix)]
use unix as imp;

/// What the host wants of the socket.
pub(super) struct SocketOptions {
    /// The folder to make it in, the temporary folder if none.
    #[cfg_attr(not(unix), expect(dead_code))]
    pub dir: Option<PathBuf>,
    /// The temporary folder.
    #[cfg_attr(not(unix), expect(dead_code))]
    pub temp_dir: PathBuf,
    /// The group that may use the socket besides its owner.
    #[cfg_attr(not(unix), expect(dead_code))]
    pub group: Option<String>,
    /// The ports to choose from where there are no Unix sockets.
    #[cfg_attr(unix, expect(dead_code))]
    pub ports: RangeInclusive<u16>,
}

/// A bound socket. Dropping it removes what it made in the file system.
pub(super) struct Listener {
    inner: imp::Listener,
    address: Address,
}

impl Listener {
    /// Binds. Needs a running runtime.
    pub(super) fn bind(options: &SocketOptions) -> Result<Self, SocketError> {
        let (inner, address) = imp::Listener::bind(options)?;
        Ok(Self { inner, address })
    }

    /// Where the host can connect to.
    pub(super) const fn address(&self) -> &Address {
        &self.address
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<impl Io + use<>> {
        self.inner.accept().await
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The path of a Unix socket.
    #[cfg_attr(not(unix), expect(dead_code))]
    Unix(PathBuf),
    /// A TCP address.
    #[cfg_attr(unix, expect(dead_code))]
    Tcp(std::net::SocketAddr),
}

impl Address {
    /// Go's name of the network.
    pub(super) const fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }

    /// The address as the host expects it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unix(path) => path.display().to_string(),
            Self::Tcp(address) => address.to_string(),
        }
    }
}

/// A byte stream to a host.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// The folder refuses.
    #[cfg_attr(not(unix), expect(dead_code))]
    #[error("cannot make a folder for the socket in {}", .dir.display())]
    Dir {
        /// Where it was tried.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The socket itself failed.
    #[error("cannot listen on {address}")]
    Bind {
        /// Where it was tried.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// `PLUGIN_UNIX_SOCKET_GROUP` names a group that does not exist.
    #[cfg_attr(not(unix), expect(dead_code))]
    #[error("group {group:?} does not exist")]
    Group {
        /// What the host asked for.
        group: String,
    },
    /// The group may not be set.
    #[cfg_attr(not(unix), expect(dead_code))]
    #[error("cannot give {} to group {group:?}", .path.display())]
    GroupRefused {
        /// The file.
        path: PathBuf,
        /// What the host asked for.
        group: String,
        /// Why not.
        source: io::Error,
    },
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, DirBuilder, Permissions},
        io,
        os::unix::{
            ffi::OsStrExt,
            fs::{DirBuilderExt, PermissionsExt, chown},
        },
        path::{Path, PathBuf},
    };

    use nix::unistd::Group;
    use tokio::net::{UnixListener, UnixStream};

    use super::{Address, SocketError, SocketOptions};

    /// A Unix socket in a folder of its own, which keeps others out from the first moment on.
    pub(super) struct Listener {
        socket: UnixListener,
        _dir: PrivateDir,
    }

    impl Listener {
        /// In the folder that the host names, or else in the temporary folder. One that cannot be used is no reason to fail: then
        /// it is /tmp.
        pub(super) fn bind(options: &SocketOptions) -> Result<(Self, Address), SocketError> {
            if let Some(dir) = &options.dir {
                return Self::bind_in(dir, options.group.as_deref());
            }
            let fits = |dir: &Path| dir.as_os_str().as_bytes().len() + TAIL <= PATH_LIMIT;
            let group = options.group.as_deref();
            if fits(&options.temp_dir)
                && let Ok(bound) = Self::bind_in(&options.temp_dir, group)
            {
                return Ok(bound);
            }
            Self::bind_in(Path::new("/tmp"), group)
        }

        fn bind_in(parent: &Path, group: Option<&str>) -> Result<(Self, Address), SocketError> {
            let dir = PrivateDir::new(parent)?;
            let path = dir.0.join(FILE_NAME);
            let listening = |source| SocketError::Bind {
                address: path.display().to_string(),
                source,
            };
            let socket = UnixListener::bind(&path).map_err(listening)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(listening)?;
            if let Some(group) = group {
                share(&dir.0, &path, group)?;
            }
            let listener = Self { socket, _dir: dir };
            Ok((listener, Address::Unix(path)))
        }

        pub(super) async fn accept(&self) -> io::Result<UnixStream> {
            Ok(self.socket.accept().await?.0)
        }
    }

    /// A folder for the owner alone, removed with what is in it.
    struct PrivateDir(PathBuf);

    impl PrivateDir {
        fn new(parent: &Path) -> Result<Self, SocketError> {
            loop {
                let name: String = std::iter::repeat_with(fastrand::alphanumeric)
                    .take(NAME_LENGTH)
                    .collect();
                let path = parent.join(format!("{NAME_START}{name}"));
                match DirBuilder::new().mode(0o700).create(&path) {
                    Ok(()) => return Ok(Self(path)),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(source) => {
                        let dir = parent.to_owned();
                        return Err(SocketError::Dir { dir, source });
                    }
                }
            }
        }
    }

    impl Drop for PrivateDir {
        fn drop(&mut self) {
            if let Err(error) = fs::remove_dir_all(&self.0) {
                let path = self.0.display();
                tracing::debug!(%path, %error, "the socket's folder stays behind");
            }
        }
    }

    /// Lets a group in: the socket first, then the folder that has kept everybody out until then.
    fn share(dir: &Path, socket: &Path, group: &str) -> Result<(), SocketError> {
        let id = match group.parse() {
            Ok(id) => id,
            Err(_) => Group::from_name(group)
                .ok()
                .flatten()
                .ok_or_else(|| SocketError::Group {
                    group: group.to_owned(),
                })?
                .gid
                .as_raw(),
        };
        for (path, mode) in [(socket, 0o660), (dir, 0o710)] {
            chown(path, None, Some(id))
                .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
                .map_err(|source| SocketError::GroupRefused {
                    path: path.to_owned(),
                    group: group.to_owned(),
                    source,
                })?;
        }
        Ok(())
    }

    const NAME_START: &str = "tfplugin-";
    const NAME_LENGTH: usize = 10;
    const FILE_NAME: &str = "plugin";

    /// What the folder's and the socket's names add to the parent's.
    const TAIL: usize = 1 + NAME_START.len() + NAME_LENGTH + 1 + FILE_NAME.len();

    /// `sun_path` holds 104 bytes on macOS and 108 on Linux, with the closing zero.
    const PATH_LIMIT: usize = 103;
}

#[cfg(not(unix))]
mod tcp {
    use std::io;

    use tokio::net::{TcpListener, TcpStream};

    use super::{Address, SocketError, SocketOptions};

    /// The first free port of the range, on loopback.
    pub(super) struct Listener(TcpListener);

    impl Listener {
        pub(super) fn bind(options: &SocketOptions) -> Result<(Self, Address), SocketError> {
            let failed = |source| SocketError::Bind {
                address: format!(
                    "127.0.0.1, ports {} to {}",
                    options.ports.start(),
                    options.ports.end()
                ),
                source,
            };
            let mut last = io::ErrorKind::AddrNotAvailable.into();
            for port in options.ports.clone() {
                let bound = std::net::TcpListener::bind(("127.0.0.1", port)).and_then(|listener| {
                    let address = listener.local_addr()?;
                    listener.set_nonblocking(true)?;
                    Ok((TcpListener::from_std(listener)?, address))
                });
                match bound {
                    Ok((listener, address)) => return Ok((Self(listener), Address::Tcp(address))),
                    Err(error) => last = error,
                }
            }
            Err(failed(last))
        }

        pub(super) async fn accept(&self) -> io::Result<TcpStream> {
            let (stream, _) = self.0.accept().await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{MetadataExt, PermissionsExt},
        path::Path,
    };

    use super::*;

    fn options(dir: &Path) -> SocketOptions {
        SocketOptions {
            dir: Some(dir.to_owned()),
            temp_dir: "/nowhere".into(),
            group: None,
            ports: 1..=2,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn path(listener: &Listener) -> PathBuf {
        listener.address().text().into()
    }

    #[tokio::test]
    async fn only_the_owner_reaches_the_socket_and_nothing_stays_behind() {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&options(dir.path())).unwrap();
        let socket = path(&listener);
        assert!(socket.starts_with(dir.path()));
        assert_eq!(mode(&socket), 0o600);
        assert_eq!(mode(socket.parent().unwrap()), 0o700);
        drop(listener);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_group_is_let_in_when_the_host_asks() {
        let dir = tempfile::tempdir().unwrap();
        let own = fs::metadata(dir.path()).unwrap().gid();
        let mut options = options(dir.path());
        options.group = Some(own.to_string());
        let listener = Listener::bind(&options).unwrap();
        let socket = path(&listener);
        assert_eq!(mode(&socket), 0o660);
        assert_eq!(fs::metadata(&socket).unwrap().gid(), own);
        assert_eq!(mode(socket.parent().unwrap()), 0o710);

        options.group = Some("no such group".to_owned());
        let refused = Listener::bind(&options);
        assert!(matches!(refused, Err(SocketError::Group { .. })));
    }

    #[tokio::test]
    async fn a_temporary_folder_that_cannot_be_used_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let mut options = options(dir.path());
        options.dir = None;
        for unusable in [dir.path().join("missing"), file] {
            options.temp_dir = unusable.clone();
            let listener = Listener::bind(&options).unwrap();
            assert!(path(&listener).starts_with("/tmp"));
        }
        // What the host names is used, or it is an error.
        options.dir = Some(dir.path().join("missing"));
        let refused = Listener::bind(&options);
        assert!(matches!(refused, Err(SocketError::Dir { .. })));
    }

    #[tokio::test]
    async fn a_long_temporary_folder_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let mut options = options(&long);
        options.temp_dir = options.dir.take().unwrap();
        let listener = Listener::bind(&options).unwrap();
        assert!(path(&listener).starts_with("/tmp"));
    }
}
