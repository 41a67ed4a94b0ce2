//! The command line: reads the arguments, does the command, says how it went by the exit status.

mod cli;
mod compare;
mod complaint;
mod completions;
mod execute;
mod list;
mod new;
mod output;
mod picture;
mod play;
mod report;
mod row_file;
mod run;
mod schema;
mod states;
mod sweep;
mod trace_diff;
mod verify;
mod window;

use std::process::ExitCode;

use clap::Parser;
use experiment::Verdict;

use cli::{Cli, Command};

/// How a command that could do its work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// Everything that was expected holds. Exit status 0.
    Done,
    /// An expectation does not hold, a run of a sweep failed, or two traces differ. Exit status 1.
    Disappointed,
}

impl Ending {
    /// How a command ends that came to these verdicts.
    fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        if verdicts.into_iter().all(|verdict| verdict.passed) { Self::Done } else { Self::Disappointed }
    }
}

fn main() -> ExitCode {
    // Without a handler a run that is interrupted or terminated would leave half a file beside the one it was to write.
    let handler = ctrlc::set_handler(|| {
        let _gate = output::interrupt();
        output::abandon();
        std::process::exit(130);
    });
    debug_assert!(handler.is_ok(), "nobody else handles the interrupt");
    let ended = match Cli::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::States(arguments) => states::states(&arguments),
        Command::TraceDiff(arguments) => trace_diff::trace_diff(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::New(arguments) => new::new(&arguments),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
    };
    match ended {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Disappointed) => ExitCode::from(1),
        Err(complaint) => {
            complaint.print();
            ExitCode::from(2)
        }
    }
}
