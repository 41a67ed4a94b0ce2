//! Whole runs that the endpoint once answered otherwise than the RFCs, or Linux: each file beside this one says what is right,
//! in its expectations.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;

#[test]
fn each_file_is_as_it_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rfc");
    let files = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|of| of == "toml")).collect();
    files.sort();
    cargo_bin_cmd!("synlab").arg("verify").args(files).assert().success();
}
