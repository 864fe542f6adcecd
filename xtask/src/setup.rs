//! Finds what the workspace needs beside Rust and Node, and installs it where it may.

use crate::run::{Failure, Outcome, command, exists, root, run};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
};

/// What building and running the native parts takes: cmake and libclang for llama.cpp, the npm packages for the chain.
pub(crate) fn native() -> Outcome {
    let mut missing = Vec::new();
    if !exists("cmake", "--version") {
        missing.push("cmake");
    }
    if !exists("c++", "--version") {
        missing.push("g++");
    }
    if !has_libclang() {
        missing.push("libclang-dev");
    }
    if !missing.is_empty() {
        install(&missing)?;
    }
    node_packages()
}

/// anvil, forge, solc and the OpenZeppelin sources, at the versions of `package-lock.json`.
pub(crate) fn node_packages() -> Outcome {
    if !exists("node", "--version") || !exists("npm", "--version") {
        return Err(Failure::new("Node.js 20 or newer is needed, with npm: https://nodejs.org"));
    }
    let lock = root().join("package-lock.json");
    let stamp = root().join("node_modules/.fabstir-lock");
    let wanted = fs::read(&lock).map_err(|error| Failure::new(format!("{}: {error}", lock.display())))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(command("npm").args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).map_err(|error| Failure::new(format!("{}: {error}", stamp.display())))
}

/// A Python interpreter with the packages of `<folder>/requirements.txt`, in an environment of its own under `target/`.
pub(crate) fn python_environment(folder: &str) -> Outcome<PathBuf> {
    let environment = root().join("target/python").join(folder);
    let python = environment.join("bin/python");
    let requirements = root().join(folder).join("requirements.txt");
    let wanted =
        fs::read(&requirements).map_err(|error| Failure::new(format!("{}: {error}", requirements.display())))?;
    let stamp = environment.join("requirements.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if !exists("python3", "--version") {
        install(&["python3", "python3-venv"])?;
    }
    let made = |quiet: bool| {
        let mut venv = command("python3");
        venv.args(["-m", "venv"]).arg(&environment);
        if quiet {
            venv.stdout(Stdio::null()).stderr(Stdio::null());
        }
        venv
    };
    // Debian's python3 comes without ensurepip until python3-venv is there.
    if !made(true).status().is_ok_and(|status| status.success()) {
        install(&["python3-venv"])?;
        run(&mut made(false))?;
    }
    run(command(&python.to_string_lossy())
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(|error| Failure::new(format!("{}: {error}", stamp.display())))?;
    Ok(python)
}

/// A folder's npm packages, at the versions of its lock file.
pub(crate) fn npm_ci(folder: &str) -> Outcome {
    let folder = root().join(folder);
    let (lock, stamp) = (folder.join("package-lock.json"), folder.join("node_modules/.fabstir-lock"));
    let failed = |path: &Path, error| Failure::new(format!("{}: {error}", path.display()));
    let wanted = fs::read(&lock).map_err(|error| failed(&lock, error))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(command("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).map_err(|error| failed(&stamp, error))
}

/// Installs Debian packages if we may, or says how.
pub(crate) fn install(packages: &[&str]) -> Outcome {
    let line = if cfg!(target_os = "macos") {
        format!("brew install {}", packages.join(" ").replace("libclang-dev", "llvm").replace("g++", "gcc"))
    } else {
        format!("sudo apt-get update && sudo apt-get install --yes {}", packages.join(" "))
    };
    let refused = || Failure::new(format!("missing: {}. Run:\n  {line}", packages.join(", ")));
    if !exists("apt-get", "--version") {
        return Err(refused());
    }
    let mut prefix = Vec::new();
    if !is_root() {
        let may =
            command("sudo").args(["-n", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !may {
            return Err(refused());
        }
        prefix.push("sudo");
    }
    let apt = |words: &[&str]| {
        let all: Vec<&str> = prefix.iter().copied().chain(["apt-get"]).chain(words.iter().copied()).collect();
        run(command(all[0]).args(&all[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    static UPDATED: OnceLock<()> = OnceLock::new();
    if UPDATED.set(()).is_ok() {
        apt(&["update", "-q"])?;
    }
    let mut words = vec!["install", "--yes", "-q"];
    words.extend(packages);
    apt(&words).map_err(|_| refused())
}

fn is_root() -> bool {
    crate::run::output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Whether bindgen will find libclang, looked for where clang-sys looks.
fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let mut folders: Vec<PathBuf> =
        ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map(PathBuf::from)
            .to_vec();
    folders.extend(
        fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| names(path, "llvm"))
            .map(|path| path.join("lib")),
    );
    folders.extend(
        ["/opt/homebrew/opt/llvm/lib", "/usr/local/opt/llvm/lib", "/Library/Developer/CommandLineTools/usr/lib"]
            .map(PathBuf::from),
    );
    folders.iter().any(|folder| {
        fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            // libclang-cpp is another library.
            (name.starts_with("libclang.") || name.starts_with("libclang-")) && !name.starts_with("libclang-cpp")
        })
    })
}

fn names(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}
