"""Trains Reader 2 (FORMAT.md) from all-MiniLM-L6-v2 on sequences of whole documents, with the second reading as teacher.

    python stream_train.py --packs DIR --pretrained DIR --teacher reread.pt --out reader2.pt [--seconds S]

A step reads --sequences texts of --length tokens: some around a question's place, the others around what MiniLM or BM25 takes for it. All their segments
are each question's rivals. Two kinds of questions are work for the far branches: some name the document that they ask about, which is said at its
beginning only; and of some a word is masked in the text from the window of their place on, so that only an earlier window says it.

A run that ends goes on from --out.part, which is written every minute, where there is one.
"""

import argparse
import dataclasses
import json
import pathlib
import queue
import threading
import time

import numpy as np
import torch
import torch.nn.functional as F

import encoder
import reread_mine
import stream
import stream_evaluate
import stream_text
import words
from reread_windows import Pack

QUESTIONS, A_SEQUENCE = 448, 32   # a step, at most; and of one text
NAMED, MASKED = 0.25, 0.1         # questions that say which document they are about; that ask for a masked word
TAUGHT, CHOICES = 96, 8           # questions of a step that the teacher judges, and places each


class Batches:
    """Draws texts and questions in threads."""

    def __init__(self, text, mined, length, sequences, anchors, window, seed, threads=8):
        self.text, self.mined, self.length, self.sequences, self.anchors, self.window = text, mined, length, sequences, anchors, window
        # Long documents, where the far branches have work, are begun with more often than they have questions.
        sizes = np.diff(text.documents)[text.pack.q_doc[text.asked]]
        self.chance = np.cumsum(np.minimum(sizes, length) ** 0.5)
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
                q = int(t.asked[np.searchsorted(self.chance, rng.random() * self.chance[-1], "right")])
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
            begins = {s: starts[i] for s, i in zip(segments, sequence)}
            masks = [t.masked_word(q, begins[p.gold(q)[0]], self.window) for q in questions[rng.random(len(questions)) < MASKED]]
            self.ready.put((np.array(starts), questions, segments, sequence, gold, rng.random(len(questions)) < NAMED, [m for m in masks if m]))


@torch.no_grad()
def teach(teacher, text, questions, segments, gold, score):
    """Some questions' hardest places: rows of `score`, columns, and the teacher's relevance of them."""
    device = score.device
    some = torch.arange(min(TAUGHT, len(questions)), device=device)
    top = score[some].masked_fill(gold[some], stream.FAR).topk(CHOICES - 1, 1).indices
    columns = torch.cat((score[some].masked_fill(~gold[some], stream.FAR).argmax(1, keepdim=True), top), 1)
    parts = []  # the question's and the place's half of every window
    places = segments[columns].cpu().numpy()
    for q, row in zip(questions, places):
        head = np.array([words.CLS, *text.pack.question(q)[:48], words.SEP])
        for s in row:
            parts += [head, np.append(text.words[text.starts[s]:text.starts[s] + min(int(text.sizes[s]), 200)], words.SEP)]
    sizes = np.array([len(part) for part in parts])
    ids, types, lengths = (torch.as_tensor(x).to(device) for x in (
        np.concatenate(parts).astype(np.int64), np.repeat(np.arange(len(sizes)) % 2, sizes), sizes[::2] + sizes[1::2]))
    heads = teacher(ids, types, lengths)
    first = lengths.cumsum(0) - lengths
    return some, columns, heads[first, encoder.HEADS.index("relevance")].float().view(len(some), CHOICES)


def step_loss(net, teacher, text, batch, temperature, args, device):
    """Ranking, what the teacher says beside it, and how often the first place is right."""
    starts, questions, segments, sequence, places, named, masks = batch
    longest = int(text.sizes[segments].max())
    starts, segments, sequence, places = (torch.as_tensor(x).to(device) for x in (starts, segments, sequence, places))
    at = starts[:, None] + torch.arange(args.length, device=device)
    rows = net.rows(stream_text.masked(text.tokens[at].long(), at, masks), text.owner[at])
    key, valid = stream.keys_of(net, text, rows, sequence, segments, starts, args.length, longest)
    ids, own = text.asked_rows(questions, named)
    asked, gate = stream.query(net, ids, own)
    score = stream.scores(asked, gate, own, key, valid) * temperature.exp()
    right = (segments[None, :, None] == places[:, None, :]).any(2)
    loss = (score.logsumexp(1) - score.masked_fill(~right, stream.FAR).logsumexp(1)).mean()
    soft = loss.detach() * 0
    if teacher is not None:
        some, columns, wanted = teach(teacher, text, questions, segments, right, score.detach())
        soft = F.kl_div(score[some].gather(1, columns).log_softmax(1), wanted.softmax(1), reduction="batchmean")
    return loss, soft, right.gather(1, score.argmax(1, keepdim=True)).float().mean()


class Part:
    """What a run that ends is gone on from: everything that changes, and the seconds that were spent."""

    def __init__(self, path, things):
        self.path, self.things, self.saved = pathlib.Path(path), things, time.time()

    def save(self, step, seconds):
        self.saved = time.time()
        torch.save({"step": step, "seconds": seconds, **{name: thing.state_dict() for name, thing in self.things.items()}}, str(self.path) + ".new")
        pathlib.Path(str(self.path) + ".new").replace(self.path)

    def load(self):
        if not self.path.exists():
            return 0, 0.0
        saved = torch.load(self.path, weights_only=True)
        for name, thing in self.things.items():
            thing.load_state_dict(saved[name])
        print(f"goes on from step {saved['step']}, {saved['seconds']:.0f} s", flush=True)
        return saved["step"], saved["seconds"]


def optimiser_of(net, temperature, args, device):
    """Layers that are not trained need no gradient; heads learn faster, and the branches' bias much faster."""
    body = [value for _, value in net.base.named() if value.requires_grad]
    heads = [net.key, net.gate, net.gate_bias, temperature.value]
    groups = [{"params": heads, "k": args.head_rate}, {"params": [net.branch_bias], "k": 50.0, "weight_decay": 0.0}]
    groups += [{"params": body, "k": 1.0}] if body else []
    return torch.optim.AdamW(groups, lr=args.rate, weight_decay=0.01, betas=(0.9, 0.98), **({"fused": True} if device == "cuda" else {})), body + heads


class Temperature(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(0.0))


def train(net, teacher, text, mined, args, device):
    batches = Batches(text, mined, args.length, args.sequences, max(1, args.sequences // 4), net.config.window, args.seed)
    temperature = Temperature().to(device)
    optimiser, clipped = optimiser_of(net, temperature, args, device)
    part = Part(args.out + ".part", {"net": net, "temperature": temperature, "optimiser": optimiser})
    step, spent = part.load()
    begun, sums = time.time() - spent, torch.zeros(3, device=device)
    net.train()
    while (done := step / args.steps if args.steps else (time.time() - begun) / args.seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.rate * group["k"] * min(1, (step + 1) / 100) * max(0.02, 1 - done)
        net.far_on = step % 2 == 0  # every other step learns to do without
        loss, soft, first = step_loss(net, teacher, text, batches.ready.get(), temperature.value, args, device)
        (loss + args.teach * soft).backward()
        torch.nn.utils.clip_grad_norm_(clipped, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        sums += torch.stack((loss.detach(), soft.detach(), first))
        if step % args.say == 0:
            print(f"step {step} {time.time() - begun:.0f}s loss {sums[0] / args.say:.3f} taught {sums[1] / args.say:.3f} first {sums[2] / args.say:.3f}", flush=True)
            sums.zero_()
        if time.time() - part.saved > 60:
            part.save(step, time.time() - begun)
    part.save(step, args.seconds)
    net.far_on = True
    net.eval()
    return step


def teacher_of(path, base):
    """The second reading, as stream_pack.py or reread_train.py left it; of the same words as `base`."""
    weights = torch.load(path, map_location="cpu", weights_only=True)["weights"]
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blk."))
    net = encoder.Encoder(dataclasses.replace(base.config, layers=layers))
    with torch.no_grad():
        net.words.copy_(base.words)
        for name, tensor in net.named():
            tensor.copy_(weights[name])
    return net.eval().requires_grad_(False)


@torch.no_grad()
def start(net, text, frozen):
    """Keys start from the rows as they are; the first layers may stay as they are."""
    fixed = ("position_embd", "token_types", "token_embd_norm") + tuple(f"blk.{i}." for i in range(frozen))
    for name, value in net.base.named():
        if name.startswith("reread") or (frozen and name.startswith(fixed)):
            value.requires_grad_(False)
    count = max(1, min(40, text.size // net.config.window))
    at = np.linspace(0, text.size - net.config.window, count).astype(int)[:, None] + np.arange(net.config.window)
    at = torch.as_tensor(at).to(text.device)
    net.eval()
    net.key.copy_(stream.start_key(net.rows(text.tokens[at].long(), text.owner[at]).float().flatten(0, 1), net.config.evidence))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", required=True)
    parser.add_argument("--pretrained", required=True)
    parser.add_argument("--teacher", help="the second reading: a checkpoint of reread_train.py, or teacher.pt of stream_pack.py")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--steps", type=int, default=0, help="so many, however long they take")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--teach", type=float, default=0.5)
    parser.add_argument("--length", type=int, default=8192)
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--layers", type=int, default=3, help="the first ones of the pretrained")
    parser.add_argument("--segment-layers", type=int, default=1, help="last layers whose local branch stays in the segment")
    parser.add_argument("--frozen", type=int, default=0, help="first layers that stay as they are")
    parser.add_argument("--head-rate", type=float, default=3.0, help="times --rate, of keys and gate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--say", type=int, default=50)
    parser.add_argument("--halves", nargs="+", default=["dev", "test"])
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    base = encoder.pretrained(args.pretrained, args.layers).to(device)
    packs = pathlib.Path(args.packs)
    begun = time.time()
    text = stream_text.Text(Pack(packs / "train.npz"), device)
    mined, _ = reread_mine.mine(base, text.pack, device)
    net = stream.Stream(stream.Config(args.layers, base.config.width, base.config.heads, segment_layers=args.segment_layers), base).to(device)
    net.dropout = args.dropout
    start(net, text, args.frozen)
    teacher = teacher_of(args.teacher, base).to(device) if args.teacher else None
    print(f"ready {time.time() - begun:.0f}s", flush=True)
    steps = train(net, teacher, text, mined, args, device)
    summary = f"{steps} steps of {args.sequences} x {args.length} tokens, {args.seconds:.0f} s, rate {args.rate}, dropout {args.dropout}, first {args.frozen} layers as they were, "
    summary += f"teacher {args.teach if teacher else 0}, seed {args.seed}"
    torch.save({"layers": args.layers, "segment_layers": args.segment_layers, "summary": summary,
                "weights": {k: v.detach().half().cpu() for k, v in base.named()},
                "reader": {k: getattr(net, k).detach().float().cpu() for k in ("branch_bias", "key", "gate", "gate_bias")}}, args.out)
    print("saved", summary, "bias", net.branch_bias.detach().mean(2).tolist(), flush=True)
    ranks = {}
    for half in args.halves:
        ranks.update(stream_evaluate.evaluate_all(net, stream_text.Text(Pack(packs / f"{half}.npz"), device), half, device))
    pathlib.Path(args.out).with_suffix(".json").write_text(json.dumps(ranks))


if __name__ == "__main__":
    main()
