//! What an experiment says of single segments: those that are forged, and those that are expected.

use std::path::Path;

use sim_time::Instant;

use super::Experiment;
use crate::SegmentSearch;
use crate::input::diagnostic::Diagnostics;
use crate::input::expect::{Context, Verdict};
use crate::input::expect_segment::{self, SegmentExpectation};
use crate::input::flood;
use crate::input::inject::{self, ScriptedInjection};
use crate::input::tree::Node;
use crate::input::variant::Variant;

impl Experiment {
    pub(super) fn read_injections(
        &mut self,
        injects: &[inject::Inject],
        nodes: Option<&Node>,
    ) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let nodes = nodes.and_then(Node::as_array).unwrap_or_default();
        if let Some(beyond) = nodes.get(usize::from(u16::MAX)) {
            errors.push(beyond.place.error("more injections than a run can number"));
        }
        let hosts = self.host_names();
        let (mut injections, mut scripted) = (Vec::new(), Vec::new());
        for (inject, node) in injects.iter().zip(nodes) {
            if let Some(injection) = errors.keep(inject::read(inject, node, &hosts)) {
                scripted.push(ScriptedInjection::new(&injection, node));
                injections.push(injection);
            }
        }
        (self.injections, self.scripted_injections) = (injections, scripted);
        errors.or(())
    }

    pub(super) fn read_floods(
        &mut self,
        floods: &[flood::Table],
        nodes: Option<&Node>,
        directory: &Path,
    ) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let nodes = nodes.and_then(Node::as_array).unwrap_or_default();
        if let Some(beyond) = nodes.get(usize::from(u16::MAX)) {
            errors.push(beyond.place.error("more floods than a run can number"));
        }
        for (flood, node) in floods.iter().zip(nodes) {
            self.floods.extend(errors.keep(flood::read(flood, node, &self.hosts, directory)));
        }
        errors.or(())
    }

    pub(super) fn read_segment_expectations(
        &mut self,
        (expects, nodes): (Vec<expect_segment::Table>, Option<&Node>),
        context: &Context,
    ) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let nodes = nodes.and_then(Node::as_array).unwrap_or_default();
        let hosts = self.host_names();
        let read = |(expect, node)| SegmentExpectation::read(expect, node, &hosts, context);
        self.segment_expectations = expects.into_iter().zip(nodes).map(read).filter_map(|it| errors.keep(it)).collect();
        errors.or(())
    }

    /// The injections, in the order of the file.
    #[must_use]
    pub fn injections(&self) -> &[ScriptedInjection] {
        &self.scripted_injections
    }

    /// The segments that must be sent, or must not.
    #[must_use]
    pub fn segment_expectations(&self) -> &[SegmentExpectation] {
        &self.segment_expectations
    }

    /// A fold that looks for the segments that are expected of a variant, or not; `None` if there are none.
    #[must_use]
    pub fn segment_search(&self, variant: &Variant) -> Option<SegmentSearch> {
        let wanted: Vec<_> = self.segments_of(variant).map(SegmentExpectation::wanted).collect();
        (!wanted.is_empty()).then(|| SegmentSearch::new(self.host_names(), wanted))
    }

    /// Judges the segments that are expected of a variant, by what was found in a run of it.
    #[must_use]
    pub fn judge_segments(&self, variant: &Variant, search: &SegmentSearch) -> Vec<Verdict> {
        self.segments_of(variant).enumerate().map(|(place, segment)| segment.judge(search, place)).collect()
    }

    /// The instants at which these are decided, in their order, by what was found in a run; `None` if nothing at all was found.
    #[must_use]
    pub fn segment_instants(&self, variant: &Variant, search: &SegmentSearch) -> Vec<Option<Instant>> {
        self.segments_of(variant).enumerate().map(|(place, _)| search.instant(place)).collect()
    }

    fn segments_of(&self, variant: &Variant) -> impl Iterator<Item = &SegmentExpectation> {
        self.segment_expectations.iter().filter(|segment| segment.applies_to(variant))
    }
}
