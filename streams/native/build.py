"""The library of C made from its sources: ``hatch_build.py`` does so when Groundswell is installed.

Any compiler that takes GCC's options will do. Where there is none, the package ``ziglang`` is one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

LIBRARY = Path(__file__).with_name("_native.dll" if sys.platform == "win32" else "_native.so")
SOURCES = Path(__file__).parents[1]
"""The folder below which the sources stand, each beside the file in Python that calls it."""
ZIG = "ziglang"
"""The package that has a compiler."""
# Floats are added in the order that is written and rounded after each step, so that a text has the same score on every
# machine.
_FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Wextra"]
_POSIX = ("cc", "gcc", "clang")


class NativeError(Exception):
    """The library can't be made or used; says what to do."""


def fingerprint() -> int:
    """Of the sources."""
    found = 0
    for path in sorted(SOURCES.rglob("*.[ch]")):
        found = crc32(path.read_bytes(), found)
    return found


def compiler() -> list[str] | None:
    """The command that compiles; None where there is none."""
    if named := os.environ.get("CC"):
        return named.split()
    if sys.platform != "win32":
        for name in _POSIX:
            if (path := shutil.which(name)) and _compiles([path]):
                return [path]
    if find_spec(ZIG):
        # It would compile for this processor alone.
        return [sys.executable, "-m", ZIG, "cc", "-mcpu=baseline", "-s"]
    return None


def _compiles(command: list[str]) -> bool:
    """Whether a compiler that is there has what it needs: without the headers of C, which some systems leave out, it is
    none.
    """
    with TemporaryDirectory() as folder:
        source = Path(folder, "trial.c")
        source.write_text(
            "#include <stdint.h>\n#include <string.h>\nint trial(int8_t *to) { return !memset(to, 0, 1); }\n"
        )
        command = [*command, *_FLAGS, "-o", str(source.with_suffix(".so")), str(source)]
        try:
            return not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603 - a source of our own.
        except OSError:
            return False


def build(*extra: str, library: Path = LIBRARY) -> None:
    """Makes the library.

    Args:
        extra: More options of the compiler.
        library: Where to.

    Raises:
        NativeError: There is no compiler, or it refuses.
    """
    command = compiler()
    if command is None:
        raise NativeError(f"there is no C compiler: install one (cc, gcc or clang), or the package {ZIG}")
    sources = sorted(str(path) for path in SOURCES.rglob("*.c"))
    # Beside its place, then into it: a process that has the old one open keeps it.
    new = library.with_suffix(f".{os.getpid()}")
    command += [*_FLAGS, f"-DFINGERPRINT={fingerprint()}u", *extra, "-o", str(new), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own sources.
        if done.returncode:
            raise NativeError(f"{' '.join(command)}\nends with code {done.returncode}:\n{done.stderr.strip()}")
        new.replace(library)
    except OSError as problem:
        raise NativeError(f"{command[0]} can't be run: {problem}") from problem
    finally:
        new.unlink(missing_ok=True)
