"""What every test shares: no setting of the machine that runs them gets in, and which of them may run side by side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes tells of the machine, not of the code.
settings.register_profile("groundswell", deadline=None)
settings.load_profile("groundswell")

_ON_KAFKA = {Path(__file__).parent / name for name in ("broker", "chaos")}

for _name in [name for name in os.environ if name.startswith("GROUNDSWELL_") and name != "GROUNDSWELL_EXAMPLES"]:
    # Before any module of ours is imported; the cache of jars is the one thing that runs may share.
    if _name != "GROUNDSWELL_CACHE":
        del os.environ[_name]


@pytest.hookimpl(tryfirst=True)  # Before pytest-xdist looks for the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on a broker come first and stay together: they wait a lot, and meanwhile another process runs the rest."""
    for item in items:
        if _ON_KAFKA & {*item.path.parents}:
            item.add_marker(pytest.mark.xdist_group("kafka"))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
