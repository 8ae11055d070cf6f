"""The pseudonym key: made once, kept secret, the same for all."""

import multiprocessing
import stat
from pathlib import Path

import pytest

from streams import pseudonym_key
from streams.settings import Settings


def load(data: str) -> bytes:
    return pseudonym_key.load(Settings(data=Path(data)))


def test_it_is_made_once_for_all_processes(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = set(pool.map(load, [str(data)] * 8))
    assert len(keys) == 1 and len(keys.pop()) == 32
    assert [file.name for file in data.iterdir()] == ["pseudonym.key"]
    assert stat.S_IMODE((data / "pseudonym.key").stat().st_mode) == 0o600


def test_the_setting_wins_and_writes_nothing(tmp_path: Path) -> None:
    assert pseudonym_key.load(Settings(data=tmp_path, pseudonym_key="sesame")) == b"sesame"
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(pseudonym_key.PseudonymKeyError, match="5 bytes instead of 32"):
        load(str(tmp_path))


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(pseudonym_key.PseudonymKeyError, match="GROUNDSWELL_DATA"):
        load(str(tmp_path / "file"))
