#!/usr/bin/env python3
"""Draws what `tmux capture-pane -e -p` printed (standard input) as an SVG (standard output); "light": on white."""
import html
import re
import sys
import unicodedata

WIDTH, HEIGHT, PAD = 9, 19, 10
FOREGROUND, BACKGROUND = ("#1b1f24", "#ffffff") if sys.argv[1:] == ["light"] else ("#d8dee9", "#16181d")
BASIC = ["#1d1f21", "#cc6666", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c5c8c6",
         "#6b7280", "#ff7b72", "#7ee787", "#f0d080", "#8ab4f8", "#d2a8ff", "#7fdbca", "#ffffff"]
EIGHTHS = "▁▂▃▄▅▆▇█"
LEFTS = "▏▎▍▌▋▊▉"


def palette(n):
    if n < 16:
        return BASIC[n]
    if n < 232:
        steps = [0, 95, 135, 175, 215, 255]
        n -= 16
        return "#%02x%02x%02x" % (steps[n // 36], steps[n // 6 % 6], steps[n % 6])
    grey = 8 + 10 * (n - 232)
    return "#%02x%02x%02x" % (grey, grey, grey)


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.underline = self.reverse = False

    def apply(self, codes):
        codes = [int(c) if c else 0 for c in codes.split(";")]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.reset()
            elif c in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c in (24, 27):
                setattr(self, {24: "underline", 27: "reverse"}[c], False)
            elif c in (38, 48):
                colour = None
                if codes and codes[0] == 5:
                    colour = palette(codes[1])
                    del codes[:2]
                elif codes and codes[0] == 2:
                    colour = "#%02x%02x%02x" % tuple(codes[1:4])
                    del codes[:4]
                setattr(self, "fg" if c == 38 else "bg", colour)
            elif c in (39, 49):
                setattr(self, "fg" if c == 39 else "bg", None)
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.fg = BASIC[c - 30 if c < 90 else c - 82]
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.bg = BASIC[c - 40 if c < 100 else c - 92]

    def colours(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        return (bg, fg) if self.reverse else (fg, bg)


def cells(line, style):
    at = 0
    for m in re.finditer(r"\x1b\[([0-9;]*)m|(.)", line):
        if m.group(2) is None:
            style.apply(m.group(1))
            continue
        c = m.group(2)
        wide = 2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
        yield at, c, wide, style.colours(), style.bold, style.underline, style.dim
        at += wide


def block(c, x, y, fg):
    """Block characters as rectangles, so that no font leaves gaps between them."""
    if c in EIGHTHS:
        h = HEIGHT * (EIGHTHS.index(c) + 1) / 8
        return f'<rect x="{x}" y="{y + HEIGHT - h:.2f}" width="{WIDTH}" height="{h:.2f}" fill="{fg}"/>'
    if c in LEFTS:
        return f'<rect x="{x}" y="{y}" width="{WIDTH * (LEFTS.index(c) + 1) / 8:.2f}" height="{HEIGHT}" fill="{fg}"/>'
    if c in "░▒▓":
        opacity = {"░": 0.25, "▒": 0.5, "▓": 0.75}[c]
        return f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="{fg}" opacity="{opacity}"/>'
    return None


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style, out, columns = Style(), [], 0
    for row, line in enumerate(lines):
        y = PAD + row * HEIGHT
        for at, c, wide, (fg, bg), bold, underline, dim in cells(line, style):
            x = PAD + at * WIDTH
            columns = max(columns, at + wide)
            if bg != BACKGROUND:
                out.append(f'<rect x="{x}" y="{y}" width="{wide * WIDTH + 0.3}" height="{HEIGHT + 0.3}" fill="{bg}"/>')
            drawn = block(c, x, y, fg)
            if drawn:
                out.append(drawn)
            elif c != " ":
                attributes = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
                attributes += ' text-decoration="underline"' if underline else ""
                out.append(f'<text x="{x}" y="{y + HEIGHT - 5}" fill="{fg}"{attributes}>{html.escape(c)}</text>')
    width, height = columns * WIDTH + 2 * PAD, len(lines) * HEIGHT + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
          f'font-family="DejaVu Sans Mono" font-size="15">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}" stroke="#8888"/>')
    print("\n".join(out))
    print("</svg>")


main()
