"""Training over the sequence (LongNet, section 3): each rank holds a contiguous share of the tokens, with torch.distributed.

    python -m paper.ranks --processes 1,2,4 [--tokens N] [--out ranks.csv]     (in models/train; gloo on the CPU, NCCL with enough GPUs)

A branch whose segments end where shares end needs nothing. For any other, the ranks all-gather the on-grid keys and values of the segment
that goes on behind a share, and a rank's queries see those of the ranks before it in the segment of its first position: all of them, since
they all come earlier. The gradient goes back by reduce-scatter. What one rank sends each other for a token is the sum of 2 / r rows a head
over these branches, whatever the length.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing

from dilated import Piece, Rows, SelfAttention, branch_pieces, grid


class AllGather(torch.autograd.Function):
    """[ranks, ...] of every rank's x; the gradient is the sum of what the ranks have for this one's part."""

    @staticmethod
    def forward(ctx, x, ranks):
        ctx.ranks = ranks
        parts = [torch.empty_like(x) for _ in range(ranks.size)]
        dist.all_gather(parts, x.contiguous())
        ranks.sent += (ranks.size - 1) * x.numel() * x.element_size()
        return torch.stack(parts)

    @staticmethod
    def backward(ctx, grad):
        ranks = ctx.ranks
        ranks.sent += (ranks.size - 1) * grad[0].numel() * grad.element_size()
        parts = [part.clone(memory_format=torch.contiguous_format) for part in grad]
        if ranks.device == "cuda":
            own = torch.empty_like(parts[0])
            dist.reduce_scatter(own, parts)
            return own, None
        for rank, part in enumerate(parts):  # gloo has no reduce-scatter
            dist.reduce(part, rank)
        return parts[ranks.rank], None


class Ranks:
    """The default process group, where its tensors are, and the bytes that this rank has sent to the others."""

    def __init__(self):
        self.rank, self.size, self.sent = dist.get_rank(), dist.get_world_size(), 0
        self.device = "cuda" if dist.get_backend() == "nccl" else "cpu"

    def attend(self, parts, branches):
        """Causal dilated attention of the whole text, of which `parts` (rotated queries and keys, plain ones, values) are this rank's
        share, shares being equally long."""
        qr, kr, q, k, v = parts
        _, tokens, heads, _ = q.shape
        pieces = branch_pieces(branches, self.rank * tokens, tokens, heads)
        passing = [(w, r) for w, r in branches if tokens % w != 0]
        if passing:
            given = [self.given(kr if r == 1 else k, v, w, r) for w, r in passing]
            keys, values = AllGather.apply(torch.cat(given, 2), self).transpose(0, 1).transpose(1, 2).flatten(2, 3)
            kr, k, v = (torch.cat(x, 1) for x in ((kr, keys), (k, keys), (v, values)))  # the ranks' rows lie behind the share
            sizes = [x.shape[2] for x in given]
            for number, (w, r) in enumerate(passing):
                begin = self.rank * tokens
                for rank in range((begin - begin % w) // tokens, self.rank):
                    at = tokens + rank * sum(sizes) + sum(sizes[:number])
                    pieces += self.earlier(at, rank, tokens, heads, w, r)
        return SelfAttention.apply(qr, kr, q, k, v, pieces)

    def given(self, keys, values, w, r):
        """[2, batch, rows, heads, D]: keys and values on the grid of the share's last segment, each head's from row 0 on."""
        _, tokens, heads, _ = keys.shape
        begin, end = last_segment(self.rank, tokens, w)
        first = torch.tensor([first_row(begin, end, w, r, head) for head in range(heads)])
        rows = first + torch.arange(-(-tokens // r))[:, None] * r - self.rank * tokens
        rows = rows.clamp_max(tokens - 1).to(keys.device)  # a head with fewer rows fills up with what nobody looks at
        return torch.stack((keys, values))[:, :, rows, torch.arange(heads, device=keys.device)]

    def earlier(self, at, rank, tokens, heads, w, r):
        """This rank's attention to the rows that an earlier one gave, which lie behind the share from row `at` on."""
        begin = self.rank * tokens
        end = min(begin - begin % w + w, begin + tokens)
        given = last_segment(rank, tokens, w)
        like = lambda head: (*grid(begin, end, w, r, head), grid(*given, w, r, head)[1])
        for (start, count, keys), group in itertools.groupby(range(heads), like):
            head, *others = group
            if count and keys:
                many = 1 + len(others)
                asking = Rows(start + (head if r > 1 else 0) - begin, 1, 0, count, r, head, many)
                yield Piece(asking, Rows(at, 1, 0, keys, 1, head, many), False, r == 1)


def last_segment(rank, tokens, w):
    """The positions of a share that lie in the segment of its last one."""
    end = (rank + 1) * tokens
    return max(rank * tokens, (end - 1) - (end - 1) % w), end


def first_row(begin, end, w, r, head):
    return grid(begin, end, w, r, head)[0] + (head if r > 1 else 0)


def run(rank, size, store, work, args):
    """One of `size` processes on this machine; work(ranks, args)."""
    torch.set_num_threads(1)
    gpus = torch.cuda.device_count() >= size > 0
    if gpus:
        torch.cuda.set_device(rank)
    dist.init_process_group("nccl" if gpus else "gloo", init_method="file://" + store, rank=rank, world_size=size)
    try:
        work(Ranks(), args)
    finally:
        dist.destroy_process_group()


def start(size, work, args):
    """Runs work(ranks, args) in `size` processes of this machine."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.multiprocessing.set_forkserver_preload(["torch"])
    with tempfile.TemporaryDirectory() as directory:
        torch.multiprocessing.start_processes(run, (size, os.path.join(directory, "store"), work, args), size, start_method="forkserver")


def seconds(work, device):
    """How long all ranks take, and what the work returns."""
    dist.barrier()
    begun = time.monotonic()
    result = work()
    if device == "cuda":
        torch.cuda.synchronize()
    dist.barrier()
    return time.monotonic() - begun, result


def measure(ranks, args):
    """Time and bytes of attention, forward and backward, of a text shared out; rank 0 leaves the row."""
    kind = torch.bfloat16 if ranks.device == "cuda" else torch.float32
    share = args.tokens // ranks.size
    torch.manual_seed(ranks.rank)
    parts = [torch.randn(1, share, args.heads, args.depth, device=ranks.device, dtype=kind, requires_grad=True) for _ in range(5)]
    times = []
    for _ in range(args.runs):
        ranks.sent = 0
        forward, out = seconds(lambda: ranks.attend(parts, args.branches), ranks.device)
        sent = ranks.sent
        backward, _ = seconds(lambda: out.backward(torch.ones_like(out)), ranks.device)
        times.append((forward, backward))
    forward, backward = (min(x) for x in zip(*times))
    if ranks.rank == 0:
        with open(args.out, "a") as out:
            out.write(f"{ranks.size},{args.tokens},{forward:.4f},{backward:.4f},{sent / share},{(ranks.sent - sent) / share}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", default="1,2,4")
    parser.add_argument("--tokens", type=int, default=32768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--depth", type=int, default=32)
    parser.add_argument("--segments", default="2048,4096,8192,16384,32768")
    parser.add_argument("--rates", default="1,2,4,6,12")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", default="ranks.csv")
    args = parser.parse_args()
    args.branches = [(int(w), int(r)) for w, r in zip(args.segments.split(","), args.rates.split(","))]
    with open(args.out, "w") as out:
        out.write("ranks,tokens,forward seconds,backward seconds,bytes sent a token forward,backward\n")
    for size in map(int, args.processes.split(",")):
        start(size, measure, args)
    with open(args.out) as made:
        sys.stdout.write(made.read())


if __name__ == "__main__":
    main()
