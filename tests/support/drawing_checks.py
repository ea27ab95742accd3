"""What a machine can check about a drawing. Each check takes a Picture and raises AssertionError with what is wrong."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np

from tinygrad_rnn.engine.arrays import norm
from tinygrad_rnn.viz.layout.placed_parts import Layout
from tinygrad_rnn.viz.layout.size import chip_spots, text_width
from tinygrad_rnn.viz.style import THEMES, contrast
from tinygrad_rnn.viz.view.shown_graph import CUT, HIDDEN, View
from tinygrad_rnn.viz.view.time_columns import BEFORE

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Picture:
    """The parts of a drawing."""

    view: View
    layout: Layout
    svg: str

    @classmethod
    def of(cls, drawing):
        return cls(drawing.view, drawing.layout, drawing.svg())

    @cached_property
    def tree(self):
        return ElementTree.fromstring(self.svg)

    @cached_property
    def ids(self):
        return [e.get("id") for e in self.tree.iter() if e.get("id")]

    @cached_property
    def drawn(self):
        """Ids without the prefix of the drawing: n12, w3, c12-3, ..."""
        return [id.split("-", 1)[1] for id in self.ids if "-" in id]

    @cached_property
    def rects(self):
        """Left, top, right, bottom of every box and pill, with what they are."""
        nodes = [*self.layout.boxes, *(pill.placed for pill in self.layout.panel.pills)]
        sides = [(n.x - n.width / 2, n.y - n.height / 2, n.x + n.width / 2, n.y + n.height / 2) for n in nodes]
        return np.array(sides).reshape(-1, 4), [n.box for n in nodes]

    @cached_property
    def chips(self):
        """The same of every chip, with the number of the box that it hangs at."""
        found = [(k, *spot) for k, node in enumerate(self.layout.boxes) for spot in chip_spots(node)]
        sides = np.array([(x - wide / 2, y - 7, x + wide / 2, y + 7) for _, _, x, y, wide in found])
        return sides.reshape(-1, 4), [k for k, *_ in found]

    @cached_property
    def row_names(self):
        """The same of the names of layers and directions, with the line beside them."""
        sides = []
        for row in self.layout.row_labels:
            middle = (row.top + row.bottom) / 2
            sides.append((row.x - 8 - 1.13 * text_width(row.words, 12), middle - 7, row.x + 1, middle + 8))
        return np.array(sides).reshape(-1, 4)

    @cached_property
    def stretches(self):
        """Left, top, right, bottom of every straight part of an edge, and the number of its route."""
        found = [
            (min(x, x2), min(y, y2), max(x, x2), max(y, y2), k)
            for k, route in enumerate(self.layout.routes)
            for (x, y), (x2, y2) in pairwise(route.points)
        ]
        table = np.array(found).reshape(-1, 5)
        return table[:, :4], table[:, 4].astype(int)

    @cached_property
    def ends(self):
        """Of every route a number for its source and one for its target: edges of one source or one target may share a line."""
        number = defaultdict(lambda: len(number))
        table = []
        for k, route in enumerate(self.layout.routes):
            e = route.edge
            source = number[e.source if e.source >= 0 else (e.source_key, e.source_column), e.role]
            table.append((source, number[e.target if e.target >= 0 else ("hidden", k), None]))
        return np.array(table).reshape(-1, 2)

    def parties(self, a, b):
        """Which of routes a and b (numbers) have no end in common."""
        return (self.ends[a, 0] != self.ends[b, 0]) & (self.ends[a, 1] != self.ends[b, 1])


def strips(*tables, width=240.0):
    """Indices of what lies in each vertical strip, so that not everything is compared with everything."""
    right = max((table[:, 2].max() for table in tables if len(table)), default=0.0)
    for left in np.arange(0.0, right + 1, width):
        yield [np.flatnonzero((t[:, 0] <= left + width) & (t[:, 2] >= left)) for t in tables]


def meeting(a, b, room=0.0):
    """Pairs of indices of rectangles that come closer than `room` (negative: that overlap by more)."""
    pairs = set()
    for i, j in strips(a, b):
        p, q = a[i][:, None], b[j][None]
        near = (p[..., :2] < q[..., 2:] + room).all(-1) & (q[..., :2] < p[..., 2:] + room).all(-1)
        pairs.update((int(i[m]), int(j[n])) for m, n in zip(*np.nonzero(near), strict=True))
    return sorted(pairs)


def told(route):
    e = route.edge
    return f"{e.source}->{e.target} (columns {e.source_column}->{e.target_column}, role {e.role!r}) {route.points}"


# ---- 1, 2, 3: what is in the file ----------------------------------------------------------------------------------------------


def parses_and_ids_are_unique(p):
    double = [id for id, count in Counter(p.ids).items() if count > 1]
    assert len(p.ids) > 3 >= len(double) == 0, double
    named = set(re.findall(r"url\(#([^)]*)\)", p.svg)) | set(p.tree.get("aria-labelledby").split())
    assert named <= set(p.ids), named - set(p.ids)


def every_record_is_somewhere_once(p):
    shown = [m for node in p.layout.boxes for m in node.box.members]
    pills = [pill.placed.box.id for pill in p.layout.panel.pills]
    assert sorted([*shown, *pills, *p.view.places.folded, *p.view.hidden_records]) == list(range(len(p.view.graph)))
    if p.view.level == "op":
        others = [m for node in p.layout.boxes for m in node.box.members[:-1]]
        assert all(p.view.graph[m].op == "transpose" and p.view.graph[m].parents[0] in pills for m in others)
    missing = {f"n{node.box.id}" for node in p.layout.boxes} | {f"w{id}" for id in pills}
    assert missing <= set(p.drawn), missing - set(p.drawn)


def every_use_is_an_edge_or_a_chip(p):
    """Nothing that flows is lost, and nothing is shown twice; what stays in one box or in hidden steps is not shown."""
    view, places = p.view, p.view.places
    home = {m: node.box.id for node in p.layout.boxes for m in node.box.members}
    due = Counter()
    for r in view.graph:
        for slot, parent in enumerate(r.parents):
            if parent in places.folded or (r.id not in home and parent not in home) or home.get(r.id, -1) == home.get(parent, -2):
                continue
            stays = r.id not in home and not places.stepping(places.column[parent], places.column[r.id])
            due[r.id, slot] = 0 if stays else 1
    shown = Counter(use for route in p.layout.routes for use in route.edge.uses)
    shown.update(use for node in p.layout.boxes for chip in node.box.chips for use in chip.uses)
    assert +due == shown, (due - shown, shown - due)


def each_step_is_as_drawn(p):
    """What stands in the column of a rolled picture, each weight at it and each loop is there in every step but the first or last."""
    graph, steps = p.view.graph, {r.t for r in p.view.graph if r.t is not None}
    inner = {*sorted(steps)[1:-1]}

    def in_every(ids, what, without=0):
        found = {graph[id].t for id in ids} - {None}
        few = len(found) < min(2, len(steps)) - without
        assert not found or (len(inner - found) <= without and not few), (what, sorted(found))

    for box in p.view.boxes:
        if box.column == 0 and box.kind != "input":
            in_every(box.members, box)
        for chip in box.chips if box.column == 0 else ():
            if graph[chip.leaf].kind == "parameter":
                in_every([child for child, _ in chip.uses], chip)
    for e in p.view.edges:
        if e.source_column == e.target_column == 0:
            in_every([child for child, _ in e.uses], e, abs(e.loop))  # a loop begins with what the first step made
        for child, slot in e.uses if e.loop else ():
            read = graph[child].parents[slot]
            assert read in p.view.places.cuts or abs((graph[child].t or 0) - (graph[read].t or 0)) < 2, e


def boxes_have_no_cycle(p):
    """What was put into one box could be computed in one go."""
    after, waits = defaultdict(set), Counter()
    for route in p.layout.routes:
        e = route.edge
        if e.source >= 0 <= e.target and e.target not in after[e.source]:
            after[e.source].add(e.target)
            waits[e.target] += 1
    ready, done = [node.box.id for node in p.layout.boxes if not waits[node.box.id]], 0
    while ready:
        done += 1
        for target in after[ready.pop()]:
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    assert done == len(p.layout.boxes), [id for id, count in waits.items() if count]


def weights_once_and_chips_at_uses(p):
    drawn, graph = Counter(p.drawn), p.view.graph
    for r in graph.parameters:
        assert drawn[f"w{r.id}"] == 1, r
    members = {m for node in p.layout.boxes for m in node.box.members}
    uses = {(u.child, u.slot) for r in graph.parameters for u in graph.uses(r) if u.child in members}
    assert uses == {use for node in p.layout.boxes for chip in node.box.chips for use in chip.uses}
    chips = [f"c{node.box.id}-{chip.leaf}" for node in p.layout.boxes for chip in node.box.chips]
    assert sorted(chips) == sorted(id for id in p.drawn if re.fullmatch(r"c\d+-\d+", id))


def columns_say_their_step(p):
    words = Counter(word.text for word in p.tree.iter(f"{SVG}text"))
    wanted = [f"t = {p.view.steps[column]}" for column in p.view.kept]
    assert [words[w] for w in wanted] == [1] * len(wanted), wanted


# ---- 4, 5: where it stands -----------------------------------------------------------------------------------------------------


def same_place_in_every_column(p):
    left = {band.column: band.left for band in p.layout.bands}
    places = defaultdict(list)
    for node in p.layout.boxes:
        if 0 <= node.box.column < p.view.after:
            places[node.box.key].append((node.x - left[node.box.column], node.y))
    for key, found in places.items():
        assert np.ptp(found, axis=0).max() < 1, key


def same_way_in_every_column(p):
    """Edges too are stamped; their ends may differ, since the label of a box may be longer in another step."""
    left = {band.column: band.left for band in p.layout.bands}
    ways = defaultdict(set)
    for route in p.layout.routes:
        e = route.edge
        if e.source_column == e.target_column and 0 <= e.target_column < p.view.after:
            inner = tuple((round(x - left[e.target_column]), round(y)) for x, y in route.points[1:-1])
            ways[e.source_key, e.target_key, e.role].add(inner)
    for edge, found in ways.items():
        assert np.ptp([np.array(way).ravel() for way in found], axis=0).max(initial=0) <= 1, edge


def nothing_overlaps_or_leaves(p):
    rects, boxes = p.rects
    chips, _ = p.chips
    size = [float(p.tree.get("width")), float(p.tree.get("height"))]
    for table in (rects, chips, p.row_names):
        assert (table[:, :2] >= 0).all()
        assert (table[:, 2:] <= size).all()
    crowded = [(boxes[i].id, boxes[j].id) for i, j in meeting(rects, rects, room=2.0) if i != j]
    assert not crowded, crowded


def chips_cover_nothing_else(p):
    rects, boxes = p.rects
    chips, at = p.chips
    assert not [(boxes[at[i]].id, boxes[j].id) for i, j in meeting(chips, rects) if at[i] != j]
    assert not [(i, j) for i, j in meeting(chips, chips) if i != j]


def tiles_stand_side_by_side(p):
    """Weights, names of rows, what comes before, the steps, starts from the right, the end: each right of the one before."""
    rects, boxes = p.rects
    panel = 26 + p.layout.panel.width if p.layout.panel.pills else 0.0
    assert (p.row_names[:, 0] >= panel).all(), "a name of a row in the panel"
    at = max([panel, *p.row_names[:, 2]])
    bands = {band.column: band for band in p.layout.bands}
    columns = np.array([box.column for box in boxes[: len(p.layout.boxes)]])
    for column in (BEFORE, *p.view.kept, p.view.behind, p.view.after):
        own = rects[: len(columns)][columns == column]
        if len(own):
            assert own[:, 0].min() >= at, (column, own[:, 0].min(), at)
            at = own[:, 2].max()
        if column in bands:
            band = bands[column]
            assert (own >= [band.left, band.top] * 2).all(), column
            assert (own <= [band.right, band.bottom] * 2).all(), column
            at = band.right
    if p.layout.gap is not None:
        assert not meeting(rects, np.array([[p.layout.gap.left, p.layout.gap.top, p.layout.gap.right, p.layout.gap.bottom]]))


def names_of_rows_have_room(p):
    rects, boxes = p.rects
    assert not [(p.layout.row_labels[i].words, boxes[j].id) for i, j in meeting(p.row_names, rects, room=2.0)]
    blocks = {node.box.block for node in p.layout.boxes if node.box.block[0] == "cell"}
    words = {row.words for row in p.layout.row_labels}
    assert len(words) == len(p.layout.row_labels) == (len(blocks) if len(blocks) > 1 or words else 0), words
    for row, other in pairwise(sorted(p.layout.row_labels, key=lambda row: row.top)):
        assert row.bottom <= other.top, (row, other)


def the_panel_is_as_wide_as_its_words(p):
    """Headings and sizes end left of what stands there, and not far from it."""
    panel, (rects, _) = p.layout.panel, p.rects
    if not panel.pills:
        return
    sides = [26 + text_width(words, 12, bold=True) for words, _ in panel.headings]
    sides += [pill.placed.x + pill.placed.width / 2 + 7 + text_width(line, 11) for pill in panel.pills for line in pill.lines]
    steps = rects[: len(p.layout.boxes)]
    beside = min([*p.row_names[:, 0], *(steps[:, 0] if len(steps) else []), *(band.left for band in p.layout.bands)])
    assert max(sides) + 4 <= beside, (max(sides), beside)
    assert beside <= max(sides) + 70, (max(sides), beside)


# ---- 6, 7: edges ---------------------------------------------------------------------------------------------------------------


def edges_go_from_border_to_border(p):
    nodes = {node.box.id: node for node in p.layout.boxes}
    for route in p.layout.routes:
        assert len(route.points) > 1
        for id, (x, y) in ((route.edge.source, route.points[0]), (route.edge.target, route.points[-1])):
            if id >= 0:
                wide, high = abs(x - nodes[id].x) - nodes[id].width / 2, abs(y - nodes[id].y) - nodes[id].height / 2
                assert max(wide, high) < 0.5, told(route)
                assert max(wide, high) > -0.5, told(route)
            elif id == HIDDEN:
                assert x in (p.layout.gap.left, p.layout.gap.right), told(route)


def no_edge_crosses_a_box(p):
    lines, owner = p.stretches
    rects, boxes = p.rects
    assert ((lines[:, 0] == lines[:, 2]) | (lines[:, 1] == lines[:, 3])).all()
    hit = [(told(p.layout.routes[owner[i]]), boxes[j].id) for i, j in meeting(lines, rects, room=-0.5)]
    assert not hit, hit[0]
    assert not meeting(lines, p.row_names)
    chips, at = p.chips
    for i, j in meeting(lines, chips, room=-2.0):
        route, box = p.layout.routes[owner[i]], p.layout.boxes[at[j]].box
        assert box.id in (route.edge.source, route.edge.target), ("a chip of", box.id, told(route))


def edges_have_tracks_of_their_own(p):
    """No two edges run along one line (or so close that they look like one) unless they have the same source or the same target."""
    lines, owner = p.stretches
    for across in (0, 1):  # the coordinate that stays the same: upright stretches, then level ones
        along = 1 - across
        flat = np.flatnonzero(lines[:, across] == lines[:, across + 2])
        flat = flat[np.lexsort((lines[flat, along], np.round(lines[flat, across], 2)))]
        starts, stops = lines[flat, along], lines[flat, along + 2]
        level = lines[flat, across]
        # a line is a run of stretches whose coordinates are close together
        order = np.argsort(level, kind="stable")
        runs = np.split(order, np.flatnonzero(np.diff(level[order]) > 3) + 1) if len(order) else []
        for run in runs:
            run = run[np.argsort(starts[run], kind="stable")]
            for ahead in range(1, len(run)):
                a, b = run[:-ahead], run[ahead:]
                shared = np.minimum(stops[a], stops[b]) - starts[b] > 1
                if not shared.any() and (starts[b] >= np.maximum.accumulate(stops[run])[: len(a)]).all():
                    break
                bad = np.flatnonzero(shared & p.parties(owner[flat[a]], owner[flat[b]]))
                assert not len(bad), (
                    told(p.layout.routes[owner[flat[a[bad[0]]]]]),
                    told(p.layout.routes[owner[flat[b[bad[0]]]]]),
                )


def no_edge_hides_another(p):
    """Edges of one source and one target (a + a, or h and c of a cell) are seen to be two."""
    ways = defaultdict(list)
    for route in p.layout.routes:
        ways[route.points].append(told(route))
    assert len(ways) == len(p.layout.routes), next(found for found in ways.values() if len(found) > 1)


def edges_meet_only_to_cross(p):
    """A corner on the line of a stranger would look like a junction."""
    lines, owner = p.stretches
    found = [(x, y, x, y, k) for k, route in enumerate(p.layout.routes) for x, y in route.points[1:-1]]
    corners = np.array(found).reshape(-1, 5)
    for i, j in meeting(corners[:, :4], lines, room=2.5):
        a, b = int(corners[i, 4]), int(owner[j])
        assert not p.parties(a, b), (told(p.layout.routes[a]), told(p.layout.routes[b]))


def lanes_are_level(p):
    """Every state that is handed on, between every two columns, has an edge that is one level line to who reads it.

    A cell makes this impossible only where one op reads two states and nothing else reads either: then one of the two is level.
    """
    states = {node.box.key for node in p.layout.boxes if node.box.state}
    gap = p.layout.gap
    level, readers = defaultdict(bool), defaultdict(set)
    for route in p.layout.routes:
        e = route.edge
        if route.hands_on and (e.source_key in states or e.source == CUT):
            (x, y), (x2, y2) = route.points[0], route.points[-1]
            straight = len(route.points) == 2 and y == y2 and (x2 > x) == (e.target_column > e.source_column)
            if HIDDEN in (e.source, e.target):
                straight = straight and {x, x2} & {gap.left, gap.right}
            lane = e.source_key, e.role, e.source_column, e.source == CUT, e.target == HIDDEN
            level[lane] |= bool(straight)
            readers[lane].add(next(iter(e.uses))[0] if e.target == HIDDEN else e.target)
    lines = {(lane[2:], *readers[lane]) for lane, straight in level.items() if straight and len(readers[lane]) == 1}
    for lane, straight in level.items():
        shared = p.view.level != "cell" and len(readers[lane]) == 1 and (lane[2:], *readers[lane]) in lines
        assert straight or shared, lane


def starts_are_level(p):
    """An initial state stands in line with the lane that it begins, left of what reads forwards and right of what reads backwards."""
    boxes = {node.box.id: node.box for node in p.layout.boxes}
    level = defaultdict(bool)
    for route in p.layout.routes:
        e = route.edge
        if e.source >= 0 and boxes[e.source].kind == "start":
            straight = len(route.points) == 2 and route.points[0][1] == route.points[1][1]
            level[e.source] |= straight and (route.points[1][0] > route.points[0][0]) == (e.source_column == BEFORE)
    assert all(level.values()), [id for id, straight in level.items() if not straight]
    assert set(level) == {box.id for box in boxes.values() if box.kind == "start"}


# ---- 8: numbers ----------------------------------------------------------------------------------------------------------------


def chips_sum_to_the_gradient(p):
    graph = p.view.graph
    members = {m for node in p.layout.boxes for m in node.box.members}
    uses = defaultdict(list)
    for node in p.layout.boxes:
        for chip in node.box.chips:
            uses[chip.leaf] += chip.uses
            np.testing.assert_allclose(chip.strength, norm(sum(graph.sent[use] for use in chip.uses)), rtol=1e-12)
    for r in graph.parameters:
        rest = [(u.child, u.slot) for u in graph.uses(r) if u.child not in members]
        total = sum((graph.sent[use] for use in [*uses[r.id], *rest]), start=np.zeros(r.shape))
        np.testing.assert_allclose(total, r.grad, rtol=1e-9, atol=1e-14)


# ---- words ---------------------------------------------------------------------------------------------------------------------


def the_readout_does_not_fill_the_picture(p):
    assert len({round(node.x) for node in p.layout.boxes if node.box.column == p.view.after}) <= 8


@cache
def wide(words, size):
    return 0.9 * text_width(words, size)


def words_stay_on_the_paper(p):
    across, high = float(p.tree.get("width")), float(p.tree.get("height"))
    for parent in p.tree.iter():
        for word in parent.findall(f"{SVG}text"):
            size, place = float(word.get("font-size")), word.get("text-anchor", parent.get("text-anchor"))
            place = place or ("middle" if parent.find(f"{SVG}title") is not None and parent is not p.tree else "start")
            width = wide("".join(word.itertext()), size)
            left = float(word.get("x")) - {"start": 0, "middle": 0.5, "end": 1}[place] * width
            assert 0 <= left < left + width <= across, word.text
            assert size <= float(word.get("y")) <= high - 4, word.text


def hidden_steps_can_be_read(p):
    """Bars for every layer and direction, with ticks and the values of the first and the last step; without room for them, dots."""
    if p.layout.gap is None:
        return
    gap, tile = p.layout.gap, next(g for g in p.tree.iter(f"{SVG}g") if (g.get("id") or "").endswith("-hidden"))
    words = [(float(word.get("y")), word.text or "") for word in tile.iter(f"{SVG}text")]
    assert sum(f"… {len(p.view.hidden)} step" in text for _, text in words) == 1
    rooms = [b - a for a, b in pairwise([gap.top, *p.layout.passing, gap.bottom])]
    series = [line for line in p.view.series if any(s for _, s in line.bars)]
    headings = [(y, text) for y, text in words if "at each step" in text]
    assert len(headings) in (0, len(series)), headings
    if not headings:
        assert max(rooms) / max(1, len(series)) <= 100
        assert len(list(tile.iter(f"{SVG}circle"))) % 3 == 0 < len(list(tile.iter(f"{SVG}circle")))
        return
    assert [text.split(":")[0] for _, text in headings] == [line.where or headings[0][1] for line in reversed(series)]
    lines = sorted(float(path.get("d").split("H")[0].split()[1]) for path in tile.iter(f"{SVG}path"))
    bars = [(float(r.get("y")), float(r.get("height"))) for r in tile.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    tops = [y for y, _ in headings]
    for line, top, bottom in zip(reversed(series), tops, [*tops[1:], gap.bottom], strict=True):
        own = [y for y in lines if top < y < bottom]
        ends = [text.split(":")[0] for y, text in words if top < y <= bottom and text.startswith("t=")]
        assert max(own) - min(own) > max(rooms) / len(series) - 70, (line, own)
        assert sum("10" in text for y, text in words if top < y < bottom and ":" not in text) >= 2, line
        shown = [line.bars[0], line.bars[-1]][: len(line.bars)]
        assert ends == [f"t={step}" for step, s in shown if s is not None], (line, ends)
        assert sum(top < y < bottom for y, _ in bars) == sum(s != 0.0 and s is not None for _, s in line.bars), line
        assert all(min(own) - 0.05 <= y <= y + high <= max(own) + 0.05 for y, high in bars if top < y < bottom), line


def groups_that_end_in_a_number_are_losses(p):
    for node in p.layout.boxes:
        if node.box.kind == "group" and node.box.block == ("readout",) and not p.view.graph[node.box.id].frames:
            end = "loss" if node.box.id == len(p.view.graph) - 1 else "part of loss"
            assert node.box.label == ("readout" if node.box.shape else end)


def the_end_is_called_what_it_is(p):
    parameters = {r.id for r in p.view.graph.parameters}
    after = [m for node in p.layout.boxes if node.box.column == p.view.after for m in node.box.members]
    readout = any(parent in parameters for m in after for parent in p.view.graph[m].parents)
    assert (">readout and loss<" in p.svg) <= readout
    assert (">loss</text>" in p.svg) or readout


# ---- 12: colours ---------------------------------------------------------------------------------------------------------------

contrast_of = cache(contrast)


def labels_can_be_read(p):
    for group in p.tree.iter(f"{SVG}g"):
        rect, label = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        if group.find(f"{SVG}title") is not None and rect is not None and label is not None:
            assert contrast_of(rect.get("fill"), label.get("fill")) >= 4.5


def bare(svg):
    """The text without colours (what is six long after a #) and without the prefix of the drawing."""
    return [part[6:] for part in svg.replace(re.search(r"\bg[0-9a-f]{8}\b", svg)[0], "picture").split("#")]


def a_theme_changes_colours_alone(p, others):
    for other in others:
        assert bare(p.svg) == bare(other)
        assert p.svg != other
    papers = {theme.paper for theme in THEMES.values()}
    assert papers == {re.search(r'<rect [^>]*fill="(#\w+)"/>', svg)[1] for svg in (p.svg, *others)}


CHECKS = [
    parses_and_ids_are_unique, every_record_is_somewhere_once, every_use_is_an_edge_or_a_chip, boxes_have_no_cycle,
    weights_once_and_chips_at_uses, columns_say_their_step, same_place_in_every_column, same_way_in_every_column,
    nothing_overlaps_or_leaves, the_panel_is_as_wide_as_its_words, chips_cover_nothing_else,
    tiles_stand_side_by_side, names_of_rows_have_room,
    edges_go_from_border_to_border, no_edge_crosses_a_box, edges_have_tracks_of_their_own, no_edge_hides_another,
    edges_meet_only_to_cross, lanes_are_level, starts_are_level, chips_sum_to_the_gradient,
    the_readout_does_not_fill_the_picture, words_stay_on_the_paper, hidden_steps_can_be_read,
    groups_that_end_in_a_number_are_losses, the_end_is_called_what_it_is, labels_can_be_read,
]  # fmt: skip
