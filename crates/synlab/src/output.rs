//! Where results go: standard output, or a file that appears only once it is whole.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use report::Colour;

use crate::complaint::Complaint;

/// Files that are being written, to be removed if the process is interrupted.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes a result to `file`, or to standard output if there is none.
///
/// # Errors
/// What writing met. That the reader has gone is none: see [`Sink`].
pub(crate) fn write(file: Option<&Path>, text: &str) -> Result<(), Complaint> {
    let mut sink = Sink::open(file)?;
    sink.write_all(text.as_bytes()).map_err(|error| cannot_write(file, error))?;
    sink.commit()
}

/// Whether two results would be written to one file, the later over the earlier. What is no regular file takes both.
pub(crate) fn is_one_file(one: &Path, other: &Path) -> bool {
    // A file that is not there yet is where its directory is.
    let place = |path: &Path| {
        fs::canonicalize(path).or_else(|_| {
            let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
            let directory = fs::canonicalize(directory.unwrap_or(Path::new(".")))?;
            Ok::<_, io::Error>(path.file_name().map_or(directory.clone(), |name| directory.join(name)))
        })
    };
    let both_take = fs::metadata(one).is_ok_and(|metadata| !metadata.is_file());
    !both_take && place(one).is_ok_and(|one| place(other).is_ok_and(|other| one == other))
}

/// Whether a result written to `file` should have colours.
pub(crate) fn colour(file: Option<&Path>) -> Colour {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => Colour::Never,
        _ if file.is_some() => Colour::Never,
        _ => Colour::Always,
    }
}

/// Columns of ladders that go to no terminal.
pub(crate) const WIDTH: usize = 100;

/// Columns of the terminal that a result written to `file` goes to, or as many as `COLUMNS` says; `None` if it goes to no terminal.
pub(crate) fn width(file: Option<&Path>) -> Option<usize> {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || Some(usize::from(terminal_size::terminal_size_of(io::stdout())?.0.0));
    asked.or_else(terminal).filter(|_| file.is_none())
}

/// A text as it is, or in ASCII.
pub(crate) fn in_ascii(asked: bool, text: String) -> String {
    if asked { report::ascii(&text) } else { text }
}

/// Says something on standard error that is no result.
pub(crate) fn note(text: &str) {
    // A note that cannot be written changes nothing.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Whether a path names standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
}

/// Held while something is written of which there must not be half.
static GATE: Mutex<()> = Mutex::new(());
/// How long an interruption waits for it: a reader that has stopped to read would hold it for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// As long as what this gives is kept, an interruption does not end the process, or not at once.
pub(crate) fn uninterrupted() -> MutexGuard<'static, ()> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until nothing is half-written, but not for ever; nothing more is written as long as what this gives is kept.
pub(crate) fn interrupt() -> Option<MutexGuard<'static, ()>> {
    let step = PATIENCE / 100;
    for _ in 0..100 {
        match GATE.try_lock() {
            Ok(gate) => return Some(gate),
            Err(TryLockError::Poisoned(gate)) => return Some(gate.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(step),
        }
    }
    None
}

/// Removes what is half-written.
pub(crate) fn abandon() {
    for path in unfinished().drain(..) {
        // It is litter at worst.
        let _ = fs::remove_file(path);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place for a result. A file is written beside its place and moved there by [`Sink::commit`], so that whoever looks
/// finds the old content or the new; what is no regular file (a pipe, a device, an open descriptor) is written directly.
///
/// A reader that has gone, as `| head` does, has seen what it wanted: the rest goes nowhere, and the command goes on to
/// its end, since its exit status says something that was not read.
pub(crate) struct Sink {
    out: Out,
    path: Option<PathBuf>,
    temporary: Option<Temporary>,
    /// Whether the reader has gone.
    unread: bool,
}

enum Out {
    Stdout(BufWriter<StdoutLock<'static>>),
    File(BufWriter<File>),
}

/// A file that is removed unless it was moved away.
struct Temporary(PathBuf);

impl Sink {
    /// Standard output (also by the names `-` and `/dev/stdout`), or a file.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Complaint> {
        // `/dev/stdout` may be a link to a regular file, which must not be moved away from under the shell.
        let Some(path) = file.filter(|path| !is_stdout(path)) else {
            let out = Out::Stdout(BufWriter::new(io::stdout().lock()));
            return Ok(Self { out, path: None, temporary: None, unread: false });
        };
        Self::create(path).map_err(|error| cannot_write(file, error))
    }

    fn create(path: &Path) -> io::Result<Self> {
        let open_already = path.starts_with("/dev") || path.starts_with("/proc");
        if open_already || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let file = fs::OpenOptions::new().write(true).open(path)?;
            let out = Out::File(BufWriter::new(file));
            return Ok(Self { out, path: Some(path.to_owned()), temporary: None, unread: false });
        }
        // A link is followed, or the move would put a file in its place.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create_new(&temporary)?;
        unfinished().push(temporary.clone());
        let temporary = Some(Temporary(temporary));
        Ok(Self { out: Out::File(BufWriter::new(file)), path: Some(path), temporary, unread: false })
    }

    /// Finishes the result: what was written is there from now on.
    pub(crate) fn commit(mut self) -> Result<(), Complaint> {
        let written = self.flush().and_then(|()| match (&self.temporary, &self.path) {
            (Some(Temporary(temporary)), Some(path)) => fs::rename(temporary, path),
            _ => Ok(()),
        });
        written.map_err(|error| cannot_write(self.path.as_deref(), error))
    }
}

impl Sink {
    /// What writing came to; `unread` if it came to nothing because the reader has gone.
    fn unless_unread<T>(&mut self, written: io::Result<T>, unread: T) -> io::Result<T> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.unread = true;
                Ok(unread)
            }
            written => written,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.unread {
            return Ok(octets.len());
        }
        let written = match &mut self.out {
            Out::Stdout(out) => out.write(octets),
            Out::File(out) => out.write(octets),
        };
        self.unless_unread(written, octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.unread {
            return Ok(());
        }
        let written = match &mut self.out {
            Out::Stdout(out) => out.flush(),
            Out::File(out) => out.flush(),
        };
        self.unless_unread(written, ())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Once it was moved it is not there.
        let _ = fs::remove_file(&self.0);
        unfinished().retain(|path| *path != self.0);
    }
}

/// An error with the path it is about.
pub(crate) fn cannot_write(path: Option<&Path>, error: io::Error) -> Complaint {
    match path {
        Some(path) => Complaint::Other(format!("cannot write {}: {error}", path.display())),
        None => Complaint::Output(error),
    }
}
