//! An exact cache of answers as a filter.
