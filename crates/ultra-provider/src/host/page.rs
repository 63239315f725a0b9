//! The file as this process last saw it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use super::lane::Lane;
use super::moment::Moment;
use super::record::{Header, RECORD, Record};

/// The most lanes that the file has room for.
pub(super) const SLOTS: usize = 256;

/// After the file was found full, nobody looks for room this long.
const CROWDED: Duration = Duration::from_mins(1);

/// The header, and where each lane's record stands.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) header: Header,
    slots: BTreeMap<Lane, usize>,
    crowded_until: Duration,
    warned: bool,
}

impl Page {
    /// Forgets all, because there is another file.
    pub(super) fn forget(&mut self) {
        self.header = Header::default();
        self.slots.clear();
        self.crowded_until = Duration::ZERO;
    }

    /// Reads the header, and where the lanes are if that has changed. A file that is damaged or of another
    /// boot is begun anew.
    pub(super) fn refresh(&mut self, file: &File, boot: u64, now: Moment) -> io::Result<()> {
        let mut bytes = [0; Header::BYTES];
        let length = read_at(file, &mut bytes, 0)?;
        match Header::read(&bytes) {
            Some(header) if header.boot == boot => {
                if header.layout != self.header.layout {
                    self.slots = self.survey(file)?;
                }
                self.header = header;
                Ok(())
            }
            found => {
                if found.is_none() && length > 0 {
                    self.warn("the limits that runs on this host share were damaged; they begin anew");
                }
                self.begin(file, boot, now)
            }
        }
    }

    fn begin(&mut self, file: &File, boot: u64, now: Moment) -> io::Result<()> {
        // The time is higher than any count of changes, so everybody sees that this is another file.
        let generation = now.nanos().max(self.header.generation.saturating_add(1));
        file.set_len(0)?;
        self.forget();
        self.header = Header { generation, layout: generation, boot };
        file.write_all_at(&self.header.bytes(), 0)
    }

    /// Where each lane's record stands.
    fn survey(&mut self, file: &File) -> io::Result<BTreeMap<Lane, usize>> {
        let mut slots = BTreeMap::new();
        for (slot, bytes) in all(file)?.iter().enumerate() {
            match Record::read(bytes) {
                Some(record) => _ = slots.insert(Lane(record.lane), slot),
                None if bytes.iter().all(|byte| *byte == 0) => {}
                None => self.damaged(),
            }
        }
        Ok(slots)
    }

    /// The record of `lane`, with its place.
    pub(super) fn find(&mut self, file: &File, lane: Lane) -> io::Result<Option<(usize, Option<Record>)>> {
        let Some(&slot) = self.slots.get(&lane) else { return Ok(None) };
        let mut bytes = [0; RECORD];
        read_at(file, &mut bytes, place(slot))?;
        let record = Record::read(&bytes).filter(|record| record.lane == lane.0);
        if record.is_none() {
            self.damaged();
        }
        Ok(Some((slot, record)))
    }

    /// Room for another lane: a record that is free, or that no longer holds.
    pub(super) fn room(&mut self, file: &File, now: Duration) -> io::Result<Option<usize>> {
        if now < self.crowded_until {
            return Ok(None);
        }
        let records = all(file)?;
        let free = |bytes: &[u8; RECORD]| Record::read(bytes).is_none_or(|record| !record.holds(now));
        let slot = records.iter().position(free).or((records.len() < SLOTS).then_some(records.len()));
        if slot.is_none() {
            self.crowded_until = now + CROWDED;
            tracing::debug!("{SLOTS} limits are shared on this host already; one more stays with this run");
        }
        Ok(slot)
    }

    /// Writes `record` to `slot`, after the header: who dies in between has told about nothing new.
    pub(super) fn write(&mut self, file: &File, slot: usize, record: &Record) -> io::Result<()> {
        let lane = Lane(record.lane);
        self.header.generation += 1;
        if self.slots.get(&lane) != Some(&slot) {
            self.header.layout = self.header.generation;
            self.slots.retain(|_, taken| *taken != slot);
            self.slots.insert(lane, slot);
        }
        file.write_all_at(&self.header.bytes(), 0)?;
        file.write_all_at(&record.bytes(), place(slot))
    }

    fn damaged(&mut self) {
        self.warn("a limit that runs on this host share was damaged; it begins anew");
    }

    fn warn(&mut self, message: &str) {
        if !std::mem::replace(&mut self.warned, true) {
            tracing::warn!("{message}");
        }
    }
}

/// All records that the file has.
fn all(file: &File) -> io::Result<Vec<[u8; RECORD]>> {
    let mut bytes = vec![0; SLOTS * RECORD];
    let length = read_at(file, &mut bytes, place(0))?;
    let (records, _) = bytes[..length].as_chunks::<RECORD>();
    Ok(records.to_vec())
}

/// Where the record `slot` stands in the file.
fn place(slot: usize) -> u64 {
    (Header::BYTES + slot * RECORD) as u64
}

/// Fills `bytes` as far as the file goes; returns how far.
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}
