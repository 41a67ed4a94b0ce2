//! Which part is drawn of a run that is too long to be drawn whole.

use std::fs;

use super::synlab;

/// Three hundred opens. The SYN of one comes again 5 s later; the SYN-ACK of a later one is lost.
const FILE: &str = r#"
seed = 1
horizon = "60 s"
handshake = ["two-way", "three-way"]
[link]
delay = "50ms"
[[link.fault]]
on = { from = "client", flags = "SYN", nth = 150 }
copies = ["50ms", "5 s"]
[[link.fault]]
on = { from = "server", flags = "SYN-ACK", nth = 251 }
drop = true
[client]
arrivals = { every = "100 ms", most = 300 }
script = ["connect", "close"]
[server]
script = ["accept", "close on EOF"]
"#;

/// What is drawn where nothing fails.
const WORST: &str = "the part in which most is held for nobody";

/// What `run`, `compare` and `report` draw of the file with something more in it.
fn drawn(more: &str) -> [String; 3] {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let file = path("long.toml");
    fs::write(&file, format!("{FILE}{more}")).unwrap();
    let picture = |command: &[&str]| {
        let (svg, out) = (path("picture.svg"), path("out"));
        synlab(&[command, &[file.as_str(), "--svg", &svg, "-o", &out]].concat());
        fs::read_to_string(&svg).unwrap()
    };
    [picture(&["run"]), picture(&["compare"]), synlab(&["report", &file]).0]
}

/// The instant from which on something is drawn.
fn from(picture: &str, shown: &str) -> f64 {
    let shown = format!("nly {shown} is drawn, ");
    // A line of a picture may end anywhere.
    let text = picture
        .replace("</text>", " ")
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, words)| words)
        .collect::<String>();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("&gt;", ">").replace("&lt;", "<");
    let rest = text.split_once(shown.as_str()).unwrap_or_else(|| panic!("{shown}: {text}")).1;
    let time = rest.split_once(", from ").unwrap().1;
    time.split_once(" s").unwrap().0.parse().unwrap()
}

#[test]
fn the_worst_is_drawn_and_beside_it_the_same_time_of_others() {
    let [run, compare, report] = drawn("");
    for picture in [&run, &compare, &report] {
        let at = from(picture, WORST);
        assert!(at > 18.0 && at < 20.0, "the ghost comes at 20 s: {at}");
    }
    assert_eq!(from(&compare, "the same time"), from(&compare, WORST));
}

/// What is held for nobody from the warm-up on leads no picture back into it; and `run` draws what `report` draws of its variant.
#[test]
fn nothing_is_drawn_of_a_warm_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (svg, out) = (path("picture.svg"), path("out"));
    synlab(&["run", "syn-flood", "--svg", &svg, "-o", &out]);
    let run = fs::read_to_string(&svg).unwrap();
    let report = synlab(&["report", "syn-flood"]).0;
    assert_eq!((from(&run, WORST), from(&report, WORST)), (120.0, 120.0));
    assert_eq!(from(&report, "the same time"), 120.0);
    // Where nothing is held for nobody, it is the beginning of what is measured.
    synlab(&["run", "time-wait-occupancy", "--svg", &svg, "-o", &out]);
    assert_eq!(from(&fs::read_to_string(&svg).unwrap(), "the beginning of what is measured"), 60.0);
}

#[test]
fn what_makes_an_expectation_fail_is_drawn_before_what_is_worst() {
    for (more, that) in [
        ("[[expect]]\nthat = \"setup.seconds.max == 0.1 s\"", "setup.seconds.max == 0.1 s"),
        (
            "[[expect]]\nthat = \"client.attempts.opened >= 300\"\n[[expect]]\nthat = \"segments.lost < 1\"",
            "segments.lost < 1",
        ),
    ] {
        let [run, compare, report] = drawn(more);
        let shown = format!("what makes `{that}` fail");
        for picture in [&run, &compare, &report] {
            let at = from(picture, &shown);
            assert!(at > 23.0 && at < 26.0, "{that}: the SYN-ACK is lost at 25.05 s: {at}");
        }
        assert_eq!(from(&compare, "the same time"), from(&compare, &shown));
    }
}

/// One that never holds fails where its number becomes what it is; one about a segment where the segment should be.
#[test]
fn what_never_holds_is_drawn_where_it_is_decided() {
    let never = "[[expect]]\nthat = \"setup.seconds.max == 7 s\"";
    let at = from(&drawn(never)[0], "what makes `setup.seconds.max == 7 s` fail");
    assert!(at > 24.0 && at < 26.1, "{at}");
    let missing = "[[expect-segment]]\nfrom = \"client\"\nflags = \"RST\"\nat = \"28 s\"";
    let at = from(&drawn(missing)[0], "what makes `client sends RST at 28.000 s` fail");
    assert!(at > 26.0 && at < 28.0, "{at}");
}

#[test]
fn what_fails_in_what_is_drawn_anyway_needs_no_other_part() {
    let early = "[[expect]]\nthat = \"client.attempts.opened < 2\"";
    assert!(drawn(early)[0].contains("Only the beginning is drawn, "));
}
