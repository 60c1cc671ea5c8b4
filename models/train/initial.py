"""Makes the tables of an untrained reader: token embeddings and evidence vectors from a sentence encoder and from spelling, gates from
rarity.

    python initial.py --data DIR --tokenizer spm.model --out start.pt
"""

import argparse
import dataclasses
import math

import numpy as np
import sentencepiece
import torch

import contexts
import model
import teacher


def spellings(tokenizer):
    """One string a piece: what it spells without its leading space, in lower case; None for pieces that spell no word."""
    out = []
    for i in range(tokenizer.vocab_size()):
        text = tokenizer.id_to_piece(i).replace("\u2581", " ").strip().lower()
        plain = not (tokenizer.is_control(i) or tokenizer.is_byte(i) or tokenizer.is_unknown(i)) and text
        out.append(text if plain else None)
    return out


def principal(x, width):
    """The rows of x, centred, along their first `width` principal directions, scaled to unit length."""
    x = x - x.mean(0)
    _, _, directions = np.linalg.svd(x, full_matrices=False)
    y = x @ directions[:width].T
    return y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-6)


def tables(tokenizer, width, evidence, meaning=24, share=0.35, seed=1):
    """(embedding [V, width], evidence [V, evidence]) as float32 arrays.

    An evidence vector is, in `evidence - meaning` columns, random but equal for all pieces that differ in case or leading space, and
    in `meaning` columns the encoder's view of the spelling; `share` is the squared length of the latter."""
    rng = np.random.default_rng(seed)
    words = spellings(tokenizer)
    distinct = sorted({w for w in words if w})
    row = {w: i for i, w in enumerate(distinct)}
    vectors = teacher.Encoder().encode(distinct)
    code = rng.standard_normal((len(distinct), evidence - meaning)).astype(np.float32)
    code /= np.linalg.norm(code, axis=1, keepdims=True)
    near, wide = principal(vectors, meaning), principal(vectors, width)
    table = rng.standard_normal((len(words), evidence)).astype(np.float32) / math.sqrt(evidence)
    embedding = rng.standard_normal((len(words), width)).astype(np.float32) / math.sqrt(width)
    for i, word in enumerate(words):
        if word:
            at = row[word]
            table[i] = np.concatenate((code[at] * math.sqrt(1 - share), near[at] * math.sqrt(share)))
            embedding[i] = 0.8 * wide[at] + 0.6 * embedding[i]  # spellings of one word stay distinct for the next-token loss
    return embedding * (0.02 * math.sqrt(width)), table


def rarity(tokenizer, pools, sample=2_000_000):
    """Log inverse segment frequency of each piece [V], letter case and leading space folded, from the first tokens of each pool."""
    words = spellings(tokenizer)
    row = {w: i for i, w in enumerate(sorted({w for w in words if w}))}
    fold = np.array([row.get(w, len(row)) if w else len(row) for w in words])
    count, total = np.zeros(len(row) + 1), 0
    for pool in pools:
        segments = int(np.searchsorted(pool.segs, min(sample, len(pool.ids)), side="right")) - 1
        ids = pool.ids[:pool.segs[segments]]
        segment = np.repeat(np.arange(segments), np.diff(pool.segs[:segments + 1]))
        pairs = np.unique(segment * (len(row) + 1) + fold[ids])
        count += np.bincount(pairs % (len(row) + 1), minlength=len(row) + 1)
        total += segments
    idf = np.log1p((total - count + 0.5) / (count + 0.5))
    idf[len(row)] = 0.02
    return np.log(np.maximum(idf, 0.02)).astype(np.float32)[fold]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="of prepare.py, for counts")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--size", choices=sorted(model.SIZES), default="s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=args.tokenizer)
    torch.manual_seed(args.seed)
    reader = model.Reader(model.SIZES[args.size])
    c = reader.c
    ask, text, _ = contexts.open_pools(args.data)
    embedding, table = tables(tokenizer, c.width, c.evidence, seed=args.seed)
    with torch.no_grad():
        reader.embedding.copy_(torch.from_numpy(embedding))
        reader.evidence_token.copy_(torch.from_numpy(table))
        reader.gate_token.copy_(torch.from_numpy(rarity(tokenizer, ask + text)))
    weights = {k: v for k, v in reader.state_dict().items() if k in ("embedding", "evidence_token", "gate_token")}
    torch.save({"config": dataclasses.asdict(c), "weights": weights, "summary": "untrained"}, args.out)


if __name__ == "__main__":
    main()
