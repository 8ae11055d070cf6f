"""What an alert of a brand can be about, by name: a series, a pain point's share, the mood, a channel's silence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from schemas.alerts import Kind
from streams.catalog import Catalog
from streams.windows.aggregate import EVERYTHING, NEGATIVE

MOOD = "*mood"
_SHARE = "*share:"
_HUSH = "*silence:"


@dataclass(frozen=True, slots=True)
class Subject:
    """One of them."""

    series: str
    """The series of ``streams.windows`` that shows who says it."""
    point: str | None = None
    """Id of the catalog; None: the brand as a whole, or a channel."""
    of: Kind | None = None
    """The kind of its alerts; None where the catalog knows."""
    channel: str | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is the share of a pain point."""
        return self.of == "share"

    def kind(self, catalog: Catalog) -> Kind:
        """The kind of its alerts."""
        return self.of if self.of is not None else catalog.kind_of(self.series)

    def title(self, brand: str, catalog: Catalog, feeling: str | None = None) -> str:
        """What its alerts are called.

        Args:
            feeling: The emotion that a mood is about.
        """
        if self.point is not None:
            title = catalog.title_of(self.point)
            return f"{title}, more than usual" if self.is_share else title
        if self.of == "surge":
            return f"Many unhappy customers of {brand}"
        if self.of == "mood":
            return f"{'Unhappiness' if feeling is None else feeling.capitalize()} among customers of {brand}"
        if self.of == "silence":
            return f"Silence on {self.channel}"
        return f"Unusually many customers of {brand}"


def share_of(point: str) -> str:
    """The name of a pain point's share."""
    return _SHARE + point


def silence_of(channel: str) -> str:
    """The name of a channel's silence."""
    return _HUSH + channel


@lru_cache(maxsize=4096)
def subject_of(name: str) -> Subject:
    """The subject of that name; a name without a star before it is an id of the catalog."""
    if name == EVERYTHING:
        return Subject(EVERYTHING, of="volume")
    if name == NEGATIVE:
        return Subject(NEGATIVE, of="surge")
    if name == MOOD:
        return Subject(NEGATIVE, of="mood")
    if name.startswith(_SHARE):
        point = name.removeprefix(_SHARE)
        return Subject(point, point, "share")
    if name.startswith(_HUSH):
        return Subject("", of="silence", channel=name.removeprefix(_HUSH))
    return Subject(name, name)
