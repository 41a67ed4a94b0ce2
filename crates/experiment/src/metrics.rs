//! Names of metrics.

/// What `synlab list metrics` says of a metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricInfo {
    /// Its dotted name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it measures.
    pub meaning: &'static str,
}

/// The metrics of a run with these hosts.
#[must_use]
pub fn catalogue(hosts: &[&str]) -> Vec<MetricInfo> {
    let of_run = [
        ("segments.sent".to_owned(), "segments", "segments offered to a link"),
        ("setup.seconds.mean".to_owned(), "seconds", "time from open to ESTABLISHED"),
    ];
    let of_host = hosts.iter().flat_map(|host| {
        [
            (format!("{host}.ghost.connections"), "connections", "connections no client was ever bound to"),
            (format!("{host}.ghost.seconds"), "seconds", "how long they were held"),
            (format!("{host}.half-open.peak"), "entries", "most half-open entries at a time"),
        ]
    });
    of_run.into_iter().chain(of_host).map(|(name, unit, meaning)| MetricInfo { name, unit, meaning }).collect()
}
