"""What the documents say, that they say it twice the same way, and that stale ones are found."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from taihu.core.ids import sha256_of
from taihu.demo.faults import FAULT_KINDS
from taihu.describe.catalog import Catalog
from taihu.describe.diagrams import data_flow, lineage, star_schema
from taihu.describe.generate import INDEX, check, generate
from taihu.describe.state import State
from taihu.describe.words import FAULTS, terms_of_keeping
from taihu.manifest.roles import RolesFile
from taihu.manifest.tree import ProjectTree

SRC = Path(__file__).parents[3] / "src"


@pytest.fixture(scope="module")
def documents(tree: ProjectTree, state: State) -> dict[str, bytes]:
    return generate(tree, state)


def slide_texts(content: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.startswith("ppt/slides/slide")]
        names.sort(key=lambda name: int("".join(filter(str.isdigit, name))))
        return [
            [node.text or "" for node in ElementTree.fromstring(archive.read(name)).iter() if node.tag.endswith("}t")] for name in names
        ]


def test_every_document_is_made_in_both_languages(documents: dict[str, bytes]) -> None:
    for kind in (
        "data_flow.{}.svg",
        "star_schema.{}.svg",
        "lineage.{}.svg",
        "design.{}.md",
        "design.{}.pdf",
        "dictionary.{}.html",
        "lineage.{}.md",
        "slides.{}.pptx",
    ):
        for lang in ("zh", "en"):
            assert documents[kind.format(lang)], kind
    assert documents["design.zh.pdf"].startswith(b"%PDF")


def test_another_process_makes_the_same_bytes(tree: ProjectTree, tmp_path: Path) -> None:
    program = (
        "import sys, json; from pathlib import Path; from taihu.project.load import load_tree;"
        "from taihu.describe.generate import generate; from taihu.core.ids import sha256_of;"
        "print(json.dumps({n: sha256_of(c) for n, c in generate(load_tree(Path(sys.argv[1])), languages=['zh']).items()}))"
    )
    company = str(SRC.parent / "examples" / "company_a")
    environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONHASHSEED": "7", "TZ": "America/Lima", "TMPDIR": str(tmp_path)}
    made = subprocess.run([sys.executable, "-c", program, company], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(made.stdout) == {name: sha256_of(content) for name, content in generate(tree, languages=["zh"]).items()}


def test_the_dictionary_has_every_table_and_column(catalog: Catalog, documents: dict[str, bytes]) -> None:
    text = documents["dictionary.en.html"].decode()
    for table in catalog.tables.values():
        assert f'id="{table.name}"' in text
        for column in table.columns:
            assert f"<code>{column.name}</code>" in text, (table.name, column.name)
    assert "http://" not in text and "https://" not in text


def test_lineage_ends_at_the_header_that_the_sender_wrote(catalog: Catalog, documents: dict[str, bytes]) -> None:
    columns = json.loads(documents["lineage.json"])["tables"]["mart.daily_kpi"]["columns"]
    assert "clean.sell_out_huadong.gross_amount" in columns["net_revenue_cny"]
    assert "clean.tmall_orders.refund_amount" in columns["net_revenue_cny"]
    line = next(line for line in documents["lineage.zh.md"].decode().splitlines() if line.startswith("| `net_revenue_cny`"))
    assert "含税金额" in line and "销售金额" in line


def test_the_design_weaves_the_story_in(documents: dict[str, bytes]) -> None:
    text = documents["design.en.md"].decode()
    for heading in ("The case", "Architecture and data flow", "Star schema", "Quality", "Reports", "Governance", "Decisions", "Limits"):
        assert f"## {heading}" in text
    assert "Completeness is a table, not a feeling." in text
    assert "sum(net_revenue_cny) / sum(target_revenue_cny)" in text


def test_the_slides_are_about_eight_and_speak_their_language(documents: dict[str, bytes]) -> None:
    for lang, said in (("zh", "报告要么完整"), ("en", "The report is complete")):
        texts = slide_texts(documents[f"slides.{lang}.pptx"])
        assert 8 <= len(texts) <= 12
        assert any(said in text for slide in texts for text in slide)
    english = [text for slide in slide_texts(documents["slides.en.pptx"]) for text in slide]
    assert not [text for text in english if any("\u4e00" <= c <= "\u9fff" for c in text.replace("万元", "").replace("元", ""))]
    # Whoever was let off owes nothing.
    assert {"415 / 417", "12 of them late; 4 waived"} <= set(english)
    with zipfile.ZipFile(io.BytesIO(documents["slides.zh.pptx"])) as archive:
        assert [name for name in archive.namelist() if name.startswith("ppt/charts/chart")]


def test_diagrams_join_what_belongs_together(catalog: Catalog, state: State) -> None:
    star = star_schema(catalog, "zh")
    assert {(edge.start, edge.end) for edge in star.edges} >= {
        ("core.sell_out", "core.product"),
        ("core.pos", "core.store"),
        ("core.sell_in", "core.fx_rate"),
    }
    drawn = {node.id for node in star.nodes}
    assert {table.name for table in catalog.of_role("fact", "dimension")} == drawn
    fields = {field.name for node in data_flow(catalog, state, "en").nodes for field in node.fields}
    assert {source.file.title.en for source in catalog.tree.sources.values()} <= fields
    made = {(edge.start, edge.end) for edge in lineage(catalog, "en").edges}
    assert ("mart.daily_revenue", "report.daily") in made and ("clean.targets", "core.target") in made


def test_sources_that_go_the_same_ways_share_a_box(catalog: Catalog) -> None:
    drawing = lineage(catalog, "en")
    box = next(node for node in drawing.nodes if "clean.sell_out_huabei" in {field.type for field in node.fields})
    assert {field.type for field in box.fields} == {f"clean.sell_out_{area}" for area in ("huabei", "huadong", "huanan", "xinan")}
    assert {edge.end for edge in drawing.edges if edge.start == box.id} == {"core.sell_out", "match.product_map"}
    shown = [node.id for node in drawing.nodes if not node.fields] + [field.type for node in drawing.nodes for field in node.fields]
    assert sorted(name for name in shown if not name.startswith("report.")) == sorted(catalog.tables)  # each table once


def test_a_brief_data_flow_counts_what_the_full_one_names(catalog: Catalog, state: State) -> None:
    full, brief = data_flow(catalog, state, "en"), data_flow(catalog, state, "en", brief=True)
    assert [node.id for node in full.nodes] == [node.id for node in brief.nodes] and full.edges == brief.edges
    for long, short in zip(full.nodes, brief.nodes, strict=True):
        if long.id.startswith("via."):
            assert short.subtitle.startswith(f"{len(long.fields)} source") and not short.fields


def test_every_planted_fault_has_a_name_in_both_languages() -> None:
    assert set(FAULT_KINDS) <= set(FAULTS)


def test_the_terms_of_keeping_group_purposes_by_duration(tree: ProjectTree) -> None:
    files = [source.file for source in tree.sources.values()]
    chinese, english = terms_of_keeping(files, "zh"), terms_of_keeping(files, "en")
    assert chinese[0].startswith("36 个月：") and english[0].startswith("36 months: ")
    assert not [line for line in chinese if re.search("[a-z]", line)]


def test_personal_columns_are_listed_as_tokens(documents: dict[str, bytes]) -> None:
    text = documents["design.en.md"].decode()
    personal = text[text.index("Personal data") : text.index("Purpose and retention")]
    for column in ("buyer_name", "buyer_phone", "address", "customer_phone", "mail_address"):
        assert column in personal


def test_fresh_documents_are_not_stale(tree: ProjectTree, state: State, documents: dict[str, bytes], tmp_path: Path) -> None:
    folder = write(tmp_path, documents)
    assert check(folder, tree, state) == []
    assert check(folder, tree) == []


def test_what_is_stale_is_named_with_its_cause(tree: ProjectTree, state: State, documents: dict[str, bytes], tmp_path: Path) -> None:
    folder = write(tmp_path, documents)
    newer = dataclasses.replace(state, quarantine={"mojibake": 1})
    assert {stale.why for stale in check(folder, tree, newer)} == {"newer data"}
    other = dataclasses.replace(tree, story={**tree.story, "limits.zh": "- 无"})
    assert {stale.why for stale in check(folder, other, state)} == {"files changed"}
    (folder / "design.zh.md").write_text("edited", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "lineage.en.svg").unlink()
    found = {(stale.name, stale.why) for stale in check(folder, tree, state)}
    assert found == {("design.zh.md", "edited"), ("notes.txt", "not ours"), ("lineage.en.svg", "missing")}
    (folder / INDEX).unlink()
    assert [stale.why for stale in check(folder, tree)] == ["missing"]


def write(folder: Path, documents: dict[str, bytes]) -> Path:
    for name, content in documents.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_project_that_has_only_a_source_yet_gets_its_documents(tree: ProjectTree) -> None:
    bare = dataclasses.replace(
        tree,
        sources={"stores": tree.sources["stores"]},
        models={},
        feeds={},
        reports={},
        glossary={},
        roles=RolesFile(roles={}),
        story={},
    )
    files = generate(bare, languages=["en"])
    assert b"clean.stores" in files["dictionary.en.html"]
    assert "Quality" in files["design.en.md"].decode()


def test_a_score_is_shown_where_there_is_one(tree: ProjectTree, state: State) -> None:
    fault = {"kind": "wan_as_yuan", "planted": 3, "detected": 3, "located": 2, "repaired": 0, "held": 3}
    scored = dataclasses.replace(state, figures=None, score={"faults": [fault], "silently_wrong": 0})
    files = generate(tree, scored, languages=["zh"])
    texts = [text for slide in slide_texts(files["slides.zh.pptx"]) for text in slide]
    assert "植入 3 处错误，发现 3 处；未作说明的错误数字：0" in texts
    assert "| 万元当成元 | 3 | 3 | 2 | 0 | 3 |" in files["design.zh.md"].decode()
