//! The programs in `benches/peers`: built if what they need is there.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;

use synlab_benches::Figures;

/// A program that does workloads and prints what they took.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    /// Of the simulator; for the Rust ones, see [`rust_version`].
    pub(crate) version: String,
    /// The words it is started with.
    command: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Rust,
    Ns3,
    Simpy,
}

impl Program {
    /// This project and its Rust peers.
    pub(crate) fn rust() -> Result<Self, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = target()?;
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--manifest-path"]).arg(source("rust/Cargo.toml"));
        build.arg("--target-dir").arg(&target);
        let built = build.status().map_err(|error| format!("cargo cannot be started: {error}"))?;
        if !built.success() {
            return Err("benches/peers/rust does not build".to_owned());
        }
        let executable = format!("synlab-peers{}", std::env::consts::EXE_SUFFIX);
        let command = vec![target.join("release").join(executable)];
        Ok(Self { kind: Kind::Rust, version: env!("CARGO_PKG_VERSION").to_owned(), command })
    }

    /// ns-3, as packaged.
    pub(crate) fn ns3() -> Result<Self, String> {
        const NEEDS: &str = "ns-3 (Debian: apt-get install g++ pkg-config libns3-dev libgsl-dev)";
        const MODULES: [&str; 2] = ["ns3-internet", "ns3-point-to-point"];
        let missing = |what: String| format!("{NEEDS}: {what}");
        let version = output(Command::new("pkg-config").args(["--modversion", MODULES[0]])).map_err(missing)?;
        let flags = output(Command::new("pkg-config").args(["--cflags", "--libs"]).args(MODULES)).map_err(missing)?;
        let executable = target()?.join("ns3-lives");
        let mut compiler = Command::new("g++");
        compiler.args(["-O2", "-std=c++17", "-o"]).arg(&executable).arg(source("ns3/lives.cc"));
        output(compiler.args(flags.split_whitespace())).map_err(missing)?;
        Ok(Self { kind: Kind::Ns3, version, command: vec![executable] })
    }

    /// SimPy, as that Python has it.
    pub(crate) fn simpy(python: &str) -> Result<Self, String> {
        let version = output(Command::new(python).args(["-c", "import simpy; print(simpy.__version__)"]));
        let version = version.map_err(|what| {
            format!("SimPy (python3 -m venv DIR; DIR/bin/pip install simpy; then --python DIR/bin/python): {what}")
        })?;
        Ok(Self { kind: Kind::Simpy, version, command: vec![python.into(), source("simpy/hold.py")] })
    }

    /// Does a workload once, in a process of its own.
    pub(crate) fn run(&self, arguments: &[String]) -> Result<Figures, String> {
        let (program, words) = self.command.split_first().ok_or("no program")?;
        let line = output(Command::new(program).args(words).args(arguments))?;
        line.parse().map_err(|_| format!("not understood: {line}"))
    }
}

/// The version of a Rust peer.
pub(crate) fn rust_version(name: &str) -> &'static str {
    const LOCK: &str = include_str!("../../../peers/rust/Cargo.lock");
    let package = format!("name = \"{name}\"\nversion = \"");
    LOCK.split_once(&package).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("")
}

/// Where the programs are built: `peers` in the directory that this one was built in.
fn target() -> Result<PathBuf, String> {
    let fails = |error: &dyn Display| format!("no place to build in: {error}");
    let own = std::env::current_exe().map_err(|error| fails(&error))?;
    let target = own.ancestors().nth(2).ok_or_else(|| fails(&"this program has no place"))?.join("peers");
    std::fs::create_dir_all(&target).map_err(|error| fails(&error))?;
    Ok(target)
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(path)
}

/// What a command prints, without the end of its last line.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        let errors = String::from_utf8_lossy(&done.stderr);
        let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word of why");
        return Err(format!("{program}: {}: {last}", done.status));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
}
