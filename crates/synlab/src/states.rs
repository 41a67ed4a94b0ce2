//! `synlab states`: the changes of state of a host, and those that a run took.

use experiment::{Experiment, HostId, Scenario, Variant};
use report::Hosts;
use report::diagram::Caption;
use report::states::{Alike, StateDiagram, Taken, alike, dot, svg, table};

use crate::Ending;
use crate::cli::States;
use crate::complaint::Complaint;
use crate::execute::{Runs, load, measured};
use crate::output;
use crate::picture::{self, Frame};

pub(crate) fn states(arguments: &States) -> Result<Ending, Complaint> {
    check_files(arguments)?;
    let experiment = load(&arguments.source)?;
    let variant = experiment.variant(arguments.handshake.as_deref(), arguments.teardown.as_deref())?;
    let scenario = experiment.scenario(&variant)?;
    let host = shown(arguments, &scenario)?;
    let frames = (Frame::open(arguments.svg.as_deref())?, Frame::open(arguments.dot.as_deref())?);
    let group = alike(&scenario).into_iter().find(|group| group.hosts.contains(&host));
    let Some(Alike { transitions, hosts: alike }) = group else { unreachable!("each host is in a group") };
    let mut taken = (!arguments.no_run).then(|| Taken::on(alike.iter().copied()));
    if let Some(taken) = &mut taken {
        Runs::of(&experiment, arguments.source.engine).watch(&variant, taken)?;
    }
    let others: Vec<&str> = names(&scenario, |host| !alike.contains(&host));
    if let Some(other) = others.first().filter(|_| arguments.host.is_none()) {
        output::note(&format!("{} may do otherwise; see --host {other}", others.join(", ")));
    }
    let diagram = StateDiagram::new(&transitions, taken.as_ref());
    let caption = caption(arguments, &experiment, &variant, &names(&scenario, |host| alike.contains(&host)));
    if let Some(frame) = frames.0 {
        frame.fill(&svg(&diagram, &caption))?;
    }
    if let Some(frame) = frames.1 {
        frame.fill(&dot(&diagram, &caption))?;
    }
    let width = output::width(arguments.output.as_deref()).unwrap_or(usize::MAX);
    let head = [&caption.title, &caption.subtitle].map(|line| report::lines(line, width)).concat();
    let text = format!("{head}\n{}", table(&diagram, width));
    output::write(arguments.output.as_deref(), &output::in_ascii(arguments.ascii, text))?;
    Ok(Ending::Done)
}

/// The host that is asked for.
fn shown(arguments: &States, scenario: &Scenario) -> Result<HostId, Complaint> {
    let Some(name) = &arguments.host else { return Ok(HostId(0)) };
    let hosts = Hosts::of(scenario);
    hosts.named(name).ok_or_else(|| {
        let all: Vec<String> = hosts.names().map(|name| format!("`{name}`")).collect();
        Complaint::Other(format!("--host {name}: there is no such host; there are {}", all.join(", ")))
    })
}

fn names(scenario: &Scenario, of: impl Fn(HostId) -> bool) -> Vec<&str> {
    let hosts = scenario.hosts.iter().zip(0..).filter(|(_, id)| of(HostId(*id)));
    hosts.map(|(plan, _)| plan.name.as_str()).collect()
}

fn caption(arguments: &States, experiment: &Experiment, variant: &Variant, hosts: &[&str]) -> Caption {
    let mut options: Vec<(&str, &str)> = Vec::new();
    for (option, value) in
        [("--handshake", &arguments.handshake), ("--teardown", &arguments.teardown), ("--host", &arguments.host)]
    {
        options.extend(value.as_deref().map(|value| (option, value)));
    }
    let caption = picture::caption("states", &arguments.source, &options, experiment, Some(variant));
    let run = if arguments.no_run {
        String::new()
    } else {
        format!("; counted is what a run took, {}", measured(experiment))
    };
    let title = format!("TCP states: {}, beside figure 5 of RFC 9293", variant.label());
    let command = if arguments.no_run { format!("{} --no-run", caption.command) } else { caption.command };
    Caption { title, subtitle: format!("The TCP of {} in {}{run}", hosts.join(" and "), experiment.name()), command }
}

/// Refuses what would write two results to one file.
fn check_files(arguments: &States) -> Result<(), Complaint> {
    let pictures = [("--svg", arguments.svg.as_deref()), ("--dot", arguments.dot.as_deref())];
    for (option, file) in pictures {
        if let Some(file) = file {
            picture::check_file(option, file, arguments.output.as_deref())?;
        }
    }
    match (arguments.svg.as_deref(), arguments.dot.as_deref()) {
        (Some(svg), Some(dot)) if output::is_one_file(svg, dot) => {
            Err(Complaint::Other(format!("--svg and --dot both name {}: each needs a file of its own", svg.display())))
        }
        _ => Ok(()),
    }
}
