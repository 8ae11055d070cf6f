"""The detect stage over one partition of ``scored``: its brands, its clocks, and what a frame does to them.

A function of the partition's log alone: the same records in the same order give the same outputs and state, however
they are cut into frames, whoever reads them, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from schemas.changes import Change
from schemas.progress import Progress
from streams.brand import Brand, Witness
from streams.catalog import Catalogs
from streams.detection import Detector
from streams.effects import SEPARATOR, Effects
from streams.observing import observe
from streams.paging import Terms
from streams.windows.ages import Ages
from streams.windows.bounds import Bounds
from streams.windows.clock import LIVE, Clocks
from streams.windows.schedule import Schedule

CLOCKS_KEY = SEPARATOR + "clocks"


class Incoming(NamedTuple):
    """One record of ``scored``."""

    value: bytes
    progress: bool
    """Whether it tells how far the origins have got, instead of what somebody said."""
    arrived_ms: int | None = None
    """By the broker's clock; None where there is no broker."""
    change: bool = False
    """Whether it carries a change, ``schemas.changes``."""


@dataclass(slots=True)
class Listener:
    """The state of one partition of ``scored``."""

    catalogs: Catalogs
    detector: Detector
    lateness_ms: int
    clocks: Clocks = field(init=False)
    brands: dict[str, Brand] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    joining: set[str] = field(default_factory=set)
    """Brands that follow other clocks than they did when time moved on last."""
    untold: set[str] = field(default_factory=set)
    """Brands that may have open windows to tell."""
    witness: Witness | None = None
    """Told of every verdict on every brand."""
    bounds: Bounds = field(default_factory=Bounds)
    terms: Terms = field(default_factory=Terms)
    _idle: Ages[Brand] = field(init=False)

    def __post_init__(self) -> None:
        self.clocks = Clocks(self.lateness_ms)
        self._idle = Ages(self.brands, lambda brand: brand.windows.rolled_ms if brand.due_ms is None else None)

    def hear(
        self,
        records: Iterable[Incoming],
        *,
        unreadable: Callable[[int, Exception], None] | None = None,
    ) -> Effects:
        """Everything that follows from these records, which come next in the log; what is still open is not told.

        Args:
            unreadable: Called with the place of each record that is not one of ours; it changes nothing else.
        """
        effects = Effects()
        touched: dict[str, None] = {}  # In order of arrival, which no set keeps.
        for index, record in enumerate(records):
            try:
                if record.progress:
                    progress = Progress.model_validate_json(record.value)
                elif record.change:
                    self._hear_change(Change.model_validate_json(record.value), effects)
                    continue
                else:
                    seen = observe(record.value)
            except (ValueError, RecursionError) as error:
                effects.counts["unreadable"] += 1
                if unreadable is not None:
                    unreadable(index, error)
                continue
            if record.progress:
                self._settle(touched, effects)
                touched.clear()
                self.clocks.note(progress, record.arrived_ms)
                effects.state[CLOCKS_KEY] = self.clocks
                self._advance(effects)
                continue
            name = seen.said.brand
            brand = self.brands.get(name)
            if brand is None:
                if len(self.brands) >= self.bounds.brands and not self._make_room(effects):
                    effects.counts["too_many_brands"] += 1
                    continue
                brand = self._brand(name)
            if name not in touched:
                touched[name] = None
                self._catch_up(brand)
            if brand.observe(seen, effects) and brand.feed_by(seen.said.origin.replay or LIVE, self.clocks, effects):
                self.joining.add(name)
        self._settle(touched, effects)
        return effects

    def _hear_change(self, change: Change, effects: Effects) -> None:
        if change.brand not in self.brands and len(self.brands) >= self.bounds.brands and not self._make_room(effects):
            effects.counts["too_many_brands"] += 1
            return
        brand = self._brand(change.brand)
        brand.changes.hear(change, effects)
        self._plan(brand)

    def tell_open(self) -> Effects:
        """The numbers of the windows that are still open and changed since they were told."""
        effects = Effects()
        for name in sorted(self.untold & self.brands.keys()):
            self.brands[name].tell_open(effects)
        self.untold.clear()
        return effects

    def _settle(self, names: Iterable[str], effects: Effects) -> None:
        for name in names:
            brand = self.brands.get(name)
            if brand is None:
                continue  # It was idle and had to make room.
            brand.settle(effects)
            brand.retell(effects)
            self._plan(brand)
            self.untold.add(name)

    def _advance(self, effects: Effects) -> None:
        due = set(self.joining)
        for names in sorted(self.schedule.followers):
            closed_ms = self.clocks.close(names)
            if closed_ms is not None:
                due.update(self.schedule.take(names, closed_ms))
        for names in self.clocks.closed.keys() - self.schedule.followers.keys():
            del self.clocks.closed[names]
        for name in sorted(due):
            brand = self.brands[name]
            closed_ms = self.clocks.closed.get(tuple(brand.clocks))
            if name in self.joining:
                brand.joined(effects)
            if closed_ms is not None:
                brand.advance(closed_ms, effects)
            self._plan(brand)
        self.joining.clear()

    def _catch_up(self, brand: Brand) -> None:
        # Time went on while the brand had nothing to do: what is late is judged by where it is now.
        if not brand.joining:
            brand.catch_up(self.clocks.closed.get(tuple(brand.clocks)))

    def _plan(self, brand: Brand) -> None:
        due_ms = brand.due_ms
        self.schedule.plan(brand.name, tuple(brand.clocks), due_ms)
        if due_ms is None:
            self._idle.note(brand.name)

    def _make_room(self, effects: Effects) -> bool:
        """Forget the brand that has been idle longest; gives False where every brand is busy."""
        name = self._idle.oldest()
        if name is None:
            return False
        self.brands.pop(name).forget(effects)
        self.schedule.forget(name)
        self.joining.discard(name)
        self.untold.discard(name)
        effects.counts["brand_dropped"] += 1
        return True

    def _brand(self, name: str) -> Brand:
        brand = self.brands.get(name)
        if brand is None:
            brand = self.brands[name] = Brand(
                name,
                self.catalogs.for_brand(name),
                self.detector,
                self.bounds,
                terms=self.terms,
                witness=self.witness,
            )
        return brand

    # State, one JSON value a key.

    @staticmethod
    def encode(value: Any) -> bytes | None:
        """A value of ``Effects.state`` as it is stored; None is a deletion."""
        return None if value is None else orjson.dumps(value.to_state())

    def restore(self, key: str, stored: bytes) -> None:
        """Take in one stored value; ``rebuild`` follows the last one."""
        state = orjson.loads(stored)
        if key == CLOCKS_KEY:
            self.clocks = Clocks.from_state(self.lateness_ms, state)
            return
        name, kind, rest = key.split(SEPARATOR, 2)
        self._brand(name).restore(kind, rest, state)

    def rebuild(self) -> None:
        """Derive what is not stored."""
        for brand in self.brands.values():
            brand.rebuild()
            self._plan(brand)
        self.joining = {name for name, brand in self.brands.items() if brand.joining}
        self.untold = {name for name, brand in self.brands.items() if brand.untold}
