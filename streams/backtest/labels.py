"""Labelled incidents: what a good detector tells of a recording, and what it must not take for an incident.

The form is one JSON object: ``incidents`` (each ``must`` be told, or ``may``: neither rewarded nor punished), and hours
in which one author's many posts look like a spike and are none: ``loud_voices`` of a brand, ``loud_cells`` of a brand
and a reason. No alert may come from those. Fields that are not named here are notes for people and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from streams.catalog import Catalog

Mood = Literal["negative", "nonneg"]
Name = Annotated[str, Field(min_length=1)]


class LabelsError(ValueError):
    """A file is not what labels are written in; the message names the field and what would be right."""


class _Label(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Incident(_Label):
    """Something that happened to a brand's customers, in event time."""

    id: Name
    brand: Name
    reason: Name | None = None
    """What the customers complained of, in the words of who labelled it; None: the brand as a whole."""
    pain_points: tuple[str, ...] = ()
    """Ids of the catalog that say the same; where empty, the reason says which."""
    sentiment_filter: Mood | None = None
    """Whose voices rose: of the unhappy, or of those who were not; None: a reason's own, or all."""
    start: AwareDatetime
    end: AwareDatetime
    wanted: Literal["must", "may"] = Field(alias="class")
    what: str = ""

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self

    @property
    def start_ms(self) -> int:
        """When it began, in milliseconds since 1970."""
        return _ms(self.start)

    @property
    def end_ms(self) -> int:
        """When it was over, in milliseconds since 1970."""
        return _ms(self.end)

    @property
    def mood(self) -> Mood | None:
        """Whose voices an alert has to count: a reason is a complaint's unless the label says otherwise."""
        return self.sentiment_filter or ("negative" if self.reason or self.pain_points else None)


class LoudHour(_Label):
    """An hour in which one author alone made a spike."""

    brand: Name = Field(validation_alias=AliasChoices("brand", "airline_label"))
    hour: AwareDatetime
    author: str = Field("", validation_alias=AliasChoices("author", "top_author"))
    reason: Name | None = None
    """Only this complaint is meant; None: whatever the brand's customers say."""
    expect: Literal["no alert"] = "no alert"
    inside_incident: tuple[str, ...] = ()
    """Ids of incidents that go on in that hour, which may be told nevertheless."""

    @property
    def hour_ms(self) -> int:
        """Its begin, in milliseconds since 1970."""
        return _ms(self.hour)


class Labels(_Label):
    """One file of labels."""

    incidents: tuple[Incident, ...]
    loud_voices: tuple[LoudHour, ...] = ()
    loud_cells: tuple[LoudHour, ...] = ()

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        known: set[str] = set()
        for number, incident in enumerate(self.incidents):
            if incident.id in known:
                raise ValueError(f"incidents.{number}.id: {incident.id!r} is the id of two incidents")
            known.add(incident.id)
        for name, hours in (("loud_voices", self.loud_voices), ("loud_cells", self.loud_cells)):
            for number, hour in enumerate(hours):
                for id_ in hour.inside_incident:
                    if id_ not in known:
                        raise ValueError(f"{name}.{number}.inside_incident: no incident has the id {id_!r}")
        return self

    @property
    def loud(self) -> tuple[LoudHour, ...]:
        """All hours of one loud author, of a brand and of a reason."""
        return self.loud_voices + self.loud_cells

    @property
    def brands(self) -> list[str]:
        """Every brand that is named."""
        return sorted({it.brand for it in self.incidents} | {it.brand for it in self.loud})


def read_labels(body: bytes, name: str) -> Labels:
    """The labels in a file's bytes.

    Args:
        name: What the file is called, for messages.

    Raises:
        LabelsError: It is no JSON, or a field is missing or not what it should be; the message names it.
    """
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise LabelsError(f"{name} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise LabelsError(f'{name}: labels are one JSON object, {{"incidents": […], "loud_voices": […]}}')
    try:
        return Labels.model_validate(content)
    except ValidationError as error:
        problems = [_problem(each) for each in error.errors(include_url=False)]
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise LabelsError(f"{name}: {'; '.join(problems[:3])}{more}") from None


def points_of(
    label: Incident | LoudHour, catalog: Catalog, reasons: Mapping[str, tuple[str, ...]] | None = None
) -> frozenset[str]:
    """The catalog's ids that say what a label's reason says; empty where the catalog has none.

    They are the ids that the label names, or those of ``reasons``, or the id that is the reason in lower case with
    underscores (``Late Flight``: ``late_flight``).

    Args:
        reasons: Reason → ids.
    """
    if isinstance(label, Incident) and label.pain_points:
        return frozenset(label.pain_points)
    if (named := (reasons or {}).get(label.reason or "")) is not None:
        return frozenset(id_ for id_ in named if id_ in catalog)
    id_ = re.sub(r"[^a-z0-9]+", "_", (label.reason or "").lower().replace("'", "")).strip("_")
    return frozenset({id_} if id_ in catalog else ())


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    said = error["msg"].removeprefix("Value error, ").replace("valid tuple", "valid list")
    if error["type"] == "value_error" and not where:
        return str(said)
    given = "" if error["type"] == "missing" or isinstance(error["input"], dict | list) else f", not {error['input']!r}"
    return f"{where}: {said[:1].lower()}{said[1:]}{given}"[:300]


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
