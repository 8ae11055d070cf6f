"""Each entry of the catalog is held to its own examples, read by the scorer as it ships."""

from datetime import UTC, datetime

import pytest

from schemas.raw import Post
from streams.catalog import Catalogs, Entry, load_pack, pack_names
from streams.scoring import Pseudonyms, Scorer

ENTRIES = [entry for name in pack_names() for entry in load_pack(name).entries.values()]
_scorers: dict[str, Scorer] = {}


def heard(pack: str, text: str) -> list[str]:
    """The ids that the scorer hears in the text with this pack alone."""
    if pack not in _scorers:
        _scorers[pack] = Scorer(Catalogs.load([pack], {}), Pseudonyms(b"a key"))
    post = Post(
        id="1", brand="Example", text=text, author="a", created_at=datetime(2026, 2, 9, tzinfo=UTC), language="en"
    )
    record = _scorers[pack].score([("posts", post, {"topic": "t", "partition": 0, "offset": 0})])[0]
    return [mention["id"] for mention in (*record["pain_points"], *record["delights"])]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.pack}/{entry.id}")
def test_an_entry_hears_what_it_should_and_nothing_else(entry: Entry) -> None:
    missed = [text for text in entry.matches if entry.id not in heard(entry.pack, text)]
    misheard = [text for text in entry.ignores if entry.id in heard(entry.pack, text)]
    assert (missed, misheard) == ([], [])
