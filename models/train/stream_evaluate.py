"""What Reader 2 finds of the held-out questions, by kind and with its branches off."""

import numpy as np
import torch

import stream
import stream_text
from reread_data import EXTRACTIVE, KINDS, MIX

ASKED = ("plain", "named", "masked")  # named: the question says its document; masked: see stream_text.Text.masked_word


@torch.no_grad()
def evaluate(net, text, far, asked, device):
    """{set: [rank of the best right segment]} where every context is one sequence."""
    net.far_on, p, found = far, text.pack, {}
    window = net.config.window
    for pool in range(len(p.pool) - 1):
        first, last = int(p.pool[pool]), int(p.pool[pool + 1])
        begin, end = max(0, int(text.starts[first]) - 32), int(text.ends[last - 1])
        length = -(-(end - begin) // window) * window
        at = (begin + torch.arange(length, device=device)).clamp_max(text.size - 1)
        inside = begin + torch.arange(length, device=device) < end
        questions = [q for q in np.flatnonzero(p.q_pool == pool) if p.q_kind[q] != KINDS.index("none")]
        ids = text.tokens[at].long() * inside
        if asked == "masked":
            questions, masks = one_a_document(text, questions, begin, window)
            ids = stream_text.masked(ids, at, masks)
        if not questions:
            continue
        rows = net.rows(ids[None], torch.where(inside, text.owner[at], -1)[None])
        segments = torch.arange(first, last, device=device)
        key, valid = stream.keys_of(net, text, rows, torch.zeros_like(segments), segments, torch.tensor([begin], device=device), length)
        key = (key * 254).round().clamp(-127, 127) / 254
        for i in range(0, len(questions), 16):
            some = questions[i:i + 16]
            ids, own = text.asked_rows(some, [asked == "named"] * len(some))
            query, gate = stream.query(net, ids, own)
            score = stream.scores(query, gate, own, key, valid)
            for q, row in zip(some, score):
                best = row[torch.as_tensor(p.gold(q) - first).long().to(device)].max()
                found.setdefault(str(p.sets[p.q_set[q]]), []).append(int((row > best).sum()))
    net.far_on = True
    return found


def one_a_document(text, questions, begin, window):
    """Questions that a word can be masked for, one of each document at most, and their masks."""
    chosen, masks, seen = [], [], set()
    for q in questions:
        mask = text.masked_word(q, begin, window)
        if mask and text.pack.q_doc[q] not in seen:
            seen.add(text.pack.q_doc[q])
            chosen.append(q)
            masks.append(mask)
    return chosen, masks


def say(name, found):
    order = [s for s in found if s.startswith("babi")]
    for label, sets in (("mix", MIX), ("others", [s for s in found if s not in MIX + tuple(order)]), ("extractive", EXTRACTIVE), ("order", order)):
        ranks = np.array([r for s in sets for r in found.get(s, [])])
        if len(ranks):
            print(name, label, len(ranks), *(f"@{k} {np.mean(ranks < k):.3f}" for k in (1, 5, 20, 64)), flush=True)


def evaluate_all(net, text, name, device):
    """Ranks by kind of question, with the branches on and off."""
    ranks = {}
    for far in (True, False):
        for asked in ASKED:
            label = f"{name} {'branches on' if far else 'branches off'} {asked}"
            ranks[label] = evaluate(net, text, far, asked, device)
            say(label, ranks[label])
    return ranks
