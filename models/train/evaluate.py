"""Scores a reader: recall of the evidence attention, BM25 and both together on held-out questions; loss by position on held-out text.

    python evaluate.py --weights weights.pt --tokenizer spm.model --data DIR --pools qa_val qa_never --text lm_val --out scores.json
"""

import argparse
import collections
import json
import math
import pathlib

import numpy as np
import sentencepiece
import torch
from torch.nn import functional as F

import bm25
import contexts
import export

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)  # of BM25 beside the attention
EDGES = (0, 512, 2048, 8192, 32768, 131072, 1 << 62)


class Asker:
    """One text, read; ranks its segments for questions."""

    def __init__(self, reader, pool, group, question_token, device):
        first, last = pool.group_docs[group]
        begin, end = pool.docs[first], pool.docs[last]
        self.reader, self.device, self.question_token = reader, device, question_token
        self.first, stop = (int(pool.docseg[i]) for i in (first, last))
        self.segments = stop - self.first
        ids = np.array(pool.ids[begin:end], np.int64)
        self.n = len(ids)
        unit = reader.c.first_segment
        padded = np.pad(ids, (0, -len(ids) % unit), constant_values=ids[-1])
        self.ids = torch.from_numpy(padded).to(device)
        self.owner = torch.from_numpy(np.repeat(np.arange(self.segments), np.diff(pool.segs[self.first:stop + 1]))).to(device)
        self.dtype = torch.bfloat16 if device == "cuda" else torch.float32
        self.h, self.cache = reader.read(self.ids[None], 0, self.dtype, keep=True)
        self.keys = reader.keys(self.ids[:self.n], self.h[0, :self.n])

    def scores(self, questions, rates, together=16):
        """score(S) of FORMAT.md of every segment for each question, at each rate: yields [rates, segments]."""
        reader = self.reader
        for begin in range(0, len(questions), together):
            some = questions[begin:begin + together]
            room = -(-(1 + max(map(len, some))) // 16) * 16
            ids = np.zeros((len(some), room), np.int64)
            for row, q in enumerate(some):
                ids[row, 0] = self.question_token
                ids[row, 1:len(q) + 1] = q
            ids = torch.from_numpy(ids).to(self.device)
            h = reader.ask(ids, self.cache, 0, text=self.n, dtype=self.dtype)
            for row, question in enumerate(some):
                at = slice(1, len(question) + 1)
                q, tau, gate = reader.queries(ids[row, at], h[row, at])
                logits = (tau * math.log(max(self.n, 2)))[:, None] * (q @ self.keys.T)
                yield [self.one(logits[:, ::r].softmax(-1), self.owner[::r], gate) for r in rates]

    def one(self, attention, owner, gate):
        p = torch.zeros(len(attention), self.segments, device=self.device).index_add_(1, owner, attention)
        return (gate.softmax(0)[:, None] * torch.log1p(p * self.n * (-self.reader.log_eps).exp())).sum(0).cpu().numpy()

    def next_token_losses(self):
        h, ids = self.h[0, :self.n - 1], self.ids[1:self.n]
        return torch.cat([F.cross_entropy(self.reader.logits(h[i:i + 4096]).float(), ids[i:i + 4096], reduction="none")
                          for i in range(0, len(ids), 4096)]).cpu().numpy()


def rank(scores, gold):
    """Rank from 0 of the best gold segment, ties by position."""
    best = gold[np.argmax(scores[gold])]
    return int((scores > scores[best]).sum() + (scores[:best] == scores[best]).sum())


def relative(scores):
    return scores / max(scores.max(), 1e-9)


def ask_pool(reader, pool, tokenizer, device, rates=(1,), limit=None):
    """Yields one record a question: set, shared words, segments, and ranks of the attention at each rate, of BM25 and of both."""
    token = tokenizer.piece_to_id("<|question|>")
    order = np.argsort(pool.q_doc, kind="stable")
    docs = pool.q_doc[order]
    for group in range(len(pool.group_docs)):
        low, high = np.searchsorted(docs, pool.group_docs[group])
        questions = [int(q) for q in order[low:high] if pool.first[q] >= 0][:limit]
        if not questions:
            continue
        asker = Asker(reader, pool, group, token, device)
        texts = [tokenizer.decode(pool.ids[a:b].tolist()) for a, b in
                 zip(pool.segs[asker.first:asker.first + asker.segments], pool.segs[asker.first + 1:])]
        index = bm25.Index(texts)
        tokens = [np.array(pool.question(q), np.int64) for q in questions]
        for q, ids, found in zip(questions, tokens, asker.scores(tokens, rates)):
            gold = pool.gold[pool.g_off[q]:pool.g_off[q + 1]] - asker.first
            words = np.asarray(index.scores(tokenizer.decode(ids.tolist())))
            both = [rank(relative(found[0]) + w * relative(words), gold) for w in WEIGHTS]
            yield {"set": pool.sets[pool.q_set[q]], "share": float(pool.share[q]), "segments": asker.segments, "tokens": asker.n,
                   "reader": [rank(f, gold) for f in found], "bm25": rank(words, gold), "both": both}


def recalls(ranks):
    r = np.asarray(ranks)
    return {"n": len(r), "r1": float((r < 1).mean()), "r5": float((r < 5).mean()), "r20": float((r < 20).mean()),
            "mrr": float((1 / (r + 1)).mean())}


def table(records, at):
    """Recalls of reader, BM25 and both (at weight number `at`) over some records."""
    return {"reader": recalls([r["reader"][0] for r in records]), "bm25": recalls([r["bm25"] for r in records]),
            "both": recalls([r["both"][at] for r in records]), "segments": float(np.mean([r["segments"] for r in records]))}


def loss_by_position(reader, pool, device, longest):
    """[mean next-token loss, tokens] for each range of positions between EDGES, over the contexts of at most `longest` tokens."""
    sums = np.zeros((len(EDGES) - 1, 2))
    for group in range(len(pool.group_docs)):
        asker = Asker(reader, pool, group, 0, device)
        if asker.n > longest:
            continue
        losses = asker.next_token_losses()
        which = np.searchsorted(EDGES, np.arange(len(losses)), side="right") - 1
        for i in range(len(sums)):
            sums[i] += ((losses * (which == i)).sum(), (which == i).sum())
    return [[float(total / n), int(n)] for total, n in sums if n]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--pools", nargs="*", default=["qa_val", "qa_never"])
    parser.add_argument("--text", nargs="*", default=["lm_val"])
    parser.add_argument("--limit", type=int, help="questions of each context")
    parser.add_argument("--rates", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    reader, _ = export.load(args.weights)
    export.as_shipped(reader)
    reader = reader.to(device)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=args.tokenizer)
    result = {"pools": {}, "loss": {}}
    with torch.no_grad():
        every = {}
        for name in args.pools:
            pool = contexts.Pool(pathlib.Path(args.data) / name)
            every[name] = list(ask_pool(reader, pool, tokenizer, device, args.rates, args.limit))
        for name in args.text:
            result["loss"][name] = loss_by_position(reader, contexts.Pool(pathlib.Path(args.data) / name), device, 1 << 19)
    judged = every[args.pools[0]]  # the weight is chosen on the first pool alone
    gain = [np.mean([(r["both"][i] < 1) + (r["both"][i] < 5) for r in judged]) for i in range(len(WEIGHTS))]
    at = int(np.argmax(gain))
    result["fusion_weight"] = WEIGHTS[at]
    for name, records in every.items():
        sets = collections.defaultdict(list)
        for r in records:
            sets[r["set"]].append(r)
            share = min(int(r["share"] * 4), 3)
            sets[f"shared words {share * 25} to {share * 25 + 25} %"].append(r)
            sets["all"].append(r)
        result["pools"][name] = {k: table(v, at) for k, v in sorted(sets.items())}
        result["pools"][name]["rates"] = {str(rate): recalls([r["reader"][i] for r in records]) for i, rate in enumerate(args.rates)}
    whole = result["pools"][args.pools[0]]["all"]
    result["headline"] = (f"recall@1/@5 on {whole['reader']['n']} held-out questions: attention {whole['reader']['r1']:.3f}/"
                          f"{whole['reader']['r5']:.3f}, BM25 {whole['bm25']['r1']:.3f}/{whole['bm25']['r5']:.3f}, "
                          f"both {whole['both']['r1']:.3f}/{whole['both']['r5']:.3f}")
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1))
    for name, rows in result["pools"].items():
        print(name, {k: [round(v[m], 3) for m in ("r1", "r5")] for k, v in rows.pop("rates").items()})
        for k, v in rows.items():
            print(f"  {k:32s} n {v['reader']['n']:5d} seg {v['segments']:6.0f}",
                  *(w + "".join(f" {v[w][m]:.3f}" for m in ("r1", "r5", "r20", "mrr")) for w in ("reader", "bm25", "both")))
    print("loss", result["loss"], "fusion", result["fusion_weight"])


if __name__ == "__main__":
    main()
