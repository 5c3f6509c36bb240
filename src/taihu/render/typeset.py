"""PDF, SVG and PNG from typst templates and data, with the packaged font and nothing of the machine.

The same sources, data and instant give the same bytes in any process. Files are handed to typst in memory, so neither the
working directory nor TMPDIR, locale, time zone or clock can reach the result.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from taihu.core.errors import TerminalError
from taihu.render import theme
from taihu.render.fonts import FALLBACKS, FAMILY, require_glyphs, typst_fonts

_PACKAGED = ("theme.typ", "charts.typ")
_BINARY = (".png", ".jpg", ".pdf")


@lru_cache(maxsize=8)
def packaged(package: str, name: str) -> str:
    """The text of a template that lies beside a package's modules."""
    return resources.files(package).joinpath("typst", name).read_text(encoding="utf-8")


def typeset(
    files: Mapping[str, str | bytes],
    *,
    data: Any = None,
    format: Literal["pdf", "svg", "png"] = "pdf",
    issued_at: dt.datetime | None = None,
    ppi: float = 144,
    accessible: bool = False,
    where: str = "typst",
) -> list[bytes]:
    """Set a document.

    Args:
        files: Typst files by name; ``main.typ`` is the document. ``theme.typ`` and ``charts.typ`` are there already.
        data: Anything that JSON can hold; the document reads it by ``json("data.json")``.
        format: A PDF is one item; SVG and PNG have an item for each page.
        issued_at: The instant that the PDF names as its creation date; never the present.
        ppi: Pixels an inch of PNG.
        accessible: Hold a PDF to PDF/UA-1, so that screen readers can read it; refused without title or alternative texts.
        where: What is being set, for messages.

    Raises:
        MissingGlyph: A text cannot be drawn with the packaged fonts.
        TerminalError: The document has a mistake.
    """
    import typst

    sources: dict[str, bytes] = {name: packaged("taihu.render", name).encode() for name in _PACKAGED}
    sources |= {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    sources["colours.json"] = _json({**theme.named_colours(), "series": list(theme.SERIES), "fonts": [FAMILY, *FALLBACKS]})
    sources["data.json"] = _json(data)
    sources["main"] = sources.pop("main.typ")
    require_glyphs((content.decode() for name, content in sources.items() if not name.endswith(_BINARY)), where=where)
    try:
        made = typst.compile(
            sources,
            font_paths=typst_fonts(),
            format=format,
            ppi=ppi,
            pdf_standards=["ua-1"] if accessible and format == "pdf" else [],
            timestamp=int((issued_at or dt.datetime(2000, 1, 1, tzinfo=dt.UTC)).timestamp()),
        )
    except typst.TypstError as error:
        raise TerminalError(f"the document could not be set: {error.message}", where=where, fix=error.diagnostic) from error
    return list(made) if isinstance(made, list) else [made]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
