//! Segments, as they are sent and arrive.

use experiment::Relative;
use experiment::record::{Because, Deaf, Record, Sent};
use sim_time::Instant;
use tcp_endpoint::{Acknowledged, Purpose};

use super::Diagram;
use crate::diagram::{Arrival, Event, Remark, Segment, unheard};
use crate::words::{fate, label, purpose};

impl Diagram {
    pub(super) fn sent(&mut self, record: &Record, sent: &Sent, numbers: Relative) {
        let third = self.is_third(record, sent);
        let mut name = label(sent, numbers);
        if third && sent.octets > 0 && !sent.flags.fin() {
            name = format!("ACK,{name}");
        }
        let mut remarks: Vec<String> = sent.purpose.and_then(purpose).map(str::to_owned).into_iter().collect();
        if sent.retransmission > 0 {
            remarks.push(format!("retransmission {}", sent.retransmission));
        }
        if sent.forged {
            remarks.push("forged".to_owned());
        }
        let copies = sent.fate.deliveries.iter().filter(|_| sent.to.is_some());
        let copies: Vec<Arrival> = copies.map(|&at| Arrival { at, late: false, stale: false, deaf: None }).collect();
        let place = self.segments.len();
        if !copies.is_empty() {
            self.travelling.insert(record.id, place);
        }
        let because = record.because.iter().filter_map(|cause| self.words.get(&cause));
        let because = because.map(|(at, words)| format!("{words} ({at} s)")).collect();
        let wasted = sent.wasted.map(|blame| self.packets.borrow().blamed(blame, &self.hosts));
        self.segments.push(Segment {
            id: record.id,
            at: record.at,
            from: sent.from,
            to: sent.to,
            attempt: sent.attempt,
            sender: sent.incarnation,
            label: name,
            remark: (!remarks.is_empty()).then(|| remarks.join(", ")),
            third,
            forged: sent.forged,
            wasted,
            fate: fate(sent),
            lost: sent.fate.lost,
            copies,
            because,
        });
        self.event(record.at, Event::Sent(place));
    }

    /// Whether a segment is the third message of a handshake: with it an active connection acknowledges the peer's SYN, and it
    /// bears none itself. What the timer sends again that was set with it is it once more.
    pub(super) fn is_third(&mut self, record: &Record, sent: &Sent) -> bool {
        let Some(connection) = sent.incarnation.and_then(|of| self.connections.get_mut(&of)) else { return false };
        if connection.passive || sent.acknowledges != Acknowledged::Syn || sent.flags.syn() || sent.flags.rst() {
            connection.acknowledged |= sent.acknowledges != Acknowledged::Nothing;
            return false;
        }
        let first = !std::mem::replace(&mut connection.acknowledged, true);
        let again = sent.purpose == Some(Purpose::Retransmission) && self.comes_of_third(record);
        if (first || again) && record.at >= self.from {
            self.thirds.insert(record.id);
        }
        first || again
    }

    pub(super) fn comes_of_third(&self, record: &Record) -> bool {
        record.because.first().is_some_and(|cause| self.thirds.contains(&cause))
    }

    pub(super) fn arrived(&mut self, at: Instant, because: Because, copy: u32, stale: bool, deaf: Option<Deaf>) {
        let Some(id) = because.first() else { return };
        let Some(&place) = self.travelling.get(&id) else { return };
        let segment = &mut self.segments[place];
        let sender = segment.sender.and_then(|sender| self.connections.get_mut(&sender));
        let overtaken =
            sender.is_some_and(|sender| sender.arrived.replace(id.max(sender.arrived.unwrap_or(id))) > Some(id));
        self.came = Some(segment.attempt);
        let copy = copy as usize;
        let Some(arrival) = segment.copies.get_mut(copy) else { return };
        *arrival = Arrival { at, late: overtaken || stale, stale, deaf };
        if copy + 1 == segment.copies.len() {
            self.travelling.remove(&id);
        }
        self.event(at, Event::Arrived(place, copy));
        if let Some(deaf) = deaf
            && let Some(host) = self.segments[place].to
        {
            let life = self.life_of(host, self.segments[place].attempt);
            self.event(
                at,
                Event::Unheard(Remark { host, life, text: unheard(deaf).to_owned(), detail: None, bad: true }),
            );
        }
    }
}
