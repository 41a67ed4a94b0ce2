//! What CONTRIBUTING.md says of a new handshake, step by step, through the interface that anyone has.

use std::path::PathBuf;

use experiment::{Experiment, schema};
use synlab_tests::{Run, parse, scenario};
use tcp_endpoint::presets::{HANDSHAKES, TEARDOWNS};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of every file below a directory of the project with such a name.
fn texts(directory: &str, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(directory)).expect("the directory is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let chosen = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    chosen.map(|path| std::fs::read_to_string(path).expect("a text")).collect()
}

/// The line of TOML that step 1 shows.
fn example() -> String {
    let text = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("it is there");
    let steps = text.split("## Add a handshake variant").nth(1).expect("the section is there");
    let line = steps.split('`').find(|code| code.starts_with("handshake = [")).expect("step 1 shows a line of TOML");
    line.to_owned()
}

/// The example, on a network that loses the first SYN-ACK.
fn experiment() -> Experiment {
    parse(
        "mine.toml",
        &format!(
            r#"
            question = "What does a listener lose that never sends its SYN-ACK again?"
            {}
            horizon = "10 min"
            [link]
            delay = "50ms"
            [[link.fault]]
            on = {{ flags = "SYN-ACK", nth = 1 }}
            drop = true
            [client]
            script = ["connect", "send 100 B", "close"]
            [server]
            script = ["accept", "close on EOF"]
            [[expect]]
            handshake = "three-way"
            that = "client.attempts.established == 1"
            [[expect]]
            handshake = "mine"
            that = "client.attempts.established == 0 and three-way:client.attempts.established == 1"
            "#,
            example()
        ),
    )
}

/// Step 1: a design of one's own differs from its base in the key that the file sets, and in no other.
#[test]
fn a_file_can_set_any_key_of_a_handshake() {
    let experiment = experiment();
    let [base, mine] = &experiment.variants()[..] else { panic!("two variants") };
    let policy = |variant| scenario(&experiment, variant).hosts[0].settings.handshake;
    assert_eq!((base.handshake.as_str(), mine.handshake.as_str()), ("three-way", "mine"));
    assert!(policy(base).syn_ack_timer && !policy(mine).syn_ack_timer);
    assert_eq!(policy(mine), tcp_endpoint::Handshake { syn_ack_timer: false, ..policy(base) });
}

/// Step 5: its expectations are told apart by its name, and what it costs can be measured.
#[test]
fn and_its_cost_is_measured_by_its_name() {
    let experiment = experiment();
    let runs: Vec<Run> = experiment.variants().iter().map(|variant| Run::of(&scenario(&experiment, variant))).collect();
    let established: Vec<f64> = runs.iter().map(|run| run.metric("client.attempts.established")).collect();
    assert_eq!(established, [1.0, 0.0], "{}", runs[1].ladder);
    assert_eq!(experiment.expectations().len(), 2);
}

/// Step 2: the one entry is all that the file format and its schema need.
#[test]
fn a_preset_is_known_by_its_name() {
    let schema = schema().to_string();
    for preset in HANDSHAKES {
        let text = format!(
            "handshake = \"{}\"\nhorizon = \"1 s\"\n[link]\n[client]\nscript = [\"connect\"]\n[server]\nscript = [\"accept\"]\n",
            preset.name
        );
        let experiment = parse("preset.toml", &text);
        let policy = scenario(&experiment, &experiment.variants()[0]).hosts[1].settings.handshake;
        assert_eq!(policy, preset.policy, "{}", preset.name);
        assert!(schema.contains(&format!("\"{}\"", preset.name)), "{} is not in the schema", preset.name);
    }
}

/// Steps 4 and 5: every preset has a table, and a case or a claim that shows what it buys.
#[test]
fn a_preset_has_a_table_and_a_question() {
    let tables = texts("crates/tcp-endpoint/src/tables", "rs");
    let questions = [texts("configs/cases", "toml"), texts("configs/claims", "toml")].concat();
    let named = |texts: &[String], name: &str| texts.iter().any(|text| text.contains(&format!("\"{name}\"")));
    for preset in HANDSHAKES {
        assert!(named(&tables, preset.name), "no table shows {}", preset.name);
        assert!(named(&questions, preset.name), "no file in configs asks about {}", preset.name);
    }
    for preset in TEARDOWNS {
        assert!(named(&questions, preset.name), "no file in configs asks about {}", preset.name);
    }
}
