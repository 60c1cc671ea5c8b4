"""Trains Reader 2 (FORMAT.md) from all-MiniLM-L6-v2 on sequences of whole documents, with the second reading as teacher.

    python stream_train.py --packs DIR --pretrained DIR --teacher reread.pt --out reader2.pt [--seconds S]

A step reads --sequences texts of --length tokens: some around a question's place, the others around what MiniLM or BM25 takes for it. All their segments
are each question's rivals. Some questions name the document that they ask about, which only far branches can know further down in it.
"""

import argparse
import json
import pathlib
import queue
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F

import encoder
import reread_export
import reread_mine
import stream
import words
from reread_data import EXTRACTIVE, KINDS, MIX
from reread_windows import Pack

QUESTIONS, A_SEQUENCE = 160, 32   # a step, at most; and of one text
LONGEST, LONGEST_QUESTION = 192, 56
NAMED = 0.25                      # questions that say which document they are about
TAUGHT, CHOICES = 40, 8           # questions of a step that the teacher judges, and places each


class Text:
    """A pack as one stream: `[CLS] title [SEP] text` for every document."""

    def __init__(self, pack, device):
        self.pack, p = pack, pack
        parts, starts, at = [], np.zeros(len(p.segment) - 1, np.int64), 0
        for d in range(len(p.document) - 1):
            title = p.title[p.title_at[d]:p.title_at[d + 1]]
            first, last = int(p.document[d]), int(p.document[d + 1])
            body = p.tokens[p.segment[first]:p.segment[last]]
            parts += [[words.CLS], title, [words.SEP], body]
            starts[first:last] = at + len(title) + 2 + p.segment[first:last] - p.segment[first]
            at += len(title) + 2 + len(body)
        self.tokens = torch.as_tensor(np.concatenate(parts).astype(np.int32)).to(device)
        self.starts, self.sizes = starts, np.diff(p.segment).astype(np.int64)
        self.ends = starts + self.sizes
        owner = np.repeat(np.arange(len(starts)), np.diff(np.append(0, self.ends)))
        self.owner = torch.as_tensor(owner).to(device)
        self.pool_start = np.append(starts[p.pool[:-1]] - 0, at)
        self.size, self.device = at, device
        asked = np.flatnonzero(p.q_kind != KINDS.index("none"))
        low = np.array([p.gold(q).min() for q in asked])
        order = np.argsort(low, kind="stable")
        self.asked, self.low = asked[order], low[order]
        self.high = np.array([p.gold(q).max() for q in self.asked])
        self.gpu_starts, self.gpu_sizes = torch.as_tensor(starts).to(device), torch.as_tensor(self.sizes).to(device)

    def within(self, begin, length):
        """[first, last) of the segments that lie whole in [begin, begin + length)."""
        return int(np.searchsorted(self.starts, begin)), int(np.searchsorted(self.ends, begin + length, "right"))

    def questions(self, first, last):
        i, j = np.searchsorted(self.low, (first, last))
        return self.asked[i:j][self.high[i:j] < last]

    def question_ids(self, q, named):
        p = self.pack
        ids = p.question(q)
        d = p.q_doc[q]
        title = p.title[p.title_at[d]:p.title_at[d + 1]]
        if named and len(title) > 1:
            ids = np.concatenate((title[:12], ids))
        return ids[:LONGEST_QUESTION - 2]

    def asked_rows(self, questions, named):
        """ids [questions, tokens], which of them are the question's own."""
        rows = [self.question_ids(q, n) for q, n in zip(questions, named)]
        ids = np.zeros((len(rows), max(map(len, rows)) + 2), np.int64)
        own = np.zeros(ids.shape, bool)
        for i, row in enumerate(rows):
            ids[i, :len(row) + 2] = [words.CLS, *row, words.SEP]
            own[i, 1:len(row) + 1] = True
        return torch.as_tensor(ids).to(self.device), torch.as_tensor(own).to(self.device)


def query(net, ids, own):
    """Queries and gates of questions, each a window by itself; padding is no key."""
    length = (ids > 0).sum(1)
    inside = ids > 0
    flat = net.base.rows(ids[inside], torch.zeros_like(ids[inside]), length)
    rows = torch.zeros(*ids.shape, flat.shape[1], device=ids.device, dtype=flat.dtype).index_put((inside.nonzero(as_tuple=True)), flat)
    return net.keys(rows), net.gates(rows, own)


def keys_of(net, text, rows, sequence, segments, starts, length):
    """Keys [segments, tokens, e] and which are real, from rows [sequences, length, d]."""
    size = text.gpu_sizes[segments].clamp_max(LONGEST)
    column = torch.arange(int(text.sizes[segments.cpu().numpy()].clip(max=LONGEST).max()), device=rows.device)
    at = sequence[:, None] * length + text.gpu_starts[segments][:, None] - starts[sequence][:, None] + column
    key = net.keys(rows).flatten(0, 1)
    return key[at.clamp_max(len(key) - 1)], column < size[:, None]


class Batches:
    """Draws texts and questions in threads."""

    def __init__(self, text, mined, length, sequences, anchors, seed, threads=6):
        self.text, self.mined, self.length, self.sequences, self.anchors = text, mined, length, sequences, anchors
        self.ready = queue.Queue(12)
        for number in range(threads):
            threading.Thread(target=self.work, args=(np.random.default_rng(seed * 100 + number),), daemon=True).start()

    def around(self, segment, rng):
        t = self.text
        begin = int(t.starts[segment]) - int(rng.integers(0, self.length - 256))
        return min(max(begin, 0), t.size - self.length)

    def work(self, rng):
        t, p = self.text, self.text.pack
        while True:
            starts, spans, chosen = [], [], []
            for _ in range(self.anchors):
                q = int(t.asked[rng.integers(len(t.asked))])
                rivals = self.mined[q][:, :16].ravel()
                for segment in [int(p.gold(q)[0])] + [int(s) for s in rng.choice(rivals[rivals >= 0], self.sequences // self.anchors - 1)]:
                    begin = self.around(segment, rng)
                    first, last = t.within(begin, self.length)
                    if any(first < b and a < last for a, b in spans):
                        begin = self.around(int(rng.integers(len(t.starts))), rng)
                        first, last = t.within(begin, self.length)
                    if any(first < b and a < last for a, b in spans):
                        continue
                    starts.append(begin)
                    spans.append((first, last))
                    found = t.questions(first, last)
                    chosen.append(found if len(found) <= A_SEQUENCE else rng.choice(found, A_SEQUENCE, replace=False))
            questions = np.unique(np.concatenate(chosen))
            rng.shuffle(questions)
            questions = questions[:QUESTIONS]
            if len(questions) < 8:
                continue
            segments = np.concatenate([np.arange(a, b) for a, b in spans])
            sequence = np.concatenate([np.full(b - a, i) for i, (a, b) in enumerate(spans)])
            gold = np.full((len(questions), 8), -1)
            for i, q in enumerate(questions):
                gold[i, :len(p.gold(q))] = p.gold(q)
            self.ready.put((np.array(starts), questions, segments, sequence, gold, rng.random(len(questions)) < NAMED))


@torch.no_grad()
def teach(teacher, text, questions, segments, gold, score):
    """Some questions' hardest places: rows of `score`, columns, and the teacher's relevance of them."""
    device = score.device
    some = torch.arange(min(TAUGHT, len(questions)), device=device)
    top = score[some].masked_fill(gold[some], stream.FAR).topk(CHOICES - 1, 1).indices
    columns = torch.cat((score[some].masked_fill(~gold[some], stream.FAR).argmax(1, keepdim=True), top), 1)
    ids, types, lengths = [], [], []
    tokens, p = text.tokens, text.pack
    places = segments[columns].cpu().numpy()
    for i in range(len(some)):
        head = torch.as_tensor(np.array([words.CLS, *p.question(questions[i])[:48], words.SEP])).to(device)
        for s in places[i]:
            body = tokens[text.starts[s]:text.starts[s] + min(int(text.sizes[s]), 200)].long()
            ids += [head, body, head[-1:]]
            types += [torch.zeros_like(head), torch.ones(len(body) + 1, dtype=torch.long, device=device)]
            lengths.append(len(head) + len(body) + 1)
    lengths = torch.tensor(lengths, device=device)
    heads = teacher(torch.cat(ids), torch.cat(types), lengths)
    first = lengths.cumsum(0) - lengths
    return some, columns, heads[first, encoder.HEADS.index("relevance")].float().view(len(some), CHOICES)


def train(net, teacher, text, mined, args, device):
    batches = Batches(text, mined, args.length, args.sequences, max(1, args.sequences // 4), args.seed)
    heads = [net.key, net.gate, net.gate_bias]
    temperature = torch.nn.Parameter(torch.tensor(0.0, device=device))
    body = [value for _, value in net.base.named()]
    optimiser = torch.optim.AdamW([{"params": body, "k": 1.0}, {"params": heads + [temperature], "k": 3.0},
                                   {"params": [net.branch_bias], "k": 50.0, "weight_decay": 0.0}],
                                  lr=args.rate, weight_decay=0.01, betas=(0.9, 0.98), fused=device == "cuda")
    begun, step, sums = time.time(), 0, torch.zeros(3, device=device)
    while (now := time.time() - begun) < args.seconds:
        for group in optimiser.param_groups:
            group["lr"] = args.rate * group["k"] * min(1, (step + 1) / 100) * max(0.02, 1 - now / args.seconds)
        starts, questions, segments, sequence, gold, named = batches.ready.get()
        starts, segments, sequence, places = (torch.as_tensor(x).to(device) for x in (starts, segments, sequence, gold))
        at = starts[:, None] + torch.arange(args.length, device=device)
        net.far_on = step % 2 == 0  # every other step learns to do without
        rows = net.rows(text.tokens[at].long(), text.owner[at])
        key, valid = keys_of(net, text, rows, sequence, segments, starts, args.length)
        ids, own = text.asked_rows(questions, named)
        asked, gate = query(net, ids, own)
        score = stream.scores(asked, gate, own, key, valid) * temperature.exp()
        right = (segments[None, :, None] == places[:, None, :]).any(2)
        loss = (score.logsumexp(1) - score.masked_fill(~right, stream.FAR).logsumexp(1)).mean()
        soft = loss.detach() * 0
        if teacher is not None:
            some, columns, wanted = teach(teacher, text, questions, segments, right, score.detach())
            soft = F.kl_div(score[some].gather(1, columns).log_softmax(1), wanted.softmax(1), reduction="batchmean")
        (loss + args.teach * soft).backward()
        torch.nn.utils.clip_grad_norm_(body + heads, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        sums += torch.stack((loss.detach(), soft.detach(), right.gather(1, score.argmax(1, keepdim=True)).float().mean()))
        if step % args.say == 0:
            print(f"step {step} {now:.0f}s loss {sums[0] / args.say:.3f} taught {sums[1] / args.say:.3f} first {sums[2] / args.say:.3f} "
                  f"questions {len(questions)} segments {len(segments)}", flush=True)
            sums.zero_()
    net.far_on = True
    return step


@torch.no_grad()
def evaluate(net, text, far, named, device):
    """{set: [rank of the best right segment]} where every context is one sequence."""
    net.far_on, p, found = far, text.pack, {}
    for pool in range(len(p.pool) - 1):
        first, last = int(p.pool[pool]), int(p.pool[pool + 1])
        begin, end = int(text.starts[first]) - 32, int(text.ends[last - 1])
        begin = max(0, begin)
        length = -(-(end - begin) // net.config.window) * net.config.window
        at = (begin + torch.arange(length, device=device)).clamp_max(text.size - 1)
        inside = begin + torch.arange(length, device=device) < end
        rows = net.rows((text.tokens[at].long() * inside)[None], torch.where(inside, text.owner[at], -1)[None])
        segments = torch.arange(first, last, device=device)
        key, valid = keys_of(net, text, rows, torch.zeros_like(segments), segments, torch.tensor([begin], device=device), length)
        key = (key * 254).round().clamp(-127, 127) / 254
        questions = [q for q in np.flatnonzero(p.q_pool == pool) if p.q_kind[q] != KINDS.index("none")]
        for i in range(0, len(questions), 16):
            some = questions[i:i + 16]
            ids, own = text.asked_rows(some, [named] * len(some))
            asked, gate = query(net, ids, own)
            score = stream.scores(asked, gate, own, key, valid)
            for q, row in zip(some, score):
                best = row[torch.as_tensor(p.gold(q) - first).to(device)].max()
                found.setdefault(str(p.sets[p.q_set[q]]), []).append(int((row > best).sum()))
    net.far_on = True
    return found


def say(name, found):
    for label, sets in (("mix", MIX), ("others", [s for s in found if s not in MIX]), ("extractive", EXTRACTIVE)):
        ranks = np.array([r for s in sets for r in found.get(s, [])])
        print(name, label, len(ranks), *(f"@{k} {np.mean(ranks < k):.3f}" for k in (1, 5, 20, 64)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--teacher", help="a checkpoint of reread_train.py")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--teach", type=float, default=0.5)
    parser.add_argument("--length", type=int, default=8192)
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--layers", type=int, default=6, help="fewer for a trial")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--say", type=int, default=50)
    parser.add_argument("--halves", nargs="+", default=["dev", "test"])
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    base = encoder.pretrained(args.pretrained, args.layers).to(device)
    packs = pathlib.Path(args.packs)
    pack = Pack(packs / "train.npz")
    begun = time.time()
    mined = reread_mine.mine(base, pack, device)
    net = stream.Stream(stream.Config(layers=args.layers, segment_layers=args.layers // 2), base).to(device)
    teacher = reread_export.load(args.teacher, args.pretrained)[0].to(device) if args.teacher else None
    text = Text(pack, device)
    print(f"ready {time.time() - begun:.0f}s", flush=True)
    steps = train(net, teacher, text, mined, args, device)
    summary = f"{steps} steps of {args.sequences} x {args.length} tokens, {args.seconds:.0f} s, rate {args.rate}, "
    summary += f"teacher {args.teach if teacher else 0}, seed {args.seed}"
    torch.save({"layers": args.layers, "summary": summary, "weights": {k: v.detach().half().cpu() for k, v in base.named()},
                "reader": {k: getattr(net, k).detach().float().cpu() for k in ("branch_bias", "key", "gate", "gate_bias")}}, args.out)
    print("saved", summary, "bias", net.branch_bias.detach().mean(2).tolist(), flush=True)
    ranks = {}
    for half in args.halves:
        held = Text(Pack(packs / f"{half}.npz"), device)
        for far in (True, False):
            for named in (False, True):
                found = ranks[f"{half} {'far' if far else 'local'} {'named' if named else 'plain'}"] = evaluate(net, held, far, named, device)
                say(f"{half} {'branches on' if far else 'branches off'} {'named' if named else 'plain'}", found)
    pathlib.Path(args.out).with_suffix(".json").write_text(json.dumps(ranks))


if __name__ == "__main__":
    main()
