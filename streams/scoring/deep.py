"""The tier ``deep``: a transformer in int8, for the texts on which the fast reader is least sure.

It needs the extra: ``pip install groundswell[deep]``. A cascade (Viola & Jones, CVPR 2001, in spirit): most texts are
clear to the cheap reader, and the dear one sees the rest. Which they are follows from the text's own margin and a limit
made when the model was trained, not from the other texts of its frame. For the same reason texts are read one by one:
int8 is scaled by what is in the batch. What it thinks counts beside the fast reader's, not instead: the two err on
different texts (a logarithmic opinion pool: Genest & Zidek 1986).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.scoring.alike import levelled
from streams.scoring.curves import sigmoid, softmax
from streams.scoring.opinions import Opinions, UnknownReaderError
from streams.scoring.weights import EMOTION, FAMILY, SENTIMENT

HERE = Path(__file__).with_name("deep")
LONGEST = 96
"""Word pieces of a text that are read: about 400 characters."""
SHARE = 0.75
"""What it counts for beside the fast reader."""
_HANDLE = re.compile(r"@\w+|\[handle\]")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\bhttps?\b")


@lru_cache(maxsize=4096)
def _named(sign: str) -> str:
    try:
        return f" {unicodedata.name(sign).lower()} "
    except ValueError:
        return " "


def spelt(text: str) -> str:
    """The text as the transformer reads it: handles and links by one word each, emoji by their Unicode names."""
    text = _LINK.sub("http", _HANDLE.sub("@user", text[: 40 * LONGEST]))
    if not text.isascii():
        text = "".join(_named(sign) if unicodedata.category(sign) in ("So", "Sk") else sign for sign in text)
    return text


class DeepReader:
    """Reads the texts of least margin. Loading it takes about half a second and 60 MB."""

    def __init__(self, share: float = 1.0, folder: Path = HERE) -> None:
        """``share`` of the texts, as they were met in training, are read: 0 to 1.

        Raises:
            UnknownReaderError: The extra or the weights are missing.
        """
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise UnknownReaderError(
                "The scorer deep needs onnxruntime and tokenizers: pip install 'groundswell[deep]'"
            ) from error
        if not (folder / "model.onnx").exists():
            raise UnknownReaderError(f"{folder} holds no model.onnx: run make train, or install a release")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        with np.load(folder / "calibration.npz") as stored:
            self._slope, self._shift = stored["slope"], stored["shift"]
            self._sentiment_slope = stored["sentiment_slope"]
            margins = stored["margins"]
        # The quantiles' last step takes everything.
        at = round(share * (len(margins) - 1))
        self._limit = 2.0 if at == len(margins) - 1 else float(margins[at]) if at else -1.0

    def wants(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See ``SecondReader``."""
        sorted_ = np.sort(chances, axis=1)
        out: NDArray[np.bool_] = sorted_[:, -1] - sorted_[:, -2] <= self._limit
        return out

    def read(self, texts: Sequence[str]) -> Opinions:
        """See ``SecondReader``."""
        logits = np.concatenate([self._logits(text) for text in texts])
        mood = softmax(logits[:, SENTIMENT] * self._sentiment_slope)
        felt = sigmoid(logits[:, SENTIMENT.stop :] * self._slope + self._shift)
        between = EMOTION.stop - SENTIMENT.stop
        assert FAMILY.start == EMOTION.stop
        return Opinions(mood, felt[:, :between], felt[:, between:], SHARE)

    def _logits(self, text: str) -> NDArray[np.float32]:
        pieces = self._tokenizer.encode(spelt(levelled(text)))
        ids = np.array([pieces.ids], dtype=np.int64)
        out: NDArray[np.float32] = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0]
        return out
