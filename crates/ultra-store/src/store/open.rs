//! Opening a store: is it ours, is it of our time, is it whole?

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{Limits, Store, StoreError, place};

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
    let file = place::prepare(&path)?;
    match connect(&path, file, limits) {
        Err(StoreError::Corrupt(_)) => rebuild(&path, file, limits),
        opened => opened,
    }
}

pub(super) fn look(path: &Path, limits: Limits) -> Result<Store, StoreError> {
    let path = std::path::absolute(path)?;
    let file = place::FileId::of(&path)?;
    connect(&path, file, limits)
}

pub(super) fn rebuild(path: &Path, damaged: place::FileId, limits: Limits) -> Result<Store, StoreError> {
    let set_aside = place::set_aside(path, damaged, limits.write_wait)?;
    let file = place::prepare(path)?;
    Ok(Store { set_aside, ..connect(path, file, limits)? })
}

fn connect(path: &Path, file: place::FileId, limits: Limits) -> Result<Store, StoreError> {
    let _gate = place::Gate::shared(path, limits.read_wait)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(limits.read_wait)?;
    if Header::read(&connection)? != Header::OURS {
        connection.busy_timeout(limits.write_wait)?;
        create(&mut connection)?;
    }
    place::make_private(path);
    set_up(&connection, limits)?;
    Ok(Store {
        connection,
        path: path.to_owned(),
        file,
        limits,
        set_aside: None,
        last_read_met_lock: false,
        last_write_met_lock: false,
    })
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
}

/// Makes the tables unless another process was faster, and never in a database of someone else.
fn create(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match Header::read(&transaction)? {
        Header::OURS => return Ok(()),
        Header::NEW if tables == 0 => {}
        Header { application: APPLICATION, version } if version > VERSION => {
            return Err(StoreError::Newer(version));
        }
        _ => return Err(StoreError::Foreign),
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

fn set_up(connection: &Connection, limits: Limits) -> Result<(), StoreError> {
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
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
    )?;
    connection.busy_timeout(Duration::ZERO)?;
    Ok(())
}
