//! Opening a store: is it ours, is it of our time, is it whole?

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::place::{self, Content};
use super::{Limits, Store, StoreError};

/// The version of the tables, kept in the file's `user_version`.
pub(super) const VERSION: i64 = 1;

/// `ULTR`: tells a store from the database of another program, kept in the file's `application_id`.
const APPLICATION: i64 = 0x554c_5452;

const TABLES: &str = "
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        created_s INTEGER NOT NULL,
        value TEXT NOT NULL,
        sum TEXT NOT NULL
    );
    CREATE UNIQUE INDEX answers_key ON answers (key);
    CREATE INDEX answers_created ON answers (created_s);
";

pub(super) fn open(path: &Path, limits: Limits) -> Result<Store, StoreError> {
    // An absolute path: SQLite reads meaning into names such as `:memory:` and `file:`.
    let path = std::path::absolute(path)?;
    place::prepare(&path)?;
    let file = place::FileId::of(&path)?;
    let access = Access::of(&path, Access::Write);
    match connect(&path, file, limits, access) {
        Err(StoreError::Corrupt(_)) if access == Access::Write => rebuild(&path, file, limits),
        opened => opened,
    }
}

pub(super) fn look(path: &Path, limits: Limits) -> Result<Store, StoreError> {
    let path = std::path::absolute(path)?;
    let file = place::FileId::of(&path)?;
    connect(&path, file, limits, Access::of(&path, Access::Read))
}

pub(super) fn rebuild(path: &Path, damaged: place::FileId, limits: Limits) -> Result<Store, StoreError> {
    let set_aside = place::set_aside(path, damaged, limits.write_wait)?;
    place::prepare(path)?;
    let file = place::FileId::of(path)?;
    Ok(Store { set_aside, ..connect(path, file, limits, Access::Write)? })
}

/// What is done with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It is read and written, and made when it is missing.
    Write,
    /// It is read, and the files that its readers and writers share to find each other are written.
    Read,
    /// It is read, and nothing can be written.
    Sealed,
}

impl Access {
    /// What can be done at `path` by somebody who wants `wanted`.
    fn of(path: &Path, wanted: Self) -> Self {
        if place::is_writable(path) { wanted } else { Self::Sealed }
    }

    fn open(self, path: &Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self {
            Self::Write | Self::Read => {
                Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
            }
            // Without a log there is no writer to meet, and with that promise SQLite needs no files beside.
            Self::Sealed if place::log_bytes(path) == 0 => {
                let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(place::uri(path) + "?immutable=1", flags)
            }
            Self::Sealed => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY),
        }
    }
}

pub(super) fn connect(
    path: &Path,
    file: place::FileId,
    limits: Limits,
    access: Access,
) -> Result<Store, StoreError> {
    place::check_directory(path)?;
    let _gate = place::Gate::shared(path, limits.read_wait)?;
    let content = Content::of(path, APPLICATION)?;
    match content {
        Content::Other => return Err(StoreError::NotACache),
        Content::Foreign => return Err(StoreError::Foreign),
        Content::Unmarked if access != Access::Write => return Err(StoreError::Foreign),
        Content::Empty if access == Access::Sealed => return Err(StoreError::ReadOnly),
        Content::Empty | Content::Unmarked | Content::Ours => {}
    }
    let connection = reach(path, limits, access).map_err(|cause| match cause {
        // Damage is a reason to replace a store, not the database of somebody.
        StoreError::Corrupt(_) if content == Content::Unmarked => StoreError::Foreign,
        cause => cause,
    })?;
    Ok(Store {
        connection,
        path: path.to_owned(),
        file,
        limits,
        access,
        set_aside: None,
        last_read_met_lock: false,
        last_write_met_lock: false,
    })
}

fn reach(path: &Path, limits: Limits, access: Access) -> Result<Connection, StoreError> {
    let mut connection = access.open(path)?;
    connection.busy_timeout(limits.read_wait)?;
    let header = Header::read(&connection)?;
    if header != Header::OURS {
        if access != Access::Write {
            return Err(header.refusal());
        }
        connection.busy_timeout(limits.write_wait)?;
        create(&mut connection)?;
    }
    if access == Access::Write {
        place::make_private(path);
        set_up_to_write(&connection, limits)?;
    } else {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

/// What a database says about itself.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    application: i64,
    version: i64,
}

impl Header {
    const OURS: Self = Self { application: APPLICATION, version: VERSION };
    const NEW: Self = Self { application: 0, version: 0 };

    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(Self { application: number("PRAGMA application_id")?, version: number("PRAGMA user_version")? })
    }

    /// Why a database that says this is not used.
    fn refusal(&self) -> StoreError {
        match self {
            Self { application, version } if *application == APPLICATION && *version > VERSION => {
                StoreError::Newer(*version)
            }
            _ => StoreError::Foreign,
        }
    }
}

/// Makes the tables unless another process was faster, and never in a database of someone else.
fn create(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match Header::read(&transaction)? {
        Header::OURS => return Ok(()),
        Header::NEW if tables == 0 => {}
        header => return Err(header.refusal()),
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

fn set_up_to_write(connection: &Connection, limits: Limits) -> Result<(), StoreError> {
    // The file keeps the mode. While another process is at work the switch can be refused; the store works
    // in the old mode too, and the next one to open it tries again.
    let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
    match mode.map_err(StoreError::from) {
        Ok(()) | Err(StoreError::Locked) => {}
        Err(cause) => return Err(cause),
    }
    let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let pages = (limits.max_bytes / u64::from(page.max(1))).clamp(1, u64::from(u32::MAX - 1));
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    Ok(connection.execute_batch("PRAGMA synchronous = NORMAL")?)
}
