"""A teacher: a small transformer with one head a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from streams.scoring.deep import LONGEST, spelt
from streams.scoring.weights import OUTPUTS
from training import base


class Speller:
    """Cuts texts into a teacher's word pieces, at most ``LONGEST``."""

    def __init__(self, folder: Path) -> None:
        """``folder`` holds the ``tokenizer.json``."""
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Of each text, its pieces' numbers."""
        return [encoding.ids for encoding in self.tokenizer.encode_batch([spelt(text) for text in texts])]


class Teacher(nn.Module):
    """texts' word pieces → texts × OUTPUTS logits."""

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        """``folder`` holds what ``training.base`` wrote."""
        super().__init__()
        self.speller = Speller(folder)
        self.body = base.body(folder)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * self.body.config.hidden_size, OUTPUTS)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """``ids`` and ``mask`` are texts × pieces."""
        hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weight).sum(1) / weight.sum(1)
        out: Tensor = self.head(self.drop(torch.cat([hidden[:, 0], mean], dim=1)))
        return out


def padded(pieces: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask of some texts."""
    width = max(map(len, pieces))
    ids = torch.zeros(len(pieces), width, dtype=torch.long)
    mask = torch.zeros(len(pieces), width, dtype=torch.long)
    for row, piece in enumerate(pieces):
        ids[row, : len(piece)] = torch.tensor(piece)
        mask[row, : len(piece)] = 1
    return ids, mask
