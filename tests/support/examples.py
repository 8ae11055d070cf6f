"""How many examples Hypothesis tries: few by default, more with ``GROUNDSWELL_EXAMPLES=10 pytest tests/properties``."""

from __future__ import annotations

import os

from hypothesis import settings

FACTOR = int(os.environ.get("GROUNDSWELL_EXAMPLES", "1"))


def examples(count: int) -> settings:
    """Settings of a test that tries so many; no deadline, since machines differ."""
    return settings(max_examples=count * FACTOR, deadline=None)
