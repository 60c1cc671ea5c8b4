"""Curves and squares as SVG, small enough to be read as text."""

COLOURS = ("#1b6ca8", "#c1440e", "#3a7d44", "#7a4b9a", "#8a6d1c", "#555555", "#b03060", "#2f8f8f", "#999933", "#aa7755", "#4477aa", "#000000")


def text(x, y, words, anchor="middle", size=12, colour="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{words}</text>'


def page(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def tokens(x):
    """1024 -> 1K."""
    for size, letter in ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if x >= size and x % (size // 8) == 0:
            return f"{x / size:g}{letter}"
    return f"{x:g}"


def curves(title, across, up, series, log_up=False):
    """Series {name: [(x, y)]} over a logarithmic x."""
    import math

    width, height, left, right, top, bottom = 640, 400, 70, 170, 40, 50
    points = [p for line in series.values() for p in line]
    scale = math.log if log_up else float
    xs, ys = [math.log(x) for x, _ in points], [scale(y) for _, y in points]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    x1, y1 = max(x1, x0 + 1e-9), max(y1, y0 + 1e-9)
    at_x = lambda x: left + (math.log(x) - x0) / (x1 - x0) * (width - left - right)
    at_y = lambda y: height - bottom - (scale(y) - y0) / (y1 - y0) * (height - top - bottom)
    parts = [text(left, 22, title, "start", 14), text((left + width - right) / 2, height - 12, across), text(left - 8, top - 8, up, "end", 11),
             f'<path d="M{left} {top}V{height - bottom}H{width - right}" fill="none" stroke="#999"/>']
    ticks = sorted({x for x, _ in points})
    for x in ticks[::max(1, len(ticks) // 8)]:
        parts.append(text(at_x(x), height - bottom + 16, tokens(x), size=10))
    for i in range(5):
        value = y0 + (y1 - y0) * i / 4
        value = math.exp(value) if log_up else value
        parts.append(text(left - 6, at_y(value) + 4, f"{value:.3g}", "end", 10))
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in line]
        parts.append(text(width - right + 12, top + 16 * number, name, "start", 11, colour))
    return page(width, height, parts)
