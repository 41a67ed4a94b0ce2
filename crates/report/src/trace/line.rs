//! JSON written field by field into octets: a trace is so many small lines that a general serializer takes longer over them
//! than the run over what they tell.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::Instant;

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Goes on with one that `out` ends in, and that has fields.
    pub(super) const fn resume(out: &'a mut Vec<u8>) -> Self {
        Self { out, empty: false }
    }

    /// Goes on with one that `out` ends in.
    pub(super) fn go_on(out: &'a mut Vec<u8>) -> Self {
        let empty = out.last() == Some(&b'{');
        Self { out, empty }
    }

    /// With another field. Its name is one of ours and needs no escape.
    pub(super) fn with(mut self, name: &'static str, value: impl Value) -> Self {
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.write(self.out);
        self.empty = false;
        self
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// What a field may hold.
pub(super) trait Value {
    /// Writes it as JSON.
    fn write(&self, out: &mut Vec<u8>);
}

/// Text that is JSON already.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(pub(super) &'a str);

impl Value for Json<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

/// What is written already.
pub(super) struct Written<'a>(pub(super) &'a [u8]);

impl Value for Written<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}

/// A word of ours, which needs no escape.
impl Value for &'static str {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.as_bytes());
        out.push(b'"');
    }
}

impl Value for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

macro_rules! number {
    ($($number:ty)*) => {$(
        impl Value for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
            }
        }
    )*};
}

number!(u8 u16 u32 u64 i64);

/// `null` if there is none.
impl<V: Value> Value for Option<V> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<V: Value> Value for &[V] {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (place, value) in self.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            value.write(out);
        }
        out.push(b']');
    }
}

/// In seconds, exact.
impl Value for Instant {
    fn write(&self, out: &mut Vec<u8>) {
        write!(out, "{self}").expect("a vector takes whatever comes");
    }
}

impl Value for Ipv4Addr {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        address(*self, out);
        out.push(b'"');
    }
}

impl Value for SocketAddrV4 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        address(*self.ip(), out);
        out.push(b':');
        self.port().write(out);
        out.push(b'"');
    }
}

fn address(address: Ipv4Addr, out: &mut Vec<u8>) {
    for (place, octet) in address.octets().iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        octet.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json() {
        let mut out = Vec::new();
        let (none, socket) = (None::<u32>, SocketAddrV4::new(Ipv4Addr::new(10, 0, 200, 1), 65_535));
        Object::open(&mut out)
            .with("word", "it")
            .with("number", i64::MIN)
            .with("flag", true)
            .with("none", none)
            .with("list", &[Instant::ZERO, Instant::from_nanos(1_500_000_001)][..])
            .with("socket", socket)
            .with("address", *socket.ip())
            .with("json", Json("{}"))
            .close();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            r#"{"word":"it","number":-9223372036854775808,"flag":true,"none":null,"list":[0.000,1.500000001],"#
                .to_owned()
                + r#""socket":"10.0.200.1:65535","address":"10.0.200.1","json":{}}"#
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
