"""The packaged font: what it covers, how wide it is, and that nothing is drawn without its glyph."""

from __future__ import annotations

import pytest

from taihu.core.errors import TerminalError
from taihu.render.fonts import FALLBACKS, FAMILY, MissingGlyph, face, folder, missing_characters, require_glyphs, spelled_out, typst_fonts
from taihu.render.typeset import typeset


def test_our_table_of_characters_is_the_one_that_a_font_library_reads() -> None:
    tools = pytest.importorskip("fontTools.ttLib")
    with tools.TTFont(folder() / "notosanssc/NotoSansSC[wght].ttf", lazy=True) as font:
        order = font.getReverseGlyphMap()
        expected = {code: order[name] for code, name in font.getBestCmap().items()}
        widths, units = font["hmtx"].metrics, font["head"].unitsPerEm
        own = face()
        assert {code: own.glyph(chr(code)) for code in range(0x30000)} == {code: expected.get(code) for code in range(0x30000)}
        for character in "太湖Ag1%，":
            assert own.width(character) == widths[font.getBestCmap()[ord(character)]][0] / units


def test_every_character_of_gb2312_can_be_drawn() -> None:
    rows = (bytes([high, low]) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    characters = "".join(row.decode("gb2312", "ignore") for row in rows)
    assert len(characters) == 6763
    assert missing_characters([characters]) == []


def test_a_rare_name_is_drawn_from_another_packaged_font() -> None:
    assert face().glyph("𠮷") is None
    assert missing_characters(["𠮷野家"]) == []


def test_a_missing_glyph_is_an_error_that_names_the_character_and_not_the_text() -> None:
    with pytest.raises(MissingGlyph) as caught:
        require_glyphs(["张三 🙂"], where="daily.pdf")
    assert "U+1F642" in str(caught.value)
    assert "daily.pdf" in str(caught.value)
    assert "张三" not in str(caught.value)


def test_typeset_refuses_what_it_could_only_draw_as_a_box() -> None:
    with pytest.raises(MissingGlyph):
        typeset({"main.typ": '#json("data.json").name'}, data={"name": "🙂"})


def test_only_packaged_fonts_are_known_to_typst() -> None:
    assert set(typst_fonts().families()) == {FAMILY, *FALLBACKS}


def test_a_mistake_in_a_document_says_where_it_is() -> None:
    with pytest.raises(TerminalError, match=r"report\.pdf.*unknown variable"):
        typeset({"main.typ": "#no_such_name"}, where="report.pdf")


def test_characters_without_glyph_are_spelled_out() -> None:
    page = {"rows": [["半糖\ufffd", 3, None], ["清楚"]], "title": "\U000f0000"}
    assert spelled_out(page) == {"rows": [["半糖[U+FFFD]", 3, None], ["清楚"]], "title": "[U+F0000]"}
    assert spelled_out(kept := {"title": "清楚"}) is kept
