"""Teachers as ONNX: in int8 for the tier ``deep``; and, in full precision, as the one that labels texts."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from streams.scoring.alike import levelled
from streams.scoring.weights import OUTPUTS
from training.encoder import Speller, Teacher, padded
from training.progress import console

CHUNK = 4_096


def exported(teacher: Teacher, folder: Path) -> Path:
    """Writes the teacher in full precision, its tokenizer beside it; gives back the file."""
    folder.mkdir(exist_ok=True)
    teacher.speller.tokenizer.save(str(folder / "tokenizer.json"))
    teacher.eval()
    full = folder / "teacher.onnx"
    ids = torch.randint(1_000, 2_000, (4, 12))
    axes = {0: "texts", 1: "pieces"}
    torch.onnx.export(
        teacher, (ids, torch.ones_like(ids)), str(full), input_names=["ids", "mask"], output_names=["logits"],
        dynamic_axes={"ids": axes, "mask": axes, "logits": {0: "texts"}}, opset_version=17, dynamo=False,
    )  # fmt: skip
    return full


def quantised(full: Path) -> Path:
    """Writes the same in int8 beside it; gives back the file."""
    small = full.with_name("model.onnx")
    # Without a processor that knows VNNI, eight full bits overflow in pairs: seven don't.
    quantize_dynamic(str(full), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    return small


class Labeller:
    """Labels texts with a teacher in ONNX, whose tokenizer lies beside it."""

    def __init__(self, path: Path, threads: int = 2, *, alone: bool = False) -> None:
        """``alone``: each text by itself, as the int8 model is used."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._speller = Speller(path.parent)
        self._size = 1 if alone else 64

    def logits(self, texts: list[str]) -> NDArray[np.float32]:
        """texts × OUTPUTS."""
        pieces = self._speller.pieces([levelled(text) for text in texts])
        order = np.argsort([len(piece) for piece in pieces], kind="stable")
        out = np.empty((len(texts), OUTPUTS), dtype=np.float32)
        for at in range(0, len(order), self._size):
            some = order[at : at + self._size]
            ids, mask = padded([pieces[i] for i in some])
            out[some] = self._session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0]
        return out

    def resumed(self, texts: list[str], folder: Path, name: str) -> NDArray[np.float32]:
        """The same, kept in ``folder`` chunk by chunk, so that it goes on where it was stopped."""
        parts, began = [], time.monotonic()
        for at in range(0, len(texts), CHUNK):
            kept = folder / f"{name}-{at}.npy"
            if not kept.exists():
                np.save(kept, self.logits(texts[at : at + CHUNK]))
                pace = (time.monotonic() - began) / (at + CHUNK)
                done = min(at + CHUNK, len(texts))
                console.print(f"{name}: {done}/{len(texts)}, {(len(texts) - done) * pace / 60:.0f} min left")
            parts.append(np.load(kept))
        return np.concatenate(parts)
