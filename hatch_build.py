"""What hatchling asks when it makes a wheel or an editable install: the library of C is compiled on the way."""

from __future__ import annotations

import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _build() -> ModuleType:
    """The module by its path: what its package imports isn't here yet."""
    spec = spec_from_file_location("native_build", Path(__file__).parent / "streams" / "native" / "build.py")
    if spec is None or spec.loader is None:
        raise ImportError("streams/native/build.py is missing")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CustomBuildHook(BuildHookInterface[Any]):
    """Compiles, and says for which kind of machine the wheel is."""

    def dependencies(self) -> list[str]:
        """A compiler as a package, where the machine has none."""
        build = _build()
        return [] if build.compiler() else [build.ZIG]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Makes the library where the source distribution isn't all that is asked for."""
        if self.target_name != "wheel":
            return
        build = _build()
        build.build()
        build_data["pure_python"] = False
        build_data["artifacts"].append(f"/{build.LIBRARY.relative_to(self.root).as_posix()}")
        # Nothing of it hangs on the version of Python.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
