"""The library of C: it is what its sources say, reads alike on every processor, and refuses what doesn't fit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from streams.native import build, pointer
from streams.scoring.runs import Matrix, products, spoken, weighted

ROOT = Path(__file__).parents[2]
TEXT = "The parcel never arrived, but the agent who answered my third e-mail was lovely :)  "


def test_every_processor_reads_alike(tmp_path: Path) -> None:
    """Made for any processor, and with vectors as wide as they come: the same bits."""
    plain, wide = tmp_path / "plain.so", tmp_path / "wide.so"
    build.build("-DPLAIN", library=plain)
    build.build("-DPLAIN", "-march=native", library=wide)
    judge = (
        "import sys, ctypes, hashlib, numpy as np\n"
        "from pathlib import Path\n"
        "from streams.native import build\n"
        "build.LIBRARY = Path(sys.argv[1])\n"
        "import streams.native\n"
        "streams.native.LIBRARY = build.LIBRARY\n"
        "from streams.scoring.model import Model\n"
        "model = Model()\n"
        f"texts = [{TEXT!r} * n for n in (1, 2, 9, 40)] + sys.stdin.read().split('\\n')\n"
        "prepared = model.prepare(texts)\n"
        "judged = model.judge(prepared, np.ones(len(texts), dtype=np.bool_))\n"
        "clauses = np.arange(len(prepared.around.clause_starts))\n"
        "told = [judged.sentiment, judged.emotions, judged.hidden, judged.weight, model.parts(prepared, judged),\n"
        "        model.clauses(prepared, judged, clauses), model.alone(prepared, judged, clauses)]\n"
        "print(hashlib.sha256(b''.join(np.ascontiguousarray(one).tobytes() for one in told)).hexdigest())\n"
    )
    texts = (ROOT / "README.md").read_text("utf-8")
    seen = {
        subprocess.run(
            [sys.executable, "-c", judge, str(library)],
            input=texts,
            text=True,
            capture_output=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for library in (build.LIBRARY, plain, wide)
    }
    assert len(seen) == 1


def test_sums_are_those_of_numpy() -> None:
    random = np.random.default_rng(5)
    said = (random.integers(0, 400, (700, 128)) * 64).astype(np.int16)
    weight = random.random((2, 700), dtype=np.float32)
    starts = np.array([0, 1, 64, 130], dtype=np.int64)
    ends = np.array([1, 64, 130, 700], dtype=np.int64)
    exact = said.astype(np.float64)
    for run, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        told = weighted(said, weight, starts, ends)[run]
        assert told == pytest.approx(weight[:, start:end].astype(np.float64) @ exact[start:end], rel=1e-4)
    directions = random.standard_normal((4, 128)).astype(np.float32)
    owners = np.repeat(np.arange(4), ends - starts)
    told = spoken(said, weight[0], directions, starts, ends)
    assert told == pytest.approx((exact * directions[owners]).sum(axis=1) * weight[0], rel=1e-3, abs=1.0)
    for rows, columns in ((1, 1), (3, 8), (4, 16), (9, 131), (2, 36)):
        left = random.standard_normal((rows, 128)).astype(np.float32)
        right = random.standard_normal((128, columns)).astype(np.float32)
        assert products(left, Matrix(right)) == pytest.approx(left.astype(np.float64) @ right, abs=1e-4)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TypeError, match="float64"):
        pointer(np.zeros(3), np.float32)
    with pytest.raises(TypeError, match="strides"):
        pointer(np.zeros((3, 4), dtype=np.int64)[:, 1], np.int64)
    with pytest.raises(ValueError, match="3 don't fit"):
        products(np.zeros((2, 3), dtype=np.float32), Matrix(np.zeros((4, 1), dtype=np.float32)))


def test_a_library_of_other_sources_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for package in ("streams", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "streams" / "native" / "native.c").open("a") as source:
        source.write("/* More. */\n")
    run = [sys.executable, "-c", "import streams.scoring"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "made from other sources" in done.stderr
    assert "make install" in done.stderr
    (tmp_path / "streams" / "native" / build.LIBRARY.name).unlink()
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "can't be loaded" in done.stderr


def test_no_compiler_and_one_that_refuses_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "compiler", lambda: None)
    with pytest.raises(build.NativeError, match="there is no C compiler"):
        build.build(library=tmp_path / "none.so")
    monkeypatch.setattr(build, "compiler", lambda: ["cc", "-no-such-option"])
    with pytest.raises(build.NativeError, match="no-such-option"):
        build.build(library=tmp_path / "none.so")
    monkeypatch.setattr(build, "compiler", lambda: ["no-such-compiler"])
    with pytest.raises(build.NativeError, match="no-such-compiler can't be run"):
        build.build(library=tmp_path / "none.so")
    assert not list(tmp_path.iterdir())
