"""Writes the second reading's GGUF file and the test vectors of the encoder (FORMAT.md).

    python reread_export.py --weights reread.pt --pretrained DIR --tokenizer words.model --out ../lectern-s-reread.gguf --vectors encoder_vectors.gguf
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
import torch

import encoder
import words
import words_file

Q8, Q4, WHOLE = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.F32
SHIPPED = encoder.HEADS[:3]  # the others taught the layers, but what they say was no better than a guess (models/README.md)
QUESTION = "What did the keeper hide beneath the stairs of the old lighthouse?"
TEXTS = ("Tobias hid two letters and a brass lamp beneath the stairs of the lighthouse, and told nobody.\n",
         "int tide(int day) { return day * day % 17; /* fathoms, na\u00efve estimate */ }\n", "It rained.", "The fog did not lift. " * 11)


def kind_of(name, tensor):
    return WHOLE if tensor.ndim == 1 or name.startswith(("position", "token_types", "reread")) else Q8


def tensors(net):
    """(name, array, kind) of everything in the file."""
    yield "token_embd.weight", net.words.cpu().numpy(), Q4
    for name, tensor in net.named():
        array = tensor.detach().float().cpu().numpy()
        yield name, array[:len(SHIPPED)] if name.startswith("reread.heads") else array, kind_of(name, tensor)


def as_shipped(net):
    """Rounds the parameters to what the file holds, in place."""
    with torch.no_grad():
        for name, tensor in net.named():
            tensor.copy_(torch.from_numpy(encoder.as_stored(tensor.detach().float().numpy(), kind_of(name, tensor))))


def write_model(path, net, proto, settings, summary):
    """`settings`: the keys under "reread." of FORMAT.md."""
    c = net.config
    out = gguf.GGUFWriter(path, "encoder")
    out.add_name(pathlib.Path(path).stem)
    out.add_description("second reading: question and place in one window; from all-MiniLM-L6-v2")
    out.add_license("CC-BY-SA-4.0")
    for key, value in (("block_count", c.layers), ("embedding_length", c.width), ("feed_forward_length", c.inner),
                       ("attention.head_count", c.heads), ("context_length", c.positions)):
        out.add_uint32("encoder." + key, value)
    out.add_float32("encoder.attention.layer_norm_epsilon", encoder.EPS)
    for key, value in settings.items():
        if isinstance(value, int):
            out.add_uint32("reread." + key, value)
        elif isinstance(value, float):
            out.add_float32("reread." + key, value)
        else:
            out.add_array("reread." + key, value)
    out.add_array("reread.heads", list(SHIPPED))
    out.add_string("encoder.training.summary", summary)
    words_file.write(out, path, proto, tensors(net))


@torch.no_grad()
def write_vectors(path, net, tokenizer):
    """Windows of several lengths, one of the longest, and every head of every row, in float32 from the exported weights."""
    question = tokenizer.ids(QUESTION)
    windows = [([words.CLS, *question, words.SEP, *tokenizer.ids(text), words.SEP], len(question) + 2) for text in TEXTS]
    rng = np.random.default_rng(3)
    windows.append(([words.CLS, *rng.integers(words.SEP + 1, net.config.vocabulary, net.config.positions - 1).tolist()], 20))
    ids = [torch.tensor([window]) for window, _ in windows]
    types = [(torch.arange(len(window)) >= second).long()[None] for window, second in windows]
    heads = [net.double()(i[0], t[0], torch.tensor([i.shape[1]])).float().numpy() for i, t in zip(ids, types)]
    out = gguf.GGUFWriter(path, "encoder-vectors")
    out.add_tensor("vectors.ids", np.concatenate([i[0].numpy() for i in ids]).astype(np.int32))
    out.add_tensor("vectors.types", np.concatenate([t[0].numpy() for t in types]).astype(np.int8))
    out.add_tensor("vectors.starts", np.cumsum([0] + [len(window) for window, _ in windows]).astype(np.int32))
    out.add_tensor("vectors.heads", np.concatenate(heads)[:, :len(SHIPPED)].astype(np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def load(weights, directory):
    """A trained encoder, and what else its checkpoint holds. The word table is the pretrained one's."""
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    net = encoder.pretrained(directory, saved["config"]["layers"])
    net.take(saved["weights"])
    return net.eval(), saved


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--scores", help="JSON of reread_scores.py: calibration, threshold, headline")
    args = parser.parse_args()
    net, saved = load(args.weights, args.pretrained)
    scores = json.loads(pathlib.Path(args.scores).read_text()) if args.scores else {"calibration": [0.0, 1.0], "threshold": 0.5, "headline": "not scored"}
    settings = {**saved["settings"], "calibration": scores["calibration"], "threshold": scores["threshold"]}
    write_model(args.out, net, pathlib.Path(args.tokenizer).read_bytes(), settings, saved["summary"] + "; " + scores["headline"])
    as_shipped(net)
    write_vectors(args.vectors, net, words.Words(args.tokenizer))


if __name__ == "__main__":
    main()
