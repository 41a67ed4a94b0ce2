//! The file that a sweep's rows are added to as they come, and that is gone on with after an interruption.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use experiment::{Plan, RunOutcome};
use report::rows::Rows;

use crate::complaint::Complaint;
use crate::output::{self, Sink, cannot_write};

/// Where rows go. Unlike any other result they are there as soon as they are written, or hours of work would be lost.
pub(crate) struct RowFile(Out);

enum Out {
    /// Standard output, or what is no regular file.
    Stream(Sink),
    File(File, PathBuf),
}

impl RowFile {
    /// Begins anew: what the file held before is overwritten.
    pub(crate) fn begin(path: Option<&Path>, header: &str) -> Result<Self, Complaint> {
        let regular = path.filter(|path| {
            !output::is_stdout(path)
                && !path.starts_with("/dev")
                && !path.starts_with("/proc")
                && fs::metadata(path).map_or(true, |metadata| metadata.is_file())
        });
        let out = match regular {
            None => Out::Stream(Sink::open(path)?),
            Some(path) => {
                let file = File::create(path).map_err(|error| cannot_write(Some(path), error))?;
                Out::File(file, path.to_owned())
            }
        };
        let mut rows = Self(out);
        rows.append(header)?;
        Ok(rows)
    }

    /// Goes on with the rows of `block` where the file ends; also gives the number of the run that comes next. The rows that
    /// are there must be those of the plan; what they say goes to `seen`, which tells the number of the run that follows. What
    /// is no whole row at the end is cut off.
    pub(crate) fn resume(
        path: &Path,
        header: &str,
        rows: &Rows<'_>,
        plan: &Plan,
        block: Range<u64>,
        mut seen: impl FnMut(u64, &RunOutcome) -> u64,
    ) -> Result<(Self, u64), Complaint> {
        let there = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self::begin(Some(path), header)?, block.start));
            }
            Err(error) => return Err(Complaint::Other(format!("cannot read {}: {error}", path.display()))),
        };
        if !there.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(Complaint::Other(format!("cannot resume {}: it is no regular file", path.display())));
        }
        let mut reader = Reader { path, rows, lines: BufReader::new(there), number: 0 };
        let mut whole = 0;
        let mut next = block.start;
        if !header.is_empty() {
            match reader.line(header)? {
                None => return Ok((Self::begin(Some(path), header)?, block.start)),
                Some(line) if line == header => whole += line.len() as u64,
                Some(_) => return Err(reader.refusal(header)),
            }
        }
        'runs: while next < block.end {
            let run = plan.run(next);
            let beginning = rows.beginning(&run);
            let mut text = String::new();
            for _ in 0..rows.lines() {
                match reader.line(&beginning)? {
                    None => break 'runs,
                    Some(line) => text += &line,
                }
            }
            let Some(outcome) = rows.read(&run, &text) else {
                return Err(Complaint::Other(format!("{}:{}: the row is damaged", path.display(), reader.number)));
            };
            whole += text.len() as u64;
            next = seen(next, &outcome);
        }
        if next == block.end && !reader.lines.fill_buf().is_ok_and(<[u8]>::is_empty) {
            let line = reader.number + 1;
            return Err(Complaint::Other(format!(
                "{}:{line}: there is more than the rows of the plan",
                path.display()
            )));
        }
        let end = || {
            let mut file = fs::OpenOptions::new().write(true).open(path)?;
            file.set_len(whole)?;
            file.seek(SeekFrom::Start(whole))?;
            Ok(file)
        };
        let file = end().map_err(|error| cannot_write(Some(path), error))?;
        Ok((Self(Out::File(file, path.to_owned())), next))
    }

    /// Adds whole lines. An interruption waits until they are there.
    pub(crate) fn append(&mut self, text: &str) -> Result<(), Complaint> {
        let _uninterrupted = output::uninterrupted();
        match &mut self.0 {
            Out::Stream(sink) => sink.write_all(text.as_bytes()).and_then(|()| sink.flush()).map_err(Complaint::Output),
            Out::File(file, path) => file.write_all(text.as_bytes()).map_err(|error| cannot_write(Some(path), error)),
        }
    }

    /// Makes sure that all is where it should be.
    pub(crate) fn finish(self) -> Result<(), Complaint> {
        match self.0 {
            Out::Stream(sink) => sink.commit(),
            Out::File(file, path) => file.sync_all().map_err(|error| cannot_write(Some(&path), error)),
        }
    }
}

/// Reads the rows that are there.
struct Reader<'a> {
    path: &'a Path,
    rows: &'a Rows<'a>,
    lines: BufReader<File>,
    /// The number of the line that was read last.
    number: u64,
}

impl Reader<'_> {
    /// The next whole line, which must begin so; nothing at the end, or if what is left is no whole line.
    fn line(&mut self, beginning: &str) -> Result<Option<String>, Complaint> {
        let mut octets = Vec::new();
        let read = self.lines.read_until(b'\n', &mut octets);
        read.map_err(|error| Complaint::Other(format!("cannot read {}: {error}", self.path.display())))?;
        self.number += 1;
        let whole = octets.last() == Some(&b'\n');
        let common = octets.len().min(beginning.len());
        if octets[..common] != beginning.as_bytes()[..common] || (whole && common < beginning.len()) {
            return Err(self.refusal(&String::from_utf8_lossy(&octets)));
        }
        match String::from_utf8(octets) {
            Ok(line) => Ok(Some(line).filter(|_| whole)),
            Err(_) if !whole => Ok(None),
            Err(_) => Err(self.refusal("")),
        }
    }

    /// Why the line that was read last cannot be.
    fn refusal(&self, line: &str) -> Complaint {
        let mark = self.rows.mark();
        let length = mark.len();
        let why = if line.starts_with(&mark) {
            "the row is of this plan, but another belongs here: another shard?"
        } else if self.number == 1 && line.starts_with("plan,") || line.starts_with("{\"plan\":") {
            "the rows are of another plan: its file, --set, --seed or --until, the format or the version differ"
        } else if line.get(..length).is_some_and(|start| start.ends_with(',') && !start.starts_with('{')) {
            "the rows are of another plan or another format"
        } else {
            "this is no row of a sweep"
        };
        let help = "without --resume the file is overwritten";
        Complaint::Other(format!("cannot resume {}: line {}: {why}; {help}", self.path.display(), self.number))
    }
}
