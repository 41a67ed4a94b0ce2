//! turmoil: hosts are asynchronous programs, and time moves on in ticks.
//!
//! Its TCP carries octets in order and ends a stream with a FIN. There is no handshake state at the server, nothing is sent
//! again (so no loss), and there is no TIME-WAIT.

use std::io::{Error, Result};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use synlab_benches::Figures;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use turmoil::Builder;
use turmoil::net::{TcpListener, TcpStream};

use crate::arrivals;

const PORT: u16 = 80;
const OCTETS: [u8; 100] = [0; 100];

pub(crate) fn lives(count: u64) -> Figures {
    let mut simulation = Builder::new()
        .rng_seed(1)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(3_600))
        .min_message_latency(Duration::from_millis(10))
        .max_message_latency(Duration::from_millis(10))
        .tcp_capacity(1 << 16)
        .ephemeral_ports(1_024..=65_535)
        .build();
    simulation.host("server", || async {
        let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream));
        }
    });
    simulation.client("client", async move {
        let begun = tokio::time::Instant::now();
        let mut sessions = JoinSet::new();
        for arrival in arrivals(count) {
            tokio::time::sleep_until(begun + Duration::from_nanos(arrival.as_nanos())).await;
            sessions.spawn(session());
        }
        while let Some(session) = sessions.join_next().await {
            session??;
        }
        Ok(())
    });
    Figures::of(count, || simulation.run().expect("every session ends well"))
}

/// Takes 100 octets, sends 100, closes when the client has.
async fn serve(mut stream: TcpStream) -> Result<()> {
    stream.read_exact(&mut [0; 100]).await?;
    stream.write_all(&OCTETS).await?;
    stream.read(&mut [0; 1]).await?;
    stream.shutdown().await
}

/// Connects, sends 100 octets, takes 100, closes.
async fn session() -> Result<()> {
    let mut stream = TcpStream::connect(("server", PORT)).await?;
    stream.write_all(&OCTETS).await?;
    stream.read_exact(&mut [0; 100]).await?;
    stream.shutdown().await?;
    match stream.read(&mut [0; 1]).await? {
        0 => Ok(()),
        _ => Err(Error::other("more came than was sent")),
    }
}
