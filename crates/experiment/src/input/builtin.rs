//! The files under `configs/`, compiled in so that an installed binary has something to run.

use include_dir::{Dir, include_dir};

static CONFIGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../configs");

/// A file that is compiled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuiltIn {
    /// Its name without directory and `.toml`: `stale-syn`.
    pub name: &'static str,
    /// Its path in the repository: `configs/cases/stale-syn.toml`.
    pub path: String,
    /// Its text.
    pub text: &'static str,
}

impl BuiltIn {
    /// What it is for, in a sentence: a claim, a case's question, a profile's description.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let table: toml::Table = self.text.parse().ok()?;
        let sentence = table.get("claim").or_else(|| table.get("question")).or_else(|| table.get("description"))?;
        sentence.as_str().map(str::to_owned)
    }
}

/// The classic cases, by name.
#[must_use]
pub fn cases() -> Vec<BuiltIn> {
    files("cases")
}

/// Claims put to the test, by name.
#[must_use]
pub fn claims() -> Vec<BuiltIn> {
    files("claims")
}

/// Sweeps that study something, by name.
#[must_use]
pub fn studies() -> Vec<BuiltIn> {
    files("studies")
}

/// The profiles, by name.
#[must_use]
pub fn profiles() -> Vec<BuiltIn> {
    files("profiles")
}

/// The classic case of that name, or the claim, or the study.
#[must_use]
pub fn case(name: &str) -> Option<BuiltIn> {
    cases().into_iter().chain(claims()).chain(studies()).find(|file| file.name == name)
}

/// The profile of that name.
#[must_use]
pub fn profile(name: &str) -> Option<BuiltIn> {
    profiles().into_iter().find(|file| file.name == name)
}

/// The TOML files of one directory, sorted by name.
fn files(directory: &str) -> Vec<BuiltIn> {
    let Some(directory) = CONFIGS.get_dir(directory) else { return Vec::new() };
    let mut files: Vec<_> = directory
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            let path = format!("configs/{}", file.path().to_str()?);
            Some(BuiltIn { name, path, text: file.contents_utf8()? })
        })
        .collect();
    files.sort_by_key(|file| file.name);
    files
}
