"""The pattern as in the paper's Figures 2 and 3, drawn from the plain definition: python -m paper.figures --out DIR (in models/train)."""

import argparse
import pathlib

import reference
from paper import chart

TOKENS, BRANCHES, HEADS = 16, [(4, 1), (8, 2), (16, 4)], 4
CELL, GAP = 11, 46


def square(left, top, counts, title, colour):
    """Queries downwards, keys to the right; a key seen through more branches is darker."""
    side = TOKENS * CELL
    parts = [chart.text(left + side / 2, top - 8, title, size=11), f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#f3f3f3"/>']
    for query in range(TOKENS):
        for key in range(TOKENS):
            if counts[query][key]:
                parts.append(f'<rect x="{left + key * CELL}" y="{top + query * CELL}" width="{CELL - 1}" height="{CELL - 1}" fill="{colour}" '
                             f'fill-opacity="{0.25 + 0.25 * counts[query][key]:.2f}"/>')
    return parts


def counts_of(branches, head):
    """Through how many branches each token sees each, in one head."""
    near, far = reference.multiplicity(range(TOKENS), branches, HEADS)
    return (near + far)[head].tolist()


def row(squares, title):
    side = TOKENS * CELL
    parts = [chart.text(10, 20, title, "start", 13)]
    for number, (counts, name) in enumerate(squares):
        parts += square(10 + number * (side + GAP), 56, counts, name, chart.COLOURS[number])
    return chart.page(len(squares) * (side + GAP) - GAP + 20, side + 70, parts)


def figure2():
    alone = [(counts_of([(w, r)], 0), f"w = {w}, r = {r}") for w, r in BRANCHES]
    title = "Dilated attention of 16 tokens (head 1): queries downwards, keys to the right"
    return row([*alone, (counts_of(BRANCHES, 0), "one softmax over all three")], title)


def figure3():
    squares = [(counts_of([(8, 2), (16, 4)], head), f"head {head + 1}: offsets {head % 2}, {head % 4}") for head in range(HEADS)]
    return row(squares, "The dilated branches (8, 2) and (16, 4) in four heads: head j begins at j mod r")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "pattern.svg").write_text(figure2())
    (out / "heads.svg").write_text(figure3())


if __name__ == "__main__":
    main()
