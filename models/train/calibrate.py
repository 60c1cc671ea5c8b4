"""Fits six numbers of the evidence attention on half of the validation contexts: how much the contextual parts of keys and queries
weigh, tau, eps, and the sharpness of the gate. Training lets the contextual parts grow until they drown the words themselves.

    python calibrate.py --weights weights.pt --tokenizer spm.model --data DIR --out calibrated.pt
"""

import argparse
import math
import pathlib

import numpy as np
import sentencepiece
import torch
from torch.nn import functional as F

import contexts
import evaluate
import export

NAMES = ("keys", "queries", "tau", "eps", "gate", "gate_token", "scale")


class Context:
    """What the fit needs of one text and some of its questions: their vectors by token and by context, apart."""

    def __init__(self, reader, pool, group, questions, question_token):
        asker = evaluate.Asker(reader, pool, group, question_token, "cpu")
        self.n, self.owner, self.segments = asker.n, asker.owner, asker.segments
        self.token_keys = reader.evidence_token[asker.ids[:self.n]]
        self.context_keys = F.linear(asker.h[0, :self.n], reader.evidence_k)
        self.questions = []
        for q in questions:
            ids = np.array(pool.question(q), np.int64)
            row = np.pad(np.concatenate(([question_token], ids)), (0, -(len(ids) + 1) % 16))
            h = reader.ask(torch.from_numpy(row)[None], asker.cache, 0, text=self.n)[0, 1:len(ids) + 1]
            gold = torch.from_numpy(pool.gold[pool.g_off[q]:pool.g_off[q + 1]] - asker.first)
            self.questions.append((reader.evidence_token[ids], F.linear(h, reader.evidence_q), h @ reader.tau, reader.gate_token[ids],
                                   h @ reader.gate, gold))

    def scores(self, question, v):
        """score(S) of FORMAT.md under the numbers v, and the gold segments."""
        token, context, tau, gate_token, gate, gold = question
        u = F.normalize(self.token_keys + v["keys"] * self.context_keys, dim=-1)
        keys = u + ((u * 254).round().clamp(-127, 127) / 254 - u).detach()
        query = F.normalize(token + v["queries"] * context, dim=-1)
        p = ((v["tau"] + tau).exp()[:, None] * math.log(self.n) * (query @ keys.T)).softmax(-1)
        p = torch.zeros(len(p), self.segments).index_add(1, self.owner, p)
        g = (v["gate"] * (v["gate_token"] * gate_token + gate)).softmax(0)
        return (g[:, None] * torch.log1p(p * self.n * (-v["eps"]).exp())).sum(0), gold


def recall(some, values):
    with torch.no_grad():
        ranks = [evaluate.rank(s.numpy(), g.numpy()) for c in some for s, g in (c.scores(q, values) for q in c.questions)]
    return evaluate.recalls(ranks)


def fit(some, values, steps, rng):
    """Adam on the cross entropy of the gold segments; returns the fitted numbers."""
    values = {k: v.clone().requires_grad_() for k, v in values.items()}
    adam = torch.optim.Adam(values.values(), lr=0.02)
    for _ in range(steps):
        context = some[rng.integers(len(some))]
        loss = 0
        for i in rng.permutation(len(context.questions))[:8]:
            scores, gold = context.scores(context.questions[i], values)
            scores = scores * values["scale"].exp()
            loss = loss + scores.logsumexp(0) - scores[gold].logsumexp(0)
        loss.backward()
        adam.step()
        adam.zero_grad()
    return {k: v.detach() for k, v in values.items()}


@torch.no_grad()
def apply(weights, values):
    weights["evidence_k"] = weights["evidence_k"].float() * values["keys"]
    weights["evidence_q"] = weights["evidence_q"].float() * values["queries"]
    weights["gate"] = weights["gate"] * values["gate"]
    weights["gate_token"] = weights["gate_token"] * values["gate"] * values["gate_token"]
    weights["log_tau"], weights["log_eps"] = values["tau"], values["eps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--pool", default="qa_val")
    parser.add_argument("--contexts", type=int, default=40)
    parser.add_argument("--questions", type=int, default=20, help="of each context")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    reader, _ = export.load(args.weights)
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=args.tokenizer)
    pool = contexts.Pool(pathlib.Path(args.data) / args.pool)
    rng = np.random.default_rng(1)
    some = []
    with torch.no_grad():
        for group in rng.permutation(len(pool.group_docs))[:args.contexts]:
            asked = np.flatnonzero((pool.q_doc >= pool.group_docs[group][0]) & (pool.q_doc < pool.group_docs[group][1]) & (pool.first >= 0))
            asked = rng.permutation(asked)[:args.questions]
            if len(asked):
                some.append(Context(reader, pool, group, asked, tokenizer.piece_to_id("<|question|>")))
    one = torch.tensor(1.0)
    start = {"keys": one, "queries": one, "tau": reader.log_tau.detach(), "eps": reader.log_eps.detach(), "gate": one, "gate_token": one,
             "scale": reader.log_scale.detach()}
    fitted = fit(some[0::2], start, args.steps, rng)
    print({k: round(fitted[k].item(), 3) for k in NAMES})
    print("recall, fitted half: before", recall(some[0::2], start), "after", recall(some[0::2], fitted))
    print("recall, other half:  before", recall(some[1::2], start), "after", recall(some[1::2], fitted))
    saved = torch.load(args.weights, map_location="cpu", weights_only=True)
    apply(saved["weights"], fitted)
    torch.save(saved, args.out)


if __name__ == "__main__":
    main()
