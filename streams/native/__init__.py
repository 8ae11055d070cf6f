"""The innermost loops, in C: each source stands beside the file in Python that calls it, and what both begin with here.

A call costs a few microseconds, so what is called works on all texts of a frame. What is handed over is checked here;
that sizes agree is the caller's to see to.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from streams.native.build import LIBRARY, NativeError, fingerprint

_AGAIN = "run: make install (or, outside a checkout: pip install --force-reinstall groundswell)"


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL:
    """The library, loaded once.

    Raises:
        NativeError: There is none, or another one's.
    """
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as problem:
        raise NativeError(f"{LIBRARY} can't be loaded: {problem}; {_AGAIN}") from problem
    if ctypes.c_uint32.in_dll(library, "native_fingerprint").value != fingerprint():
        raise NativeError(f"{LIBRARY} was made from other sources than stand beside it; {_AGAIN}")
    return library


def function(name: str, kinds: str) -> Callable[..., int]:
    """A function of the library, by its name and its arguments: ``n`` a whole number, ``p`` a `pointer`.

    Its result says something where the source says so.

    Raises:
        NativeError: As `load`.
    """
    found = getattr(load(), name)
    found.argtypes = [ctypes.c_int64 if kind == "n" else ctypes.c_void_p for kind in kinds]
    found.restype = ctypes.c_int64
    call: Callable[..., int] = found
    return call


def constant(name: str) -> int:
    """A number of the library's, by its name."""
    return ctypes.c_int32.in_dll(load(), name).value


def pointer(array: NDArray[Any], kind: DTypeLike) -> int:
    """Where an array's numbers stand, one behind the other; it has to outlive the call.

    Raises:
        TypeError: They are of another kind, or strewn.
    """
    if array.dtype != np.dtype(kind) or not array.flags.c_contiguous:
        raise TypeError(f"wanted: {np.dtype(kind)} without gaps; is: {array.dtype}, strides {array.strides}")
    return array.ctypes.data
