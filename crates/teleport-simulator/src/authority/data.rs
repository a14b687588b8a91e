//! The data directory: certificate authorities and identities, as files.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A folder for the simulator's files. A temporary one goes with this value.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

/// A file or folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}")]
pub struct DataError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl DataDir {
    /// Uses `path`, and makes it, readable by its owner alone, if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed("create the directory", path))?;
        let path = path
            .canonicalize()
            .map_err(failed("resolve the directory", path))?;
        Ok(Self {
            path,
            _temporary: None,
        })
    }

    /// Makes a new folder, readable by its owner alone, among the temporary files.
    pub(crate) fn temporary() -> Result<Self, DataError> {
        let folder = tempfile::Builder::new()
            .prefix("teleport-simulator-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()
            .map_err(failed("create the directory", &env::temp_dir()))?;
        Ok(Self {
            path: folder.path().to_owned(),
            _temporary: Some(folder),
        })
    }

    /// Where it is, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, DataError> {
    fs::read_to_string(path).map_err(failed("read", path))
}

/// Writes a file that only its owner may read. It is replaced whole, so that a reader never meets half of it.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), DataError> {
    write(path, text, 0o600)
}

/// Writes a file that everybody may read. It is replaced whole, so that a reader never meets half of it.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), DataError> {
    write(path, text, 0o644)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), DataError> {
    let folder = path.parent().unwrap_or(path);
    let written = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            Ok(file.persist(path)?)
        });
    written.map(drop).map_err(failed("write", path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DataError {
    move |source| DataError {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_temporary_directory_is_private_and_goes_with_its_value() {
        let data = DataDir::temporary().unwrap();
        let path = data.path().to_owned();
        assert_eq!(mode(&path), 0o700);
        drop(data);
        assert!(!path.exists());
    }

    #[test]
    fn a_given_directory_is_made_private_and_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        drop(DataDir::open(&path).unwrap());
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn a_private_file_is_private_even_when_it_replaces_a_public_one() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("identity");
        write_public(&path, "old").unwrap();
        write_private(&path, "new").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unusable_path_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        write_public(&file, "").unwrap();
        let error = DataDir::open(&file.join("below")).unwrap_err();
        assert!(error.to_string().contains("file/below"), "{error}");
    }
}
