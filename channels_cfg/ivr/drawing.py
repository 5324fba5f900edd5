"""The picture of an IVR definition: steps in layers from the top, each below those that lead to it.

Geometry alone; a template makes it SVG. After Sugiyama: back branches are set aside, layers are the longest ways from
the first step, branches that pass a layer hold a place in it, and the order in a layer follows the neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from channels_cfg.ivr.call_flow import CallFlow

BOX_WIDTH, BOX_HEIGHT = 160, 58
ACROSS, LINE_HEIGHT = 24, 15
"""Between neighbours, and of a line of a label."""
LEAST_DOWN = 44
"""Between layers, without labels."""
PLACE_WIDTH = 12
"""Of a branch that passes a layer."""
MARGIN = 12
LANE = 16
"""Between branches that lead back, beside everything."""
MOST_LABELS = 4
LABEL_LETTERS = 20
SWEEPS = 6


@dataclass(frozen=True)
class DrawnBox:
    """A step in the picture; ``x`` and ``y`` are its top left corner."""

    name: str
    x: float
    y: float
    is_passed: bool = False
    is_here: bool = False
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def lines(self) -> tuple[float, float, float]:
        """Where its three lines of text stand."""
        return self.y + 18, self.y + 34, self.y + 49

    @property
    def text_x(self) -> float:
        return self.x + 12


@dataclass(frozen=True)
class DrawnLine:
    """A branch in the picture: ``path`` as SVG writes it, and its labels, one below the other."""

    step: str
    target: str
    path: str
    labels: Sequence[tuple[str, float, float]] = ()
    leads_back: bool = False
    is_passed: bool = False


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines within a width and a height."""

    width: float = 0
    height: float = 0
    boxes: Sequence[DrawnBox] = ()
    lines: Sequence[DrawnLine] = ()


@dataclass
class _Layers:
    """The names of steps, and of the places of branches that pass by, layer by layer."""

    rows: list[list[str]]
    up: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    down: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    chains: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Of each branch that leads down, what it touches from the step to the target."""


Labels = dict[tuple[str, str], list[str]]
"""What stands at a branch, by its two steps."""


def draw(flow: CallFlow, labels: Labels, *, path: Sequence[str] = ()) -> Drawing:
    """The picture; ``path`` is the way that a call took, which stands out in it."""
    if not flow.steps:
        return Drawing()
    pairs = list(dict.fromkeys((way.step, way.target) for step in flow.by_name for way in flow.branches_from(step)))
    back = set(_leading_back(flow, pairs))
    layers = _layered(flow, [pair for pair in pairs if pair not in back])
    for sweep in range(SWEEPS):
        _reorder(layers, downwards=sweep % 2 == 0)
    across = _across(layers)
    down, height = _down(layers, labels, back)
    step_of = {name: number for number, name in enumerate(path)}
    boxes = {
        name: DrawnBox(name, across[name], down[name], name in step_of, bool(path) and name == path[-1])
        for row in layers.rows
        for name in row
        if name in flow.by_name
    }
    right = max(box.x + box.width for box in boxes.values())
    right = max([right, *(across[name] + PLACE_WIDTH for row in layers.rows for name in row)])
    taken = set(pairwise(path))
    lines = [*_lines_down(layers, boxes, across, down, labels, taken), *_lines_back(back, boxes, right, labels, taken)]
    ends = [x + 7 * len(text) for line in lines for text, x, _y in line.labels]
    width = max([right + len(back) * LANE, *ends]) + MARGIN
    return Drawing(round(width), round(height), list(boxes.values()), lines)


def _leading_back(flow: CallFlow, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The branches that lead to a step on the way to where they begin."""
    below: dict[str, list[str]] = defaultdict(list)
    for step, target in pairs:
        below[step].append(target)
    done: set[str] = set()
    for first in flow.by_name:
        if first in done:
            continue
        on_the_way = {first: None}
        waiting = [(first, iter(below[first]))]
        while waiting:
            name, targets = waiting[-1]
            target = next(targets, "")
            if not target:
                waiting.pop()
                on_the_way.pop(name, None)
                done.add(name)
            elif target in on_the_way:
                yield name, target
            elif target not in done:
                on_the_way[target] = None
                waiting.append((target, iter(below[target])))


def _layered(flow: CallFlow, pairs: Sequence[tuple[str, str]]) -> _Layers:
    """Each step below all that lead down to it."""
    depth = dict.fromkeys(flow.by_name, 0)
    for _round in flow.by_name:
        changed = False
        for step, target in pairs:
            if depth[target] <= depth[step]:
                depth[target], changed = depth[step] + 1, True
        if not changed:
            break
    rows: list[list[str]] = [[] for _layer in range(max(depth.values()) + 1)]
    for name, layer in depth.items():
        rows[layer].append(name)
    layers = _Layers(rows)
    for step, target in pairs:
        places = [f"\0{step}\0{target}\0{layer}" for layer in range(depth[step] + 1, depth[target])]
        for layer, place in enumerate(places, start=depth[step] + 1):
            rows[layer].append(place)
        chain = layers.chains[step, target] = [step, *places, target]
        for above, below in pairwise(chain):
            layers.down[above].append(below)
            layers.up[below].append(above)
    return layers


def _reorder(layers: _Layers, *, downwards: bool) -> None:
    """Each layer in the order of what its members are joined to in the one before."""
    neighbours = layers.up if downwards else layers.down
    rows = layers.rows if downwards else layers.rows[::-1]
    for before, row in pairwise(rows):
        place = {name: number for number, name in enumerate(before)}
        weight = {
            name: sum(place[other] for other in joined) / len(joined) if joined else own
            for own, name in enumerate(row)
            for joined in [neighbours[name]]
        }
        row.sort(key=weight.__getitem__)


def _width(name: str) -> int:
    return PLACE_WIDTH if name.startswith("\0") else BOX_WIDTH


def _across(layers: _Layers) -> dict[str, float]:
    """The left edges: near the middle of what a step is joined to, in order and without overlaps."""
    left: dict[str, float] = {}
    for row in layers.rows:
        x: float = 0
        for name in row:
            left[name] = x
            x += _width(name) + ACROSS
    for sweep in range(SWEEPS):
        neighbours = layers.up if sweep % 2 == 0 else layers.down
        for row in layers.rows if sweep % 2 == 0 else layers.rows[::-1]:
            wanted = [_wanted(name, neighbours[name], left) for name in row]
            for name, x in zip(row, _apart(row, wanted), strict=True):
                left[name] = x
    least = min(left.values())
    return {name: x - least + MARGIN for name, x in left.items()}


def _wanted(name: str, joined: Sequence[str], left: dict[str, float]) -> float:
    if not joined:
        return left[name]
    middles = sorted(left[other] + _width(other) / 2 for other in joined)
    half = len(middles) // 2
    middle = middles[half] if len(middles) % 2 else (middles[half - 1] + middles[half]) / 2
    return middle - _width(name) / 2


def _apart(row: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones that keep the order and the distance: half pushed from each side."""
    from_left, from_right = list(wanted), list(wanted)
    for number in range(1, len(row)):
        least = from_left[number - 1] + _width(row[number - 1]) + ACROSS
        from_left[number] = max(from_left[number], least)
    for number in range(len(row) - 2, -1, -1):
        most = from_right[number + 1] - _width(row[number]) - ACROSS
        from_right[number] = min(from_right[number], most)
    return [(one + other) / 2 for one, other in zip(from_left, from_right, strict=True)]


def _down(layers: _Layers, labels: Labels, back: Collection[tuple[str, str]]) -> tuple[dict[str, float], float]:
    """The upper edges, with room for the labels of the branches that begin above; and the height of all."""
    most: dict[int, int] = defaultdict(int)
    layer_of = {name: layer for layer, row in enumerate(layers.rows) for name in row}
    for (step, target), texts in labels.items():
        if step in layer_of and (step, target) not in back:
            most[layer_of[step]] = max(most[layer_of[step]], min(len(texts), MOST_LABELS))
    y: float = MARGIN
    top: dict[str, float] = {}
    for layer, row in enumerate(layers.rows):
        top |= dict.fromkeys(row, y)
        y += BOX_HEIGHT + LEAST_DOWN + most[layer] * LINE_HEIGHT
    return top, top[layers.rows[-1][0]] + BOX_HEIGHT + MARGIN


def _lines_down(
    layers: _Layers,
    boxes: dict[str, DrawnBox],
    across: dict[str, float],
    down: dict[str, float],
    labels: Labels,
    taken: Collection[tuple[str, str]],
) -> Iterator[DrawnLine]:
    outgoing, incoming = _ports(layers, across, upwards=False), _ports(layers, across, upwards=True)
    for (step, target), chain in layers.chains.items():
        start = outgoing[step, chain[1]], boxes[step].y + BOX_HEIGHT
        points = [start]
        for place in chain[1:-1]:
            middle = across[place] + PLACE_WIDTH / 2
            points += [(middle, down[place]), (middle, down[place] + BOX_HEIGHT)]
        points.append((incoming[target, chain[-2]], boxes[target].y))
        told = _label_lines(labels.get((step, target), []))
        first = points[1]
        x, y = (start[0] * 2 + first[0]) / 3, start[1] + (first[1] - start[1]) * 0.42 - len(told) * LINE_HEIGHT / 2 + 11
        placed = [(text, round(x + 4, 1), round(y + number * LINE_HEIGHT, 1)) for number, text in enumerate(told)]
        yield DrawnLine(step, target, _smooth(points), placed, is_passed=(step, target) in taken)


def _ports(layers: _Layers, across: dict[str, float], *, upwards: bool) -> dict[tuple[str, str], float]:
    """Where branches touch a box: side by side, in the order of where they come from or lead to."""
    joined = layers.up if upwards else layers.down
    ports = {}
    for name, others in joined.items():
        ordered = sorted(others, key=lambda other: across[other] + _width(other) / 2)
        for number, other in enumerate(ordered, start=1):
            ports[name, other] = across[name] + _width(name) * number / (len(ordered) + 1)
    return ports


def _smooth(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    told = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        bend = (next_y - y) / 2
        told.append(f"C{x:.1f} {y + bend:.1f} {next_x:.1f} {next_y - bend:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return " ".join(told)


def _lines_back(
    back: Iterable[tuple[str, str]],
    boxes: dict[str, DrawnBox],
    right: float,
    labels: Labels,
    taken: Collection[tuple[str, str]],
) -> Iterator[DrawnLine]:
    """Around the right side, each in a lane of its own."""
    for number, (step, target) in enumerate(sorted(back, key=lambda pair: boxes[pair[0]].y - boxes[pair[1]].y), 1):
        begins, ends = boxes[step], boxes[target]
        lane = right + number * LANE
        y, to_y = begins.y + BOX_HEIGHT * 0.6, ends.y + BOX_HEIGHT * 0.35
        half = (y + to_y) / 2
        path = (
            f"M{begins.x + BOX_WIDTH:.1f} {y:.1f} C{lane:.1f} {y:.1f} {lane:.1f} {y:.1f} {lane:.1f} {half:.1f} "
            f"S{lane:.1f} {to_y:.1f} {ends.x + BOX_WIDTH:.1f} {to_y:.1f}"
        )
        told = _label_lines(labels.get((step, target), []))
        placed = [(text, lane + 5, half + line * LINE_HEIGHT) for line, text in enumerate(told)]
        yield DrawnLine(step, target, path, placed, leads_back=True, is_passed=(step, target) in taken)


def _label_lines(texts: Sequence[str]) -> list[str]:
    told = [text if len(text) <= LABEL_LETTERS else f"{text[: LABEL_LETTERS - 1]}…" for text in texts[:MOST_LABELS]]
    if len(texts) > MOST_LABELS:
        told[-1] = f"+{len(texts) - MOST_LABELS + 1}"
    return told
