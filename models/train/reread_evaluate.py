"""What a model says of the held-out questions' places, and of their best sentences together; scored by reread_scores.py."""

import pathlib

import numpy as np
import torch

from reread_model import FAR, HEAD, best_of_sentences, best_spans, heads_of, segment_rows, sentence_rows
from reread_windows import TITLE, Pack, Windows, chosen_sentences

VARIANTS = (0, TITLE)  # tokens of the title
KEPT = 8          # spans of the sentences together
READ = 32         # candidates of a question, in turn from two lists: as many as a CPU reads


def in_turn(*lists):
    """Segments of several lists, one after the other from each, each once."""
    width = max(map(len, lists))
    return [s for s in dict.fromkeys(int(x[k]) for k in range(width) for x in lists if k < len(x)) if s >= 0]


def candidates_of(pack, mined):
    """[questions, READ] segments: in turn from the reader's list and BM25's."""
    out = np.full((pack.n, READ), -1, np.int32)
    for q in range(pack.n):
        found = in_turn(mined[q, 1], pack.bm25[q])[:READ]
        out[q, :len(found)] = found
    return out


@torch.no_grad()
def collect(net, packs, half, mined, device, out):
    pack = Pack(pathlib.Path(packs) / f"{half}.npz")
    lists, below = mined
    found = candidates_of(pack, lists)
    sentence = torch.as_tensor(pack.sentence).to(device)
    save = {"candidates": found, "listed": lists[:, 1], "below": below}
    for v, title in enumerate(VARIANTS):
        save.update({f"{name}{v}": value for name, value in places(net, pack, found, title, sentence, device).items()})
    np.savez_compressed(out, **save)


def places(net, pack, found, title, sentence, device, batch=16):
    """Relevance of every candidate, its best span, and the heads over the sentences together."""
    n = len(found)
    relevance = np.full(found.shape, np.nan, np.float16)
    span = np.zeros((*found.shape, 2), np.uint8)
    score = np.full(found.shape, FAR, np.float32)
    joint = {"first": [], "spans": [], "score": []}
    for at in range(0, n, batch):
        questions = range(at, min(n, at + batch))
        windows, owner = Windows(), []
        for q in questions:
            for c, s in enumerate(found[q]):
                if s >= 0:
                    windows.place(pack, pack.question(q), int(s), title)
                    owner.append((q, c))
        if not owner:
            continue
        w = windows.arrays()
        heads = heads_of(net, w, device)
        rows = segment_rows(w, heads.shape[1], device)
        best, last = best_spans(heads[..., HEAD["start"]], heads[..., HEAD["end"]], rows, torch.zeros_like(rows, dtype=torch.long))
        part = sentence_rows(w, sentence, rows)
        inner, _ = best_spans(heads[..., HEAD["start"]], heads[..., HEAD["end"]], rows, part)
        inner = best_of_sentences(inner, part).cpu().numpy()
        top, row = best.max(1)
        end = last.gather(1, row[:, None])[:, 0].cpu().numpy()
        row, top, r = row.cpu().numpy(), top.cpu().numpy(), heads[:, 0, HEAD["relevance"]].float().cpu().numpy()
        q, c = np.array(owner).T
        relevance[q, c], score[q, c] = r, top
        span[q, c, 0], span[q, c, 1] = row - w["first"], end - w["first"]
        joined(net, pack, found, questions, owner, r, inner, device, joint)
    return {"relevance": relevance, "span": span, "score": np.maximum(score, -6e4).astype(np.float16), "joint_first": np.array(joint["first"], np.float16),
            "joint_spans": np.array(joint["spans"], np.int32), "joint_score": np.array(joint["score"], np.float16)}


def joined(net, pack, found, questions, owner, relevance, inner, device, out):
    """Adds the heads of the candidates' best sentences together, and their best spans, as the pack's tokens."""
    windows, tokens = Windows(), []
    where = {pair: i for i, pair in enumerate(owner)}
    for q in questions:
        row = [where.get((q, c)) for c in range(READ)]
        known = [i for i in row if i is not None]
        listed = [int(found[q, c]) for c, i in enumerate(row) if i is not None]
        pieces = chosen_sentences(pack, pack.question(q), listed, relevance[known], inner[known])
        windows.joint(pack, pack.question(q), [(b, e) for b, e, _ in pieces])
        tokens.append(np.concatenate([np.append(np.arange(b, e), -1) for b, e, _ in pieces]) if pieces else np.array([-1]))
    w = windows.arrays()
    heads = heads_of(net, w, device)
    width = heads.shape[1]
    token = np.full((len(tokens), width), -1, np.int64)
    for i, (first, at) in enumerate(zip(w["first"], tokens)):
        token[i, first:first + len(at)] = at[:width - first]
    rows = torch.as_tensor(token >= 0).to(device)
    best, last = best_spans(heads[..., HEAD["start"]], heads[..., HEAD["end"]], rows, (~rows).long().cumsum(1))
    score, begin = best.topk(min(KEPT, width), 1)
    end = last.gather(1, begin).cpu().numpy()
    begin = begin.cpu().numpy()
    out["spans"] += list(np.stack((np.take_along_axis(token, begin, 1), np.take_along_axis(token, end, 1)), 2))
    out["score"] += list(score.clamp_min(-6e4).cpu().numpy())
    out["first"] += list(heads[:, 0].cpu().numpy())
