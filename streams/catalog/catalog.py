"""Packs of entries, merged into one catalog for each brand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import ValidationError

from streams.catalog.entries import Entry
from streams.catalog.phrases import Element, PhraseError, parse

_PACKS = files("streams.catalog") / "packs"


class CatalogError(ValueError):
    """A pack that does not exist or can't be read; the message says what to change."""


def pack_names() -> list[str]:
    """The packs that come with Groundswell, by name."""
    return sorted(item.name.removesuffix(".toml") for item in _PACKS.iterdir() if item.name.endswith(".toml"))


@lru_cache(maxsize=1)
def shared_words() -> dict[str, str]:
    """The lists of words that every pack's phrases may name."""
    words: dict[str, str] = tomllib.loads((files("streams.catalog") / "words.toml").read_text("utf-8"))
    return words


class Pack:
    """One file of entries, with the phrases read."""

    def __init__(self, name: str, text: str) -> None:
        """Reads a pack's TOML.

        Raises:
            CatalogError: The text is no TOML, an entry lacks something, or a phrase can't be read.
        """
        self.name = name
        try:
            blocks: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise CatalogError(f"catalog pack {name!r} is no valid TOML: {error}") from error
        self.words = shared_words() | blocks.pop("words", {})
        self.entries: dict[str, Entry] = {}
        self.phrases: dict[str, dict[str, list[tuple[Element, ...]]]] = {}
        for id_, block in blocks.items():
            try:
                entry = Entry(id=id_, pack=name, **block)
                self.phrases[id_] = {
                    part: [parse(phrase, self.words) for phrase in getattr(entry, part)]
                    for part in ("says", "about", "unless")
                }
            except (ValidationError, PhraseError, TypeError) as error:
                raise CatalogError(f"catalog pack {name!r}, entry {id_!r}: {error}") from error
            self.entries[id_] = entry


@lru_cache(maxsize=64)
def load_pack(name: str) -> Pack:
    """The pack of that name.

    Raises:
        CatalogError: There is no such pack; the message lists those that exist.
    """
    if name not in pack_names():
        raise CatalogError(f"no catalog pack is called {name!r}; there are: {', '.join(pack_names())}")
    return Pack(name, (_PACKS / f"{name}.toml").read_text("utf-8"))


class Catalog:
    """The entries that one brand's texts are searched for. A later pack replaces an earlier one's entry of the
    same id, or extends it.
    """

    def __init__(self, packs: Sequence[Pack]) -> None:
        self.packs = tuple(pack.name for pack in packs)
        self._entries: dict[str, Entry] = {}
        self._phrases: dict[str, dict[str, list[tuple[Element, ...]]]] = {}
        for pack in packs:
            for id_, entry in pack.entries.items():
                phrases = pack.phrases[id_]
                # Taken out first: what a later pack redefines is ranked with that pack.
                if self._entries.pop(id_, None) and entry.extends:
                    earlier = self._phrases[id_]
                    phrases = {part: [*earlier[part], *phrases[part]] for part in phrases}
                self._entries[id_] = entry
                self._phrases[id_] = phrases
        self.ids = frozenset(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._entries

    def entry(self, id_: str) -> Entry:
        """The entry of that id.

        Raises:
            KeyError: There is none; the message lists those that exist.
        """
        try:
            return self._entries[id_]
        except KeyError:
            raise KeyError(f"no entry is called {id_!r}; there are: {', '.join(self._entries)}") from None

    def kind_of(self, id_: str) -> Literal["pain_point", "delight"]:
        """The entry's kind; an id that a later catalog no longer has is a pain point."""
        return self._entries[id_].kind if id_ in self._entries else "pain_point"

    def title_of(self, id_: str) -> str:
        """The entry's title; made from the id where a later catalog no longer has it."""
        return self._entries[id_].title if id_ in self._entries else id_.replace("_", " ").capitalize()

    def causes_of(self, id_: str) -> tuple[str, ...]:
        """The ids whose alert explains this one."""
        return self._entries[id_].inhibited_by if id_ in self._entries else ()

    def phrases(self, id_: str) -> dict[str, list[tuple[Element, ...]]]:
        """The entry's phrases, read: ``says``, ``about``, ``unless``."""
        return self._phrases[id_]


class Catalogs:
    """Which catalog each brand has."""

    def __init__(self, default: Catalog, per_brand: Mapping[str, Catalog]) -> None:
        self.default = default
        self._per_brand = {brand.casefold(): catalog for brand, catalog in per_brand.items()}

    @classmethod
    def load(cls, default: Sequence[str], per_brand: Mapping[str, Sequence[str]] | None = None) -> Catalogs:
        """The catalogs of the named packs: one for all brands, others for some.

        Raises:
            CatalogError: No pack is named, or one does not exist; the message lists those that do.
        """
        merged: dict[tuple[str, ...], Catalog] = {}

        def merge(names: Sequence[str]) -> Catalog:
            key = tuple(names)
            if not key:
                raise CatalogError(f"a catalog needs at least one pack; there are: {', '.join(pack_names())}")
            if key not in merged:
                merged[key] = Catalog([load_pack(name) for name in key])
            return merged[key]

        return cls(merge(default), {brand: merge(names) for brand, names in (per_brand or {}).items()})

    def for_brand(self, brand: str) -> Catalog:
        """The brand's catalog; upper and lower case make no difference."""
        return self._per_brand.get(brand.casefold(), self.default)
