"""Who takes part in the common job, and how each is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Contestant:
    """One of them."""

    name: str
    title: str
    """As the table shows it."""
    command: tuple[str, ...]
    """Arguments of its Python."""
    packages: tuple[str, ...]
    """Whose versions are told; the first must be there."""
    share: float
    """Of the events, so that slow ones don't take the whole time."""
    ours: bool = False
    """Runs in the product's own environment instead of the contestants'."""


CONTESTANTS: Final = (
    Contestant(
        "librdkafka",
        "librdkafka, a loop by hand",
        ("-m", "bench.contestants.librdkafka_loop"),
        ("confluent-kafka", "orjson"),
        1.0,
    ),
    Contestant(
        "groundswell",
        "Groundswell's machinery",
        ("-m", "bench.contestants.groundswell_app"),
        ("groundswell", "faust-streaming", "aiokafka", "orjson"),
        1.0,
        ours=True,
    ),
    Contestant(
        "bytewax",
        "Bytewax",
        ("-m", "bytewax.run", "bench.contestants.bytewax_flow"),
        ("bytewax", "confluent-kafka", "orjson"),
        0.5,
    ),
    Contestant(
        "quix",
        "Quix Streams",
        ("-m", "bench.contestants.quix_app"),
        ("quixstreams", "confluent-kafka", "orjson"),
        0.25,
    ),
    Contestant(
        "faust",
        "Faust, textbook",
        ("-m", "faust", "-A", "bench.contestants.faust_textbook", "worker", "--without-web", "-l", "warn"),
        ("faust-streaming", "aiokafka", "orjson"),
        0.03,
    ),
)
