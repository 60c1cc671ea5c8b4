"""Writes a reader as a GGUF file and the test vectors of FORMAT.md.

    python export.py --weights weights.pt --tokenizer spm.model --out lectern-causal.gguf --vectors reader_vectors.gguf
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
import sentencepiece
import torch

import model
import reference
import seal

CONTROLS = {"file": "<|file|>", "question": "<|question|>", "answer": "<|answer|>", "end": "<|end|>"}
MAX_LINE = 4096  # bytes that are tokenised at a time

PATHS = tuple(f"letters/{place}.txt" for place in ("harbour", "chapel", "lighthouse", "boathouse", "shoals", "north", "stairs", "tide", "fog", "ledger"))
DAYS = 31  # of the test vectors' text: more than two segments
QUESTION = "What did the keeper hide beneath the stairs of the old lighthouse?"


def cuts(line):
    """The parts of one line that are tokenised on their own."""
    data = line.encode()
    while len(data) > MAX_LINE:
        at = data.rfind(b" ", 0, MAX_LINE)
        if at <= 0:
            at = MAX_LINE
            while data[at] & 0xC0 == 0x80:
                at -= 1
        yield data[:at].decode()
        data = data[at:]
    yield data.decode()


def encode(tokenizer, text):
    return [i for line in text.splitlines(keepends=True) for part in cuts(line) for i in tokenizer.encode(part)]


def sample_text(days):
    """A text for the test vectors: letters made of a few frames, so that this file is their only source."""
    keepers = ("Marten", "Elsbeth", "Captain Rowe", "the widow Hale", "Tobias")
    things = ("a brass lamp", "two letters", "the harbour ledger", "a map of the shoals", "an empty cask")
    places = ("under the north window", "behind the chapel", "beneath the stairs of the lighthouse", "in the boathouse loft")
    weather = ("It rained until noon.", "The fog did not lift.", "A hard frost held all day.", "The wind went round to the west.")
    lines = []
    for day in range(1, days + 1):
        lines.append(f"Day {day}. {weather[day * 7 % 4]} {keepers[day * 3 % 5]} found {things[day * 2 % 5]} "
                     f"{places[day * 5 % 4]}, and wrote it down twice.\n")
        if day % 9 == 0:
            lines.append("\n    tide(%d) = %d;  /* fathoms, na\u00efve estimate */\n\n" % (day, day * day % 17))
    return "".join(lines)


def tensors(reader):
    """(name, float32 array, type) of every tensor, in the order of the file."""
    whole, eight = gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.Q8_0
    yield "token_embd.weight", reader.embedding, eight
    for i, layer in enumerate(reader.layers):
        for name, tensor, kind in (("attn_norm", layer.attn_norm, whole), ("attn_q", layer.q, eight), ("attn_k", layer.k, eight),
                                   ("attn_v", layer.v, eight), ("attn_output", layer.o, eight), ("ffn_norm", layer.ffn_norm, whole),
                                   ("ffn_gate", layer.gate, eight), ("ffn_up", layer.up, eight), ("ffn_down", layer.down, eight)):
            yield f"blk.{i}.{name}.weight", tensor, kind
    yield "output_norm.weight", reader.output_norm, whole
    yield "evidence_token.weight", reader.evidence_token, eight
    yield "evidence_k.weight", reader.evidence_k, eight
    yield "evidence_q.weight", reader.evidence_q, eight
    yield "evidence_gate_token.weight", reader.gate_token, whole
    yield "evidence_gate.weight", reader.gate, whole
    yield "evidence_tau.weight", reader.tau, whole


def as_shipped(reader):
    """Rounds a reader's parameters to what the file holds, in place."""
    with torch.no_grad():
        for _, tensor, kind in tensors(reader):
            array = tensor.detach().float().numpy()
            packed = gguf.quants.quantize(array, kind)
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(gguf.quants.dequantize(packed, kind), dtype=np.float32)))


def write_model(path, reader, tokenizer_bytes, name, summary, rates, fusion):
    c = reader.c
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_bytes)
    out = gguf.GGUFWriter(path, "longnet")
    unsigned = gguf.GGUFValueType
    out.add_name(name)
    out.add_description("LongNet reader with evidence attention, trained from scratch")
    out.add_license("CC-BY-SA-4.0")
    ladder = c.ladder()
    out.add_uint64("longnet.context_length", ladder[-1][0])
    for key, value in (("embedding_length", c.width), ("block_count", c.layers), ("feed_forward_length", c.inner),
                       ("attention.head_count", c.heads), ("attention.head_count_kv", c.heads), ("evidence.width", c.evidence)):
        out.add_uint32("longnet." + key, value)
    out.add_float32("longnet.attention.layer_norm_rms_epsilon", c.eps)
    out.add_float32("longnet.rope.freq_base", c.base)
    out.add_string("longnet.position_mode", "rope-local")
    for key, at in (("segment_length", 0), ("dilation_rate", 1)):
        out.add_key_value("longnet.dilated." + key, [b[at] for b in ladder], unsigned.ARRAY, unsigned.UINT64)
    out.add_string("longnet.dilated.offset_rule", "paper")
    out.add_float32("longnet.evidence.log_eps", reader.log_eps.item())
    out.add_float32("longnet.evidence.log_tau", reader.log_tau.item())
    out.add_key_value("longnet.evidence.dilation_rate", list(rates), unsigned.ARRAY, unsigned.UINT32)
    out.add_float32("longnet.evidence.fusion_weight", fusion)
    for key, piece in CONTROLS.items():
        out.add_uint32("longnet.token." + key, tokenizer.piece_to_id(piece))
    out.add_string("longnet.training.summary", summary)
    out.add_string("tokenizer.ggml.model", "sentencepiece")
    out.add_key_value("tokenizer.sentencepiece.proto", list(tokenizer_bytes), unsigned.ARRAY, unsigned.UINT8)
    for key, tensor, kind in tensors(reader):
        out.add_tensor(key, gguf.quants.quantize(tensor.detach().float().numpy(), kind), raw_dtype=kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    seal.seal(path)


def sample(reader, tokenizer, path):
    """A document of that path and a question about it, run by the plain definition in double precision."""
    text = sample_text(DAYS)
    head = [tokenizer.piece_to_id(CONTROLS["file"])] + encode(tokenizer, path + "\n")
    text_ids = head + encode(tokenizer, text)
    question_ids = [tokenizer.piece_to_id(CONTROLS["question"])] + encode(tokenizer, QUESTION)
    n, m, first = len(text_ids), len(question_ids), reader.c.first_segment
    assert n > 2 * first and n % first != 0
    begin = -(-n // first) * first
    ids = torch.tensor(text_ids + question_ids)
    h = reference.hidden(reader, ids, [*range(n), *range(begin, begin + m)])
    return text, text_ids, question_ids, ids, h


def from_a_half(reader, ids, h):
    """How far the key columns are from where they round the other way."""
    u = torch.nn.functional.normalize(reader.evidence_token[ids] + h @ reader.evidence_k.T, dim=-1) * 254
    return ((u - u.floor() - 0.5).abs() + (u.abs() > 127) * 1.0).min().item()


@torch.no_grad()
def write_vectors(path, reader, tokenizer_bytes):
    """Runs the plain definition on a text of more than two segments and a question; reader holds the shipped weights. Of several paths
    (every token sees the path), the one whose keys are least likely to be rounded otherwise in single precision."""
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=tokenizer_bytes)
    exact = model.Reader(reader.c).double()
    exact.load_state_dict(reader.state_dict())
    best = -1.0
    for name in PATHS:
        made = sample(exact, tokenizer, name)
        clear = from_a_half(exact, made[3][:len(made[1])], made[4][:len(made[1])])
        if clear > best:
            best, chosen, chosen_path = clear, made, name
    text, text_ids, question_ids, ids, h = chosen
    n, first = len(text_ids), reader.c.first_segment
    keys, p, gate, e = reference.evidence(exact, ids[:n], h[:n], ids[n + 1:], h[n + 1:])
    at = [0, 1, 2, 3, 4, 63, 64, 255, 256, first - 1, first, first + 1, first + 5, 2 * first - 1, 2 * first, 2 * first + 1, n - 1]
    logits, last = exact.logits(h[at]), exact.logits(h[-1])
    out = gguf.GGUFWriter(path, "longnet-vectors")
    for key, value in (("path", chosen_path), ("text", text), ("question", QUESTION)):
        out.add_string("vectors." + key, value)
    for key, value, kind in (("text_ids", text_ids, np.int32), ("question_ids", question_ids, np.int32), ("logit_positions", at, np.int32),
                             ("logits", logits.numpy(), np.float32), ("question_logits", last.numpy(), np.float32),
                             ("evidence_keys", keys.numpy(), np.int8), ("evidence", e.numpy(), np.float32),
                             ("evidence_tokens", p.numpy(), np.float32), ("gate", gate.numpy(), np.float32)):
        out.add_tensor(key, np.ascontiguousarray(np.asarray(value, dtype=kind)))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def load(path):
    """A reader from a checkpoint of train.py, with its summary."""
    saved = torch.load(path, map_location="cpu", weights_only=True)
    reader = model.Reader(model.Config(**saved["config"]))
    reader.load_state_dict({k: v.float() for k, v in saved["weights"].items()})
    return reader, saved["summary"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--name", default="lectern-causal")
    parser.add_argument("--scores", help="JSON of evaluate.py; its headline and fusion weight go into the file")
    args = parser.parse_args()
    reader, summary = load(args.weights)
    scores = json.loads(pathlib.Path(args.scores).read_text()) if args.scores else {"fusion_weight": 0.0, "headline": "not scored"}
    proto = pathlib.Path(args.tokenizer).read_bytes()
    write_model(args.out, reader, proto, args.name, summary + "; " + scores["headline"], (1, 4, 16), scores["fusion_weight"])
    as_shipped(reader)
    write_vectors(args.vectors, reader, proto)


if __name__ == "__main__":
    main()
