"""What silences and acknowledgements keep from people, and what is told when they are over. Pure; wall clock is given.

The terms, and what a silence does, are those of Prometheus' Alertmanager. Unlike there, a silence's end tells the
newest state of what it has muted at once, and not with a repeat: nobody is left unaware.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final, Literal

from pydantic import ValidationError

from schemas.alerts import Alert
from schemas.silences import Acknowledgement, Matchers, Muted, Silence, SilenceRecord

log = logging.getLogger(__name__)

MOST_SILENCES: Final = 1_000
"""Silences that are not expired; more are not followed, and what they would mute is told."""
MOST_ACKNOWLEDGEMENTS: Final = 10_000
"""Alerts with an acknowledged episode; beyond it, the one that was written longest ago is forgotten."""
MOST_MUTED: Final = 2_000
"""Alerts that are kept from people at once (some kB each); more are told in spite of a silence."""

State = Literal["pending", "active", "expired"]
Why = Literal["silenced", "acknowledged"]


def state_of(silence: Silence, now: datetime) -> State:
    """Where in its life a silence is."""
    if silence.ended_at is not None or now >= silence.ends_at:
        return "expired"
    return "active" if now >= silence.starts_at else "pending"


def matches(matchers: Matchers, alert: Alert) -> bool:
    """Whether an alert fits in everything that is named; an incident does where all do that it is made of."""
    if alert.parts and matchers.fingerprint != alert.fingerprint and matchers.kind != alert.kind:
        return all(matches(matchers, alert.model_copy(update={**dict(part), "parts": []})) for part in alert.parts)
    return (
        matchers.brand in (None, alert.brand)
        and matchers.pain_point in (None, alert.pain_point)
        and matchers.kind in (None, alert.kind)
        and matchers.fingerprint in (None, alert.fingerprint)
        and (matchers.severity_at_most is None or alert.severity >= matchers.severity_at_most)
    )


def acknowledges(acknowledgement: Acknowledgement, alert: Alert) -> bool:
    """Whether it is of this alert's episode, and nobody has taken it back."""
    if acknowledgement.fingerprint != alert.fingerprint or acknowledgement.ended_at is not None:
        return False
    if alert.kind == "incident" and acknowledgement.detected_at is not None:
        return acknowledgement.detected_at == alert.detected_at
    return acknowledgement.starts_at == alert.starts_at


def acknowledged_by(alert: Alert, known: Mapping[str, Acknowledgement]) -> Acknowledgement | None:
    """What keeps an alert's reminders from people: its own acknowledgement, or those of all of its parts that fire.

    Who has acknowledged everything that an incident is made of knows of the incident; while one part is not
    acknowledged, it still reminds. This is the rule of silences, too.

    Args:
        known: Fingerprint → the acknowledgement of its newest episode.
    """
    own = known.get(alert.fingerprint)
    if own is not None and acknowledges(own, alert):
        return own
    parts = [(part, known.get(part.fingerprint)) for part in alert.parts if part.status != "resolved"]
    if not parts:
        return None
    for part, of in parts:
        # A part does not say when it was detected; its own onset does not move.
        if of is None or of.ended_at is not None or of.starts_at != part.starts_at:
            return None
    return max((of for _, of in parts if of is not None), key=lambda it: (it.created_at, it.id))


def newest_episodes(acknowledgements: Iterable[Acknowledgement]) -> dict[str, Acknowledgement]:
    """Fingerprint → the acknowledgement of its newest episode."""
    known: dict[str, Acknowledgement] = {}
    for it in acknowledgements:
        before = known.get(it.fingerprint)
        if before is None or it.starts_at >= before.starts_at:
            known[it.fingerprint] = it
    return known


def acknowledgement_id(alert: Alert) -> str:
    """The same for everybody who acknowledges the same episode."""
    # The onset of an incident moves when a part joins that began before it.
    since = alert.detected_at if alert.kind == "incident" else alert.starts_at
    episode = f"{alert.fingerprint}\x1f{since.timestamp():.3f}"
    return blake2b(episode.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one change of an alert."""

    why_not: Why | None = None
    """Why it is not told; None where it is."""
    by: str = ""
    """Id of the silence or of the acknowledgement."""
    keep: Muted | None = None
    """To be written to the topic before the alert counts as handled."""
    forget: tuple[str, ...] = ()
    """Keys of muted states that are to be deleted: after ``keep`` is written, or after the alert was told."""


@dataclass(slots=True)
class Silences:
    """Everything on the topic that still matters."""

    _silences: dict[str, Silence] = field(default_factory=dict)
    _acknowledgements: dict[str, Acknowledgement] = field(default_factory=dict)
    """By fingerprint: of its newest episode."""
    _muted: dict[str, dict[int, Muted]] = field(default_factory=dict)
    """Fingerprint → revision → what is kept; one revision, but for the moments between writing and deleting."""
    _forgotten: set[str] = field(default_factory=set)
    """Keys that we are done with, but whose record may still come to us from the topic, before its deletion does."""

    def take(self, key: str, value: bytes | None, now: datetime) -> None:
        """Follow one record of the topic; one that can't be read is logged, and is as if it were not there."""
        if value is None:
            self._forgotten.discard(key)
            self._drop(key)
            return
        try:
            record = SilenceRecord.model_validate_json(value).root
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the record"
            log.warning("A record of silences can't be read and is passed over, key %.100r: %s: %s", key, where,
                        first["msg"])  # fmt: skip
            return
        if record.id != key:
            log.warning("A record of silences is passed over: its key is %.100r, and its id %r", key, record.id)
        elif isinstance(record, Silence):
            self._take_silence(record, now)
        elif isinstance(record, Acknowledgement):
            self._take_acknowledgement(record)
        elif key not in self._forgotten:
            self._keep(record)

    def decide(self, alert: Alert, now: datetime) -> Decision:
        """Whether a change of an alert is told, and what is written so that nothing of it gets lost."""
        held = self._muted.get(alert.fingerprint, {})
        silence = self.silenced_by(alert, now)
        if silence is None:
            acknowledgement = acknowledged_by(alert, self._acknowledgements)
            if alert.reason == "reminder" and acknowledgement is not None:
                return Decision("acknowledged", acknowledgement.id)
            return Decision(forget=_keys(held, alert.revision))
        newest = held[max(held)] if held else None
        if newest is not None and newest.alert.revision >= alert.revision:
            return Decision("silenced", silence.id)  # It comes again, and is kept already.
        if newest is None and len(self._muted) >= MOST_MUTED:
            log.error("%d alerts are muted; more can't be kept: %s is told though silence %s matches it",
                      MOST_MUTED, alert.fingerprint, silence.id)  # fmt: skip
            return Decision()
        muted = Muted(
            alert=alert,
            silenced_by=silence.id,
            known=newest.known if newest is not None else alert.reason != "first",
            news=(newest is not None and newest.news) or alert.reason != "reminder",
        )
        if alert.status == "resolved" and not muted.known:
            # Nobody has heard that it began, so nobody needs to hear that it is over.
            return Decision("silenced", silence.id, forget=_keys(held, alert.revision))
        return Decision("silenced", silence.id, muted, _keys(held, alert.revision))

    def done(self, decision: Decision) -> None:
        """A decision was carried out: what it has written and deleted on the topic holds here, too."""
        if decision.keep is not None:
            self._forgotten.discard(decision.keep.id)
            self._keep(decision.keep)
        for key in decision.forget:
            self._forgotten.add(key)
            self._drop(key)

    @property
    def muted(self) -> list[str]:
        """Fingerprints of the alerts of which something is kept."""
        return list(self._muted)

    def release(self, fingerprint: str, now: datetime) -> tuple[Alert, Decision] | None:
        """The newest state of a muted alert that no silence matches any more; None while one does, or nothing is kept.

        The decision's ``why_not`` says why it is not told all the same: an acknowledged alert has only been reminding.
        """
        held = self._muted.get(fingerprint)
        if not held:
            return None
        muted = held[max(held)]
        if self.silenced_by(muted.alert, now) is not None:
            return None
        forget = _keys(held, muted.alert.revision)
        acknowledgement = acknowledged_by(muted.alert, self._acknowledgements)
        if not muted.news and acknowledgement is not None:
            return muted.alert, Decision("acknowledged", acknowledgement.id, forget=forget)
        return muted.alert, Decision(forget=forget)

    def silenced_by(self, alert: Alert, now: datetime) -> Silence | None:
        """An active silence that matches; of several the one that ends last."""
        found = [it for it in self._silences.values() if state_of(it, now) == "active" and matches(it.matchers, alert)]
        return max(found, key=lambda it: (it.ends_at, it.id), default=None)

    def _take_silence(self, silence: Silence, now: datetime) -> None:
        self._silences.pop(silence.id, None)
        if state_of(silence, now) == "expired":
            return
        if len(self._silences) >= MOST_SILENCES:
            self._silences = {id_: it for id_, it in self._silences.items() if state_of(it, now) != "expired"}
        if len(self._silences) >= MOST_SILENCES:
            log.error("There are %d silences; silence %s is not followed. End some: groundswell silence list",
                      MOST_SILENCES, silence.id)  # fmt: skip
            return
        self._silences[silence.id] = silence

    def _take_acknowledgement(self, acknowledgement: Acknowledgement) -> None:
        known = self._acknowledgements.get(acknowledgement.fingerprint)
        # Two episodes' records may lie in two partitions: the newer episode counts, whichever comes first.
        if known is not None and known.starts_at > acknowledgement.starts_at:
            return
        self._acknowledgements.pop(acknowledgement.fingerprint, None)
        self._acknowledgements[acknowledgement.fingerprint] = acknowledgement
        if len(self._acknowledgements) > MOST_ACKNOWLEDGEMENTS:
            del self._acknowledgements[next(iter(self._acknowledgements))]

    def _keep(self, muted: Muted) -> None:
        self._muted.setdefault(muted.alert.fingerprint, {})[muted.alert.revision] = muted

    def _drop(self, key: str) -> None:
        self._silences.pop(key, None)
        fingerprint, muted, _ = key.partition(":")
        if not muted:
            self._acknowledgements = {it: of for it, of in self._acknowledgements.items() if of.id != key}
        elif fingerprint in self._muted:
            left = {revision: it for revision, it in self._muted[fingerprint].items() if it.id != key}
            if left:
                self._muted[fingerprint] = left
            else:
                del self._muted[fingerprint]


def _keys(held: dict[int, Muted], revision: int) -> tuple[str, ...]:
    return tuple(muted.id for number, muted in sorted(held.items()) if number <= revision)
