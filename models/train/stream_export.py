"""Writes Reader 2 as a GGUF file (FORMAT.md, Reader 2).

    python stream_export.py --weights reader2.pt --pretrained DIR --tokenizer words.model --out lectern-w.gguf
"""

import argparse
import pathlib

import gguf
import torch

import encoder
import stream
import words_file

Q8, Q4, WHOLE = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.F32
BRANCHES = 17  # up to 2^41; a far branch that training was too short for has the bias of the last that it had


def tensors(net):
    """(name, array, kind); the one row of types that a text has is part of the positions."""
    base, c = net.base, net.config
    yield "token_embd.weight", base.words.numpy(), Q4
    yield "position_embd.weight", (base.at("position_embd.weight")[:c.window] + base.at("token_types.weight")[0]).numpy(), WHOLE
    for name, tensor in base.named():
        if not name.startswith(("position_embd", "token_types", "reread")):
            yield name, tensor.numpy(), WHOLE if tensor.ndim == 1 else Q8
    bias = torch.cat([net.branch_bias] + [net.branch_bias[:, -1:]] * (BRANCHES - 1 - c.trained_branches), 1)
    for layer in range(c.layers):
        yield f"blk.{layer}.attn_branch.bias", bias[layer].numpy(), WHOLE
    yield "evidence_k.weight", net.key.numpy(), WHOLE
    yield "evidence_gate.weight", net.gate.numpy(), WHOLE
    yield "evidence_gate.bias", net.gate_bias.numpy(), WHOLE


@torch.no_grad()
def write_model(path, net, proto, summary):
    c, name = net.config, "longnet-windows."
    out = gguf.GGUFWriter(path, "longnet-windows")
    out.add_name(pathlib.Path(path).stem)
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
    words_file.write(out, path, proto, tensors(net))


def load(weights, directory):
    """A trained reader, and the summary of its training."""
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    base = encoder.pretrained(directory, saved["layers"])
    net = stream.Stream(stream.Config(layers=saved["layers"], segment_layers=saved["segment_layers"]), base)
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
    args = parser.parse_args()
    net, summary = load(args.weights, args.pretrained)
    write_model(args.out, net, pathlib.Path(args.tokenizer).read_bytes(), summary)


if __name__ == "__main__":
    main()
