"""A small writer of OLE compound files (MS-CFB), and of Outlook's ``.msg`` (MS-OXMSG) with it.

Version 3, 512-byte sectors; streams under 4,096 bytes live in the mini stream, as readers demand. Directory entries of a storage are
chained to the right in the order that the format asks for (length of the name, then the name), which is a valid, if tall, tree.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, field

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD

Tree = dict[str, "bytes | Tree"]


def compound_file(tree: Tree) -> bytes:
    """The bytes of a compound file with these storages (mappings) and streams (bytes)."""
    entries: list[dict[str, object]] = []

    def add(name: str, content: bytes | Tree | None) -> int:
        entries.append({"name": name, "content": content, "child": FREE, "right": FREE, "kind": 2 if isinstance(content, bytes) else 1})
        return len(entries) - 1

    def fill(number: int, content: Tree) -> None:
        names = sorted(content, key=lambda name: (len(name.encode("utf-16-le")), name.upper()))
        numbers = [add(name, content[name]) for name in names]
        entries[number]["child"] = numbers[0] if numbers else FREE
        for left, right in itertools.pairwise(numbers):
            entries[left]["right"] = right
        for each in numbers:
            inner = entries[each]["content"]
            if isinstance(inner, dict):
                fill(each, inner)

    root = add("Root Entry", None)
    entries[root]["kind"] = 5
    fill(root, tree)
    body, fat = bytearray(), []

    def chain(content: bytes) -> int:
        if not content:
            return END
        first = len(fat)
        count = -(-len(content) // SECTOR)
        body.extend(content.ljust(count * SECTOR, b"\0"))
        fat.extend([first + n + 1 for n in range(count - 1)] + [END])
        return first

    mini, mini_fat = bytearray(), []
    for entry in entries:
        content = entry["content"]
        if not isinstance(content, bytes):
            continue
        entry["size"] = len(content)
        if len(content) >= CUTOFF or not content:
            entry["start"] = chain(content)
            continue
        entry["start"] = first = len(mini_fat)
        count = -(-len(content) // MINI)
        mini.extend(content.ljust(count * MINI, b"\0"))
        mini_fat.extend([first + n + 1 for n in range(count - 1)] + [END])
    entries[root]["start"], entries[root]["size"] = chain(bytes(mini)), len(mini)
    mini_table = b"".join(struct.pack("<L", number) for number in mini_fat)
    mini_start = chain(mini_table + struct.pack("<L", FREE) * (-len(mini_fat) % 128))
    directory = b"".join(_entry(entry) for entry in entries)
    directory += _entry({"name": "", "kind": 0}) * (-len(entries) % 4)
    directory_start = chain(directory)
    tables = 1
    while tables * 128 < len(fat) + tables:
        tables += 1
    assert tables <= 109
    first_table = len(fat)
    fat.extend([FAT_SECTOR] * tables)
    fat.extend([FREE] * (tables * 128 - len(fat)))
    body.extend(b"".join(struct.pack("<L", number) for number in fat))
    places = [first_table + n for n in range(tables)] + [FREE] * (109 - tables)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<LLLLLLLLL", 0, tables, directory_start, 0, CUTOFF, mini_start, -(-len(mini_fat) // 128), END, 0)
    return header + struct.pack("<109L", *places) + bytes(body)


def _entry(entry: dict[str, object]) -> bytes:
    name = str(entry["name"]).encode("utf-16-le")
    packed = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2 if name else 0, int(str(entry["kind"])), 1)
    packed += struct.pack("<LLL", FREE, int(str(entry.get("right", FREE))), int(str(entry.get("child", FREE))))
    start = entry.get("start", 0 if entry["kind"] == 1 else END)
    return packed + bytes(36) + struct.pack("<LQ", int(str(start)), int(str(entry.get("size", 0))))


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
