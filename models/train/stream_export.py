r"""Writes Reader 2 as a GGUF file (FORMAT.md, Reader 2), and test vectors: what PyTorch makes of a text and a question with what is in the file.

    python stream_export.py --weights reader2.pt --pretrained DIR --tokenizer words.model --out lectern-s.gguf [--vectors vectors.gguf] \
        [--words lectern-s-reread.gguf]     whose tokenizer and table of words are then not written again
"""

import argparse
import dataclasses
import pathlib

import gguf
import numpy as np
import torch

import encoder
import stream
import words
import words_file

Q8, Q4, WHOLE = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.F32
TOKENS = 1024  # of the test vectors' text, whole windows
BRANCHES = 17  # up to 2^41; a far branch that training was too short for has the bias of the last that it had


def tensors(net):
    """(name, array, kind); the one row of types that a text has is part of the positions."""
    base, c = net.base, net.config
    yield "token_embd.weight", base.words.numpy(), Q4
    yield "position_embd.weight", (base.at("position_embd.weight")[:c.window] + base.at("token_types.weight")[0]).numpy(), WHOLE
    for name, tensor in base.named():
        if not name.startswith(("position_embd", "token_types", "reread")):
            yield name, tensor.numpy(), WHOLE if tensor.ndim == 1 else Q8
    bias = bias_of_all(net)
    for layer in range(c.layers):
        yield f"blk.{layer}.attn_branch.bias", bias[layer].numpy(), WHOLE
    yield "evidence_k.weight", net.key.numpy(), WHOLE
    yield "evidence_gate.weight", net.gate.numpy(), WHOLE
    yield "evidence_gate.bias", net.gate_bias.numpy(), WHOLE


def bias_of_all(net):
    """[layers, far branches, heads]"""
    return torch.cat([net.branch_bias] + [net.branch_bias[:, -1:]] * (BRANCHES - 1 - net.config.trained_branches), 1)


def as_shipped(net):
    """The reader with every branch, and the parameters that the file holds."""
    whole = stream.Stream(dataclasses.replace(net.config, trained_branches=BRANCHES - 1), net.base)
    with torch.no_grad():
        for name, value in net.base.named():
            if value.ndim == 2 and name.startswith("blk"):
                value.copy_(torch.from_numpy(encoder.as_stored(value.numpy(), Q8)))
        for name in ("key", "gate", "gate_bias"):
            getattr(whole, name).copy_(getattr(net, name))
        whole.branch_bias.copy_(bias_of_all(net))
    return whole


@torch.no_grad()
def write_vectors(path, net):
    """Tensors like those of window_small.py, of random tokens."""
    torch.manual_seed(3)
    ids, question = (torch.randint(words.SEP + 1, len(net.base.words), (n,)) for n in (TOKENS, 11))
    segment = (torch.rand(TOKENS) < 0.02).long().cumsum(0)
    rows = net.rows(ids[None], segment[None])[0]
    asked = net.rows(question[None])[0]
    out = gguf.GGUFWriter(path, "window-vectors")
    for name, numbers, kind in (("ids", ids, np.int32), ("segments", segment.diff().nonzero()[:, 0] + 1, np.int64), ("keys", net.keys(rows), np.float32),
                                ("question_ids", question, np.int32), ("queries", net.keys(asked), np.float32),
                                ("gate", asked @ net.gate + net.gate_bias, np.float32)):
        out.add_tensor("vectors." + name, np.ascontiguousarray(numbers.numpy().astype(kind)))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


@torch.no_grad()
def write_model(path, net, proto, summary, beside=None):
    c, name = net.config, "longnet-windows."
    out = gguf.GGUFWriter(path, "longnet-windows")
    out.add_name(pathlib.Path(path).stem)
    public = "multilingual-e5-small" if words.has_whole_words(proto) else "all-MiniLM-L6-v2"
    out.add_description("LongNet reader whose windows look both ways; from " + public)
    out.add_license("CC-BY-SA-4.0")
    ladder = [(c.window * c.ratio ** i, c.ratio ** i) for i in range(BRANCHES)]
    out.add_uint64(name + "context_length", ladder[-1][0])
    for key, value in (("embedding_length", c.width), ("block_count", c.layers), ("feed_forward_length", net.base.config.inner), ("attention.head_count", c.heads),
                       ("segment_layers", c.segment_layers), ("evidence.width", c.evidence)):
        out.add_uint32(name + key, value)
    out.add_float32(name + "attention.layer_norm_epsilon", encoder.EPS)
    for key, at in (("segment_length", 0), ("dilation_rate", 1)):
        out.add_key_value(name + "dilated." + key, [branch[at] for branch in ladder], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT64)
    out.add_string(name + "dilated.offset_rule", "paper")
    out.add_key_value(name + "evidence.dilation_rate", [1], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT32)
    out.add_float32(name + "evidence.scale", stream.SCALE)
    out.add_string(name + "training.summary", summary)
    if beside:
        words_file.write_shared(out, path, proto, tensors(net), beside)
    else:
        words_file.write(out, path, proto, tensors(net))


def load(weights, directory):
    """A trained reader, and the summary of its training."""
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    base = encoder.pretrained(directory, saved["layers"])
    net = stream.Stream(stream.Config(base.config.layers, base.config.width, base.config.heads, segment_layers=saved["segment_layers"]), base)
    with torch.no_grad():
        for name, tensor in base.named():
            tensor.copy_(saved["weights"][name])
        for name, value in saved["reader"].items():
            getattr(net, name).copy_(value)
    return net.requires_grad_(False), saved["summary"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vectors")
    parser.add_argument("--words")
    args = parser.parse_args()
    net, summary = load(args.weights, args.pretrained)
    write_model(args.out, net, pathlib.Path(args.tokenizer).read_bytes(), summary, args.words)
    if args.vectors:
        write_vectors(args.vectors, as_shipped(net))


if __name__ == "__main__":
    main()
