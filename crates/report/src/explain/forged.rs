//! Connections that forged segments opened. Each is known until it is over and nothing that it sent is on its way, since its
//! octets are lost only then.

use std::collections::BTreeMap;

use experiment::record::{Incarnation, RecordId, Sent};

use super::known::{End, Ended, Life};

#[derive(Clone, Debug, Default)]
pub(super) struct Forged {
    connections: BTreeMap<Incarnation, Connection>,
    /// Segments on their way: who sent each, and how many copies are still to come.
    flying: BTreeMap<RecordId, (Incarnation, usize)>,
    /// Those of which the last may be gone.
    fading: Vec<Incarnation>,
}

#[derive(Clone, Debug, Default)]
struct Connection {
    end: End,
    /// How many of its segments are on their way.
    flying: u32,
}

impl Forged {
    /// The connection's end, which is the only one.
    pub(super) fn end(&self, life: Incarnation) -> Option<&End> {
        Some(&self.connections.get(&life)?.end)
    }

    /// It comes to a state; it may end there.
    pub(super) fn changed(&mut self, life: Life, ended: Option<Ended>) {
        let end = &mut self.connections.entry(life.incarnation).or_default().end;
        (end.life, end.ended) = (Some(life), ended);
        if ended.is_some() {
            self.fading.push(life.incarnation);
        }
    }

    pub(super) fn sent(&mut self, segment: RecordId, sent: &Sent) {
        let copies = sent.fate.deliveries.len();
        let Some(life) = sent.incarnation.filter(|_| copies > 0) else { return };
        if let Some(connection) = self.connections.get_mut(&life) {
            connection.flying += 1;
            self.flying.insert(segment, (life, copies));
        }
    }

    /// A copy of a segment lands.
    pub(super) fn landed(&mut self, segment: RecordId) {
        let Some((life, copies)) = self.flying.get_mut(&segment) else { return };
        *copies -= 1;
        if *copies == 0 {
            if let Some(connection) = self.connections.get_mut(life) {
                connection.flying -= 1;
            }
            self.fading.push(*life);
            self.flying.remove(&segment);
        }
    }

    /// An instant is over: forgets those of which nothing is left.
    pub(super) fn settle(&mut self) {
        for life in self.fading.drain(..) {
            let is_over = |connection: &Connection| connection.end.ended.is_some() && connection.flying == 0;
            if self.connections.get(&life).is_some_and(is_over) {
                self.connections.remove(&life);
            }
        }
    }
}
