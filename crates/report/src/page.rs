//! A report: one HTML file that needs no network, and no script to be read.
//!
//! [`run_page`] reports the runs of an experiment's variants, [`study_page`] those of a sweep. The text depends on what is
//! reported and nothing else. Styles and the few lines of script, which make tables sortable, are in the page; its policy forbids
//! it to load anything.

mod answer;
mod bars;
mod changes;
mod explanation;
mod heat;
mod occupancy;
mod occupancy_plots;
mod origin;
mod plot;
mod run;
mod spread;
mod study;
mod table;
mod toml;

use askama::Template;

pub use self::changes::Changes;
pub use self::occupancy::Occupancy;
pub use self::origin::Origin;
pub use self::run::{Reported, run_page};
pub use self::study::{OneRun, Study, Told, study_page};

/// The whole page.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
    subtitle: &'a str,
    /// The version of synlab.
    version: &'static str,
    style: &'static str,
    script: &'static str,
    sections: &'a [Section],
}

/// A part of the page, under a heading.
struct Section {
    /// Its anchor.
    id: &'static str,
    title: &'static str,
    /// A sentence under the heading, if one is needed to read what follows.
    lead: String,
    /// HTML.
    body: String,
}

impl Section {
    fn new(id: &'static str, title: &'static str, lead: impl Into<String>, body: String) -> Self {
        Self { id, title, lead: lead.into(), body }
    }
}

/// The page of these sections; those that are empty are left out.
fn page(title: &str, subtitle: &str, sections: Vec<Section>) -> String {
    let sections: Vec<Section> = sections.into_iter().filter(|section| !section.body.trim().is_empty()).collect();
    let page = Page {
        title,
        subtitle,
        version: env!("CARGO_PKG_VERSION"),
        style: include_str!("../templates/style.css"),
        script: include_str!("../templates/script.js"),
        sections: &sections,
    };
    // A template does not keep the end of its last line.
    rendered(&page) + "\n"
}

/// What a template comes to.
fn rendered(template: &impl Template) -> String {
    template.render().expect("text is written to memory")
}

/// A picture in a place that may be narrower, and that is moved by keys, too.
fn picture(label: &str, svg: &str) -> String {
    let wide = svg.split_once(" width=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("100%", |(wide, _)| wide);
    rendered(&Picture { label, wide, html: svg })
}

/// Pictures beside one another where there is room, and otherwise below one another.
fn pictures(all: &str) -> String {
    format!("<div class=\"pictures\">{all}</div>\n")
}

/// A picture that may be shown a little smaller than it is.
#[derive(Template)]
#[template(
    source = r#"<div class="scroll picture" tabindex="0" role="region" aria-label="{{ label }}" style="--wide:{{ wide }}px">{{ html|safe }}</div>
"#,
    ext = "html"
)]
struct Picture<'a> {
    label: &'a str,
    wide: &'a str,
    html: &'a str,
}
