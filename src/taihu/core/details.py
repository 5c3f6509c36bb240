"""The detail beside a reason in the reader's language.

A detail is one English sentence that a check or a reader wrote when it met the file; it is stored as it is, so that what was
found stays on record. Here the known sentences are put into words for a report. A sentence that is not known is shown in
English reports as it stands; a Chinese report leaves it out, because the reason's own title already says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from taihu.core.grammar import singular
from taihu.core.types import Lang, Text

_Match = re.Match[str]
_Words = Text | Callable[[_Match], Text]
_ENGLISH = re.compile(r"[A-Za-z]{2,}(?:\s+[A-Za-z]{2,})+|^[A-Za-z ]+$")
_PRICE_FAULTS = {
    "far from the price list": "与价目表相差太远",
    "off by the pack": "相差正好一箱的件数",
}


def detail_in(reason: str, detail: str, lang: Lang) -> str:
    """What a report, a mail or a terminal says beside a reason; empty if the title says it all."""
    said = _said(reason, detail.strip(), lang)
    return said if lang == "zh" else singular(said)


def _said(reason: str, detail: str, lang: Lang) -> str:
    for pattern, words in _SENTENCES:
        match = pattern.fullmatch(detail)
        if match:
            text = words if isinstance(words, Text) else words(match)
            return text.in_(lang)
    if reason == "identical_content" and detail:
        return Text(f"与到件 {detail[:12]} 相同", f"the same as arrival {detail[:12]}").in_(lang)
    return "" if lang == "zh" and _ENGLISH.search(detail) else detail


def _filled(zh: str, en: str) -> Callable[[_Match], Text]:
    """Both sentences with the pattern's named groups filled in."""
    return lambda match: Text(zh.format(**match.groupdict("")), en.format(**match.groupdict("")))


def _scale(match: _Match) -> Text:
    power = int(match["power"])
    times = 10 ** abs(power)
    if power < 0:
        return Text(f"价格约为价目表的 1/{times}", f"prices are about 1/{times:,} of the price list")
    return Text(f"价格约为价目表的 {times} 倍", f"prices are about {times:,} times the price list")


def _total(match: _Match) -> Text:
    what_zh = "行数" if match["what"] == "rows" else f"“{match['what']}”"
    place = _dotted(match["place"])
    return Text(
        f"{place}：{what_zh}写明 {match['stated']}，实为 {match['found']}",
        f"{place}: {match['what']} stated {match['stated']}, found {match['found']}",
    )


def _layout(match: _Match) -> Text:
    lacks, new = match["missing"], match["new"]
    zh = [f"最接近的格式是 {match['layout']}"]
    en = [f"nearest layout is {match['layout']}"]
    if lacks != "nothing":
        zh.append(f"缺少 {_renamed(lacks)}")
        en.append(f"missing {lacks}")
    if new != "nothing":
        zh.append(f"多出 {new.replace(', ', '、')}")
        en.append(f"new {new}")
    return Text("；".join(zh), "; ".join(en))


def _renamed(names: str) -> str:
    return re.sub(r" \(renamed to (.+?)\?\)", r"（或已改名为 \1）", names).replace(", ", "、")


def _control(match: _Match) -> Text:
    names = _dotted(match["totals"])
    return Text(f"没有找到 {names.replace(', ', '、')}", f"not found: {names}")


def _dotted(pattern: str) -> str:
    """The pattern of a control total as people know it: the places of its numbers become dots."""
    return re.sub(r"\{\w+\}", "…", pattern)


def _price(match: _Match) -> Text:
    fault = match["fault"]
    zh = _PRICE_FAULTS.get(fault)
    count = f"{match['rows']}/{match['all']} 行"
    return Text(f"{count}{zh}" if zh else count, f"{match['rows']} of {match['all']} rows: {fault}")


def _same(zh: str, pattern: str) -> tuple[re.Pattern[str], _Words]:
    """A sentence that reads well in English as it is."""
    compiled = re.compile(pattern)
    return compiled, lambda match: Text(zh.format(**match.groupdict("")), match[0])


_SENTENCES: list[tuple[re.Pattern[str], _Words]] = [
    # said by the title already
    (re.compile(r"a login page came instead of a file|the file is empty"), Text("", "")),
    # bytes
    (re.compile(r"the archive cannot be unpacked \(\w+\)"), Text("压缩包解不开", "the archive cannot be unpacked")),
    (re.compile(r"the encrypted file cannot be opened \(\w+\)"), Text("加密文件打不开", "the encrypted file cannot be opened")),
    (re.compile(r"not a readable (?P<kind>\S+) workbook \(\w+\)"), _filled("{kind} 工作簿打不开", "the {kind} workbook cannot be opened")),
    _same("压缩包成员已损坏", r"a member of the archive is damaged"),
    _same("{kind} 文件被截断", r"the (?P<kind>\S+) file is cut off"),
    _same("网页中的表格没有结束", r"a table of the page is not closed"),
    _same("最后一行（{line}）被截断", r"the last line \((?P<line>[^)]+)\) is cut off"),
    _same("第 {line} 行的引号没有结束", r"a quote opened on line (?P<line>\d+) is not closed"),
    _same("约定为 {agreed}，收到 {kind}", r"(?P<kind>\S+) came where (?P<agreed>.+) was agreed"),
    _same("文件仍在写入", r"the file is still being written"),
    _same("展开后超过 {size} 字节", r"it expands to (?:more than )?(?P<size>[\d,]+) bytes"),
    _same("工作表有 {rows} 行、{columns} 列", r"a sheet of (?P<rows>[\d,]+) rows and (?P<columns>[\d,]+) columns"),
    # the process that reads
    _same("{seconds} 秒内未能读完", r"not read within (?P<seconds>[\d.]+) seconds"),
    _same("{size} MB 内存不足以读取", r"not read within (?P<size>[\d,]+) MB of memory"),
    _same("读取程序以 {signal} 结束", r"ended by (?P<signal>\S+(?: \d+)?)(?: in \S+)?"),
    # what was asked for
    _same("{count} 行，约定至少 {least} 行", r"(?P<count>\d+) rows where at least (?P<least>\d+) were agreed"),
    _same("{count} 行，约定至多 {most} 行", r"(?P<count>\d+) rows where at most (?P<most>\d+) were agreed"),
    _same("文件期间为 {found}，所要求的是 {asked}", r"it speaks for (?P<found>\S+) where (?P<asked>\S+) was asked for"),
    _same("文件中没有找到期间，所要求的是 {asked}", r"no period was found where (?P<asked>\S+) was asked for"),
    # archives and mails
    _same("共 {count} 个成员，展开后 {size} 字节", r"(?P<count>[\d,]+) members that expand to (?P<size>[\d,]+) bytes"),
    _same("成员超过 {count} 个", r"more than (?P<count>[\d,]+) members"),
    _same("展开超过 {times} 倍", r"it expands more than (?P<times>\d+) times"),
    _same("压缩流超过 {count} 个", r"more than (?P<count>[\d,]+) compressed streams in one file"),
    _same("压缩包成员互相重叠（疑似压缩炸弹）", r"members of the archive overlap|streams of the saved mail overlap"),
    _same("嵌套超过 {depth} 层", r"(?:archives|mails) are packed more than (?P<depth>\d+) deep"),
    _same("成员同名", r"two members have one name"),
    _same("成员是链接", r"a member is a link"),
    _same("成员是设备文件", r"a member is a device"),
    _same("成员是稀疏文件", r"a member is a sparse file"),
    _same("成员类型不明", r"a member is (?:part of a file|an unknown kind of member)"),
    _same("无法打开 rar 压缩包", r"rar archives cannot be opened"),
    _same("成员的压缩方式无法识别", r"a member is packed with .+"),
    _same("tar 包损坏或不完整", r"the tar archive is damaged or cut off"),
    _same("tar 包的文件头过长", r"a header of the tar archive is too long"),
    _same("winmail.dat 损坏或不完整", r"winmail\.dat is damaged or cut off"),
    (re.compile(r"the saved mail cannot be opened \(.+\)"), Text("保存的邮件打不开", "the saved mail cannot be opened")),
    (re.compile(r"the mail cannot be opened \(\w+\)"), Text("邮件打不开", "the mail cannot be opened")),
    _same("邮件正文损坏", r"the body of the mail is damaged"),
    _same("邮件缺少附件内容", r"an attachment of the mail is missing"),
    _same("邮件有 {size} 字节", r"a mail of (?P<size>[\d,]+) bytes"),
    _same("密码的散列轮数超出 Office 的范围", r"its password asks for more rounds of hashing than any Office"),
    # text and shape
    _same("最先出现在第 {place} 行第 {column} 列", r"first at (?P<place>\d+), column (?P<column>\S+)"),
    _same("最先出现在 {place}，第 {column} 列", r"first at (?P<place>.+), column (?P<column>\S+)"),
    _same("出现在表格之外", r"outside the tables"),
    _same("{count} 处不是有效的 {encoding}", r"(?P<count>\d+) places are not valid (?P<encoding>\S+)"),
    (re.compile(r"nearest layout '(?P<layout>[^']+)', header at .+?: missing (?P<missing>.+?); new (?P<new>.+)"), _layout),
    _same("没有一行像已知的表头（{layouts}）", r"no row resembles the header of any layout \((?P<layouts>.*)\)"),
    (re.compile(r"(?P<place>.+?): (?P<what>[^:]+) stated (?P<stated>\S+), found (?P<found>\S+)"), _total),
    (re.compile(r"not found: (?P<totals>.+)"), _control),
    _same("标题写明 {stated}，约定为 {agreed}", r"a title states (?P<stated>\S+), the layout says (?P<agreed>(?!no )\S+)"),
    _same("标题写明 {stated}，约定中没有单位", r"a title states (?P<stated>\S+), the layout says no unit"),
    _same("标题没有写明约定的单位 {agreed}", r"no title states (?P<agreed>\S+), as the layout says"),
    _same("{count} 个隐藏行：{places}", r"(?P<count>\d+) hidden rows: (?P<places>.+)"),
    _same("略去 {count} 个隐藏行：{places}", r"(?P<count>\d+) hidden rows left out: (?P<places>.+)"),
    _same("隐藏列 {columns}", r"hidden columns: (?P<columns>.+)"),
    _same("略去隐藏的工作表“{sheet}”", r"hidden sheet (?P<sheet>.+) left out"),
    _same("工作表“{sheet}”被隐藏", r"hidden sheet (?P<sheet>.+)"),
    _same("表头中又出现了一整套同样的列", r"every column of the layout stands in the header again"),
    _same("没有符合 {patterns} 的列", r"no header fits (?P<patterns>.+)"),
    _same("既是列名又在表外：{names}", r"both a header and outside the table: (?P<names>.+)"),
    _same(
        "列中的日期没有年份，且由 {before} 倒回 {after}",
        r"the dates of the columns have no year and go back from (?P<before>\S+) to (?P<after>\S+)",
    ),
    _same("{count} 行的字段数与表头不同：{places}", r"(?P<count>\d+) rows with another number of fields than the header: (?P<places>.+)"),
    # pages
    _same("{place}：两段文字重叠在一起", r"(?P<place>page \d+, \d+ points from the top): two texts stand over each other"),
    _same(
        "{place}：文字越过了列的边界", r"(?P<place>page [^:]+): a text (?:crosses the border between two c\w+|runs over several columns)"
    ),
    _same("{place}：一列中有两段文字", r"(?P<place>page [^:]+): two texts stand in one column"),
    _same("{place}：表头与列对不上", r"(?P<place>page [^:]+): (?:(?:a name|several names|names) .+|a column (?:may have|without) .+)"),
    _same("{place}：无法确定这一行文字属于上一行还是下一行", r"(?P<place>page [^:]+): a line (?:is as far|stands|below) .+"),
    _same("{place}：这一行可能从上一页开始", r"(?P<place>page [^:]+): the row may have begun on the page before"),
    _same("{place}：一个格子里有多行数据", r"(?P<place>page [^:]+): a box holds several rows"),
    _same("第 {page} 页是图片，没有文字", r"page (?P<page>\d+) is a picture; there is no text in it"),
    _same("各页都是图片，没有文字", r"its pages are pictures; there is no text in them"),
    _same("第 {page} 页的字体没有说明是哪些字", r"page (?P<page>\d+) uses a font that does not say its characters"),
    _same("列位置不同的几个格式都符合：{names}", r"layouts that part the columns at different places all fit: (?P<names>.+)"),
    _same("与到件 {arrival} 中同一发票的总额不同（{place}）", r"(?P<place>\S+): another total than in arrival (?P<arrival>\S+)"),
    _same("到件 {arrival}", r"arrival (?P<arrival>\S+)"),
    _same("冲销 {number}", r"takes back (?P<number>\d+)"),
    _same("没有写明所冲销的发票", r"names no invoice that it takes back"),
    _same("明细行未读取", r"the lines of goods were not read"),
    _same("{place}，第 {column} 列", r"(?P<place>\S+), column (?P<column>\S+)"),
    # contents
    (re.compile(r"amounts are .+: all prices are about 10\^(?P<power>-?\d+) of the price list"), _scale),
    (
        re.compile(r"amounts look .+: prices are (?P<ratio>[\d.]+) of the sender's usual ones"),
        _filled("价格是该发送方平时的 {ratio} 倍", "prices are {ratio} times this sender's usual ones"),
    ),
    (re.compile(r"(?P<rows>\d+) of (?P<all>\d+) rows: (?P<fault>.+)"), _price),
    _same("文件名写的是 {named}，不是 {others}", r"the file's name says (?P<named>.+), not (?P<others>.+)"),
    _same(
        "{all} 行中有 {rows} 行不平，该方在 {known} 行中通常相差至多 {usual}",
        r"(?P<rows>\d+) of (?P<all>\d+) rows do not add up, usual for this party up to (?P<usual>\S+) in (?P<known>\d+) rows",
    ),
    _same("{all} 行中有 {rows} 行不平", r"(?P<rows>\d+) of (?P<all>\d+) rows do not add up"),
    _same("{day} 与 {earlier} 的 {count} 行完全相同", r"(?P<day>[\d-]+) repeats (?P<earlier>[\d-]+) in all (?P<count>\d+) rows"),
    _same("{count} 行不在 {known} 之内", r"(?P<count>\d+) rows lie outside (?P<known>.+)"),
    _same("{count} 行，该方在此期间不应报数", r"(?P<count>\d+) rows of a party that owes nothing"),
    _same("原有 {before} 行，现为 {after} 行", r"(?P<after>\d+) rows in place of (?P<before>\d+)"),
    _same("{day} 有 {count} 行，平时 {usual} 行", r"(?P<count>\d+) rows for (?P<day>[\d-]+), usually (?P<usual>[\d.]+)"),
    _same("{count} 行，应为 {least} 至 {most} 行", r"(?P<count>\d+) rows, expected (?P<least>\d+) to (?P<most>\d+)"),
    _same(
        "{all} 行中有 {rows} 行被拒，余下的不足以采用",
        r"(?P<rows>\d+) of (?P<all>\d+) rows were refused, too many to use the rest",
    ),
    _same(
        "{all} 行中有 {rows} 行被拒，约定至多 {most}",
        r"(?P<rows>\d+) of (?P<all>\d+) rows were refused, the contract allows (?P<most>[\d.]+ ?%)",
    ),
    _same("与先前的一行重复", r"repeats an earlier row"),
    _same("与同一主键的另一行矛盾", r"contradicts another row of its key"),
    _same("价目表 {table} 为空", r"no price list: (?P<table>\S+) is empty"),
    _same("{count} 行违反规则 {rule}", r"(?P<rule>.+): (?P<count>\d+) rows"),
]
