"""Draw the map of the house from the imports: `python docs/draw_map.py` writes docs/map.svg and the tables of docs/map.md."""

import ast
import re
import sys
from graphlib import TopologicalSorter
from html import escape
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "tests" / "support"))

import doors

WIDE, HIGH, ACROSS, UP, EDGE = 250, 98, 22, 46, 24  # a box, the gaps between boxes, the edge of the picture
STYLE = """
  text { font-family: "DejaVu Sans", Verdana, sans-serif; fill: #16181d }
  .paper { fill: #ffffff } .room { fill: #f4f5f7; stroke: #a3a9b3 } .soft { fill: #5f6673 }
  .door { fill: none; stroke: #5f6673; stroke-width: 1.6 } .tip { fill: #5f6673 } .types { stroke-dasharray: 5 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f1f3f5 } .paper { fill: #0f1216 } .room { fill: #191d23; stroke: #767e89 } .soft { fill: #a2aab5 }
    .door { stroke: #a2aab5 } .tip { fill: #a2aab5 }
  }
"""


def room_of(name):
    """The room of a module: the first part of its name; None for the face of the package and the command line's start."""
    room = name.split(".")[0]
    return None if room in ("", "__main__") else room


def doors_used(modules):
    """{room: rooms that it imports}, and the same for annotations alone."""
    used, types = {}, {}
    for name in modules:
        if room := room_of(name):
            used.setdefault(room, set())
            types.setdefault(room, set())
            for i in doors.imports(name, modules):
                if room_of(i.target) not in (None, room):
                    (types if i.types else used)[room].add(room_of(i.target))
    return used, {room: found - used[room] for room, found in types.items()}


def reachable(room, used):
    """All rooms below a room."""
    return set().union(*({below} | reachable(below, used) for below in used[room]))


def short_cuts_left_out(used):
    """The doors without those that lead to a room which another door leads to as well."""
    return {room: below - set().union(*(reachable(b, used) for b in below)) for room, below in used.items()}


def floors(used):
    """{room: its floor}, one above the highest room that it uses. Raises `ValueError` where rooms use each other in a circle."""
    if circle := doors.circle_in(used):
        raise ValueError(f"these rooms use each other: {' -> '.join(circle)}")
    floor = {}
    for room in TopologicalSorter(used).static_order():
        floor[room] = max((floor[below] + 1 for below in used[room]), default=0)
    return floor


def placed(arrows, floor):
    """Rows of rooms and of the ways that pass between them, ordered so that few ways cross; a way is a chain of its places."""
    rows = [sorted(room for room in floor if floor[room] == k) for k in range(max(floor.values()) + 1)]
    chains = []
    for source, target in arrows:
        between = [f"{source}>{target}@{k}" for k in range(floor[target] + 1, floor[source])]
        for k, place in zip(range(floor[target] + 1, floor[source]), between, strict=True):
            rows[k].append(place)
        chains.append([target, *between, source])
    near = {}
    for chain in chains:
        for a, b in pairwise(chain):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    best = None
    for _ in range(24):
        for row in [*rows, *reversed(rows)]:
            x = {place: k - len(other) / 2 for other in rows for k, place in enumerate(other)}
            row.sort(
                key=lambda place: (sum(x[other] for other in near.get(place, [place])) / len(near.get(place, [place])), place)
            )
        crossed = crossings(rows, chains)
        if best is None or crossed < best[0]:
            best = crossed, [[*row] for row in rows]
    return best[1], chains


def crossings(rows, chains):
    """How many ways cross between neighbouring rows."""
    x = {place: k for row in rows for k, place in enumerate(row)}
    level = {place: k for k, row in enumerate(rows) for place in row}
    steps = [(level[a], x[a], x[b]) for chain in chains for a, b in pairwise(chain)]
    return sum(a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0 for k, a in enumerate(steps) for b in steps[:k])


def first_sentence(source):
    """What a file says it is for: the first sentence of its docstring."""
    return re.split(r"(?<=[a-z)])\. |\.$", (ast.get_docstring(ast.parse(source)) or "").split("\n")[0])[0]


def picture(modules):
    """The map as SVG text."""
    used, types = doors_used(modules)
    floor = floors(used)
    arrows = [(room, below) for room, found in short_cuts_left_out(used).items() for below in sorted(found)]
    dashed = {(room, below) for room, found in types.items() for below in found if floor[below] < floor[room]}
    rows, chains = placed([*arrows, *sorted(dashed)], floor)
    slot = {place: WIDE if place in floor else 26 for row in rows for place in row}
    widths = [sum(slot[place] + ACROSS for place in row) - ACROSS for row in rows]
    width, height = max(widths) + 2 * EDGE, len(rows) * (HIGH + UP) - UP + 2 * EDGE
    x, y = {}, {}
    for k, row in enumerate(rows):
        left = (width - widths[k]) / 2
        for place in row:
            x[place], y[place] = left + slot[place] / 2, height - EDGE - HIGH / 2 - k * (HIGH + UP)
            left += slot[place] + ACROSS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'role="img" aria-labelledby="title desc">',
        '<title id="title">The rooms of tinygrad_rnn and their doors</title>',
        f'<desc id="desc">{escape(words(used))}</desc>',
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
    ]
    for chain in chains:
        parts.append(way(chain, x, y, (chain[-1], chain[0]) in dashed))
    for room in sorted(floor):
        parts.append(box(room, x[room], y[room], modules))
    return "\n".join([*parts, "</svg>"]) + "\n"


def way(chain, x, y, types):
    """An arrow from a room down to one that it uses; it leaves and arrives where it comes from."""
    source, target = chain[-1], chain[0]
    points = [(x[target], y[target] - HIGH / 2 - 6)]
    for place in chain[1:-1]:
        points += [(x[place], y[place] + HIGH / 2), (x[place], y[place] - HIGH / 2)]
    points.append((x[source], y[source] + HIGH / 2))
    shift = max(-70, min(70, (points[1][0] - x[target]) / 4))
    points[0] = (points[0][0] + shift, points[0][1])
    shift = max(-70, min(70, (points[-2][0] - x[source]) / 4))
    points[-1] = (points[-1][0] + shift, points[-1][1])
    (x0, y0), d = points[0], ""
    for (ax, ay), (bx, by) in pairwise(points):
        middle = (ay + by) / 2
        d += f"C{ax:.1f} {middle:.1f} {bx:.1f} {middle:.1f} {bx:.1f} {by:.1f}" if ax != bx else f"L{bx:.1f} {by:.1f}"
    dash = " types" if types else ""
    return f'<path class="door{dash}" d="M{x0:.1f} {y0:.1f}{d}"/><path class="tip" d="M{x0:.1f} {y0 + 6:.1f}l-5 -10h10z"/>'


def box(room, cx, cy, modules):
    """A room: its name, what it is for, and the rooms inside."""
    inside = sorted({name.split(".")[1] for name in modules if name.startswith(f"{room}.") and name in doors.faces(modules)})
    left, top = cx - WIDE / 2, cy - HIGH / 2
    lines = wrap(first_sentence(modules[room]).replace("`", ""), 38, max_lines=3, placeholder=" …")
    texts = [f'<text x="{left + 12:.1f}" y="{top + 22:.1f}" font-size="15" font-weight="bold">{room}</text>']
    texts += [
        f'<text class="soft" x="{left + 12:.1f}" y="{top + 39 + 14 * k:.1f}" font-size="10.5">{escape(line)}</text>'
        for k, line in enumerate(lines)
    ]
    if inside:
        words = "  ".join(f"{name}/" for name in inside)
        texts.append(f'<text x="{left + 12:.1f}" y="{top + HIGH - 10:.1f}" font-size="10.5">{words}</text>')
    return f'<g><rect class="room" x="{left:.1f}" y="{top:.1f}" width="{WIDE}" height="{HIGH}" rx="8"/>{"".join(texts)}</g>'


def words(used):
    """The doors as text."""
    return " ".join(f"{room} uses {', '.join(sorted(used[room])) or 'nothing'}." for room in sorted(used))


def room_table(modules):
    """A row a room, lowest first, with its rooms inside below it."""
    used, _ = doors_used(modules)
    floor = floors(used)
    lines = ["| room | what for | uses |", "|---|---|---|"]
    for room in sorted(floor, key=lambda room: (floor[room], room)):
        where = f"`{room}/`" if room in doors.faces(modules) else f"`{room}.py`"
        below = " ".join(sorted(used[room], key=lambda other: (floor[other], other)))
        lines.append(f"| {where} | {first_sentence(modules[room])} | {below or 'nothing'} |")
        for name in sorted(name for name in doors.faces(modules) if name.startswith(f"{room}.")):
            lines.append(f"| &emsp;`{name.replace('.', '/')}/` | {first_sentence(modules[name])} | |")
    return "\n".join(lines)


def reading_list(modules):
    """The files of the engine in the order that its face names, with what each is for."""
    said = re.search(r"comes later: (.*?)\.$", ast.get_docstring(ast.parse(modules["engine"])), re.DOTALL | re.MULTILINE)[1]
    names = [f"engine.{name.replace('/', '.')}" for name in re.split(r",\s+", said)]
    return "\n".join(
        f"{k}. `{name.replace('.', '/')}.py`: {ast.get_docstring(ast.parse(modules[name])).splitlines()[0]}"
        for k, name in enumerate(names, 1)
    )


def page(text, modules):
    """The page with its tables written anew."""
    for name, table in (("rooms", room_table(modules)), ("engine", reading_list(modules))):
        text = re.sub(
            rf"<!-- {name} -->.*?<!-- end -->",
            lambda _, t=table, n=name: f"<!-- {n} -->\n{t}\n<!-- end -->",
            text,
            flags=re.DOTALL,
        )
    return text


def main(arguments):
    modules, folder = doors.sources(), Path(*arguments) if arguments else FOLDER
    text = page((FOLDER / "map.md").read_text(encoding="utf-8"), modules)
    for name, content in (("map.svg", picture(modules)), ("map.md", text)):
        (folder / name).write_bytes(content.encode())
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
