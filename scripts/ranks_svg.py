#!/usr/bin/env python3
"""The paper's figure of two devices that share one sequence (LongNet, figure 4), with the times of a read on two GPUs.

    scripts/ranks_svg.py            draws docs/ranks.svg from docs/ranks.json, and prints the tables of docs/ranks.md
    scripts/ranks_svg.py --check    says whether picture and tables are those of docs/ranks.json

docs/ranks.json holds what was measured, and with which commands. All else here is arithmetic.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED, PICTURE, PAGE = (ROOT / "docs" / name for name in ("ranks.json", "ranks.svg", "ranks.md"))
WIDTH, HEIGHT, MIDDLE = 900, 690, 450
EDGES, PALE = ["#1f6fb2", "#c8501e"], ["#dce9f5", "#f8e3d9"]
BOX = 334  # a device's
AXIS, BAR = 130, 22  # left end of the bars, their height

# Steps of the measured file that are drawn as one, in the order of a bar.
STEPS = [
    (["own", "keys"], "waits for its own GPU", "#b9c4cf"),
    (["take", "behind", "evidence"], "waits for the other's keys", "#e0a100"),
    (["store"], "puts them into its caches", "#7a5ea8"),
    (["attend"], "records the attention", "#4c9a6a"),
    (["gather", "give"], "gathers and gives its own", "#c23b54"),
    ([], "all else", "#ececec"),
]
ROWS = [
    ("gather", "sets its GPU to gather the own keys that others need"),
    ("own", "waits until its GPU has them; it computes meanwhile"),
    ("give", "hands them to MPI"),
    ("take", "waits for the keys of the rank before"),
    ("store", "puts these into its caches"),
    ("behind", "waits for the keys of the rank behind, of the chunk before"),
    ("attend", "records the attention"),
]


def chunk_ms(m):
    return m["runs"][1]["seconds"] / m["steps"]["chunks"] * 1e3


def device_ms(m):
    return m["share"] / m["device"]["tokens_per_second"] * 1e3


def layer_ms(m, step, rank):
    return m["steps"][step][rank] / m["steps"]["chunks"] / m["layers"] * 1e3


def bar(m, rank):
    """Milliseconds of a chunk by STEPS; what the clocks do not name is all else."""
    parts = [sum(m["steps"][name][rank] for name in names) / m["steps"]["chunks"] * 1e3 for names, _, _ in STEPS]
    parts[-1] = chunk_ms(m) - sum(parts)
    return parts


def speed(m, run):
    return m["tokens"] / run["seconds"]


def speeds(m):
    one, alone = speed(m, m["runs"][0]), m["device"]["tokens_per_second"]
    lines = ["| GPUs | seconds | tokens/s | times one GPU | of what the GPUs alone would read | memory of a rank | bytes sent a token and rank (computed) |",
             "|---|---|---|---|---|---|---|"]
    for run in m["runs"]:
        p, rate = run["ranks"], speed(m, run)
        lines.append(f"| {p} | {run['seconds']:.2f} | {rate / 1e6:.2f} million | {rate / one:.2f} | {rate / alone / p * 100:.0f} % "
                     f"| {run['memory'] / 1e6:.0f} MB | {m['sent']['bytes_per_token'][str(p)]} |")
    return lines


def steps(m):
    lines = ["| a layer of a chunk, milliseconds | rank 0 | rank 1 |", "|---|---|---|"]
    lines += [f"| {words} | {layer_ms(m, name, 0):.3f} | {layer_ms(m, name, 1):.3f} |" for name, words in ROWS]
    lines.append(f"| all | {chunk_ms(m) / m['layers']:.3f} | {chunk_ms(m) / m['layers']:.3f} |")
    lines.append(f"| a GPU alone, for a share | {device_ms(m) / m['layers']:.3f} | {device_ms(m) / m['layers']:.3f} |")
    return lines


def text(x, y, words, size=13, anchor="start", weight="normal", fill="#111"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" fill="{fill}">{words}</text>'


def box(x, y, width, height, fill, edge, round_by=4):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_by}" fill="{fill}" stroke="{edge}"/>'


def arrow(x, y, to_x, to_y):
    return f'<path d="M{x} {y}L{to_x} {to_y}" stroke="#333" stroke-width="1.6" fill="none" marker-end="url(#tip)"/>'


def cells(x, y, side, columns, rows, color, rate=1, below=False):
    """Keys (columns) that queries (rows) see: every `rate`-th of them, all or those before."""
    return [f'<rect x="{x + c * side:.1f}" y="{y + r * side:.1f}" width="{side - .8:.1f}" height="{side - .8:.1f}" fill="{color}"/>'
            for r in range(0, rows, rate) for c in range(0, columns, rate) if not below or c <= r]


def draw_device(m, rank):
    """A share: its windows, which look both ways, and the dilated keys that it sees, of the rank before too."""
    x, color = 30 + rank * (WIDTH - 60 - BOX), EDGES[rank]
    out = [box(x, 104, BOX, 262, PALE[rank], color), text(x + BOX / 2, 126, f"GPU {rank}, rank {rank}: {m['share']:,} tokens", 15, "middle", "bold", color)]
    for i in range(4):
        out += cells(x + 20 + i * 32, 144 + i * 32, 8, 4, 4, color)
    out += [text(x + 20, 296, "local branch: windows,"), text(x + 20, 313, "all in the share"), text(x + 20, 341, f"recorded in {layer_ms(m, 'attend', rank):.2f} ms", weight="bold")]
    if rank == 1:
        out += cells(x + 164, 144, 8, 4, 16, EDGES[0], 2)
    out += cells(x + 198, 144, 8, 16, 16, color, 2, True)
    out += [text(x + 176, 296, "dilated branches: one"), text(x + 176, 313, "row of r, of all before"), text(x + 176, 341, "with the local branch", fill="#444")]
    return out


def draw_exchange(m):
    gifts = m["sent"]["gifts"]
    out = [box(MIDDLE - 65, 150, 130, 170, "#fff", "#333"), text(MIDDLE, 172, "all-gather", 14, "middle", "bold"), text(MIDDLE, 189, "dilated k and v", 12, "middle")]
    out += [text(MIDDLE, 216, f"{gifts[0] / 1e3:.0f} KB", 13, "middle", "bold", EDGES[0]), text(MIDDLE, 232, f"waited for {layer_ms(m, 'take', 1):.2f} ms", 12, "middle"),
            text(MIDDLE, 247, f"put in {layer_ms(m, 'store', 1):.2f} ms", 12, "middle")]
    out += [text(MIDDLE, 276, f"{gifts[1] / 1e3:.0f} KB", 13, "middle", "bold", EDGES[1]), text(MIDDLE, 292, "for the next chunk", 12, "middle"),
            text(MIDDLE, 307, f"waited for {layer_ms(m, 'behind', 0):.2f} ms", 12, "middle")]
    return out + [arrow(364, 224, 384, 224), arrow(515, 224, 535, 224), arrow(536, 284, 516, 284), arrow(385, 284, 365, 284)]


def draw_bars(m):
    """A chunk's time: what each host did in it, and how long its device would take alone."""
    whole, scale = chunk_ms(m), (WIDTH - 30 - AXIS) / chunk_ms(m)
    out = [text(30, 398, f"A chunk of {2 * m['share']:,} tokens took {whole:.2f} ms: what the hosts did in it, added up by step, not in order", 14, weight="bold")]
    for i, (name, rank) in enumerate([("GPU 0 alone", None), ("rank 0's host", 0), ("rank 1's host", 1), ("GPU 1 alone", None)]):
        y = 414 + i * (BAR + 10)
        out.append(text(30, y + 16, name))
        if rank is None:
            color = 0 if i == 0 else 1
            out += [box(AXIS, y, device_ms(m) * scale, BAR, PALE[color], EDGES[color], 0),
                    text(AXIS + device_ms(m) * scale / 2, y + 16, f"{device_ms(m):.2f} ms for a share of {m['share']:,} tokens with nothing else: the bound", 12, "middle")]
            continue
        at = AXIS
        for part, (_, _, color) in zip(bar(m, rank), STEPS):
            out.append(box(at, y, part * scale, BAR, color, "#fff", 0))
            if part * scale > 34:
                out.append(text(at + part * scale / 2, y + 16, f"{part:.2f}", 12, "middle"))
            at += part * scale
    end = WIDTH - 30
    out.append(f'<path d="M{AXIS} 406V548M{end} 406V548" stroke="#888" stroke-dasharray="3 3"/>')
    for i, (_, words, color) in enumerate(STEPS):
        x, y = 130 + i % 3 * 250, 562 + i // 3 * 24
        out += [box(x, y, 14, 14, color, "#888", 0), text(x + 21, y + 12, words)]
    return out


def draw(m):
    one, two = speed(m, m["runs"][0]), speed(m, m["runs"][1])
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           "<title>One sequence on two GPUs</title>",
           '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#333"/></marker></defs>',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', text(30, 34, "One sequence on two GPUs", 19, weight="bold"),
           text(30, 55, f"lectern read of {m['tokens']:,} tokens by two H200s: mean times of a chunk (the bars) and of one of its {m['layers']} layers (the rest)", 13, fill="#444")]
    out += [box(30, 68, 420, 18, PALE[0], EDGES[0]), box(450, 68, 420, 18, PALE[1], EDGES[1])]
    out += [text(MIDDLE - 210, 82, "a chunk of the text: first share", 12, "middle"), text(MIDDLE + 210, 82, "second share", 12, "middle")]
    out += [arrow(197, 87, 197, 102), arrow(703, 87, 703, 102), *draw_device(m, 0), *draw_device(m, 1), *draw_exchange(m), *draw_bars(m)]
    out.append(text(MIDDLE, 638, f"two GPUs {two / 1e6:.2f} million tokens a second, one {one / 1e6:.2f}: {two / one:.2f} times as fast", 15, "middle", "bold"))
    out.append(text(MIDDLE, 662, "Measured: the read and the hosts' steps. The bound is another measurement, of one GPU with random tokens (vulkan_benchmark);", 12, "middle", fill="#444"))
    out.append(text(MIDDLE, 678, "how long the GPUs worked in this read was not measured. Bytes are computed by the program's rule.", 12, "middle", fill="#444"))
    return "\n".join([*out, "</svg>", ""])


def main():
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    picture, lines = draw(measured), [*speeds(measured), "", *steps(measured)]
    if sys.argv[1:] == ["--check"]:
        if PICTURE.read_text(encoding="utf-8") != picture:
            sys.exit("ranks_svg: docs/ranks.svg shows other figures: run scripts/ranks_svg.py")
        if not set(lines) <= set(PAGE.read_text(encoding="utf-8").splitlines()):
            sys.exit("ranks_svg: docs/ranks.md has other tables than scripts/ranks_svg.py prints")
    else:
        PICTURE.write_text(picture, encoding="utf-8")
        print("\n".join(lines))


main()
