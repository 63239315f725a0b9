//! What every Ultra tool shares: records, NDJSON, the process shell, configuration.
