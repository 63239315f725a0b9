//! Why a store cannot be used.

use std::io;

use rusqlite::ErrorCode;

/// Why a store cannot be used, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Others could exchange the file.
    #[error("{0}")]
    Directory(&'static str),
    /// The path names a directory, a device or the like.
    #[error("it is not a regular file")]
    NotAFile,
    /// Some other file, such as a text.
    #[error("it is not a cache; it is left alone and nothing is stored")]
    NotACache,
    /// A newer version made it.
    #[error("it was made by a newer version (store version {0}, this program knows {known})", known = super::open::VERSION)]
    Newer(i64),
    /// A database, but not a store.
    #[error("it is the database of another program; it is left alone and nothing is stored")]
    Foreign,
    /// The user may not write the file, or nothing beside it.
    #[error("it can only be read; what is new is not stored")]
    ReadOnly,
    /// Someone else held the lock for too long.
    #[error("another process holds its lock")]
    Locked,
    /// The disk, or the size the store may have, is used up.
    #[error("there is no room left for it")]
    Full,
    /// A reader that stays open keeps the write-ahead log from shrinking.
    #[error("a reader that stays open has let its write-ahead log grow to {0} bytes")]
    Held(u64),
    /// The file is damaged.
    #[error("it is damaged: {0}")]
    Corrupt(String),
    /// The file system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// SQLite refused.
    #[error("{0}")]
    Sql(rusqlite::Error),
}

impl StoreError {
    /// Whether the store itself is sound, so that a later call can succeed.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Locked | Self::Full | Self::Held(_) | Self::ReadOnly)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::DiskFull) => Self::Full,
            // The text of SQLite ends in the absolute path.
            Some(ErrorCode::CannotOpen) => match error {
                rusqlite::Error::SqliteFailure(code, _) => {
                    Self::Sql(rusqlite::Error::SqliteFailure(code, None))
                }
                error => Self::Sql(error),
            },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Sql(error),
        }
    }
}
