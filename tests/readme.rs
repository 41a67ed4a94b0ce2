//! What the README shows is what happens.

use std::fs;

use assert_cmd::cargo::cargo_bin_cmd;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");

#[test]
fn the_commands_print_what_is_shown() {
    // What they write goes where nobody keeps it.
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    // Examined when it is dropped, and so before the folder is.
    trycmd::TestCases::new().case(README).run();
}

#[test]
fn the_experiment_holds() {
    let readme = fs::read_to_string(README).unwrap();
    let (_, rest) = readme.split_once("```toml\n").expect("the README shows an experiment");
    let (experiment, _) = rest.split_once("```").expect("the block ends");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, experiment).unwrap();
    cargo_bin_cmd!("synlab").arg("verify").arg(&file).assert().success();
    let named = "handshake=[{ name = \"mine\", base = \"three-way\", unexpected = \"silence\" }]";
    assert!(readme.contains("unexpected =\n  \"silence\" }]"), "the README shows a handshake of one's own");
    cargo_bin_cmd!("synlab").args(["run", "--set", named, "--handshake", "mine"]).arg(&file).assert().success();
}
