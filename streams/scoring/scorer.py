"""Frames of raw events → scored records: normalise, redact, read, hear, tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.base import SCHEMA_VERSION, rfc3339
from schemas.raw import Post, RawEvent, Source
from schemas.scored import EMOTIONS
from streams.catalog import Catalogs
from streams.scoring import feelings
from streams.scoring.chunks import BREAK
from streams.scoring.cleaning import Cleaner
from streams.scoring.curves import log_odds, logarithm, sigmoid, softmax
from streams.scoring.gate import UNHAPPY
from streams.scoring.head_features import Evidence, Featurer
from streams.scoring.heads import Heads
from streams.scoring.heard import Heard
from streams.scoring.hearing import Ear
from streams.scoring.language import Tongues
from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.opinions import second_reader
from streams.scoring.pseudonyms import Pseudonyms
from streams.scoring.records import carry, mentions, signals, stage
from streams.scoring.tokens import (
    CAPITALS,
    ELONGATED,
    EMOJI,
    EXCLAMATION,
    INTENSIFIER,
    LETTERS,
    WORD,
)
from streams.scoring.wording import Wordings, is_repost

Event = tuple[Source, RawEvent, dict[str, Any]]
"""What was read: its source, the event, and where it was read in wire form (`schemas.scored.Origin`)."""
LABELS = ("negative", "neutral", "positive")
TOP_WORDS = 4
CHARACTERS_AT_ONCE = 80_000
"""Texts are read in portions of about so many characters, so that a frame of long texts stays small in memory."""
LONGEST_NEED = 40
"""Words of a need that are shown."""
LEAST_PART = 0.12
"""Logits that a word must move the sentiment by to be shown."""
_STARS = np.array([-1.6, -0.5, 1.6], dtype=np.float32)
"""What five stars add to the logits of negative, neutral and positive; one star the reverse, neutral alike."""


class Scorer:
    """Scores events. Keeps what it learns of words between calls; one scorer a thread."""

    def __init__(
        self,
        catalogs: Catalogs,
        pseudonyms: Pseudonyms,
        reader: str = "fast",
        *,
        deep_share: float = 1.0,
        explain: bool = True,
        all_emotions: bool = False,
        heads: Heads | None = None,
        witness: Callable[[Featurer, Evidence], None] | None = None,
    ) -> None:
        """Takes the brands' catalogs and the pseudonyms' key.

        Args:
            catalogs: What is heard in which brand's texts.
            pseudonyms: What turns authors into pseudonyms.
            reader: Who is asked for a second opinion, by name (``streams.scoring.opinions``); ``fast``: nobody.
            deep_share: Share of the texts that ``deep`` reads.
            explain: Tell the words that moved the sentiment and each emotion.
            all_emotions: Tell every emotion's probability, not only of those that are heard.
            heads: What brands have learned from labelled examples.
            witness: Sees what a head is offered of the texts, to fit one.

        Raises:
            HeadError: A head tells ids that its catalog does not have.
            UnknownReaderError: The second reader can't be had.
        """
        self._catalogs = catalogs
        self._pseudonyms = pseudonyms
        self._model = Model()
        self._explain = explain
        self._all_emotions = all_emotions
        self._second = second_reader(reader, deep_share)
        self._heads = heads or Heads()
        self._heads.check(catalogs)
        self._witness = witness
        self._ears: dict[tuple[int, int], Ear] = {}
        self._cleaner = Cleaner()
        self._tongues = Tongues()
        self._wordings = Wordings()
        self._generation = -1

    @property
    def emotion_thresholds(self) -> dict[str, float]:
        """Emotion → the probability from which on it is told."""
        return dict(zip(EMOTIONS, self._model.weights.thresholds.tolist(), strict=True))

    def score(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        """The events' records in wire form, in order: what `schemas.scored.Scored` describes, ready for JSON.

        Fields that would be null are left out.
        """
        records: list[dict[str, Any]] = []
        for portion in _portions(events):
            records += self._score(portion)
        return records

    def _score(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        said = [event for _, event, _ in events]
        cleaned = self._cleaner.clean(said, [source == "tickets" for source, _, _ in events])
        whole = cleaned.whole()
        prepared = self._model.prepare(whole)
        languages = self._languages(prepared, cleaned.texts, said)
        lexicon = self._model.lexicon
        wordings = self._wordings.of(prepared.frame, lexicon.hashes, lexicon.flags, WORD, cleaned.texts)
        read = np.array([language == "en" for language in languages], dtype=np.bool_)
        judged = self._model.judge(prepared, read)
        self._ask_again(judged, whole, read)
        stars = [_stars(event) for event in said]
        chances, values = _sentiment(judged, stars)
        labels = chances.argmax(axis=1)
        counts = _Counts(prepared, read)
        # Where nothing could be read and nobody rated, nothing is claimed.
        silent = ~read & (counts.emoji == 0) & np.array([given is None for given in stars])
        labels[silent] = 1
        values[silent] = 0.0
        emotions = self._emotions(prepared, judged, read | (counts.emoji > 0))
        intensity = counts.intensity(values, judged.emotions)
        words = self._top_words(prepared, judged, labels) if self._explain else [[] for _ in said]
        # The company's own answers speak of its customers' pain; only the customers suffer it.
        spoken = read & np.array([event.__dict__.get("direction") != "agent" for event in said])
        brands = [event.brand for event in said]
        ears = {brand: self._ear(brand) for brand in set(brands)}
        heard = _listen([ears[brand] for brand in brands], prepared, judged, spoken, values)
        needs = self._needs(heard, prepared)
        directed = spoken.tolist()
        nothing = Heard()
        records = []
        for at, (
            (source, event, origin),
            text,
            language,
            label,
            value,
            confidence,
            strength,
            felt,
            kin,
            moved,
        ) in enumerate(
            zip(
                events,
                cleaned.texts,
                languages,
                labels.tolist(),
                values.astype(np.float64).round(3).tolist(),
                np.where(silent, 0.0, chances.max(axis=1)).astype(np.float64).round(3).tolist(),
                intensity,
                emotions,
                feelings.groups(judged.families),
                words,
                strict=True,
            )
        ):
            mine = heard.get(at, nothing)
            pains = mine.pain_points
            if not pains and not mine.delights and value <= UNHAPPY and directed[at] and not _only_asks(text):
                pains = [(entry, moved[:2], value) for entry in ears[event.brand].fallbacks[:1]]
            record: dict[str, Any] = {
                "schema_version": SCHEMA_VERSION,
                "id": event.id,
                "source": source,
                "brand": event.brand,
                "author": self._pseudonyms.of(event.author),
                "created_at": rfc3339(event.created_at),
                "text": text,
                "language": language,
                "read": language == "en",
                "sentiment": {"label": LABELS[label], "value": value, "confidence": confidence},
                "emotions": felt,
                "emotion_groups": kin,
                "intensity": strength,
                "journey_stage": stage(pains, mine, source),
                "signals": signals(event, mine, needs.get(at, "")),
                "pain_points": mentions(pains),
                "delights": mentions(mine.delights),
                "words": moved,
                "origin": origin,
            }
            if (wording := wordings[at]) is not None:
                record["wording"] = wording
            if is_repost(text):
                record["repost"] = True
            carry(record, source, event, at, cleaned)
            records.append(record)
        return records

    def _languages(self, prepared: Prepared, texts: list[str], events: list[RawEvent]) -> list[str]:
        """The language of each text: what the source says, else what its words and letters say."""
        if self._generation != self._model.generation:
            self._generation = self._model.generation
            self._tongues.clear()
            self._wordings.clear()
        languages = self._tongues.of(prepared.frame, self._model.lexicon.norm, texts)
        for at, event in enumerate(events):
            if event.language:
                tag = event.language.replace("_", "-").split("-", 1)[0].lower()
                if tag != "und":
                    languages[at] = tag
        return languages

    def _ask_again(self, judged: Judged, texts: list[str], read: NDArray[np.bool_]) -> None:
        """Puts a second reader's opinion in the place of the first one's, or beside it, where one wants the text."""
        if self._second is None:
            return
        which = np.flatnonzero(self._second.wants(softmax(judged.sentiment)) & read)
        if not len(which):
            return
        opinions = self._second.read([texts[at] for at in which.tolist()])
        told, first = logarithm(np.clip(opinions.sentiment, 1e-6, 1.0)), judged.sentiment[which]
        judged.sentiment[which] = opinions.share * told + (1.0 - opinions.share) * first
        for mine, theirs in ((judged.emotions, opinions.emotions), (judged.families, opinions.families)):
            if theirs is not None:
                odds = opinions.share * log_odds(theirs) + (1.0 - opinions.share) * log_odds(mine[which])
                mine[which] = sigmoid(odds)

    def _emotions(self, prepared: Prepared, judged: Judged, heard: NDArray[np.bool_]) -> list[list[dict[str, Any]]]:
        """Emotions that are heard, or all that were asked for, strongest first."""
        which = feelings.told(judged.emotions, judged.families, self._model.weights) & heard[:, None]
        words = feelings.words(self._model, prepared, judged, which) if self._explain else None
        if self._all_emotions:
            which = np.broadcast_to(heard[:, None], which.shape)
        return feelings.listed(judged.emotions, which, words)

    def _top_words(self, prepared: Prepared, judged: Judged, labels: NDArray[np.int64]) -> list[list[str]]:
        """The words that moved each text's sentiment most towards its label; either way where it is neutral."""
        frame, parts = prepared.frame, self._model.parts(prepared, judged)
        side = (labels - 1).astype(np.float32)[frame.text_of]
        parts = np.where(side == 0, np.abs(parts), parts * side)
        return self._model.top_words(
            prepared, parts, frame.starts, frame.ends, share=0.0, least=LEAST_PART, most=TOP_WORDS
        )

    def _needs(self, heard: dict[int, Heard], prepared: Prepared) -> dict[int, str]:
        """Number of the text → its need: the words from where it is told to the end of the sentence."""
        told = {text: said.need_at for text, said in heard.items() if said.need_at is not None}
        if not told:
            return {}
        frame, around, norm = prepared.frame, prepared.around, self._model.lexicon.norm
        ends = around.sentence_ends[around.sentence[list(told.values())]]
        needs = {}
        for (text, begin), end, last in zip(told.items(), ends.tolist(), frame.atoms[ends - 1].tolist(), strict=True):
            line = end - 1 if norm[last] == BREAK else end
            needs[text] = frame.words(begin, line, LONGEST_NEED).strip(' ,;:"“”()')
        return needs

    def _ear(self, brand: str) -> Ear:
        catalog = self._catalogs.for_brand(brand)
        head = self._heads.for_brand(brand, catalog)
        key = id(catalog), id(head)
        ear = self._ears.get(key)
        if ear is None:
            ear = self._ears[key] = Ear(catalog, self._model, head, self._witness)
        return ear


def _sentiment(judged: Judged, stars: list[float | None]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities of the three labels and the value, ratings blended in as evidence beside the words."""
    logits = judged.sentiment
    for at, given in enumerate(stars):
        if given is not None:
            logits[at] += _STARS * np.array([given, abs(given) * 2 - 1, given], dtype=np.float32)
    chances = softmax(logits)
    return chances, chances[:, 2] - chances[:, 0]


class _Counts:
    """How loud each text is: emoji, exclamation marks, capitals, elongations, intensifiers."""

    def __init__(self, prepared: Prepared, read: NDArray[np.bool_]) -> None:
        flags, starts = prepared.around.flags, prepared.frame.starts

        def count(bits: int) -> NDArray[np.int64]:
            out: NDArray[np.int64] = np.add.reduceat((flags & bits) != 0, starts, dtype=np.int64)
            return out

        self.emoji = count(EMOJI)
        self._exclamations = count(EXCLAMATION)
        shouted = ((flags & CAPITALS) != 0) & ((flags & LETTERS) != 0)
        self._capitals = np.add.reduceat(shouted, starts, dtype=np.int64)
        self._letters = count(LETTERS)
        self._elongated = count(ELONGATED)
        self._intensifiers = count(INTENSIFIER)
        self._read = read

    def intensity(self, values: NDArray[np.float32], emotions: NDArray[np.float32]) -> list[float]:
        """0 to 1: half the sentiment's strength, the strongest emotion, and how it is written."""
        shouting = np.minimum(self._capitals / np.maximum(self._letters, 3), 1.0)
        strength = (
            0.45 * np.abs(values)
            + 0.3 * emotions[:, :-1].max(axis=1)
            + 0.08 * np.minimum(self._exclamations, 2)
            + 0.3 * shouting
            + 0.1 * np.minimum(self._elongated, 1)
            + 0.07 * np.minimum(self._intensifiers, 2)
            + 0.06 * np.minimum(self.emoji, 2)
        )
        out: list[float] = (
            np.clip(np.where(self._read | (self.emoji > 0), strength, 0.45 * np.abs(values)), 0, 1).round(3).tolist()
        )
        return out


def _listen(
    ears: list[Ear], prepared: Prepared, judged: Judged, spoken: NDArray[np.bool_], values: NDArray[np.float32]
) -> dict[int, Heard]:
    """What was heard in each text by its brand's ear."""
    each = {id(ear): ear for ear in ears}
    if len(each) == 1:
        return ears[0].listen(prepared, judged, spoken, values)
    numbers = np.array([id(ear) for ear in ears])
    heard: dict[int, Heard] = {}
    for number, ear in each.items():
        heard |= ear.listen(prepared, judged, spoken & (numbers == number), values)
    return heard


def _portions(
    events: Sequence[Event],
) -> Iterator[Sequence[Event]]:
    begin, size = 0, 0
    for at, (_, event, _) in enumerate(events):
        if size and size + len(event.text) > CHARACTERS_AT_ONCE:
            yield events[begin:at]
            begin, size = at, 0
        size += len(event.text)
    if begin < len(events):
        yield events[begin:]


def _stars(event: RawEvent) -> float | None:
    """What the customer gave, from -1 (one star) to 1 (five); None where nothing was given."""
    if type(event) is Post:
        return None
    given = event.__dict__.get("rating")
    if given is None:
        given = event.__dict__.get("csat")
    return None if given is None else (given - 3.0) / 2.0


def _only_asks(text: str) -> bool:
    """Whether the text is one question, asked without heat."""
    return text.endswith("?") and text.count("?") == 1 and not any(mark in text for mark in ".!\n")
