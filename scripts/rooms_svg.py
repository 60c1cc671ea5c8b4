#!/usr/bin/env python3
"""rooms_svg.py [--check]: draws the rooms and who includes whom, from the #include lines, into docs/rooms.svg; --check says whether that file is
up to date. An arrow that follows from others (a to b to c) is drawn thin."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "rooms.svg"
WIDTH, HEIGHT, ROW, TOP, PAGE = 116, 34, 70, 30, 640


def room_of(path):
    """app/text/convert/pdf.c -> text; app/main.c -> main; compute/vulkan/gpu.c -> vulkan."""
    parts = path.split("/")
    if parts[0] == "compute":
        return "vulkan" if parts[1] == "vulkan" else "compute"
    return parts[1] if len(parts) > 2 else "main"


def read_arrows():
    arrows = collections.defaultdict(set)
    for file in sorted([*ROOT.glob("app/**/*.[ch]"), *ROOT.glob("compute/**/*.[ch]")]):
        room = room_of(str(file.relative_to(ROOT)))
        for target in re.findall(r'^#include "((?:app|compute)/[^"]+)"', file.read_text(), re.M):
            if room_of(target) != room:
                arrows[room].add(room_of(target))
            arrows[room_of(target)]
    arrows["vulkan"].discard("compute")  # fills in a table of compute's (compute/backend.h)
    return arrows


def reaches(arrows, a, b):
    return any(x == b or reaches(arrows, x, b) for x in arrows[a])


def check_circles(arrows):
    for room in arrows:
        if reaches(arrows, room, room):
            sys.exit(f"rooms_svg: {room} is in a circle of includes")


def level(arrows, room):
    above = [x for x in arrows if room in arrows[x]]
    return 1 + max((level(arrows, x) for x in above), default=-1)


def place(arrows):
    rows = collections.defaultdict(list)
    for room in sorted(arrows):
        rows[level(arrows, room)].append(room)
    return {room: (PAGE * (i + 1) / (len(rooms) + 1), TOP + ROW * row)
            for row, rooms in rows.items() for i, room in enumerate(rooms)}


def draw_arrow(at, a, b, implied):
    (x, y), (to_x, to_y) = at[a], at[b]
    y, to_y = y + HEIGHT / 2, to_y - HEIGHT / 2
    bend = (to_y - y) / 2
    side = 46 * (1 if (at[a][0] + at[b][0]) / 2 >= PAGE / 2 else -1) * ((to_y - y) // ROW)
    look = 'stroke="#bbb" stroke-width="1"' if implied else 'stroke="#333" stroke-width="1.6" marker-end="url(#tip)"'
    return f'<path d="M{x:.0f} {y:.0f} C{x + side:.0f} {y + bend:.0f} {to_x + side:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}" fill="none" {look}/>'


def draw(arrows):
    at = place(arrows)
    height = max(y for _, y in at.values()) + TOP
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE} {height}" font-family="sans-serif" font-size="14">',
           "<title>The rooms of Lectern: an arrow is an include</title>",
           '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#333"/></marker></defs>',
           f'<rect width="{PAGE}" height="{height}" fill="#fff"/>']
    pairs = [(a, b, any(reaches(arrows, x, b) for x in arrows[a] if x != b)) for a in sorted(arrows) for b in sorted(arrows[a])]
    out += [draw_arrow(at, a, b, implied) for a, b, implied in sorted(pairs, key=lambda p: not p[2])]
    for room, (x, y) in at.items():
        name = "app/main …" if room == "main" else "compute/vulkan" if room == "vulkan" else room + "/"
        out.append(f'<rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef3fa" stroke="#446"/>')
        out.append(f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle">{name}</text>')
    return "\n".join(out + ["</svg>", ""])


def main():
    arrows = read_arrows()
    check_circles(arrows)
    picture = draw(arrows)
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != picture:
            sys.exit("rooms_svg: docs/rooms.svg shows other arrows: run scripts/rooms_svg.py")
    else:
        PICTURE.write_text(picture)


main()
