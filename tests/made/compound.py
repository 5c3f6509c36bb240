"""A small writer of OLE compound files (MS-CFB), and of Outlook's ``.msg`` (MS-OXMSG) with it.

Version 3, 512-byte sectors; streams under 4,096 bytes live in the mini stream, as readers demand. Directory entries of a storage are a
balanced tree in the order that the format asks for (length of the name, then the name).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Tree = dict[str, "bytes | Tree"]


@dataclass
class _Entry:
    """One entry of the directory."""

    name: str
    kind: int
    content: bytes = b""
    left: int = FREE
    right: int = FREE
    child: int = FREE
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        packed = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2 if name else 0, self.kind, 1)
        return packed + struct.pack("<LLL", self.left, self.right, self.child) + bytes(36) + struct.pack("<LQ", self.start, self.size)


class _Sectors:
    """Sectors of one size in chains, with the table that links them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.body = bytearray()
        self.table: list[int] = []

    def chain(self, content: bytes) -> int:
        if not content:
            return END
        first, count = len(self.table), -(-len(content) // self.size)
        self.body.extend(content.ljust(count * self.size, b"\0"))
        self.table.extend([first + n + 1 for n in range(count - 1)] + [END])
        return first


def compound_file(tree: Tree) -> bytes:
    """The bytes of a compound file with these storages (mappings) and streams (bytes)."""
    entries = [_Entry("Root Entry", 5)]
    _fill(entries, 0, tree)
    large, mini = _Sectors(SECTOR), _Sectors(MINI)
    for entry in entries:
        if entry.kind == 2:
            entry.start = (large if len(entry.content) >= CUTOFF else mini).chain(entry.content)
            entry.size = len(entry.content)
    entries[0].start, entries[0].size = large.chain(bytes(mini.body)), len(mini.body)
    mini_start = large.chain(struct.pack(f"<{len(mini.table)}L", *mini.table) + struct.pack("<L", FREE) * (-len(mini.table) % 128))
    directory = b"".join(entry.packed() for entry in entries) + _Entry("", 0).packed() * (-len(entries) % 4)
    directory_start = large.chain(directory)
    tables = 1
    while tables * 128 < len(large.table) + tables:
        tables += 1
    assert tables <= 109
    first_table = len(large.table)
    large.table.extend([FAT_SECTOR] * tables)
    large.table.extend([FREE] * (tables * 128 - len(large.table)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLL", 0, tables, directory_start, 0, CUTOFF, mini_start, -(-len(mini.table) // 128), END, 0)
    header += struct.pack("<109L", *(first_table + n if n < tables else FREE for n in range(109)))
    return header + bytes(large.body) + struct.pack(f"<{tables * 128}L", *large.table)


def _fill(entries: list[_Entry], number: int, tree: Tree) -> None:
    numbers = []
    for name in sorted(tree, key=lambda name: (len(name.encode("utf-16-le")), name.upper())):
        content = tree[name]
        numbers.append(len(entries))
        entries.append(_Entry(name, 2, content) if isinstance(content, bytes) else _Entry(name, 1))
        if isinstance(content, dict):
            _fill(entries, numbers[-1], content)
    entries[number].child = _balanced(entries, numbers)


def _balanced(entries: list[_Entry], numbers: list[int]) -> int:
    if not numbers:
        return FREE
    middle = len(numbers) // 2
    entries[numbers[middle]].left = _balanced(entries, numbers[:middle])
    entries[numbers[middle]].right = _balanced(entries, numbers[middle + 1 :])
    return numbers[middle]


@dataclass
class Attachment:
    """One attachment of a mail; ``content`` is bytes, or a :class:`Message` for a mail within the mail."""

    name: str
    content: bytes | Message
    display: str = ""
    mime: str = ""


@dataclass
class Message:
    """A mail as Outlook saves it."""

    subject: str
    attachments: list[Attachment] = field(default_factory=list)
    html: bytes = b""
    text: str = ""
    rtf: bytes = b""
    page: int = 936
    unicode: bool = True

    def tree(self, *, header: int = 32) -> Tree:
        tree: Tree = {
            "__properties_version1.0": _properties(header, {0x3FFD: self.page, 0x3FDE: self.page}),
            "__nameid_version1.0": {"__substg1.0_00020102": b"", "__substg1.0_00030102": b"", "__substg1.0_00040102": b""},
            **self._text(0x0037, self.subject),
            **self._text(0x1000, self.text),
        }
        if self.html:
            tree["__substg1.0_10130102"] = self.html
        if self.rtf:
            tree["__substg1.0_10090102"] = self.rtf
        for number, each in enumerate(self.attachments):
            tree[f"__attach_version1.0_#{number:08X}"] = self._attachment(each)
        return tree

    def _attachment(self, each: Attachment) -> Tree:
        inner: Tree = {**self._text(0x3707, each.name), **self._text(0x3001, each.display), **self._text(0x370E, each.mime)}
        if isinstance(each.content, Message):
            inner["__properties_version1.0"] = _properties(8, {0x3705: 5})
            inner["__substg1.0_3701000D"] = each.content.tree(header=24)
        else:
            inner["__properties_version1.0"] = _properties(8, {0x3705: 1})
            inner["__substg1.0_37010102"] = each.content
        return inner

    def _text(self, key: int, value: str) -> Tree:
        if not value:
            return {}
        if self.unicode:
            return {f"__substg1.0_{key:04X}001F": value.encode("utf-16-le")}
        return {f"__substg1.0_{key:04X}001E": value.encode({936: "gbk", 950: "big5", 65001: "utf-8"}[self.page])}


def msg_file(message: Message) -> bytes:
    """A ``.msg`` file."""
    return compound_file(message.tree())


def _properties(header: int, numbers: dict[int, int]) -> bytes:
    return bytes(header) + b"".join(struct.pack("<HHLLL", 3, key, 6, value, 0) for key, value in numbers.items())
