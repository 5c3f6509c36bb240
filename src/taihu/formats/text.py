"""From bytes to text, for senders who never say which encoding they use.

Popular detectors fail on the everyday Chinese file: twenty kilobytes of ASCII with two words of GBK. So this is a ladder
of proofs before a judgement: a byte order mark, the zero bytes of UTF-16, strict UTF-8, and only then a comparison of
what the text would look like in each of a short list of encodings.
"""

from __future__ import annotations

import codecs
import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

REPLACEMENT = "\ufffd"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# Labels that senders write, and the superset that really decodes what they send.
_SUPERSETS = {
    "gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "euc-cn": "gb18030",
    "x-gbk": "gb18030", "chinese": "gb18030", "gb18030-2000": "gb18030", "gb18030-2022": "gb18030", "ansi": "gb18030",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cp950": "big5hkscs", "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "utf8": "utf-8", "iso-8859-1": "cp1252", "us-ascii": "ascii",
}  # fmt: skip

# The characters that fill Chinese business files, simplified and traditional: a few of them decide a short text.
_EVERYDAY = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"
    "额税销售订货款价格编码名称客户商品数量单位箱瓶袋件支付收入支出宝微店仓库区域省份合计小计总备注日期时间地址电话手机号码经销商终端门店退货含未"
    "京海津渝苏浙杭宁武汉川贵云桂粤闽湘鄂豫鲁晋陕甘疆蒙藏港澳台湾深圳香岛龙张王李赵刘陈杨黄周吴徐孙马朱胡郭林罗梁宋郑谢唐冯董程曹邓许沈彭吕卢蒋蔡贾丁魏薛叶余潘杜夏钟汪姜范姚谭"
    "票账折扣税率余额赠库存港初末已发货支付红超租费薪退雄灣陳劉張黃吳許鄭謝馮鄧盧蔣葉鍾譚龍島轉帳贈門市費資運庫餘際團體購買貿廠檔聯絡東廣"
    "額稅銷訂貨價編碼稱戶數單箱瓶倉庫區總備註時間電話號經門還這來個們國會後對動發進種過開關線長業產東車無與為當點應實現體學頭實處從請說話語"
)
# The replacement character itself, and its four bytes of GB18030 read as Latin.
_GARBLED = re.compile("锟斤拷|烫烫烫|屯屯屯|\ufffd|[„\x84]1¤7")
# The mark of UTF-8 at the beginning of a text, with one byte damaged.
_BROKEN_MARK = re.compile("ï»|ï.¿|.»¿")
# The first, frequent half of GB 2312.
_LEVEL_ONE = b"".join(bytes((lead, trail)) for lead in range(0xB0, 0xD8) for trail in range(0xA1, 0xFF)).decode("gb2312", errors="ignore")
# What a text must hold to be garbled, in the syntax of RE2. UTF-8 read as GBK gives characters of the other half at least twice in six
# bytes, because its first bytes are theirs; what is neither everyday nor frequent stands in every other kind of garbled text as well.
UNUSUAL = f"[^\\x00-\\x7f{''.join(sorted(_EVERYDAY.union(_LEVEL_ONE)))}]|烫烫烫|屯屯屯"
_MARKS = ("锟斤拷", "烫烫烫", "屯屯屯", "\ufffd", "1¤7")
_CP1252 = frozenset("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")
_UNDEFINED = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
_SCORED = re.compile("[^\x01\x09-\x0d\x1a\x1c-\x7f]")
_SCORED_CHARS = 400
# So much of a large text tells its encoding, from the first line on that is not plain ASCII.
_HEAD = 1 << 20
_UNTYPED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x19\x1b-\x1f\x7f]|^\n")
_LONG = re.compile("[\u0800-\U0010ffff]")
_WIDE = re.compile("[^\x00-\x7f]")
_ACCENTED = re.compile("(?<![^\x00-\x7f])[À-ÿ](?=[a-z])|(?<=[a-z])[À-ÿ](?![^\x00-\x7f])")
_WIDE_RUN = re.compile("[\x80-\U0010ffff]{3,200}")
_WIDE_BYTE = re.compile(rb"[\x80-\xff]")
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding that it was read in and how many bytes or sequences had to be replaced."""

    text: str
    encoding: str
    replaced: int


def codec_name(label: str) -> str | None:
    """The codec that really decodes what senders label so: ``gb2312`` means GB18030. None when nobody knows the label."""
    name = label.strip().strip("\"'").lower()
    name = _SUPERSETS.get(name, _SUPERSETS.get(name.replace("_", "-"), name))
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Python also has codecs that are no character sets (hex, rot13) and some that mean something else (idna, unicode_escape).
    return name if getattr(codec, "_is_text_encoding", True) and codec.name not in _NO_CHARSETS else None


def decode(content: bytes, declared: str | None = None) -> Decoded:
    """Decode ``content``: a byte order mark first, then the declared encoding, then the ladder.

    A declared encoding is obeyed unless the bytes prove it wrong: text that is valid UTF-8 and garbled in the declared
    one is read as UTF-8. Replaced sequences are counted, never hidden.

    Args:
        content: Bytes of a text.
        declared: What the contract says; labels such as ``gb2312`` mean their superset.
    """
    for bom, name in _BOMS:
        if content.startswith(bom):
            body = content[len(bom) :] if name == "gb18030" else content
            return _counted(body, name)
    if declared:
        return _declared(content, codec_name(declared) or "utf-8")
    zeros = utf16_by_zeros(content)
    if zeros:
        return _counted(content, zeros)
    if content.isascii():
        return _wide_ascii(content) or Decoded(content.decode("ascii"), "ascii", 0)
    strict = _strict_utf8(content)
    if strict is None:
        return _judged(content)
    # A single GBK word such as 支票 happens to be valid UTF-8 as well, but only ever as two-byte characters.
    if not _LONG.search(strict.text):
        judged = _judged(content)
        is_misread = _score(judged.text) >= 2 and _score(strict.text) < 0 and _european(strict.text) <= 0
        return judged if is_misread else strict
    return strict


def garbled(text: str) -> str:
    """The first piece of garbled text (乱码), or an empty text.

    Besides replacement characters and 锟斤拷 this finds text that was read in a wrong encoding before it came here: written
    back in GBK or Latin-1, it is sound UTF-8 or GBK that looks much more like something people write.
    """
    if text.isascii():
        return ""
    match = _BROKEN_MARK.match(text) or (_GARBLED.search(text) if any(mark in text for mark in _MARKS) else None)
    if match:
        before, after = text[: match.start()].rpartition("\n")[2], text[match.end() :].partition("\n")[0]
        return f"{before[-3:]}{match[0]}{after[:3]}".strip()
    for run in dict.fromkeys(_WIDE_RUN.findall(text)):
        if _misread(run):
            return str(run[:12])
    return ""


def _misread(run: str) -> bool:
    before = _score(run)
    if run.isprintable() and before >= 2.5:
        return False
    narrow = all(char <= "\xff" or char in _CP1252 for char in run)
    wrong, right = (("cp1252", "latin-1"), ("utf-8", "gb18030")) if narrow else (("gb18030",), ("utf-8",))
    for codec in wrong:
        content = run.encode(codec, errors="ignore")
        for truth in right:
            after = content.decode(truth, errors="ignore")
            kept = len(after.encode(truth, errors="ignore"))
            wide = sum(char > "\u2fff" for char in after)
            if wide >= 2 and kept >= 0.75 * len(run.encode(codec, errors="replace")) and _score(after) >= max(1.0, before + 0.6):
                return True
    return False


def _counted(content: bytes, name: str) -> Decoded:
    try:
        text = content.decode(name)
        # Bytes that Shift-JIS does not define are given characters nonetheless.
        return Decoded(text, name, len(_UNDEFINED.findall(text)) if name == "cp932" else 0)
    except UnicodeDecodeError:
        text = content.decode(name, errors="replace")
        before = 0 if name.startswith("utf-8") is False else content.count(b"\xef\xbf\xbd")
        return Decoded(text, name, max(1, text.count(REPLACEMENT) - before))


def _declared(content: bytes, name: str) -> Decoded:
    decoded = _counted(content, name)
    if name.startswith(("utf-8", "utf-16")) or content.isascii():
        return decoded
    strict = _strict_utf8(content)
    if strict is None or strict.replaced:
        return decoded
    wrong = decoded.replaced or garbled(decoded.text)
    return strict if wrong and _score(strict.text) > _score(decoded.text) else decoded


def _wide_ascii(content: bytes) -> Decoded | None:
    """UTF-16 of Chinese words whose bytes all happen to be ASCII (期初): control characters that no text has give it away."""
    if len(content) % 2 or len(content) > 4096 or not _UNTYPED.search(content):
        return None
    best = max((_counted(content, name) for name in ("utf-16-le", "utf-16-be")), key=lambda decoded: _score(decoded.text))
    return best if not best.replaced and _score(best.text) >= 2 else None


def utf16_by_zeros(content: bytes) -> str | None:
    """UTF-16 without a mark, by the zero bytes that ASCII characters have on one side; None if it is something else.

    Characters such as 一 (U+4E00) have theirs on the other side, so what tells is which reading gives text: few bytes of a binary
    file are pairs that make assigned, printable characters.
    """
    head = content[:4096]
    head = head[: len(head) // 2 * 2]
    if len(head) < 4 or 0 not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) <= len(head) // 2 * 0.02 or max(even, odd) < 2 * min(even, odd):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = head.decode(name, errors="replace")
    strange = sum(1 for char in text[:-1] if not char.isprintable() and not char.isspace() and char not in "\x01\x1a\x1c\x1d\x1e\x1f")
    strange += text[:-1].count(REPLACEMENT)
    return name if strange <= len(text) // 100 else None


def _strict_utf8(content: bytes) -> Decoded | None:
    """UTF-8 where it is proven: all sequences valid, or all but a tail that was cut off or one damaged place."""
    try:
        return Decoded(content.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError as error:
        if (
            error.start >= len(content) - 3
            and error.reason == "unexpected end of data"
            and len(_LONG.findall(content[: error.start].decode())) > 2
        ):
            return _counted(content, "utf-8")
        head = content[:_HEAD]
        if len(content) > len(head) and _strict_utf8(head) is None:
            return None
        text = content.decode("utf-8", errors="replace")
        bad = text.count(REPLACEMENT)
        wide = len(_LONG.findall(text)) - bad
        return Decoded(text, "utf-8", bad) if wide >= 12 * bad else None


def _judged(content: bytes) -> Decoded:
    """The text in the encoding of the short list in which it looks most like one."""
    if len(content) <= 2 * _HEAD:
        return _likeliest(content)
    first = _WIDE_BYTE.search(content)
    start = content.rfind(b"\n", 0, first.start()) if first else 0
    # Pairs of bytes stay pairs.
    start = start // 2 * 2 if start > 0 else 0
    return _counted(content, _likeliest(content[start : start + _HEAD]).encoding)


def _likeliest(content: bytes) -> Decoded:
    candidates: list[tuple[float, int, Decoded]] = []
    for rank, name in enumerate(("gb18030", "big5hkscs", "cp932", "utf-16-le", "utf-16-be")):
        if name.startswith("utf-16") and len(content) % 2:
            continue
        decoded = _counted(content, name)
        candidates.append((_score(decoded.text) - 4.0 * decoded.replaced / max(1, len(content)) * 20, -rank, decoded))
    latin = _counted(content, "cp1252")
    candidates.append((_european(latin.text) - 80.0 * latin.replaced / max(1, len(content)), -9, latin))
    best = max(candidates, key=lambda candidate: candidate[:2])
    return best[2]


def _european(text: str) -> float:
    """How much the text looks European: accented letters stand alone among ASCII letters, never side by side."""
    wide = len(_WIDE.findall(text))
    return 2.5 * len(_ACCENTED.findall(text)) / wide - 1.0 if wide else 0.0


def _score(text: str) -> float:
    """How much the non-ASCII characters look like a text that somebody wrote, per character, between about -3 and 3.

    The first few hundred of them decide, so that a file of megabytes costs no more than a page.
    """
    wide = [match.group() for match in itertools.islice(_SCORED.finditer(text), _SCORED_CHARS)]
    return sum(map(_char_score, wide)) / len(wide) if wide else 0.0


@lru_cache(maxsize=16384)
def _char_score(char: str) -> float:
    if char < "\x80":
        return -3.0
    if char in _EVERYDAY:
        return 3.0
    if "\u3001" <= char <= "\u301b" or "\uff01" <= char <= "\uff5e" or char in "￥¥·—…“”‘’×":
        return 1.5
    if "\u3041" <= char <= "\u30fe":
        return 1.2
    if "\u4e00" <= char <= "\u9fff":
        return 1.0 if _is_level_one(char) else -0.8
    if "\uac00" <= char <= "\ud7a3":
        return 0.3
    return -3.0 if char == REPLACEMENT or "\ue000" <= char <= "\uf8ff" or char > "\uffff" else -1.5


def _is_level_one(char: str) -> bool:
    """In the first, frequent half of GB 2312 or of Big5."""
    try:
        lead = char.encode("gb2312")[0]
    except UnicodeEncodeError:
        pass
    else:
        if 0xB0 <= lead <= 0xD7:
            return True
    try:
        return 0xA4 <= char.encode("big5")[0] <= 0xC6
    except UnicodeEncodeError:
        return False
