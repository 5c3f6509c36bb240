"""Puts the tables of many files together: one layout per header, one source per meaning.

File names are no evidence of a layout, only the header is. Layouts whose columns play the same parts are one source in several
senders' words, unless they name different platforms or their texts are encoded differently: two payment apps are two sources.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taihu.project.onboard.around import arrangements, labels_of
from taihu.project.onboard.layouts import fingerprint, names_of
from taihu.project.onboard.looking import FileTable
from taihu.project.onboard.words import Term, english_of, header_key
from taihu.read.grid import plain

_PLATFORMS = {
    "alipay": "支付宝|alipay|蚂蚁",
    "wechat": "微信|wechat|weixin|财付通",
    "tmall": "天猫|tmall|淘宝|taobao",
    "jd": "京东|(?<![a-z])jd(?![a-z])",
    "pinduoduo": "拼多多|pdd|pinduoduo",
    "douyin": "抖音|douyin",
    "meituan": "美团|meituan",
    "eleme": "饿了么|eleme",
    "icbc": "工商银行|工行|icbc",
    "boc": "中国银行|中行|(?<![a-z])boc(?![a-z])",
    "cmb": "招商银行|招行|(?<![a-z])cmb(?![a-z])",
    "ccb": "建设银行|建行|(?<![a-z])ccb(?![a-z])",
    "abc": "农业银行|农行",
    "citic": "中信|citic",
    "hxsec": "华西证券|华兴证券|hxsec",
}
_SAME_LAYOUT = 0.75
_SAME_MEANING = 0.65
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}\d{2,}(?![A-Za-z0-9])")
_EXTRA = re.compile(r"[\s_\-.()（）\[\]【】~至到]+")
_PLAIN_SHEET = re.compile(r"(?:sheet|工作表|表|table)\s*\d*", re.IGNORECASE)


@dataclass(slots=True)
class Shape:
    """Tables of one layout."""

    seen: list[FileTable]
    terms: dict[str, Term]
    arranged: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.seen[0].kind

    @property
    def parts(self) -> dict[str, str]:
        """The part that each column plays (else its name), to its header; the first one where two play the same."""
        found: dict[str, str] = {}
        for header in self.terms:
            found.setdefault(part_of(header, self.terms[header]), header)
        return found

    @property
    def encoding(self) -> str | None:
        return self.seen[0].encoding

    @property
    def delimiter(self) -> str | None:
        dialect = self.seen[0].dialect
        return None if dialect is None or dialect.columns_at else dialect.delimiter


@dataclass(slots=True)
class Group:
    """Layouts of one meaning: one source."""

    shapes: list[Shape] = field(default_factory=list)

    @property
    def seen(self) -> list[FileTable]:
        return [one for shape in self.shapes for one in shape.seen]

    @property
    def paths(self) -> list[Path]:
        return list(dict.fromkeys(one.path for one in self.seen))


def part_of(header: str, term: Term) -> str:
    return term.role or term.key or plain(header)


def group(seen: Sequence[FileTable], terms: Mapping[str, Term]) -> list[Group]:
    """Sources in the order in which their first files were met.

    Args:
        seen: All tables.
        terms: What is known of every header.
    """
    shapes: list[Shape] = []
    for one, arranged in zip(seen, arrangements(seen, fingerprint), strict=True):
        known = next((shape for shape in shapes if shape.arranged == arranged and _same_layout(shape, one, terms)), None)
        if known is None:
            shapes.append(Shape([one], {header: terms[header] for header in names_of(one)}, arranged))
        else:
            known.seen.append(one)
            known.terms.update({header: terms[header] for header in names_of(one)})
    groups: list[Group] = []
    for shape in shapes:
        fit = next((group for group in groups if _same_source(group, shape)), None)
        if fit is None:
            groups.append(Group([shape]))
        else:
            fit.shapes.append(shape)
    return groups


def _same_layout(shape: Shape, one: FileTable, terms: Mapping[str, Term]) -> bool:
    """The same header, or one with columns more or less whose other names are the same."""
    first = shape.seen[0]
    if (first.kind, first.encoding) != (one.kind, one.encoding):
        return False
    if first.dialect and one.dialect and first.dialect.delimiter != one.dialect.delimiter:
        return False
    if first.header and one.header and first.header.last - first.header.first != one.header.last - one.header.first:
        return False
    mine, other = fingerprint(first), fingerprint(one)
    if labels_of(first).keys() != labels_of(one).keys():
        return False
    if mine == other:
        return True
    if len(mine & other) < _SAME_LAYOUT * len(mine | other) or _platforms_differ(first, one):
        return False
    # A column under another name is another layout; a column more is not.
    apart = [
        {part_of(name, terms[name]) for name in names_of(seen) if plain(name) not in common}
        for seen, common in ((first, other), (one, mine))
    ]
    return not apart[0] & apart[1]


def _same_source(group: Group, shape: Shape) -> bool:
    first = group.shapes[0]
    if any(one.arranged != shape.arranged or _platforms_differ(one.seen[0], shape.seen[0]) for one in group.shapes):
        return False
    typed = {"typed", "invoice", "pdf"}
    if (first.kind in typed or shape.kind in typed) and first.kind != shape.kind:
        return False
    labels = [set(labels_of(one.seen[0])) for one in (*group.shapes, shape)]
    if labels[-1] and any(known and not known & labels[-1] for known in labels[:-1]):
        return False  # 门店：… above the one, 经销商：… above the other
    # One header, and labels around it in one of them only: no layout could tell which of them a file is.
    if any(_is_unclear(one.seen[0], shape.seen[0]) for one in group.shapes):
        return False
    texts = [one for one in (*group.shapes, shape) if one.kind in ("csv", "html")]
    if len({one.encoding for one in texts}) > 1 or len({one.delimiter for one in texts if one.kind == "csv"}) > 1:
        return False
    mine, other = set(first.parts), set(shape.parts)
    decisive = {"day", "amount", "quantity", "document", "closing", "price", "from", "income", "store", "party"}
    if (mine & decisive) ^ (other & decisive):
        return False
    known = {part for part in mine & other if not any("\u4e00" <= char <= "\u9fff" for char in part)}
    return len(known) >= 3 and len(mine & other) >= _SAME_MEANING * len(mine | other)


def _is_unclear(one: FileTable, other: FileTable) -> bool:
    return fingerprint(one) == fingerprint(other) and labels_of(one).keys() != labels_of(other).keys()


def _platforms_differ(one: FileTable, other: FileTable) -> bool:
    mine, others = platforms(one), platforms(other)
    if mine and others:
        return mine != others
    return bool(mine or others) and skeleton(one.path.stem) != skeleton(other.path.stem)


def platforms(seen: FileTable) -> frozenset[str]:
    """Platforms and banks that the file's name or the lines above its table name."""
    above = [] if seen.grid is None or seen.header is None else seen.grid.rows[: seen.header.first]
    text = header_key(" ".join([seen.path.name, seen.member, *(cell for row in above for cell in row if cell)])).replace("-", " ")
    return frozenset(name for name, words in _PLATFORMS.items() if re.search(words, text))


# names -----------------------------------------------------------------------------------------------------------------------


def skeleton(stem: str) -> str:
    """A file's name without dates, numbers and codes of parties."""
    bare = re.sub(r"\d+(?:[年月日号]|Q\d)?", " ", _CODE.sub(" ", stem))
    return _EXTRA.sub(" ", bare).strip()


# A title is no line of labels, no count and no sentence of a notice.
_SENTENCE = re.compile(r"[:：;；。，！？]|共\s*\d|\d\s*[笔条行]")


def title_of(seen: Sequence[FileTable]) -> tuple[str, str, str]:
    """Chinese title, English title and a name for a source, from file names, lines above the tables and sheet names."""
    stems = _most(skeleton(one.path.stem) for one in seen)
    heads = _most(_head(one) for one in seen)
    sheets = _most(skeleton(one.table.name) for one in seen if one.kind == "excel" and not _PLAIN_SHEET.fullmatch(one.table.name))
    chinese = next((text for text in (stems, heads, sheets) if _is_chinese(text)), "")
    words = next((english for least in (2 / 3, 0.0) for text in (chinese, heads, sheets) if (english := english_of(text, least))), "")
    latin = english_of(stems) if stems.isascii() and stems else ""
    name = latin or words
    english = (words or latin or "New source").replace("_", " ").capitalize()
    return chinese or stems or english, english, name


def _most(texts: Iterable[str]) -> str:
    counts = Counter(text for text in texts if text)
    return counts.most_common(1)[0][0] if counts else ""


def _is_chinese(text: str) -> bool:
    return sum("\u4e00" <= char <= "\u9fff" for char in text) >= 2


def _head(seen: FileTable) -> str:
    """The title above a table: the first line of one cell, without what names its sender or its period."""
    if seen.grid is None or seen.header is None:
        return ""
    for row in seen.grid.rows[: seen.header.first]:
        cells = [cell for cell in row if cell]
        if len(cells) == 1 and 2 <= len(cells[0]) <= 40 and not _SENTENCE.search(cells[0]):
            text = re.sub(r"[\u4e00-\u9fff()（）]{2,30}?公司", " ", cells[0].lstrip("#*-= "))
            bare = skeleton(re.sub(r"[(（].*?[)）]", "", text))
            if bare:
                return bare
    return ""
