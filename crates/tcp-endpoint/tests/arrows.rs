//! The files of this crate see each other one way: no circle of `use`, and no sibling through lib.rs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The code of each file by its module's path, less its tests: `connection::acks`, and `` for lib.rs.
fn modules(folder: &Path, path: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let file = entry.expect("an entry").path();
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        if matches!(name, "tables" | "testing" | "audit") {
            continue;
        }
        let module = match name {
            "lib" | "mod" => path.to_owned(),
            _ if path.is_empty() => name.to_owned(),
            _ => format!("{path}::{name}"),
        };
        if file.is_dir() {
            modules(&file, &module, found);
        } else {
            let text = fs::read_to_string(&file).expect("text");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            found.insert(
                module,
                code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n"),
            );
        }
    }
}

/// The modules that a module's code names, by `crate::`, `super::`, `self::` or, of its own, by a bare `use`.
fn seen<'a>(module: &str, code: &str, all: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let above = module.rsplit_once("::").map_or("", |(above, _)| above);
    let roots = [("crate::", ""), ("super::", above), ("self::", module), ("use ", module)];
    let mut seen = Vec::new();
    for (root, base) in roots {
        for (place, _) in code.match_indices(root) {
            let rest = &code[place + root.len()..];
            let names =
                rest.split(|c: char| !c.is_ascii_lowercase() && c != '_' && c != ':').next().unwrap_or_default();
            let path: Vec<_> = base.split("::").chain(names.split("::")).filter(|name| !name.is_empty()).collect();
            // The longest part of the path that is a module: what follows is an item of it.
            let named = (0..=path.len()).rev().find_map(|most| all.get_key_value(&path[..most].join("::")));
            seen.extend(named.map(|(name, _)| name.as_str()).filter(|name| *name != module));
        }
    }
    seen
}

#[test]
fn files_see_each_other_one_way() {
    let mut all = BTreeMap::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut all);
    let mut left: BTreeMap<_, _> =
        all.iter().map(|(module, code)| (module.as_str(), seen(module, code, &all))).collect();
    let through_lib = left.iter().filter(|(_, seen)| seen.contains(&"")).map(|(module, _)| module);
    assert_eq!(through_lib.collect::<Vec<_>>(), Vec::<&&str>::new(), "lib.rs is a list, not a way to a sibling");
    assert!(left[""].contains(&"host") && left["host"].contains(&"connection"), "they see each other: {left:?}");
    // Who sees nobody that is left is in no circle.
    while let Some(free) =
        left.iter().find_map(|(module, seen)| seen.iter().all(|other| !left.contains_key(other)).then_some(*module))
    {
        left.remove(free);
    }
    assert!(left.is_empty(), "a circle is among {left:#?}");
}
