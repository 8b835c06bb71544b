"""A language model with random weights, small enough to be made on the spot (150 kB).

It knows no word, so its answers are noise; but llama.cpp runs it like any other, and holds the
noise to a JSON schema by grammar. That is what is wanted of it: another server's protocol.
One dimension is no noise: it keeps single bytes rare, and lets strings and answers find an end.
"""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

WIDTH, HEADS, INNER, CONTEXT = 32, 2, 64, 32_768
_WORDS = ["plan", "step", "tool", "read", "write", "report", "done", "true", "false", "null"]
# Ends of strings and of objects: without them noise seldom closes what it has opened.
_ENDS = [f"{word}{end}" for word in ["", *_WORDS] for end in ('"', '",', '"}', '"]')] + [
    "}",
    "]",
    "},",
    "],",
    "}]",
]
_CHAT = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"


def make_gguf(path: Path, *, seed: int = 0) -> Path:
    """Writes the model to `path`; the same bytes for the same seed."""
    tokens, kinds = _vocabulary()
    leaning = [_lean(token, kind) for token, kind in zip(tokens, kinds, strict=True)]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(i) for i in range(len(tokens))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(_CHAT)
    for name, shape in _shapes(len(tokens)).items():
        writer.add_tensor(name, _weights(name, shape, seed, leaning))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[str], list[int]]:
    """Three special tokens, every byte, and some pieces of JSON."""
    kind = gguf.TokenType
    special = [("<unk>", kind.UNKNOWN), ("<s>", kind.CONTROL), ("</s>", kind.CONTROL)]
    every_byte = [(f"<0x{byte:02X}>", kind.BYTE) for byte in range(256)]
    letters = [(chr(code), kind.NORMAL) for code in range(32, 127)]
    pieces = [(piece, kind.NORMAL) for piece in [*_WORDS, *dict.fromkeys(_ENDS)]]
    known = {text for text, _ in letters}
    pieces = [piece for piece in pieces if piece[0] not in known]
    texts, kinds = zip(*special, *every_byte, *letters, *pieces, strict=True)
    return list(texts), [int(kind) for kind in kinds]


def _shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    block = {
        **dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (WIDTH, WIDTH)),
        "attn_norm": (WIDTH,),
        "ffn_norm": (WIDTH,),
        "ffn_gate": (INNER, WIDTH),
        "ffn_up": (INNER, WIDTH),
        "ffn_down": (WIDTH, INNER),
    }
    return {
        "token_embd.weight": (vocabulary, WIDTH),
        **{f"blk.0.{name}.weight": shape for name, shape in block.items()},
        "output_norm.weight": (WIDTH,),
        "output.weight": (vocabulary, WIDTH),
    }


def _weights(name: str, shape: tuple[int, ...], seed: int, leaning: Sequence[float]) -> np.ndarray:
    if name.endswith("norm.weight"):
        return np.ones(shape, dtype=np.float32)
    weights = np.random.default_rng([seed, *name.encode()]).normal(0.0, 0.2, shape)
    # The first dimension is alike for every token that is read: so each that may be written has
    # a constant likelihood of its own, beside the noise.
    if name == "token_embd.weight":
        weights[:, 0] = 4.0
    if name == "output.weight":
        weights[:, 0] = leaning
    return weights.astype(np.float32)


def _lean(token: str, kind: int) -> float:
    """How much likelier than a letter a token is, by about five times this in its logit."""
    if kind == gguf.TokenType.BYTE or token in ("<unk>", "<s>"):
        return -4.0
    return 0.5 if token == "</s>" or token[-1] in '"}],' else 0.0
