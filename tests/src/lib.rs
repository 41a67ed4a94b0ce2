//! Tests live beside this file; this library holds what they share.
