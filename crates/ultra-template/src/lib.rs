//! Pattern files, templates and stage planning, pure.
pub mod fence;
pub mod group;
pub mod mark;
