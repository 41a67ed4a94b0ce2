//! One move of a schedule, from bytes.

use arbitrary::{Result, Unstructured};
use sim_time::Duration;
use tcp_endpoint::{Flags, FourTuple, Handle, Options, Segment, SeqNum, Timestamps};

use super::world::{Packet, World, socket};

/// The ports there are: hosts listen at the first, and may open from any to any.
const PORTS: [u16; 3] = [80, 5000, 5001];

/// Makes the move that the next bytes describe; one that cannot be made now is left out.
pub(super) fn make_one(world: &mut World, bytes: &mut Unstructured<'_>) -> Result<()> {
    let host = usize::from(bytes.arbitrary::<bool>()?);
    match bytes.int_in_range(0..=31)? {
        0..=1 => {
            let local = *bytes.choose(&[Some(PORTS[0]), Some(PORTS[1]), Some(PORTS[2]), None])?;
            let remote = *bytes.choose(&[PORTS[0], PORTS[0], PORTS[1]])?;
            let (octets, all) = (*bytes.choose(&[0, 0, 40, 3000])?, bytes.ratio(1, 4)?);
            world.open(host, (local, remote), (octets, all));
        }
        2 => world.listen(host, PORTS[0]),
        3..=4 => {
            world.accept(host, PORTS[0]);
        }
        5..=7 => {
            let octets = bytes.int_in_range(0..=3000)?;
            with_handle(world, host, bytes, |world, handle| world.send(host, handle, octets))?;
        }
        8 => {
            let limit = bytes.int_in_range(0..=3000)?;
            with_handle(world, host, bytes, |world, handle| world.receive(host, handle, limit))?;
        }
        9 => with_handle(world, host, bytes, |world, handle| world.shutdown(host, handle))?,
        10 => with_handle(world, host, bytes, |world, handle| world.close(host, handle))?,
        11 if bytes.ratio(1, 4)? => with_handle(world, host, bytes, |world, handle| world.abort(host, handle))?,
        11 if bytes.ratio(1, 6)? => world.crash(host),
        // What was sent first arrives first, or what was sent later.
        11..=18 => world.deliver_oldest(),
        19..=23 => {
            if let Some(packet) = take(world, bytes)? {
                world.deliver(packet);
            }
        }
        24 => drop(take(world, bytes)?),
        25 => {
            if let Some(packet) = take(world, bytes)? {
                world.in_flight.push(packet.clone());
                world.deliver(packet);
            }
        }
        26..=27 => world.let_a_deadline_fire(),
        28..=29 => world.pause(Duration::from_millis(bytes.int_in_range(0..=2000)?)),
        _ if world.forging => {
            let packet = forge(world, host, bytes)?;
            world.deliver(packet);
        }
        _ => {}
    }
    Ok(())
}

fn with_handle(
    world: &mut World,
    host: usize,
    bytes: &mut Unstructured<'_>,
    call: impl FnOnce(&mut World, Handle),
) -> Result<()> {
    let handles: Vec<_> = world.handles(host);
    if !handles.is_empty() {
        let handle = *bytes.choose(&handles)?;
        call(world, handle);
    }
    Ok(())
}

fn take(world: &mut World, bytes: &mut Unstructured<'_>) -> Result<Option<Packet>> {
    if world.in_flight.is_empty() {
        return Ok(None);
    }
    let place = bytes.int_in_range(0..=world.in_flight.len() - 1)?;
    Ok(Some(world.in_flight.remove(place)))
}

/// A segment nobody has sent, near to what the receiver expects or anywhere.
fn forge(world: &mut World, to: usize, bytes: &mut Unstructured<'_>) -> Result<Packet> {
    let statuses = world.statuses(to);
    let target = if statuses.is_empty() { None } else { Some(*bytes.choose(&statuses)?) };
    let anywhere = FourTuple { local: socket(to, PORTS[0]), remote: socket(1 - to, *bytes.choose(&PORTS)?) };
    let mut near = |from: Option<SeqNum>| -> Result<SeqNum> {
        match from {
            Some(from) if bytes.ratio(3, 4)? => Ok(from + bytes.int_in_range(-3..=20_i32)?.cast_unsigned()),
            Some(from) if bytes.arbitrary()? => Ok(from + bytes.int_in_range(-70_000..=70_000_i32)?.cast_unsigned()),
            _ => Ok(SeqNum::new(bytes.arbitrary()?)),
        }
    };
    let seq = near(target.and_then(|status| status.receive_next))?;
    let ack = near(target.map(|status| status.send_next))?;
    let bits: u8 = bytes.arbitrary()?;
    let flags = [Flags::SYN, Flags::FIN, Flags::RST, Flags::PSH, Flags::ACK]
        .into_iter()
        .filter(|flag| bits & flag.bits() != 0)
        .fold(Flags::NONE, Flags::with);
    let tuple = target.map_or(anywhere, |status| status.tuple);
    let timestamps = if bytes.arbitrary()? {
        Some(Timestamps { value: bytes.arbitrary()?, echo: bytes.arbitrary()? })
    } else {
        None
    };
    let segment = Segment {
        source: tuple.remote,
        destination: tuple.local,
        seq,
        ack: if flags.ack() { ack } else { SeqNum::default() },
        flags,
        window: *bytes.choose(&[10_000, 0, 1, u32::MAX])?,
        options: Options::stamped(timestamps),
        payload: vec![0xEE; *bytes.choose(&[0, 0, 1, 40, 70_000])?],
    };
    world.forged = true;
    Ok(Packet { segment, origin: None, to })
}
