"""The library of C: it is what its sources say, reads alike on every processor, and refuses what doesn't fit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy._core import _multiarray_umath as umath

from streams.native import build, pointer
from streams.scoring.runs import Matrix, largest, products, spoken, weighted

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "tests" / "data" / "redaction.txt"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, whose library each test makes anew."""
    home = tmp_path_factory.mktemp("tree")
    for package in ("streams", "schemas"):
        shutil.copytree(ROOT / package, home / package, ignore=shutil.ignore_patterns("__pycache__", "_native.*"))
    return home


def told(tree: Path, *flags: str, **environment: str) -> str:
    """What is read with a library that is made so."""
    build.build(*flags, library=tree / "streams" / "native" / build.LIBRARY.name)
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "tests" / "support" / "read_all.py"), str(tree)],
        input=TEXTS.read_bytes(),
        capture_output=True,
        check=False,
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PYTHONIOENCODING": "utf-8"} | environment,
    )
    assert done.returncode == 0, done.stderr.decode()[-3_000:]
    return done.stdout.decode()


def test_every_processor_reads_alike(tree: Path) -> None:
    """As it is installed, for any processor, and with vectors as wide as they come: the same bits."""
    assert told(tree) == told(tree, "-DPLAIN") == told(tree, "-DPLAIN", "-march=native")


def test_numpys_vectors_change_nothing(tree: Path) -> None:
    """Its exponentials have another last digit with each set of instructions; the reader asks for none of them."""
    there = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]
    if not there:
        pytest.skip("numpy has no vectors to turn off here")
    assert told(tree) == told(tree, NPY_DISABLE_CPU_FEATURES=" ".join(there))


def _part(name: str) -> Path | None:
    """A part of the compiler's, by its name."""
    command = [*(build.compiler() or ["false"]), f"-print-file-name={name}"]
    path = Path(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or name)
    return path if path.is_absolute() and path.exists() else None


def test_no_step_leads_beyond_an_array(tree: Path) -> None:
    """Through a library that ends the process where it reads or writes what isn't its."""
    guards = [_part("libasan.so"), _part("libubsan.so")]
    if None in guards:
        pytest.skip("the compiler has no sanitizers")
    preload = {"LD_PRELOAD": " ".join(map(str, guards)), "ASAN_OPTIONS": "detect_leaks=0"}
    told(tree, "-DPLAIN", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", **preload)


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


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0]), st.booleans(), st.integers(0, 4)),
            min_size=1,
            max_size=12,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 0.3]),
    st.integers(1, 4),
)
def test_the_largest_are_those_of_a_sort(
    runs: list[list[tuple[float, bool, int]]], share: float, least: float, most: int
) -> None:
    flat = [one for run in runs for one in run]
    values = np.array([value for value, _, _ in flat], dtype=np.float32)
    solid = np.array([told for _, told, _ in flat], dtype=np.bool_)
    names = np.array([name for _, _, name in flat], dtype=np.int32)
    ends = np.cumsum([len(run) for run in runs])
    starts = ends - [len(run) for run in runs]
    counts, places = largest(values, starts, ends, solid, names, share=share, least=least, most=most)
    told = iter(places.tolist())
    for begin, end, count in zip(starts.tolist(), ends.tolist(), counts.tolist(), strict=True):
        may = [at for at in range(begin, end) if solid[at] and values[at] > 0]
        floor = max([share * values[at] for at in may] + [least])
        expected: dict[int, int] = {}
        for at in sorted((at for at in may if values[at] >= floor), key=lambda at: -values[at]):
            expected.setdefault(int(names[at]), at)
        assert [next(told) for _ in range(count)] == list(expected.values())[:most]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TypeError, match="float64"):
        pointer(np.zeros(3), np.float32)
    with pytest.raises(TypeError, match="strides"):
        pointer(np.zeros((3, 4), dtype=np.int64)[:, 1], np.int64)
    with pytest.raises(ValueError, match="3 don't fit"):
        products(np.zeros((2, 3), dtype=np.float32), Matrix(np.zeros((4, 1), dtype=np.float32)))


def test_a_library_of_other_sources_is_refused_with_what_to_do(tree: Path) -> None:
    library = tree / "streams" / "native" / build.LIBRARY.name
    run = [sys.executable, "-c", "import streams.scoring"]
    shutil.copyfile(build.LIBRARY, library)
    source = tree / "streams" / "native" / "native.c"
    before = source.read_text()
    source.write_text(before + "/* More. */")
    done = subprocess.run(run, cwd=tree, capture_output=True, text=True, check=False)
    source.write_text(before)
    assert "made from other sources" in done.stderr
    assert "make install" in done.stderr
    library.unlink()
    done = subprocess.run(run, cwd=tree, capture_output=True, text=True, check=False)
    assert "can't be loaded" in done.stderr


def test_a_compiler_that_can_not_compile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    before = build.compiler()
    assert before
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho 'fatal error: stdint.h: No such file or directory' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (build.compiler() or [build.ZIG])[-1] != str(broken)
    monkeypatch.setenv("CC", str(broken))
    assert build.compiler() == [str(broken)], "who names one gets its message"


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
