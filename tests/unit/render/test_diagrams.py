"""Diagrams: everything is in, nothing overlaps, nothing depends on the machine."""

from __future__ import annotations

import itertools

import pytest

from taihu.core.errors import TerminalError
from taihu.render.diagrams import Diagram, Edge, Field, Group, Node, diagram_png, diagram_svg, plan_diagram


def flow() -> Diagram:
    nodes = [Node(f"s{n}", f"华东经销商 {n}", "邮件 xlsx", "source", "sources") for n in range(6)]
    nodes += [Node(f"c{n}", f"clean.sell_out_{n}", "", "clean", "clean") for n in range(6)]
    nodes += [Node("core", "core.sell_out", "销售", "core"), Node("mart", "mart.daily_revenue", "", "mart")]
    edges = [Edge(f"s{n}", f"c{n}") for n in range(6)] + [Edge(f"c{n}", "core") for n in range(6)] + [Edge("core", "mart", dashed=True)]
    return Diagram("数据流 <A&B>", nodes, edges, [Group("sources", "数据源"), Group("clean", "清洗"), Group("none", "空")])


def entities() -> Diagram:
    fact = Node(
        "sell_out", "core.sell_out", "经销商销售", "core", fields=[Field("business_date", "DATE", "PK"), Field("party_id", "TEXT", "FK")]
    )
    party = Node("party", "core.party", "", "core", fields=[Field("party_id", "TEXT", "PK")])
    return Diagram("实体关系", [fact, party], [Edge("sell_out", "party", many=True)])


def test_no_two_boxes_overlap_and_all_lie_inside_the_picture() -> None:
    planned = plan_diagram(flow())
    boxes = [(*node["at"], node["at"][0] + node["size"][0], node["at"][1] + node["size"][1]) for node in planned["nodes"]]
    assert len(boxes) == 14
    assert all(left >= 0 and top >= 0 and right <= planned["width"] and bottom <= planned["height"] for left, top, right, bottom in boxes)
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_group_encloses_its_nodes_and_an_empty_one_is_left_out() -> None:
    planned = plan_diagram(flow())
    assert [group["title"] for group in planned["groups"]] == ["数据源", "清洗"]
    left, top = planned["groups"][0]["at"]
    width, height = planned["groups"][0]["size"]
    for node in planned["nodes"][:6]:
        assert left < node["at"][0] and node["at"][0] + node["size"][0] < left + width
        assert top < node["at"][1] and node["at"][1] + node["size"][1] < top + height


def test_every_edge_is_drawn_even_two_between_the_same_boxes() -> None:
    twice = Diagram("twice", [Node("a", "a"), Node("b", "b")], [Edge("a", "b"), Edge("a", "b", dashed=True)])
    planned = plan_diagram(twice)
    assert [edge["dashed"] for edge in planned["edges"]] == [False, True]
    assert planned["edges"][0]["points"] != planned["edges"][1]["points"]


def test_an_edge_to_nowhere_is_refused_by_name() -> None:
    with pytest.raises(TerminalError, match=r"mart\.missing"):
        plan_diagram(Diagram("broken", [Node("a", "a")], [Edge("a", "mart.missing")]))


def test_the_picture_has_a_title_and_outlines_for_letters_and_is_drawn_twice_alike() -> None:
    for diagram in (flow(), entities(), Diagram("leer", [], [])):
        svg = diagram_svg(diagram)
        assert b"<title>" in svg and b"<text" not in svg
        assert svg == diagram_svg(diagram)
    assert "<title>数据流 &lt;A&amp;B></title>".encode() in diagram_svg(flow())
    assert diagram_png(entities()).startswith(b"\x89PNG")
