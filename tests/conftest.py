"""What every test shares: no setting of the machine that runs them gets in, and no example is timed."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes tells of the machine, not of the code.
settings.register_profile("groundswell", deadline=None)
settings.load_profile("groundswell")

for _name in [name for name in os.environ if name.startswith("GROUNDSWELL_") and name != "GROUNDSWELL_EXAMPLES"]:
    # Before any module of ours is imported; the cache of jars is the one thing that runs may share.
    if _name != "GROUNDSWELL_CACHE":
        del os.environ[_name]
