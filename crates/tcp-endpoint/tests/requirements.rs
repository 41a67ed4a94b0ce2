//! The tables behind `REQUIREMENTS.md` are complete, and what they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How many labels of each kind RFC 9293 has; they are numbered from 1 without gaps.
const LABELS: [(&str, u32); 4] = [("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1)];

/// The other RFCs that have a table, with the sections that it must have rows of.
const NEIGHBOURS: [(u32, &str); 8] = [
    (6298, "2.1 2.2 2.3 2.4 2.5 3 4 5 5.1 5.2 5.3 5.4 5.5 5.6 5.7"),
    (7323, "2.2 2.3 2.4 3.2 4.1 4.2 4.3 5.2 5.3 5.4 5.5 5.7 7.1"),
    (5961, "3.2 4.2 5.2 7"),
    (6191, "2 3 4"),
    (7413, "3 4.1.1 4.1.2 4.1.3 4.1.3.1 4.2 4.2.1 4.2.2 5.1"),
    (6528, "3 4"),
    (1337, "1 2.1 2.2 2.3 2.4 3 4"),
    (8985, "4 6 7.1 7.2 7.3 7.4.1 7.4.2 8"),
];

/// How strongly an RFC without labels asks for something.
const LEVELS: [&str; 7] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "rule"];

/// Those of a neighbour's row that need code and test, and those that need a reason.
const KEPT: [&str; 3] = ["met", "a setting", "in part"];
const EXCUSED: [&str; 5] = ["in part", "not met", "not taken", "out of scope", "does not apply"];

/// What can stand in for code and test in the table of RFC 9293.
const REASONS: [&str; 3] = ["Does not apply: ", "Out of scope: ", "Not taken: "];

/// A row of the table.
struct Row {
    requirement: String,
    section: String,
    asks: String,
    met_in: String,
    shown_by: String,
}

fn read(path: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A source, by its path from the root of the workspace or from this crate's sources.
fn source(path: &str) -> Result<String, String> {
    let from_root = ["tests/", "crates/"].iter().any(|start| path.starts_with(start));
    read(&if from_root { format!("../../{path}") } else { format!("src/{path}") })
}

/// The cells of every row of the tables in a text, each of which begins with a row of that name.
fn cells<const N: usize>(text: &str, first: &str) -> Vec<[String; N]> {
    text.lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---") && !line.starts_with(&format!("| {first} ")))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            cells.try_into().unwrap_or_else(|_| panic!("{N} cells: {line}"))
        })
        .collect()
}

fn rows(text: &str) -> Vec<Row> {
    let row = |[requirement, section, asks, met_in, shown_by]: [String; 5]| Row {
        requirement,
        section,
        asks,
        met_in,
        shown_by,
    };
    cells(text, "Requirement").into_iter().map(row).collect()
}

/// What stands at the end of a cell, behind the last that is quoted.
fn reason(cell: &str) -> &str {
    cell.rsplit('`').next().unwrap_or_default().trim()
}

/// What is wrong with a row of a neighbour's table.
fn faults_of_neighbour([section, level, asks, status, met_in, shown_by]: &[String; 6]) -> Vec<String> {
    let mut faults = Vec::new();
    let (items, tests) = (references(met_in), references(shown_by));
    if !section.starts_with(|c: char| c.is_ascii_digit()) || asks.is_empty() || !LEVELS.contains(&level.as_str()) {
        faults.push("says what is asked, where and how".to_owned());
    }
    let (kept, excused) = (KEPT.contains(&status.as_str()), EXCUSED.contains(&status.as_str()));
    if !kept && !excused {
        faults.push(format!("{status} is no status"));
    }
    if kept && items.is_empty() {
        faults.push("has no code".to_owned());
    }
    if kept && tests.is_empty() {
        faults.push("has no test".to_owned());
    }
    if items.is_empty() != (met_in == "—") {
        faults.push("names its code, or none".to_owned());
    }
    if status == "a setting" && !items.iter().any(|(file, _)| *file == "settings.rs") {
        faults.push("names no setting".to_owned());
    }
    if excused && !(reason(shown_by).contains(' ') && reason(shown_by).ends_with('.')) {
        faults.push("does not say why".to_owned());
    }
    if status == "not taken" && level != "MAY" {
        faults.push("only a MAY can be left".to_owned());
    }
    faults.extend(items.iter().filter_map(|(file, item)| check_item(file, item).err()));
    faults.extend(tests.iter().filter_map(|(file, test)| check_test(file, test).err()));
    faults
}

/// What is wrong with a neighbour's table, which must have rows of those sections.
fn complaints_of_neighbour(text: &str, sections: &str) -> Vec<String> {
    let rows = cells::<6>(text, "Section");
    let missing = sections.split(' ').filter(|section| !rows.iter().any(|row| row[0] == *section));
    let unknown = rows.iter().filter(|row| !sections.split(' ').any(|section| row[0] == section));
    let doubled = (0..rows.len()).filter(|&n| rows[..n].iter().any(|row| row[..3] == rows[n][..3]));
    let name = |row: &[String; 6]| format!("{} {} {}", row[0], row[1], row[2]);
    let wrong =
        rows.iter().flat_map(|row| faults_of_neighbour(row).into_iter().map(|fault| format!("{}: {fault}", name(row))));
    missing
        .map(|section| format!("{section}: has no row"))
        .chain(unknown.map(|row| format!("{}: is of no such section", name(row))))
        .chain(doubled.map(|n| format!("{}: stands twice", name(&rows[n]))))
        .chain(wrong)
        .collect()
}

/// The `file: item`s of a cell.
fn references(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once(": ")).collect()
}

/// The words of a line of code, up to a comment.
fn words(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}

/// Whether a line declares an item of that name.
fn declares(line: &str, name: &str) -> bool {
    const KINDS: [&str; 7] = ["fn", "struct", "enum", "const", "trait", "type", "mod"];
    words(line).windows(2).any(|pair| KINDS.contains(&pair[0]) && pair[1] == name)
}

/// Whether a line, in the body of a type, declares a field or a variant of that name.
fn declares_part(line: &str, name: &str) -> bool {
    let line = ["pub(crate) ", "pub(super) ", "pub "]
        .iter()
        .fold(line.trim(), |line, visibility| line.strip_prefix(visibility).unwrap_or(line));
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ',', '(']) || rest.starts_with(" {"))
}

/// The lines of a type's declaration and of what is implemented for it.
fn body<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let begins = !line.starts_with(' ') && !line.starts_with('}') && line.ends_with('{');
        let of_type = declares(line, name) || (line.starts_with("impl") && words(line).contains(&name));
        inside = (inside || (begins && of_type)) && line != "}";
        if inside {
            lines.push(line);
        }
    }
    lines
}

/// What is wrong with the item of that name, if anything: a function or a type, or `Type::part`.
fn check_item(file: &str, item: &str) -> Result<(), String> {
    let text = source(file)?;
    let found = match item.split_once("::") {
        None => text.lines().any(|line| declares(line, item)),
        Some((name, part)) => body(&text, name).iter().any(|line| declares(line, part) || declares_part(line, part)),
    };
    if found { Ok(()) } else { Err(format!("{file} has no {item}")) }
}

/// What is wrong with the test of that name, if anything.
fn check_test(file: &str, test: &str) -> Result<(), String> {
    let text = source(file)?;
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let Some(place) = lines.iter().position(|line| declares(line, test)) else {
        return Err(format!("{file} has no {test}"));
    };
    let above: Vec<_> = lines[..place].iter().rev().take_while(|line| line.starts_with("#[")).collect();
    if above.iter().any(|line| line.starts_with("#[ignore")) {
        return Err(format!("{file}: {test} is ignored"));
    }
    let counts = above.iter().any(|line| **line == "#[test]");
    if counts { Ok(()) } else { Err(format!("{file}: {test} is no test")) }
}

/// What is wrong with a row.
fn faults(row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    let (items, tests) = (references(&row.met_in), references(&row.shown_by));
    if row.asks.is_empty() || !row.section.starts_with("3.") {
        faults.push("says what is asked, and where".to_owned());
    }
    if items.is_empty() {
        let reason = REASONS.iter().find_map(|start| row.shown_by.strip_prefix(start));
        let may = row.requirement.starts_with("MAY-");
        if row.met_in != "—" || !reason.is_some_and(|reason| reason.contains(' ') && reason.ends_with('.')) {
            faults.push("has neither code nor a reason".to_owned());
        } else if row.shown_by.starts_with("Not taken: ") && !may {
            faults.push("only a MAY can be left".to_owned());
        }
    } else if tests.is_empty() {
        faults.push("has no test".to_owned());
    }
    faults.extend(items.iter().filter_map(|(file, item)| check_item(file, item).err()));
    faults.extend(tests.iter().filter_map(|(file, test)| check_test(file, test).err()));
    faults
}

fn complaints(text: &str) -> Vec<String> {
    let rows = rows(text);
    let mut count = BTreeMap::<String, u32>::new();
    for row in &rows {
        *count.entry(row.requirement.clone()).or_default() += 1;
    }
    let labels: Vec<_> =
        LABELS.iter().flat_map(|(kind, last)| (1..=*last).map(move |n| format!("{kind}-{n}"))).collect();
    let missing = labels.iter().filter(|label| !count.contains_key(*label)).map(|label| format!("{label}: is missing"));
    let doubled = count.iter().filter(|(_, times)| **times > 1).map(|(name, _)| format!("{name}: stands twice"));
    let unknown = count
        .keys()
        .filter(|name| name.split_once('-').is_some_and(|(kind, _)| LABELS.iter().any(|(known, _)| *known == kind)))
        .filter(|name| !labels.contains(name))
        .map(|name| format!("{name}: is no label of the RFC"));
    let wrong =
        rows.iter().flat_map(|row| faults(row).into_iter().map(|fault| format!("{}: {fault}", row.requirement)));
    missing.chain(doubled).chain(unknown).chain(wrong).collect()
}

fn table() -> String {
    read("requirements/rfc9293.md").expect("the table is there")
}

fn neighbour(rfc: u32) -> String {
    read(&format!("requirements/rfc{rfc}.md")).expect("the table is there")
}

#[test]
fn every_requirement_has_its_row_and_every_row_holds() {
    assert_eq!(complaints(&table()), Vec::<String>::new());
}

/// The calls and the steps of SEGMENT ARRIVES have rows of their own.
#[test]
fn every_event_of_section_3_10_has_a_row() {
    let rows = rows(&table());
    for section in
        (1..=6).map(|n| format!("3.10.{n}")).chain((1..=4).map(|n| format!("3.10.7.{n}"))).chain(["3.10.8".to_owned()])
    {
        let described = rows.iter().any(|row| row.section == section && !row.requirement.contains("MAY-"));
        assert!(described, "{section}");
    }
}

/// The table is held to what it says: each of these would break it.
#[test]
fn a_row_that_does_not_hold_is_found() {
    let table = table();
    for (from, to, complaint) in [
        ("| MUST-13 |", "| MUST-14 |", "MUST-13: is missing"),
        ("| MUST-13 |", "| MUST-14 |", "MUST-14: stands twice"),
        ("| MUST-69 |", "| MUST-70 |", "MUST-70: is no label of the RFC"),
        ("host/mod.rs: begin_time_wait`", "host/mod.rs: begin_nothing`", "MUST-13: host/mod.rs has no begin_nothing"),
        ("Teardown::time_wait`", "Limits::time_wait`", "MUST-13: settings.rs has no Limits::time_wait"),
        ("`tables/preferences.rs: r2_can_be_chosen`", "", "MUST-21: has no test"),
        ("rs: r2_can_be_chosen`", "rs: r2_is_chosen`", "MUST-21: tables/preferences.rs has no r2_is_chosen"),
        (
            "tables/preferences.rs: r2_can_be_chosen`",
            "tables/preferences.rs: with`",
            "MUST-21: tables/preferences.rs: with is no test",
        ),
        ("Does not apply: segments are values, which", "They", "MUST-2: has neither code nor a reason"),
        ("Out of scope: a segment has", "Not taken: a segment has", "MUST-30: only a MAY can be left"),
    ] {
        assert!(table.contains(from), "{from}");
        let found = complaints(&table.replacen(from, to, 1));
        assert!(found.iter().any(|fault| fault == complaint), "{from} → {to}: {found:?}");
    }
}

/// The index and the documentation name every table there is.
#[test]
fn every_table_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements");
    let names =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").file_name());
    let found: BTreeSet<_> = names.map(|name| name.into_string().expect("text")).collect();
    let listed = NEIGHBOURS.iter().map(|(rfc, _)| *rfc).chain([9293]).map(|rfc| format!("rfc{rfc}.md"));
    assert_eq!(found, listed.collect());
    let (index, documented) =
        (read("REQUIREMENTS.md").expect("it is there"), source("requirements.rs").expect("it is there"));
    for name in found {
        assert!(index.contains(&format!("(requirements/{name})")), "{name} in the index");
        assert!(documented.contains(&format!("../requirements/{name}")), "{name} in the documentation");
    }
}

#[test]
fn every_row_of_a_neighbour_holds() {
    for (rfc, sections) in NEIGHBOURS {
        assert_eq!(complaints_of_neighbour(&neighbour(rfc), sections), Vec::<String>::new(), "RFC {rfc}");
    }
}

/// Each of these would break a neighbour's table.
#[test]
fn a_row_of_a_neighbour_that_does_not_hold_is_found() {
    let (table, sections) = (neighbour(6298), "2.1 2.2 2.3 2.4 2.5 3 4 5 5.1 5.2 5.3 5.4 5.5 5.6 5.7");
    let rows = |name: &str| table.lines().find(|line| line.contains(name)).expect("there is such a row").to_owned();
    let (first, early, forgotten) =
        (rows("| the first round trip sets"), rows("| no segment is sent again"), rows("| MAY | SRTT"));
    for (row, from, to, complaint) in [
        (&first, "| 2.2 |", "| 2.3 |", "2.2: has no row"),
        (&first, "| 2.2 |", "| 2.9 |", "is of no such section"),
        (&first, "| MUST |", "| must |", "says what is asked, where and how"),
        (&first, "| met |", "| done |", "done is no status"),
        (&first, "`rto.rs: Rto::begin`, `rto.rs: Rto::measure`", "—", "has no code"),
        (&first, "`rto.rs: follows_the_formulas_of_rfc_6298`", "", "has no test"),
        (&first, "Rto::begin", "Rto::start", "rto.rs has no Rto::start"),
        (&first, "follows_the_formulas", "follows_formulas", "rto.rs has no follows_formulas_of_rfc_6298"),
        (&first, "| met |", "| a setting |", "names no setting"),
        (&first, "| met |", "| in part |", "does not say why"),
        (&early, "goes ahead of the timer (RFC 8985).", "", "does not say why"),
        (&forgotten, "| MAY |", "| SHOULD |", "only a MAY can be left"),
        (
            &forgotten,
            "The next measurement corrects them, and a connection that opens or closes has few.",
            "",
            "does not say why",
        ),
        (&forgotten, "| — |", "| nowhere |", "names its code, or none"),
    ] {
        assert!(row.contains(from), "{from}");
        let found = complaints_of_neighbour(&table.replacen(row.as_str(), &row.replacen(from, to, 1), 1), sections);
        assert!(found.iter().any(|fault| fault.ends_with(complaint)), "{from} → {to}: {found:?}");
    }
    let doubled = table.replacen(&first, &format!("{first}\n{first}"), 1);
    assert!(complaints_of_neighbour(&doubled, sections).iter().any(|fault| fault.ends_with("stands twice")));
}
