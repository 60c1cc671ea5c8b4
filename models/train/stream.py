"""Reader 2 (FORMAT.md): a LongNet in windows that look both ways, started from all-MiniLM-L6-v2."""

import dataclasses

import torch
import torch.nn.functional as F

from encoder import EPS, FAR, attended

SCALE = 24.0
LONGEST = 192  # tokens of a segment whose keys are trained and compared


@dataclasses.dataclass
class Config:
    layers: int = 6
    width: int = 384
    heads: int = 12
    window: int = 512
    segment_layers: int = 3
    evidence: int = 64
    ratio: int = 4
    trained_branches: int = 2  # far ones that a training sequence is long enough for
    bias: float = -4.0

    def far(self):
        return [(self.window * self.ratio ** i, self.ratio ** i) for i in range(1, self.trained_branches + 1)]


class Joined(torch.autograd.Function):
    """encoder.joined; going back it keeps the shares alone, in the rows' own precision: a third of the memory and of the time."""

    @staticmethod
    def forward(ctx, q, k, v, mask):
        logit = (q @ k.transpose(-1, -2)).to(torch.promote_types(q.dtype, torch.float32)) * q.shape[-1] ** -0.5
        if mask is not None:
            logit = logit.masked_fill(~mask, -torch.inf)
        total = logit.logsumexp(-1, keepdim=True)
        blind = total == -torch.inf
        share = logit.sub_(total.masked_fill(blind, 0)).exp_().to(v.dtype)
        out = share @ v
        ctx.save_for_backward(q, k, v, share, out)
        return out, total.masked_fill(blind, FAR).squeeze(-1)

    @staticmethod
    def backward(ctx, d_out, d_total):
        q, k, v, share, out = ctx.saved_tensors
        whole = (d_out * out).sum(-1, keepdim=True, dtype=d_total.dtype) - d_total[..., None]
        d_logit = (share * (d_out @ v.transpose(-1, -2) - whole) * q.shape[-1] ** -0.5).to(q.dtype)
        return d_logit @ k, d_logit.transpose(-1, -2) @ q, share.transpose(-1, -2) @ d_out, None


class Stream(torch.nn.Module):
    """The encoder's parameters, a bias a layer, branch and head on the far logits, and the evidence attention."""

    def __init__(self, config, base):
        super().__init__()
        self.config, self.base = config, base
        self.branch_bias = torch.nn.Parameter(torch.full((config.layers, config.trained_branches, config.heads), config.bias))
        self.key = torch.nn.Parameter(torch.empty(config.evidence, config.width))
        torch.nn.init.orthogonal_(self.key)
        self.gate = torch.nn.Parameter(torch.zeros(config.width))
        self.gate_bias = torch.nn.Parameter(torch.zeros(1))
        self.far_on = True
        self.dropout = 0.0  # of what a layer adds, in training

    def rows(self, ids, segment=None):
        """Rows [n, tokens, d] of texts of whole windows; `segment` [n, tokens] numbers the segments. Without it: one window, as of a question."""
        c, w = self.config, {name: value.to(torch.bfloat16 if ids.is_cuda else value.dtype) for name, value in self.base.named()}
        n, size = ids.shape
        position = torch.arange(size, device=ids.device) % c.window
        x = self.base.words[ids] + self.base.at("position_embd.weight")[position] + self.base.at("token_types.weight")[0]
        kind = w["position_embd.weight"].dtype

        def linear(x, name):
            return F.linear(x, w[name + ".weight"], w[name + ".bias"])

        def norm(x, name):
            return F.layer_norm(x, (c.width,), w[name + ".weight"], w[name + ".bias"], EPS)

        def dropped(x):
            return F.dropout(x, self.dropout, self.training) if self.dropout else x

        x = norm(x.to(kind), "token_embd_norm")
        for i in range(c.layers):
            p = f"blk.{i}."
            q, k, v = (linear(x, p + name).view(n, size, c.heads, -1) for name in ("attn_q", "attn_k", "attn_v"))
            a = self.attend(i, q, k, v, segment).reshape(n, size, c.width)
            x = norm(x + dropped(linear(a, p + "attn_output")), p + "attn_output_norm")
            x = norm(x + dropped(linear(F.gelu(linear(x, p + "ffn_up")), p + "ffn_down")), p + "layer_output_norm")
        return x

    def attend(self, layer, q, k, v, segment):
        """One softmax over the local branch, which looks both ways, and the far ones, which see kept rows of earlier windows."""
        c = self.config
        n, size = q.shape[:2]
        if segment is None:
            return attended(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2)
        windows = [x.reshape(-1, c.window, *x.shape[2:]).transpose(1, 2) for x in (q, k, v)]
        same = None
        if layer >= c.layers - c.segment_layers:
            part = segment.reshape(-1, 1, c.window)
            same = part[..., :, None] == part[..., None, :]
        if not (self.far_on and c.trained_branches):
            return attended(*windows, same).transpose(1, 2).reshape(q.shape)
        out, total = Joined.apply(*windows, same)
        outs, totals = [out.transpose(1, 2).reshape(q.shape)], [total.transpose(1, 2).reshape(n, size, -1)]
        for b, (length, rate) in enumerate(c.far()):
            if size > rate:  # a head has more than one row
                out, total = self.branch(q, k, v, min(length, -(-size // rate) * rate), rate)
                outs.append(out)
                totals.append(torch.where(total > FAR / 2, total + self.branch_bias[layer, b], total))
        share = torch.stack(totals, -1).softmax(-1)
        return sum(out * share[..., i:i + 1].to(out.dtype) for i, out in enumerate(outs))

    def branch(self, q, k, v, length, rate):
        """A far branch: outputs and log-sums of logits [n, tokens, heads(, columns)], FAR where a row is off the head's grid or sees nothing."""
        c = self.config
        n, size, heads, columns = q.shape
        padded = -size % length
        q, k, v = (F.pad(x, (0, 0, 0, 0, 0, padded)) for x in (q, k, v))
        count = length // rate
        on = F.one_hot(torch.arange(heads, device=q.device) % rate, rate).T  # [rate, heads]

        def kept(x):
            return (x.view(n, -1, count, rate, heads, columns) * on[..., None].to(x.dtype)).sum(3).transpose(2, 3)

        window = torch.arange(count, device=q.device) * rate // c.window
        out, total = Joined.apply(kept(q), kept(k), kept(v), window[None, :] < window[:, None])
        out = (out.transpose(2, 3)[:, :, :, None] * on[..., None].to(out.dtype)).reshape(n, -1, heads, columns)
        total = torch.where(on > 0, total.transpose(2, 3)[:, :, :, None], torch.full((), FAR, device=q.device)).reshape(n, -1, heads)
        return out[:, :size], total[:, :size]

    def keys(self, rows):
        return F.normalize(F.linear(rows.float(), self.key), dim=-1)

    def gates(self, rows, own):
        """The weights of a question's own tokens [questions, tokens]."""
        return (rows.float() @ self.gate + self.gate_bias).masked_fill(~own, FAR).softmax(1)


def scores(query, gate, own, key, valid):
    """sum g ln p but for what all segments share: [questions, segments] from queries [Q, t, e] and keys [S, l, e]. Last columns (eight, as
    matrices are multiplied in eights) keep out what is no key, and rows of length 1 need no maximum: passes over [tokens, keys] are what it costs."""
    q, t = own.nonzero(as_tuple=True)
    flat = F.pad(query[q, t] * SCALE, (0, 8), value=1.0)
    weight = torch.zeros(len(own), len(q), device=query.device).index_put((q, torch.arange(len(q), device=query.device)), gate[q, t])
    keys = torch.cat((key, torch.zeros_like(key[..., :8]).masked_fill(~valid[..., None], FAR)), -1).flatten(0, 1)
    return weight @ (flat @ keys.T).exp().view(-1, *valid.shape).sum(-1).clamp_min(1e-12).log()  # of a segment without tokens too


def query(net, ids, own):
    """Queries and gates of questions, each a window by itself; padding is no key."""
    length = (ids > 0).sum(1)
    inside = ids > 0
    flat = net.base.rows(ids[inside], torch.zeros_like(ids[inside]), length, net.dropout if net.training else 0.0)
    rows = torch.zeros(*ids.shape, flat.shape[1], device=ids.device, dtype=flat.dtype).index_put((inside.nonzero(as_tuple=True)), flat)
    return net.keys(rows), net.gates(rows, own)


def keys_of(net, text, rows, sequence, segments, starts, length, longest=LONGEST):
    """Keys [segments, tokens, e] and which are real, from rows [sequences, length, d]."""
    size = text.gpu_sizes[segments].clamp_max(LONGEST)
    column = torch.arange(min(longest, LONGEST), device=rows.device)
    at = sequence[:, None] * length + text.gpu_starts[segments][:, None] - starts[sequence][:, None] + column
    key = net.keys(rows).flatten(0, 1)
    return key[at.clamp_max(len(key) - 1)], column < size[:, None]


def start_key(rows, columns):
    """Where a projection to keys may start: the first principal directions of rows [n, d], each as strong as the fourth root of its variance, without
    what all rows have in common."""
    mean = F.normalize(rows.mean(0), dim=0)
    rows = rows - (rows @ mean)[:, None] * mean
    centred = rows - rows.mean(0)
    variance, direction = torch.linalg.eigh(centred.T @ centred / len(rows))
    key = (direction.flip(1)[:, :columns] * variance.flip(0)[:columns].clamp_min(1e-6) ** -0.25).T
    key = key - (key @ mean)[:, None] * mean
    return key / key.norm(dim=1).mean()
