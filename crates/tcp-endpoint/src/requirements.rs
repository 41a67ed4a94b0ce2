#![doc = include_str!("../REQUIREMENTS.md")]
