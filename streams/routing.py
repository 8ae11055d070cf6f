"""Who is told of which alert, as data: routes are looked at from top to bottom, and everyone whom one names is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.alerts import Alert, Kind
from schemas.receipts import ReceiverName

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Route(BaseModel):
    """Which alerts, and who is told of them. A condition that is not given is kept by every alert."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: int = Field(4, ge=1, le=4, description="At least so severe: 2 stands for 1 and 2, for 1 is the worst.")
    brands: frozenset[Text] = Field(frozenset(), description="Any of these brands.")
    pain_points: frozenset[Text] = Field(frozenset(), description="Any of these pain points or delights, by id.")
    kinds: frozenset[Kind] = Field(frozenset(), description="Any of these kinds of alerts.")
    to: tuple[ReceiverName, ...] = Field(min_length=1, description="Names of receivers.")
    stop: bool = Field(False, description="Whether routes below it are not looked at where this one matches.")

    def matches(self, alert: Alert) -> bool:
        """Whether the alert keeps every condition.

        Within an episode an alert's severity only ever rises, so whoever was told that it fires is told that it is
        over. An incident is about what any of its parts is about, and keeps them till its end.
        """
        points = {alert.pain_point, *(part.pain_point for part in alert.parts)}
        kinds = {alert.kind, *(part.kind for part in alert.parts)}
        return (
            alert.severity <= self.severity
            and (not self.brands or alert.brand in self.brands)
            and (not self.pain_points or not self.pain_points.isdisjoint(points))
            and (not self.kinds or not self.kinds.isdisjoint(kinds))
        )


def receivers_of(routes: Sequence[Route], alert: Alert) -> tuple[str, ...]:
    """The names of those who are told of an alert, each once, in the order of the routes."""
    names: dict[str, None] = {}
    for route in routes:
        if route.matches(alert):
            names.update(dict.fromkeys(route.to))
            if route.stop:
                break
    return tuple(names)
