"""Writes tests/data/encoder_small.gguf: a small encoder with random weights, and what transformers' BertModel makes of some windows; and what
its tokenizer makes of some texts, as words and as whole words.

    python encoder_small.py ../../tests/data/encoder_small.gguf ../../tests/data/words_small_vectors.txt ../../tests/data/words_whole_vectors.txt
"""

import pathlib
import string
import sys
import tempfile

import gguf
import numpy as np
import torch
import transformers

import encoder
import words

HEADS = ("relevance", "start", "end", "yes", "no")
LENGTHS = (1, 17, 128, 40, 64)
SETTINGS = {"window": 64, "joint_window": 128, "question_tokens": 24, "title_tokens": 4, "before_tokens": 8, "span_tokens": 16, "joint_sentences": 6}
Q8, Q4, WHOLE = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.F32


def vocabulary():
    letters = string.ascii_lowercase + string.digits
    common = ("the", "of", "harbour", "light", "keeper", "lamp", "letter", "stairs", "house", "sea")
    return (["[PAD]"] + [f"[unused{i}]" for i in range(257)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list(string.punctuation) + list(letters) +
            ["##" + letter for letter in letters] + list(common) + ["##house", "##er", "##ing"])


def kind_of(name, array):
    if name == "token_embd.weight":
        return Q4
    return Q8 if array.ndim == 2 and name.startswith("blk.") else WHOLE


def random_model(n_vocab):
    config = transformers.BertConfig(vocab_size=n_vocab, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
                                     max_position_embeddings=128, type_vocab_size=2, layer_norm_eps=encoder.EPS, attn_implementation="eager")
    model = transformers.BertModel(config, add_pooling_layer=False).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # The rows differ enough for attention to choose, and no bias and no norm is one that does nothing.
            size = 1.5 / parameter.shape[-1] ** 0.5 if parameter.ndim == 2 and "encoder" in name else 0.3
            shift = 1.0 if "LayerNorm.weight" in name else 0.0
            parameter.copy_(shift + size * torch.randn(parameter.shape, dtype=torch.float64))
    return model


def tensors(model, heads):
    """(name in the file, parameter)"""
    saved = dict(model.named_parameters())
    yield "token_embd.weight", saved["embeddings.word_embeddings.weight"]
    yield "position_embd.weight", saved["embeddings.position_embeddings.weight"]
    yield "token_types.weight", saved["embeddings.token_type_embeddings.weight"]
    for part in ("weight", "bias"):
        yield f"token_embd_norm.{part}", saved[f"embeddings.LayerNorm.{part}"]
        yield f"reread.heads.{part}", heads[part]
        for i in range(model.config.num_hidden_layers):
            for ours, theirs in encoder.LAYER:
                yield f"blk.{i}.{ours}.{part}", saved[f"encoder.layer.{i}.{theirs}.{part}"]


@torch.no_grad()
def main():
    torch.manual_seed(1)
    pieces = vocabulary()
    model = random_model(len(pieces))
    heads = {"weight": torch.randn(len(HEADS), 64, dtype=torch.float64), "bias": torch.randn(len(HEADS), dtype=torch.float64)}
    out = gguf.GGUFWriter(sys.argv[1], "encoder")
    out.add_name("encoder_small")
    for key, value in (("block_count", 2), ("embedding_length", 64), ("feed_forward_length", 128), ("attention.head_count", 4),
                       ("context_length", 128)):
        out.add_uint32("encoder." + key, value)
    out.add_float32("encoder.attention.layer_norm_epsilon", encoder.EPS)
    for key, value in SETTINGS.items():
        out.add_uint32("reread." + key, value)
    out.add_array("reread.heads", list(HEADS))
    out.add_array("reread.calibration", [1.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.5, 2.0])
    out.add_float32("reread.threshold", -0.5)
    out.add_string("tokenizer.ggml.model", "words")
    out.add_key_value("tokenizer.sentencepiece.proto", list(words.model_of_vocabulary(pieces)), gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT8)
    for name, tensor in tensors(model, heads):
        array = tensor.float().numpy()
        kind = kind_of(name, array)
        packed = gguf.quants.quantize(array, kind)
        out.add_tensor(name, packed, raw_dtype=kind)
        tensor.copy_(torch.from_numpy(np.array(gguf.quants.dequantize(packed, kind), dtype=np.float64)))
    draw = torch.Generator().manual_seed(2)
    ids, types, rows = [], [], []
    for n in LENGTHS:
        ids.append(torch.randint(0, len(pieces), (n,), generator=draw))
        types.append((torch.arange(n) > n // 3).long())
        last = model(input_ids=ids[-1][None], token_type_ids=types[-1][None]).last_hidden_state[0]
        rows.append(last @ heads["weight"].T + heads["bias"])
    out.add_tensor("vectors.ids", torch.cat(ids).numpy().astype(np.int32))
    out.add_tensor("vectors.types", torch.cat(types).numpy().astype(np.int8))
    out.add_tensor("vectors.starts", np.cumsum((0,) + LENGTHS).astype(np.int32))
    out.add_tensor("vectors.heads", torch.cat(rows).numpy().astype(np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    with tempfile.NamedTemporaryFile() as proto:
        pathlib.Path(proto.name).write_bytes(words.model_of_vocabulary(pieces))
        words.write_vectors(words.Words(proto.name), sys.argv[2])
        pathlib.Path(proto.name).write_bytes(words.as_whole(words.model_of_vocabulary(pieces)))
        words.write_vectors(words.Words(proto.name), sys.argv[3])


if __name__ == "__main__":
    main()
