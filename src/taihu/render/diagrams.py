"""Data-flow and entity-relationship diagrams: Graphviz finds the places, we draw.

Graphviz measures text with whatever fonts the machine has, so its own pictures differ from machine to machine. Here it sees only
boxes of a size that we measured with the packaged font; typst then draws the boxes, names and curves as SVG, PDF or PNG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from taihu.core.errors import TerminalError
from taihu.render import theme
from taihu.render.fonts import face
from taihu.render.typeset import packaged, typeset

_POINTS = 72.0
_TITLE, _SUBTITLE, _FIELD = 9.0, 7.0, 7.4
_PADDING, _FIELD_HEIGHT, _HEAD_HEIGHT = 9.0, 13.0, 21.0
_KEY = 16.0  # width of the marks PK and FK, where an entity has keys
_GROUP_PADDING, _GROUP_HEAD, _MARGIN = 10.0, 15.0, 14.0


@dataclass(frozen=True, slots=True)
class Field:
    """One line of an entity: a column with its type, and ``PK`` or ``FK`` if it is a key."""

    name: str
    type: str = ""
    key: Literal["", "PK", "FK"] = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A box; with fields it is an entity.

    Attributes:
        kind: Chooses the colour: ``source``, ``clean``, ``match``, ``core``, ``mart``, ``report``, ``ops`` or any other word for grey.
        group: The id of the group that encloses it, empty for none.
    """

    id: str
    title: str
    subtitle: str = ""
    kind: str = ""
    group: str = ""
    fields: Sequence[Field] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A frame around nodes with a title."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from node to node; ``many`` draws a crow's foot at its start (many rows refer to one).

    ``against`` places the start after the end, against the direction of the diagram, so that what refers to the middle can
    stand on both sides of it.
    """

    start: str
    end: str
    many: bool = False
    dashed: bool = False
    against: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """What is to be drawn.

    Attributes:
        direction: The way of the arrows: left to right or top to bottom.
        spread: Inches between the boxes that an arrow joins.
    """

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    groups: Sequence[Group] = ()
    direction: Literal["LR", "TB"] = "LR"
    spread: float = 0.62


KIND_COLOURS: Mapping[str, str] = {
    "source": "#8A6D3B",
    "clean": "#5A7D9A",
    "match": "#7C83C4",
    "core": theme.LAKE,
    "mart": "#12784A",
    "report": "#C8624A",
    "ops": "#6B7785",
}


def diagram_svg(diagram: Diagram) -> bytes:
    """The diagram as SVG with a title; letters are outlines of the packaged font."""
    made = typeset(_files(), data=plan_diagram(diagram), format="svg", where=f"diagram {diagram.title}")[0]
    title = diagram.title.replace("&", "&amp;").replace("<", "&lt;")
    head, bracket, rest = made.partition(b">")
    return head + b' role="img"' + bracket + f"<title>{title}</title>".encode() + rest


def diagram_png(diagram: Diagram, *, ppi: float = 144) -> bytes:
    """The diagram as PNG."""
    return typeset(_files(), data=plan_diagram(diagram), format="png", ppi=ppi, where=f"diagram {diagram.title}")[0]


def plan_diagram(diagram: Diagram) -> dict[str, Any]:
    """Places and sizes in points, from the upper left."""
    import pygraphviz

    ids = {node.id: f"n{number}" for number, node in enumerate(diagram.nodes)}
    unknown = sorted({end for edge in diagram.edges for end in (edge.start, edge.end)} - set(ids))
    if unknown:
        raise TerminalError(f"the diagram {diagram.title!r} has edges to nodes that it does not have: {', '.join(unknown)}")
    sizes = {node.id: _size(node) for node in diagram.nodes}
    graph = pygraphviz.AGraph(
        directed=True, strict=False, rankdir=diagram.direction, nodesep="0.22", ranksep=str(diagram.spread), splines="spline"
    )
    for node in diagram.nodes:
        width, height = (f"{side / _POINTS:.4f}" for side in sizes[node.id])
        graph.add_node(ids[node.id], shape="box", fixedsize="true", label="", width=width, height=height)
    for number, edge in enumerate(diagram.edges):
        first, last = (edge.end, edge.start) if edge.against else (edge.start, edge.end)
        graph.add_edge(ids[first], ids[last], key=str(number), label="")
    for group in diagram.groups:
        inside = [ids[node.id] for node in diagram.nodes if node.group == group.id]
        if inside:
            graph.add_subgraph(inside, name=f"cluster_{group.id}", margin=f"{_GROUP_PADDING + _GROUP_HEAD}", label="")
    graph.layout(prog="dot")
    places = {node.id: _pair(graph.get_node(ids[node.id]).attr["pos"]) for node in diagram.nodes}
    curves = []
    for number, edge in enumerate(diagram.edges):
        first, last = (edge.end, edge.start) if edge.against else (edge.start, edge.end)
        points, end = _curve(graph.get_edge(ids[first], ids[last], key=str(number)).attr["pos"])
        curves.append(([end, *points[-2::-1]], points[0]) if edge.against else (points, end))
    return _drawing(diagram, sizes, places, curves)


def _files() -> dict[str, str]:
    return {"main.typ": packaged("taihu.render", "diagram.typ")}


def _size(node: Node) -> tuple[float, float]:
    """Width and height that the node's texts need."""
    font = face()
    widths = [font.width(node.title) * _TITLE * 1.12, font.width(node.subtitle) * _SUBTITLE * 1.1]
    key = _KEY if any(field.key for field in node.fields) else 0.0
    for field in node.fields:
        widths.append(key + font.width(field.name) * _FIELD + 12 + font.width(field.type) * (_FIELD - 0.8))
    height = _HEAD_HEIGHT + (9 if node.subtitle else 0) + (len(node.fields) * _FIELD_HEIGHT + 4 if node.fields else 3)
    return round(max(*widths, 54.0) + 2 * _PADDING, 1), height


def _pair(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def _curve(text: str) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """Control points of an edge's splines, and where its arrow ends."""
    parts = text.split()
    end = _pair(parts[0][2:]) if parts[0].startswith("e,") else None
    points = [_pair(part) for part in parts if part[0] not in "es"]
    return points, end or points[-1]


def _drawing(
    diagram: Diagram,
    sizes: Mapping[str, tuple[float, float]],
    places: Mapping[str, tuple[float, float]],
    curves: Sequence[tuple[list[tuple[float, float]], tuple[float, float]]],
) -> dict[str, Any]:
    frames = {group.id: frame for group in diagram.groups if (frame := _frame(diagram, group, sizes, places))}
    corners = [corner for frame in frames.values() for corner in (frame[:2], frame[2:])]
    for node in diagram.nodes:
        (x, y), (width, height) = places[node.id], sizes[node.id]
        corners += [(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)]
    for points, end in curves:
        corners += [*points, end]
    left, bottom = min((x for x, _ in corners), default=0) - _MARGIN, min((y for _, y in corners), default=0) - _MARGIN
    right, top = max((x for x, _ in corners), default=0) + _MARGIN, max((y for _, y in corners), default=0) + _MARGIN

    def at(x: float, y: float) -> list[float]:
        return [round(x - left, 2), round(top - y, 2)]

    return {
        "width": round(right - left, 2),
        "height": round(top - bottom, 2),
        "groups": [
            {"at": at(frames[group.id][0], frames[group.id][3]), "size": _extent(frames[group.id]), "title": group.title}
            for group in diagram.groups
            if group.id in frames
        ],
        "edges": [
            {"points": [at(*point) for point in points], "end": at(*end), "many": edge.many, "dashed": edge.dashed}
            for edge, (points, end) in zip(diagram.edges, curves, strict=True)
        ],
        "nodes": [
            {
                "at": at(places[node.id][0] - sizes[node.id][0] / 2, places[node.id][1] + sizes[node.id][1] / 2),
                "size": list(sizes[node.id]),
                "title": node.title,
                "subtitle": node.subtitle,
                "key": _KEY if any(field.key for field in node.fields) else 0.0,
                "colour": KIND_COLOURS.get(node.kind, theme.MUTED),
                "fields": [{"name": field.name, "type": field.type, "key": field.key} for field in node.fields],
            }
            for node in diagram.nodes
        ],
    }


def _frame(
    diagram: Diagram, group: Group, sizes: Mapping[str, tuple[float, float]], places: Mapping[str, tuple[float, float]]
) -> tuple[float, float, float, float] | None:
    """Left, bottom, right and top of a group's frame."""
    inside = [node.id for node in diagram.nodes if node.group == group.id]
    if not inside:
        return None
    left = min(places[one][0] - sizes[one][0] / 2 for one in inside) - _GROUP_PADDING
    right = max(places[one][0] + sizes[one][0] / 2 for one in inside) + _GROUP_PADDING
    bottom = min(places[one][1] - sizes[one][1] / 2 for one in inside) - _GROUP_PADDING
    top = max(places[one][1] + sizes[one][1] / 2 for one in inside) + _GROUP_PADDING + _GROUP_HEAD
    return left, bottom, right, top


def _extent(frame: tuple[float, float, float, float]) -> list[float]:
    return [round(frame[2] - frame[0], 2), round(frame[3] - frame[1], 2)]
