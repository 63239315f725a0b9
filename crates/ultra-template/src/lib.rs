//! Pattern files, templates and stage planning, pure.
