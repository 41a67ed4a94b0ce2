//! OPEN without a local port (RFC 9293 §3.9.1.1): the ports that each selection of RFC 6056 takes.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};

use expect_test::expect;
use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{Patience, PortRange, PortSelection, Settings, Teardown, UserError};

const ALL: [PortSelection; 7] = [
    PortSelection::Sequential,
    PortSelection::Random,
    PortSelection::RandomAgain,
    PortSelection::Hash,
    PortSelection::DoubleHash,
    PortSelection::DoubleHashByParity,
    PortSelection::RandomIncrements,
];

const fn peer(last: u8) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), 80)
}

fn host(port_selection: PortSelection, first: u16, last: u16) -> Bench {
    let ephemeral_ports = PortRange::new(first, last).expect("a range");
    let limits = limits().with(|it| {
        it.selection.port_selection = port_selection;
        it.selection.ephemeral_ports = ephemeral_ports;
    });
    Bench::closed(Settings { limits, ..settings("three-way") })
}

/// Opens to each of the peers; returns the ports.
fn opened(bench: &mut Bench, peers: &[u8]) -> Vec<Result<u16, UserError>> {
    let open = |last: &u8| {
        let entry = bench.host.open_ephemeral(bench.now, peer(*last), (), &mut Vec::new())?;
        Ok(bench.host.status(entry).expect("just opened").tuple.local.port())
    };
    peers.iter().map(open).collect()
}

fn ports(bench: &mut Bench, peers: &[u8]) -> Vec<u16> {
    opened(bench, peers).into_iter().map(|port| port.expect("a port is free")).collect()
}

/// The numbers are part of every record stream: they may not change from machine to machine or release to release.
#[test]
fn what_each_selection_takes() {
    let mut table = String::new();
    for selection in ALL {
        let taken = ports(&mut host(selection, 49_152, 65_535), &[2, 2, 3, 2, 3]);
        table += &format!("{taken:?} {selection:?}\n");
    }
    expect![[r#"
        [49152, 49153, 49154, 49155, 49156] Sequential
        [53007, 60815, 56509, 50246, 49820] Random
        [53007, 60815, 56509, 50246, 49820] RandomAgain
        [50891, 50892, 54313, 50894, 54315] Hash
        [64156, 64157, 58756, 64158, 58757] DoubleHash
        [62776, 62780, 51976, 62792, 51984] DoubleHashByParity
        [53363, 53588, 53622, 53643, 54022] RandomIncrements
    "#]]
    .assert_eq(&table);
}

/// §3.3.3 and §3.3.4: to one peer it is one port after the other; another peer sees a row of its own, and the double hash
/// leaves no gap in either.
#[test]
fn hashes_keep_a_row_for_each_peer() {
    let mut bench = host(PortSelection::Hash, 20_000, 29_999);
    let taken = ports(&mut bench, &[2, 2, 3, 2]);
    assert_eq!((taken[1] - taken[0], taken[3] - taken[1]), (1, 2), "the opens to all peers are counted together");
    let mut bench = host(PortSelection::DoubleHash, 20_000, 29_999);
    let taken = ports(&mut bench, &[2, 2, 3, 2, 3]);
    assert_eq!((taken[1] - taken[0], taken[3] - taken[1], taken[4] - taken[2]), (1, 1, 1));
    assert_ne!(taken[2], taken[0]);
}

#[test]
fn linux_takes_even_ports_first_and_skips_a_few() {
    let mut bench = host(PortSelection::DoubleHashByParity, 20_000, 20_999);
    let taken = ports(&mut bench, &[2; 500]);
    assert!(taken.iter().all(|port| port % 2 == 0));
    assert!(
        taken[..20].is_sorted() && taken[..20].windows(2).all(|pair| (2..=16).contains(&(pair[1] - pair[0]))),
        "{:?}",
        &taken[..20]
    );
    assert!(ports(&mut bench, &[2; 500]).iter().all(|port| port % 2 == 1));
    assert_eq!(opened(&mut bench, &[2]), [Err(UserError::NoPort)]);
}

#[test]
fn increments_are_between_1_and_500() {
    // Too few opens for the search to come around and meet a port that is taken.
    let taken = ports(&mut host(PortSelection::RandomIncrements, 1, 65_535), &[2; 100]);
    let places: Vec<u32> = taken.into_iter().map(u32::from).collect();
    let steps: BTreeSet<u32> = places.windows(2).map(|pair| (pair[1] + 65_535 - pair[0]) % 65_535).collect();
    assert!(steps.iter().all(|step| (1..=500).contains(step)) && steps.len() > 75, "{steps:?}");
}

/// Every selection finds the last port that is free, and says so when none is. Another peer has ports of its own, and
/// one that becomes free can be taken again.
#[test]
fn exhaustion_is_exact() {
    for selection in ALL {
        let mut bench = host(selection, 50_000, 50_063);
        let taken: BTreeSet<u16> = ports(&mut bench, &[2; 64]).into_iter().collect();
        assert!(taken.len() == 64 && taken.iter().all(|port| (50_000..=50_063).contains(port)), "{selection:?}");
        assert_eq!(opened(&mut bench, &[2, 2]), [Err(UserError::NoPort); 2], "{selection:?}");
        ports(&mut bench, &[3; 64]);
        bench.crash();
        ports(&mut bench, &[2; 64]);
    }
}

#[test]
fn a_range_may_be_a_single_port() {
    for selection in ALL {
        let mut bench = host(selection, 65_535, 65_535);
        assert_eq!(opened(&mut bench, &[2, 2, 3]), [Ok(65_535), Err(UserError::NoPort), Ok(65_535)], "{selection:?}");
    }
}

#[test]
fn a_listening_port_is_not_taken() {
    let mut bench = host(PortSelection::Sequential, 80, 81);
    bench.host.listen(80).expect("the port is free");
    assert_eq!(opened(&mut bench, &[2, 2]), [Ok(81), Err(UserError::NoPort)]);
}

/// TIME-WAIT holds the port towards its peer, unless it may be reused (RFC 6191, Linux `tcp_tw_reuse`).
#[test]
fn time_wait_that_may_be_reused_is_free() {
    let one_port = PortRange::new(80, 80).expect("a range");
    let base = settings("three-way");
    for (time_wait_reuse, later) in
        [(Patience::Forever, Err(UserError::NoPort)), (Patience::For(Duration::from_secs(1)), Ok(()))]
    {
        let mut bench = Bench::connecting(Settings {
            limits: limits().with(|it| {
                it.timers.timestamps = true;
                it.selection.ephemeral_ports = one_port;
            }),
            teardown: Teardown { time_wait_reuse, ..base.teardown.clone() },
            ..base.clone()
        });
        bench.arrives("SA 0/1 @100");
        let remote = bench.host.status(bench.socket.expect("opened")).expect("there").tuple.remote;
        bench.shutdown();
        bench.arrives("FA 1/2 @100");
        let mut open = |then| bench.host.open_ephemeral(at(then), remote, (), &mut Vec::new()).map(|_| ());
        assert_eq!(open(1000), Err(UserError::NoPort));
        assert_eq!(open(1001), later);
    }
}

/// A reboot starts the searches anew, but what is random stays so.
#[test]
fn after_a_crash_the_row_starts_again() {
    for (selection, again) in
        [(PortSelection::Sequential, true), (PortSelection::DoubleHash, true), (PortSelection::Random, false)]
    {
        let mut bench = host(selection, 49_152, 65_535);
        let before = ports(&mut bench, &[2, 2]);
        bench.crash();
        assert_eq!(ports(&mut bench, &[2, 2]) == before, again, "{selection:?}");
    }
}
