//! The Python binding: its wheel, built as a user would, in a virtual environment below the target folder, and all
//! of its tests there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{install, root, steps::Steps, target};

/// The extras that the whole suite needs; `test` has what no user does.
const EXTRAS: &str = "django,flask,starlette,celery,test,bench";

/// The older Django that is tried, in an environment of its own.
const OLDER_DJANGO: &str = "django~=4.2.0";

/// The newer one, whatever else there may be.
const NEWER_DJANGO: &str = "django~=5.2.0";

/// Runs all of it alone, and prints how long each step took.
///
/// # Errors
///
/// At the first step that fails, with its name.
pub(crate) fn run() -> Result<(), String> {
    let mut steps = Steps::default();
    check(&mut steps)?;
    print!("{steps}");
    Ok(())
}

/// Runs all of it, each step by its name.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        println!(
            "the Python binding is not tested here: the servers that it is tried with are set up for Linux"
        );
        return Ok(());
    }
    let (newer, older) = (Environment::new("venv"), Environment::new("venv-older-django"));
    let pypy = Environment { interpreter: "pypy3", ..Environment::new("venv-pypy") };
    steps.run("Python: programs", programs)?;
    steps.run("Python: the wheel", wheel)?;
    steps.run("Python: the wheel where there is nothing else", || {
        Environment::new("venv-alone").try_alone()
    })?;
    steps
        .run("Python: an environment with it, and with its peers", || newer.fill(EXTRAS, &[NEWER_DJANGO]))?;
    steps.run("Python: ruff", || {
        newer.run(&["-m", "ruff", "format", "--check", "."])?;
        newer.run(&["-m", "ruff", "check", "."])
    })?;
    steps.run("Python: mypy", || mypy(&newer))?;
    steps.run("Python: tests", || newer.run(PYTEST))?;
    steps
        .run("Python: an environment with the older Django", || older.fill("django,test", &[OLDER_DJANGO]))?;
    steps.run("Python: tests with the older Django", || older.run(&[PYTEST, &["tests/django"]].concat()))?;
    // Debian's is of Python 3.9, the oldest that the wheel is for.
    steps.run("Python: the same wheel in PyPy", || pypy.fill("flask,starlette", &["pytest", "uvicorn"]))?;
    steps.run("Python: tests in PyPy", || {
        let files = sources(&package().join("tests"))?;
        let files = files.iter().map(String::as_str).filter(|file| file.contains("/test_"));
        // The README's programs have FastAPI, for of whose parts there are no wheels for PyPy.
        let files = files.filter(|file| !file.ends_with("/test_readme.py"));
        pypy.run(&PYTEST.iter().copied().chain(files).collect::<Vec<_>>())
    })
}

/// Measures the binding beside its peers; `options` go to the program.
///
/// # Errors
///
/// When it cannot be built or run, or a hit was lost.
pub(crate) fn bench(options: &[&str]) -> Result<(), String> {
    let environment = Environment::new("venv");
    programs()?;
    wheel()?;
    environment.fill(EXTRAS, &[NEWER_DJANGO])?;
    environment.run(&[&["-m", "benchmarks"], options].concat())
}

const PYTEST: &[&str] = &["-m", "pytest", "-W", "error", "--durations=10"];

/// What a bare machine may lack. Debian starts a server that it installs, unless it believes that it is about to
/// stop; what the tests need they start themselves.
fn programs() -> Result<(), String> {
    let make = "in which the binding is tested";
    install::package("python3-venv", "python3", &["-c", "import ensurepip, venv"], make)?;
    // uWSGI comes as source.
    let headers =
        "import os, sysconfig; assert os.path.exists(sysconfig.get_paths()['include'] + '/Python.h')";
    install::package("python3-dev", "python3", &["-c", headers], "which uWSGI is compiled with")?;
    install::tool("gcc", "--version", "which compiles uWSGI")?;
    install::package(
        "pypy3-venv",
        "pypy3",
        &["-c", "import ensurepip, venv"],
        "which the wheel is for, too",
    )?;
    install::tool("redis-server", "--version", "which Celery's tests need")?;
    install::tool("chromium", "--version", "which looks at the example's pages")
}

/// Builds the wheel as `pip install` would.
fn wheel() -> Result<(), String> {
    let maker = Environment::new("venv-build");
    maker.make()?;
    let folder = wheels();
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{} stays: {error}", folder.display()))?;
    }
    let folder = folder.display().to_string();
    maker.run(&["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", &folder, "."])?;
    built().map(|wheel| println!("{}", wheel.display()))
}

/// The one wheel, which suits all Pythons.
fn built() -> Result<PathBuf, String> {
    let folder = wheels();
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let wheels: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let [wheel] = &wheels[..] else {
        return Err(format!("{} has {} wheels, and not one", folder.display(), wheels.len()));
    };
    if !wheel.to_string_lossy().contains("-py3-none-") {
        return Err(format!("{} is not for all Pythons", wheel.display()));
    }
    Ok(wheel.clone())
}

/// The package and the tests, folder by folder: those of different folders have modules of the same names.
fn mypy(environment: &Environment) -> Result<(), String> {
    environment.run(&["-m", "mypy", "src", "build"])?;
    environment.run(&["-m", "mypy", "benchmarks"])?;
    environment.run(&["-m", "mypy", "examples/django"])?;
    let tests = package().join("tests");
    let mut folders = vec![tests.clone()];
    let entries = fs::read_dir(&tests).map_err(|error| format!("{}: {error}", tests.display()))?;
    folders.extend(entries.filter_map(|entry| Some(entry.ok()?.path()).filter(|path| path.is_dir())));
    folders.sort();
    for folder in folders {
        let files = sources(&folder)?;
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        if !files.is_empty() {
            environment.run(&[&["-m", "mypy"], &files[..]].concat())?;
        }
    }
    Ok(())
}

/// The modules that lie in a folder itself.
fn sources(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.display().to_string())
        .collect();
    files.sort();
    Ok(files)
}

fn package() -> PathBuf {
    root().join("bindings/python")
}

/// Where everything that is made here goes.
fn made() -> PathBuf {
    target().join("python")
}

fn wheels() -> PathBuf {
    made().join("wheels")
}

/// A virtual environment.
struct Environment {
    folder: PathBuf,
    interpreter: &'static str,
}

impl Environment {
    fn new(name: &str) -> Self {
        Self { folder: made().join(name), interpreter: "python3" }
    }

    fn python(&self) -> PathBuf {
        self.folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
    }

    /// Makes it, unless it is there and works: whoever has updated Python has another interpreter.
    fn make(&self) -> Result<(), String> {
        let works = Command::new(self.python())
            .args(["-c", "import pip"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if works {
            return Ok(());
        }
        let folder = self.folder.display().to_string();
        finish(Command::new(self.interpreter).args(["-m", "venv", "--clear", &folder]))
    }

    /// Installs the wheel with these extras, and these packages.
    fn fill(&self, extras: &str, packages: &[&str]) -> Result<(), String> {
        self.make()?;
        let wheel = built()?.display().to_string();
        let pip = ["-m", "pip", "install", "--quiet"];
        // The same version may have other contents by now.
        self.run(&[&pip[..], &["--force-reinstall", "--no-deps", &wheel]].concat())?;
        let wanted = format!("{wheel}[{extras}]");
        self.run(&[&pip[..], &[&wanted], packages].concat())
    }

    /// Installs the wheel where no program is found but the environment's own, no compiler above all, and uses it.
    fn try_alone(&self) -> Result<(), String> {
        self.make()?;
        let wheel = built()?.display().to_string();
        let pip = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--only-binary", ":all:"];
        let path = self.programs();
        finish(self.command(&[&pip[..], &[&wheel]].concat()).env("PATH", &path))?;
        let count = "import trackside as t; k = t.Tracker(consent='none', env=False, transport=t.RecordingTransport()); \
                     k.begin('GET', '/', [('Host', 'a.example')]).finish(200, [('Content-Type', 'text/html')]); \
                     assert len(k.hits()) == 1, k.stats()";
        finish(self.command(&["-I", "-W", "error", "-c", count]).env("PATH", &path))
    }

    /// Runs its interpreter in the package's folder, with its programs before all others.
    fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.programs()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
        finish(self.command(arguments).env("PATH", path).env("CARGO_TARGET_DIR", target()))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.python());
        command.args(arguments).env("VIRTUAL_ENV", &self.folder);
        command
    }

    fn programs(&self) -> PathBuf {
        self.python().parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

fn finish(command: &mut Command) -> Result<(), String> {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let shown = format!("python {}", words.join(" "));
    println!("$ {shown}");
    let status = command
        .current_dir(package())
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("`{shown}` does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}`: {status}")) }
}
