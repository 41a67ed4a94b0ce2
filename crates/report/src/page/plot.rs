//! Lines over time or over an axis of a sweep, as SVG.
//!
//! `plotters` writes colours into the picture, those of light paper; the page's style gives each of them another on dark paper,
//! and each line its dashes, so that lines can be told apart without colour.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::amount::scaled;

/// The size of a picture.
const SIZE: (u32, u32) = (520, 250);
/// The size of its letters.
const LETTERS: u32 = 15;
/// The colours of lines, in their order; more lines than these take them again.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0x1f, 0x6f, 0xb2),
    RGBColor(0xb5, 0x54, 0x1c),
    RGBColor(0x2e, 0x87, 0x57),
    RGBColor(0x93, 0x4b, 0x9a),
    RGBColor(0x8a, 0x6d, 0x00),
    RGBColor(0xc2, 0x34, 0x34),
    RGBColor(0x0f, 0x7f, 0x86),
    RGBColor(0x5f, 0x6b, 0x74),
];
const INK: RGBColor = RGBColor(0x1d, 0x24, 0x29);
const GRID: RGBColor = RGBColor(0xd9, 0xdf, 0xe3);
const AXIS: RGBColor = RGBColor(0x8a, 0x95, 0x9c);

/// The class of a line's sign in a legend.
pub(super) fn class(line: usize) -> String {
    format!("v{}", line % COLOURS.len())
}

/// A picture with lines.
pub(super) struct Plot<'a> {
    /// What it shows, for those who do not see it.
    pub(super) words: String,
    pub(super) across: Across<'a>,
    /// What is counted upwards.
    pub(super) unit: &'static str,
    pub(super) lines: Vec<Line>,
    /// Whether equal distances upwards are equal ratios.
    pub(super) logarithmic: bool,
    /// What else has to fit, so that several pictures have one scale.
    pub(super) beside: Vec<f64>,
}

/// The axis to the right.
pub(super) enum Across<'a> {
    /// Seconds up to an end.
    Time(f64),
    /// Values at equal distances.
    Values(&'a [String]),
    /// From 0 to 1: the moments that are named, and the silences that are cut out.
    Moments(&'a [(f64, String)], &'a [(f64, f64)]),
}

/// A line, and what is around it.
#[derive(Default)]
pub(super) struct Line {
    /// Its place among the colours.
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, f64)>,
    /// Its band: where it is, its lower and its upper edge.
    pub(super) band: Vec<(f64, f64, f64)>,
    /// The area from zero up to this is filled.
    pub(super) filled: Vec<(f64, f64)>,
    /// Whether its points are marked.
    pub(super) marked: bool,
}

impl Line {
    /// Without an area that has no height anywhere.
    pub(super) fn without_empty_area(mut self) -> Self {
        if self.filled.iter().all(|(_, height)| *height == 0.0) {
            self.filled.clear();
        }
        self
    }

    /// It goes on as it is.
    pub(super) fn stretch(&mut self, until: f64) {
        let ends = self.points.last_mut().map(|(at, _)| at).into_iter();
        let ends = ends.chain(self.band.last_mut().map(|(at, ..)| at)).chain(self.filled.last_mut().map(|(at, _)| at));
        ends.for_each(|at| *at = until);
    }
}

impl Plot<'_> {
    pub(super) fn svg(&self) -> String {
        let mut text = String::new();
        self.draw(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area()).expect("text is written to memory");
        let (_, inner) = text.split_once('>').expect("it has a root");
        let words = self.words.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let (wide, high) = SIZE;
        let compact: String = inner.split('\n').map(|line| line.replace("opacity=\"1\" ", "")).collect();
        format!("<svg class=\"plot\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{words}\">{compact}")
    }

    fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let across = match self.across {
            Across::Time(end) => 0.0..end,
            Across::Values(values) => -0.3..values.len().max(1) as f64 - 0.7,
            Across::Moments(..) => 0.0..1.0,
        };
        let (least, most) = self.extent();
        let mut chart = ChartBuilder::on(area)
            .margin_top(14)
            .margin_right(26)
            .x_label_area_size(30)
            .y_label_area_size(66)
            .build_cartesian_2d(Grid::across(across, &self.across), Grid::upwards(least..most, self.logarithmic))?;
        let words = |colour: &RGBColor| ("sans-serif", LETTERS).into_font().color(colour);
        let at = |value: &f64| match self.across {
            Across::Time(_) => scaled(*value, "") + " s",
            Across::Values(values) => {
                label(values.iter().zip(0_u32..).map(|(label, at)| (f64::from(at), label)), *value)
            }
            Across::Moments(moments, _) => label(moments.iter().map(|(at, label)| (*at, label)), *value),
        };
        let up = |value: &f64| scaled(if self.logarithmic { libm::exp10(*value) } else { *value }, self.unit);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(words(&INK))
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&at)
            .y_label_formatter(&up)
            .draw()?;
        let height = |value: f64| {
            if self.logarithmic { libm::log10(value.max(f64::MIN_POSITIVE)) } else { value }.clamp(least, most)
        };
        if let Across::Moments(_, silences) = self.across {
            let silence =
                |(from, to): &(f64, f64)| Rectangle::new([(*from, least), (*to, most)], GRID.mix(0.45).filled());
            chart.draw_series(silences.iter().map(silence))?;
        }
        for line in &self.lines {
            let colour = COLOURS[line.colour % COLOURS.len()];
            let upper = line.band.iter().map(|(x, _, high)| (*x, height(*high)));
            let lower = line.band.iter().rev().map(|(x, low, high)| (*x, height(self.lower(line, *x, *low, *high))));
            let band: Vec<(f64, f64)> = upper.chain(lower).collect();
            if !band.is_empty() {
                chart.draw_series([Polygon::new(band, colour.mix(0.16).filled())])?;
            }
            if let (Some(first), Some(last)) = (line.filled.first(), line.filled.last()) {
                let ends = [(last.0, least), (first.0, least)];
                let area = line.filled.iter().map(|(x, value)| (*x, height(*value))).chain(ends).collect::<Vec<_>>();
                chart.draw_series([Polygon::new(area, colour.mix(0.3).filled())])?;
            }
        }
        for line in &self.lines {
            let colour = COLOURS[line.colour % COLOURS.len()];
            let points: Vec<(f64, f64)> = line.points.iter().map(|(x, value)| (*x, height(*value))).collect();
            if line.marked {
                chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, colour.filled())))?;
            }
            chart.draw_series([PathElement::new(points, colour.stroke_width(2))])?;
        }
        area.present()
    }

    /// The lower edge of a band. On a logarithmic axis nothing is zero: an interval that reaches it goes down as far as it goes up.
    fn lower(&self, line: &Line, at: f64, low: f64, high: f64) -> f64 {
        let value = line.points.iter().find(|(x, _)| (x - at).abs() < 1e-9).map(|(_, value)| *value);
        match value.filter(|value| self.logarithmic && low <= 0.0 && *value > 0.0 && high > 0.0) {
            Some(value) => value * value / high,
            None => low,
        }
    }

    /// The lowest and the highest that is drawn.
    fn extent(&self) -> (f64, f64) {
        let points = self.lines.iter().flat_map(|line| {
            let band = line.band.iter().flat_map(|(x, low, high)| [self.lower(line, *x, *low, *high), *high]);
            line.points.iter().chain(&line.filled).map(|(_, value)| *value).chain(band)
        });
        let points = points.chain(self.beside.iter().copied());
        if self.logarithmic {
            let (least, most) = points.filter(|value| *value > 0.0).map(libm::log10).fold((f64::MAX, f64::MIN), around);
            return (libm::floor(least), libm::ceil(most).max(libm::floor(least) + 1.0));
        }
        let (least, most) = points.fold((0.0, 0.0), around);
        let room = if most > least { (most - least) * 0.06 } else { 1.0 };
        (if least < 0.0 { least - room } else { 0.0 }, most + room)
    }
}

fn around((least, most): (f64, f64), value: f64) -> (f64, f64) {
    (least.min(value), most.max(value))
}

/// What a place of the axis is called.
fn label<'a>(mut labels: impl Iterator<Item = (f64, &'a String)>, place: f64) -> String {
    labels.find(|(at, _)| (place - at).abs() < 1e-9).map_or(String::new(), |(_, label)| label.clone())
}

/// An axis that is marked where this says so.
struct Grid {
    axis: RangedCoordf64,
    marks: Marks,
}

/// Where an axis is marked.
enum Marks {
    /// At round numbers.
    Round,
    /// At whole numbers.
    Whole,
    /// There.
    At(Vec<f64>),
}

impl Grid {
    fn across(range: std::ops::Range<f64>, across: &Across<'_>) -> Self {
        let marks = match across {
            Across::Time(_) => Marks::Round,
            Across::Values(_) => Marks::Whole,
            Across::Moments(moments, _) => Marks::At(moments.iter().map(|(at, _)| *at).collect()),
        };
        Self { axis: range.into(), marks }
    }

    fn upwards(range: std::ops::Range<f64>, logarithmic: bool) -> Self {
        Self { axis: range.into(), marks: if logarithmic { Marks::Whole } else { Marks::Round } }
    }
}

impl Ranged for Grid {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match &self.marks {
            Marks::Round => return self.axis.key_points(hint),
            Marks::At(marks) => return marks.clone(),
            Marks::Whole => {}
        }
        let range = self.axis.range();
        let (first, last) = (libm::ceil(range.start), libm::floor(range.end));
        let step = libm::ceil((last - first + 1.0) / hint.max_num_points().max(1) as f64).max(1.0);
        let mut points = Vec::new();
        let mut point = first;
        while point <= last {
            points.push(point);
            point += step;
        }
        points
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.axis.range()
    }
}

impl plotters::coord::ranged1d::ValueFormatter<f64> for Grid {}
