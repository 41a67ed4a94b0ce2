#![doc = include_str!("../REQUIREMENTS.md")]

#[doc = include_str!("../requirements/rfc9293.md")]
pub mod rfc9293 {}

#[doc = include_str!("../requirements/rfc6298.md")]
pub mod rfc6298 {}

#[doc = include_str!("../requirements/rfc7323.md")]
pub mod rfc7323 {}

#[doc = include_str!("../requirements/rfc5961.md")]
pub mod rfc5961 {}

#[doc = include_str!("../requirements/rfc6191.md")]
pub mod rfc6191 {}

#[doc = include_str!("../requirements/rfc7413.md")]
pub mod rfc7413 {}

#[doc = include_str!("../requirements/rfc6528.md")]
pub mod rfc6528 {}

#[doc = include_str!("../requirements/rfc1337.md")]
pub mod rfc1337 {}

#[doc = include_str!("../requirements/rfc8985.md")]
pub mod rfc8985 {}
