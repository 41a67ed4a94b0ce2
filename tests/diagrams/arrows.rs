//! The arrows of a picture, as they stand in its text.

use roxmltree::Node;

/// An arrow: what it shows, and where it goes.
pub(crate) struct Arrow {
    /// The name of its first segment, without whose it is.
    label: String,
    /// How many segments it stands for.
    pub(crate) segments: usize,
    from: (f64, f64),
    to: (f64, f64),
}

/// The arrows of a diagram.
pub(crate) fn of(panel: Node<'_, '_>) -> Vec<Arrow> {
    let number =
        |line: Node<'_, '_>, name: &str| line.attribute(name).and_then(|number| number.parse().ok()).expect(name);
    let arrow = |group: Node<'_, '_>| {
        let is_arrow = |node: &Node<'_, '_>| node.attribute("class").is_some_and(|class| class.starts_with("arrow"));
        let line = group.children().find(is_arrow)?;
        let told = group.children().find(|node| node.has_tag_name("title"))?.text()?;
        let more = told.lines().find_map(|line| line.strip_prefix("and ")?.split_once(" more that go")?.0.parse().ok());
        Some(Arrow {
            label: told.split_once(" of ")?.0.to_owned(),
            segments: 1 + more.unwrap_or(0),
            from: (number(line, "x1"), number(line, "y1")),
            to: (number(line, "x2"), number(line, "y2")),
        })
    };
    panel.children().filter_map(arrow).collect()
}

/// Each has a label of its own that says what it is.
pub(crate) fn are_named(picture: &str, arrows: &[Arrow], panel: Node<'_, '_>) {
    let labels = panel.children().filter(|node| node.has_tag_name("text") && node.attribute("transform").is_some());
    let mut labels: Vec<&str> = labels.filter_map(|node| node.text()).collect();
    assert_eq!(labels.len(), arrows.len(), "{picture}: {labels:?}");
    // Those whose labels tell most first: one name may begin with another.
    let mut arrows: Vec<&Arrow> = arrows.iter().collect();
    arrows.sort_by_key(|arrow| std::cmp::Reverse((arrow.segments, arrow.label.len())));
    for Arrow { label, segments, .. } in arrows {
        let tells_more = |of: &str| [" and ", " × ", ", #", "–#"].iter().any(|sign| of.contains(sign));
        let place = labels.iter().position(|of| of.contains(label.as_str()) && tells_more(of) == (*segments > 1));
        let place = place.unwrap_or_else(|| panic!("{picture}: nothing says {label} ({segments}): {labels:?}"));
        labels.swap_remove(place);
    }
}

/// No two of them share a line.
pub(crate) fn are_apart(picture: &str, arrows: &[Arrow]) {
    for (place, one) in arrows.iter().enumerate() {
        for other in &arrows[place + 1..] {
            let is_near = |point: (f64, f64), of: &Arrow| {
                let (across, down) = (of.to.0 - of.from.0, of.to.1 - of.from.1);
                let (x, y) = (point.0 - of.from.0, point.1 - of.from.1);
                let off = (x * down - y * across).abs() / across.hypot(down);
                let along = (x * across + y * down) / across.hypot(down);
                off < 2.0 && along > -2.0 && along < across.hypot(down) + 2.0
            };
            let share = is_near(one.from, other) && is_near(one.to, other)
                || is_near(other.from, one) && is_near(other.to, one);
            assert!(!share, "{picture}: {} and {} share a line at {:?}", one.label, other.label, one.from);
        }
    }
}
