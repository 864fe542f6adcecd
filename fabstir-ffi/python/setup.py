"""Builds the C library with cargo and puts it into the wheel.

`--config-settings` reach no setup.py, so two environment variables stand in for them: FABSTIR_CARGO_PROFILE names the
profile (release unless told), FABSTIR_LIBRARY a library that is built already.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent


def cargo() -> Path:
    """Builds the library and returns where it is."""
    profile = os.environ.get("FABSTIR_CARGO_PROFILE", "release")
    crate = HERE.parent / "Cargo.toml"
    if not crate.exists():
        raise SystemExit("the library is built from the repository: pip install ./fabstir-ffi/python in a checkout of it")
    command = ["cargo", "rustc", "--locked", "--manifest-path", str(crate), "--lib", "--crate-type", "cdylib"]
    command += ["--profile", profile, "--message-format", "json-render-diagnostics"]
    try:
        built = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise SystemExit("cargo is needed to build the library: https://rustup.rs") from None
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "fabstir":
            for name in map(Path, message["filenames"]):
                if name.suffix in (".so", ".dylib", ".dll"):
                    return name
    raise SystemExit("cargo built no shared library")


class BuildWithLibrary(build_py):
    """The package, and the library in it."""

    def run(self) -> None:
        super().run()
        given = os.environ.get("FABSTIR_LIBRARY")
        library = Path(given) if given else cargo()
        folder = HERE / "src" if self.editable_mode else Path(self.build_lib)
        target = folder / "fabstir" / library.name
        # A copy in place of one in use must not change what is mapped already.
        target.unlink(missing_ok=True)
        shutil.copyfile(library, target)


class PlatformWheel(bdist_wheel):
    """A wheel for every Python 3 of one platform: the library knows nothing of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class WithLibrary(Distribution):
    """A distribution that is not the same on every platform."""

    def has_ext_modules(self) -> bool:
        return True


setup(distclass=WithLibrary, cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel})
