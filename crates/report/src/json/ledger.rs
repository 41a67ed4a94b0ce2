//! The ledger as JSON.

use std::borrow::Cow;

use experiment::record::{Blame, RecordId, cause_word};
use experiment::{Account, Count};
use serde::Serialize;

use crate::ledger::Balance;
use crate::packets::{Packet, sender};
use crate::seconds::{Seconds, UnitSeconds};

/// What was held for whom. In every account, what the causes amount to adds up to what was wasted, to the last digit.
#[derive(Serialize)]
pub(super) struct LedgerObject<'a> {
    resources: Vec<ResourceObject<'a>>,
    segments: AccountObject<'a, u64>,
    /// Clients that waited in vain.
    turned_away: AccountObject<'a, u64>,
}

/// A resource of a host, in its unit times seconds.
#[derive(Serialize)]
struct ResourceObject<'a> {
    host: &'a str,
    resource: &'static str,
    unit: &'static str,
    #[serde(flatten)]
    account: AccountObject<'a, UnitSeconds>,
}

#[derive(Serialize)]
struct AccountObject<'a, A> {
    useful: A,
    wasted: A,
    causes: Vec<CauseObject<'a, A>>,
}

#[derive(Serialize)]
struct CauseObject<'a, A> {
    cause: &'static str,
    packet: Option<PacketObject<'a>>,
    record: Option<u32>,
    amount: A,
}

/// A packet, under the names that a trace gives to what is said of it; and in words.
#[derive(Serialize)]
struct PacketObject<'a> {
    words: String,
    id: u32,
    t: Seconds,
    from: Cow<'a, str>,
    to: Option<&'a str>,
    sport: u16,
    dport: u16,
    flags: String,
    seq: Option<i64>,
    ack: Option<i64>,
    len: u32,
    retransmission: u32,
    forged: bool,
    delivered_at: Vec<Seconds>,
}

impl<'a> LedgerObject<'a> {
    pub(super) fn new(balance: &'a Balance) -> Self {
        let resource = |account: &'a Account| ResourceObject {
            host: balance.hosts.name(account.host),
            resource: account.resource.name(),
            unit: account.resource.unit(),
            account: AccountObject {
                useful: UnitSeconds(account.useful),
                wasted: UnitSeconds(account.wasted()),
                causes: causes(balance, &account.wasted, UnitSeconds),
            },
        };
        let counted = |count: &'a Count| AccountObject {
            useful: count.useful,
            wasted: count.wasted(),
            causes: causes(balance, &count.wasted, |number| number),
        };
        Self {
            resources: balance.ledger.accounts.iter().map(resource).collect(),
            segments: counted(&balance.ledger.segments),
            turned_away: counted(&balance.ledger.turned_away),
        }
    }
}

fn causes<'a, N: Copy, A>(balance: &'a Balance, wasted: &[(Blame, N)], of: impl Fn(N) -> A) -> Vec<CauseObject<'a, A>> {
    let cause = |&(blame, amount): &(Blame, N)| CauseObject {
        cause: cause_word(blame.cause).0,
        packet: balance.packets.packet(blame).map(|packet| PacketObject::new(packet, balance)),
        record: blame.record.map(RecordId::place),
        amount: of(amount),
    };
    wasted.iter().map(cause).collect()
}

impl<'a> PacketObject<'a> {
    fn new(packet: &Packet, balance: &'a Balance) -> Self {
        let Packet { id, at, sent, numbers } = packet;
        Self {
            words: packet.in_words(&balance.hosts),
            id: id.place(),
            t: Seconds(*at),
            from: sender(sent.from, sent.source, &balance.hosts),
            to: sent.to.map(|to| balance.hosts.name(to)),
            sport: sent.source.port(),
            dport: sent.destination.port(),
            flags: sent.flags.to_string(),
            seq: numbers.seq,
            ack: numbers.ack,
            len: sent.octets,
            retransmission: sent.retransmission,
            forged: sent.forged,
            delivered_at: sent.fate.deliveries.iter().copied().map(Seconds).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::expect;
    use experiment::{Experiment, simulate};
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;
    use crate::{Hosts, LedgerBook};

    fn balance(case: &str, handshake: &str) -> Balance {
        let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let scenario = experiment.scenario(&experiment.variant(Some(handshake), None).unwrap()).unwrap();
        let mut book = LedgerBook::new(Hosts::of(&scenario));
        simulate(&scenario, &mut book).unwrap();
        book.balance(scenario.horizon)
    }

    #[test]
    fn an_account_names_the_packets_to_blame() {
        let balance = balance("stale-syn-reset-lost", "two-way-rst");
        let ledger = LedgerObject::new(&balance);
        let connections = ledger.resources.iter().find(|of| (of.host, of.resource) == ("server", "connections"));
        expect![[r#"
            {
              "host": "server",
              "resource": "connections",
              "unit": "B·s",
              "useful": 947.2,
              "wasted": 25562560,
              "causes": [
                {
                  "cause": "lost",
                  "packet": {
                    "words": "RST 1 of client, sent 5.050, lost",
                    "id": 47,
                    "t": 5.050,
                    "from": "client",
                    "to": "server",
                    "sport": 49152,
                    "dport": 80,
                    "flags": "R",
                    "seq": 1,
                    "ack": null,
                    "len": 0,
                    "retransmission": 0,
                    "forged": false,
                    "delivered_at": []
                  },
                  "record": 47,
                  "amount": 25562441.6
                },
                {
                  "cause": "delayed",
                  "packet": {
                    "words": "SYN 0 of client, sent 0.000, arrived 5.000",
                    "id": 3,
                    "t": 0.000,
                    "from": "client",
                    "to": "server",
                    "sport": 49152,
                    "dport": 80,
                    "flags": "S",
                    "seq": 0,
                    "ack": null,
                    "len": 0,
                    "retransmission": 0,
                    "forged": false,
                    "delivered_at": [
                      5.000
                    ]
                  },
                  "record": 3,
                  "amount": 118.4
                }
              ]
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(connections.unwrap()).unwrap());
    }

    #[derive(Deserialize)]
    struct Read {
        resources: Vec<Amounts>,
        segments: Amounts,
    }

    #[derive(Deserialize)]
    struct Amounts {
        useful: Box<RawValue>,
        wasted: Box<RawValue>,
        causes: Vec<BTreeMap<String, Box<RawValue>>>,
    }

    /// The digits as they stand, in billionths.
    fn billionths(digits: &RawValue) -> u128 {
        let (whole, fraction) = digits.get().split_once('.').unwrap_or((digits.get(), ""));
        format!("{whole}{fraction:0<9}").parse().unwrap()
    }

    /// Byte·seconds that no float holds exactly, as the loss of several resets makes them.
    #[test]
    fn causes_add_up_to_the_last_digit() {
        let balance = balance("stale-syn-resets-lost", "three-way");
        let read: Read = serde_json::from_str(&serde_json::to_string(&LedgerObject::new(&balance)).unwrap()).unwrap();
        let mut causes = 0;
        for account in read.resources.iter().chain([&read.segments]) {
            let sum: u128 = account.causes.iter().map(|cause| billionths(&cause["amount"])).sum();
            assert_eq!(billionths(&account.wasted), sum);
            causes += account.causes.len();
        }
        assert!(causes > 10, "{causes}");
        let held = read.resources.iter().map(|account| billionths(&account.useful) + billionths(&account.wasted));
        let total: u128 = balance.ledger.accounts.iter().map(Account::total).sum();
        assert_eq!(held.sum::<u128>(), total);
    }
}
