"""Texts are taken apart as ``str.split`` does it, whatever they hold and whatever was met before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.chunks import BREAK, Chunks

SPACES = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())
texts = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.text(st.sampled_from(SPACES + "ab\ud800é😡\x00\x7f\u2007\u200b\u3001"), max_size=40),
        st.lists(st.sampled_from(["late", "late!", "é" * 30, "x" * 60, BREAK, "\n", "", "😡😡"]), max_size=8).map(
            " ".join
        ),
    ),
    max_size=6,
)


class Letters:
    """Takes a chunk apart into its letters, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.chunks = Chunks(self._of)

    def _of(self, chunk: str) -> list[int]:
        self.asked.append(chunk)
        return [ord(letter) for letter in chunk]


def expected(text: str) -> list[str]:
    return text.replace("\n", f" {BREAK} ").split() or [BREAK]


@given(st.lists(texts, max_size=3))
def test_frames_hold_the_chunks_of_their_texts(frames: list[list[str]]) -> None:
    letters = Letters()
    for some in frames:
        frame = letters.chunks.read(some)
        atoms, ends = frame.atoms.tolist(), frame.ends.tolist() if some else []
        for number, (text, begin, end) in enumerate(zip(some, frame.starts.tolist(), ends, strict=True)):
            assert atoms[begin:end] == [ord(letter) for chunk in expected(text) for letter in chunk]
            assert set(frame.text_of[begin:end].tolist()) == {number}
        assert len(atoms) == (ends[-1] if some else 0)


def test_a_chunk_is_taken_apart_once_unless_it_is_long() -> None:
    letters = Letters()
    long = "x" * 100
    for _ in range(3):
        letters.chunks.read([f"late {long} late {long}", "late"])
    assert letters.asked == [BREAK, "late", long, long, long]
    assert len(letters.chunks) == 2


def test_many_chunks_are_all_found_again() -> None:
    letters = Letters()
    words = [f"w{number}" for number in range(20_000)]
    first = letters.chunks.read([" ".join(words)])
    asked = len(letters.asked)
    second = letters.chunks.read([" ".join(words)])
    assert len(letters.asked) == asked == 20_001
    assert first.atoms.tolist() == second.atoms.tolist()


def test_words_are_shown_as_they_were_written() -> None:
    frame = Letters().chunks.read(["one", "I  want\u2003my “money” back\nnow"])
    begin = int(frame.starts[1])
    assert frame.words(begin, begin + 5, 10) == "I want"
    assert frame.words(begin + 1, len(frame.atoms) - 4, 3) == "want my “money”"
    assert frame.words(0, 3, 10) == "one"
