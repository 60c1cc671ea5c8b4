"""What Reader 2 finds of the held-out questions, by kind and with its branches off."""

import numpy as np
import torch

import stream
import stream_text
from reread_data import EXTRACTIVE, KINDS, MIX

ASKED = ("plain", "named", "masked")  # named: the question says its document; masked: see stream_text.Text.masked_word


def begin_of(text, pool):
    """Where the sequence of a pool begins."""
    return int(text.documents[text.pack.document_of[text.pack.pool[pool]]])


@torch.no_grad()
def pool_keys(net, text, pool, device, masks=()):
    """The keys of a pool's segments, which is read as one sequence, as they are stored, and which are real."""
    window = net.config.window
    first, last = int(text.pack.pool[pool]), int(text.pack.pool[pool + 1])
    begin, end = begin_of(text, pool), int(text.ends[last - 1])
    length = -(-(end - begin) // window) * window
    at = (begin + torch.arange(length, device=device)).clamp_max(text.size - 1)
    inside = begin + torch.arange(length, device=device) < end
    ids = stream_text.masked(text.tokens[at].long() * inside, at, masks)
    rows = net.rows(ids[None], torch.where(inside, text.owner[at], -1)[None])
    segments = torch.arange(first, last, device=device)
    key, valid = stream.keys_of(net, text, rows, torch.zeros_like(segments), segments, torch.tensor([begin], device=device), length,
                                int(text.sizes[first:last].max()))
    return (key * 254).round().clamp(-127, 127) / 254, valid


@torch.no_grad()
def pool_scores(net, text, questions, keys, named=False, at_once=16):
    """(questions, scores [questions, segments]) of some questions after the other."""
    for i in range(0, len(questions), at_once):
        some = questions[i:i + at_once]
        ids, own = text.asked_rows(some, [named] * len(some))
        query, gate = stream.query(net, ids, own)
        yield some, stream.scores(query, gate, own, *keys)


def evaluate(net, text, far, asked, device):
    """{set: [rank of the best right segment]} where every context is one sequence."""
    net.far_on, p, found = far, text.pack, {}
    for pool in range(len(p.pool) - 1):
        questions, masks = [q for q in np.flatnonzero(p.q_pool == pool) if p.q_kind[q] != KINDS.index("none")], ()
        if asked == "masked":
            questions, masks = one_a_document(text, questions, begin_of(text, pool), net.config.window)
        if not questions:
            continue
        for some, score in pool_scores(net, text, questions, pool_keys(net, text, pool, device, masks), asked == "named"):
            for q, row in zip(some, score):
                best = row[torch.as_tensor(p.gold(q) - p.pool[pool]).long().to(device)].max()
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
