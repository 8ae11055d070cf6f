"""Texts, titles and pages of a frame → normalised and redacted, each touched only where there is something to clean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.raw import RawEvent
from streams.scoring import signs
from streams.scoring.normalise import normalise
from streams.scoring.redact import Handles, Redactor, bare_address, own_handle, show

# "#WorstServiceEver" has words in it; "#worstserviceever" is one that the model may know.
_HASHTAG = re.compile(r"#(?=[A-Za-z]{0,40}[a-z][A-Z])([A-Za-z]{4,60})(?!\w)")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

MOST_BRANDS = 10_000
"""Brands whose handles are remembered."""


def _apart(found: re.Match[str]) -> str:
    return "#" + " ".join(_PART.findall(found[1]))


@dataclass(slots=True)
class Cleaned:
    """What may be read and published of a frame's texts."""

    texts: list[str]
    titles: dict[int, str] = field(default_factory=dict)
    """Number of the event → its title, where it has one that says something."""
    urls: dict[int, str] = field(default_factory=dict)
    """Number of the event → the address of its page, where it has one."""
    redacted: dict[int, dict[str, int]] = field(default_factory=dict)
    """Number of the event → kind of personal data → how often it was replaced."""

    def whole(self) -> list[str]:
        """What is read of each event: its title as a sentence of its own, and the text; hashtags as their words."""
        texts = [_HASHTAG.sub(_apart, text) if "#" in text else text for text in self.texts]
        for at, title in self.titles.items():
            texts[at] = f"{title}. {texts[at]}"
        return texts


class Cleaner:
    """Cleans frames; keeps how each brand's own handles are spelt."""

    def __init__(self) -> None:
        self._redactors: dict[str, Redactor] = {}

    def clean(self, events: Sequence[RawEvent], quoted: Sequence[bool]) -> Cleaned:
        """The texts and titles of the events; ``quoted`` says whose text may quote earlier messages, as a ticket's."""
        cleaned = Cleaned([event.text for event in events])
        everywhere = range(len(events))
        self._clean(cleaned.texts, everywhere, events, quoted, cleaned.redacted)
        titled = [at for at in everywhere if events[at].__dict__.get("title")]
        if titled:
            titles = [events[at].__dict__["title"] for at in titled]
            self._clean(titles, titled, events, [False] * len(titled), cleaned.redacted)
            cleaned.titles = {at: title for at, title in zip(titled, titles, strict=True) if title}
        for at, event in enumerate(events):
            if event.url:
                counts = cleaned.redacted.get(at, {})
                cleaned.urls[at] = bare_address(event.url, self._redactor_of(event.brand), counts)
                if counts:
                    cleaned.redacted[at] = counts
        return cleaned

    def _clean(
        self,
        texts: list[str],
        owners: Sequence[int],
        events: Sequence[RawEvent],
        quoted: Sequence[bool],
        redacted: dict[int, dict[str, int]],
    ) -> None:
        """Cleans the texts in place, each that of the event whose number is in ``owners``."""
        for at, untidy in enumerate(signs.untidy(texts)):
            if untidy:
                texts[at] = normalise(texts[at], quoted=quoted[at])
        hidden: dict[int, list[str]] = {}
        for at, owner in enumerate(owners):
            counts = redacted.get(owner, {})
            texts[at], links = self._redactor_of(events[owner].brand).hide(texts[at], counts)
            if links:
                hidden[at] = links
            if counts:
                redacted[owner] = counts
        for at, (owner, shown) in enumerate(zip(owners, signs.personal(texts), strict=True)):
            if shown:
                counts = redacted.get(owner, {})
                texts[at] = self._redactor_of(events[owner].brand).redact(texts[at], shown, counts)
                if counts:
                    redacted[owner] = counts
        for at, links in hidden.items():
            texts[at] = show(texts[at], links)

    def _redactor_of(self, brand: str) -> Redactor:
        redactor = self._redactors.get(brand)
        if redactor is None:
            if len(self._redactors) >= MOST_BRANDS:
                self._redactors.clear()
            redactor = self._redactors[brand] = Redactor(Handles([own_handle(brand)]))
        return redactor
