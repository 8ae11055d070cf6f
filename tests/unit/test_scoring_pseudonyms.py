import pytest

from streams.scoring import Pseudonyms


def test_the_same_author_has_the_same_pseudonym() -> None:
    names = Pseudonyms(b"key")
    assert names.of("Ada") == names.of("ada") == names.of("@ADA") == Pseudonyms(b"key").of("ada")
    assert names.of("ada") != names.of("bob")
    assert names.of("ada") != names.of("ada", "mastodon")
    assert len(names.of("ada")) == 16
    assert set(names.of("ada")) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_another_key_gives_other_pseudonyms() -> None:
    assert Pseudonyms(b"one").of("ada") != Pseudonyms(b"two").of("ada")
    assert Pseudonyms(b"x" * 100).of("ada") != Pseudonyms(b"x" * 101).of("ada")


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(ValueError, match="GROUNDSWELL_PSEUDONYM_KEY"):
        Pseudonyms(b"")


def test_odd_names_have_pseudonyms_too() -> None:
    assert Pseudonyms(b"k").of("\ud800") != Pseudonyms(b"k").of("😀")
