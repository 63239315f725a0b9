//! Files, directories and streams to document records.
