"""Listings of FTP servers: the machine-readable one (MLSD), and the three ways in which LIST is written for people.

Names stay as they came, one character a byte.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FtpEntry:
    """One entry of a listing.

    Attributes:
        modified_at: Time of the last change; from LIST only as exact as it is written, and in the server's own zone.
        said: The size and time as the line has them: unchanged as long as the line is.
    """

    name: str
    size: int
    is_folder: bool
    modified_at: dt.datetime | None
    said: str


_UNIX = re.compile(
    r"(?P<kind>[-dlbcps])[-rwxsStTlL]{9}[.+@]?\s+\d+\s+\S+\s+(?:\S+\s+)?(?P<size>\d+)\s+"
    r"(?P<time>(?:[A-Za-z]{3}\s+\d{1,2}|\d{1,2}\s+[A-Za-z]{3}|\d{4}-\d\d-\d\d)\s+(?:\d{1,2}:\d\d(?::\d\d)?|\d{4}))\s(?P<name>.+)"
)
_DOS = re.compile(r"(?P<time>\d\d-\d\d-\d\d(?:\d\d)?\s+\d\d:\d\d(?:[AP]M)?)\s+(?P<size><DIR>|[\d,]+)\s+(?P<name>.+)")
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}


def from_mlsd(lines: Iterable[str]) -> list[FtpEntry]:
    """Entries of MLSD (RFC 3659): facts, a blank, the name."""
    found = []
    for line in lines:
        facts_text, _, name = line.partition(" ")
        facts = {key.lower(): value for key, _, value in (fact.partition("=") for fact in facts_text.split(";")) if key}
        kind = facts.get("type", "file").lower()
        if kind not in ("file", "dir") or name in ("", ".", ".."):
            continue
        modify = facts.get("modify", "")
        found.append(FtpEntry(name.rsplit("/", 1)[-1], int(facts.get("size") or 0), kind == "dir", _stamp(modify), modify))
    return found


def from_list(lines: Iterable[str]) -> list[FtpEntry]:
    """Entries of LIST as Unix and Windows servers write it; links and lines that are no entries are left out."""
    found = []
    for line in lines:
        entry = _unix(line) or _dos(line)
        if entry is not None and entry.name not in (".", ".."):
            found.append(entry)
    return found


def _stamp(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _unix(line: str) -> FtpEntry | None:
    match = _UNIX.fullmatch(line)
    if match is None or match["kind"] not in "-d":
        return None
    return FtpEntry(match["name"], int(match["size"]), match["kind"] == "d", _people_time(match["time"]), match["time"])


def _people_time(text: str) -> dt.datetime | None:
    """A time as ``ls`` writes it, if it has a year; without one nobody knows which clock decided that it is recent."""
    words = text.split()
    try:
        if "-" in words[0]:
            return dt.datetime.fromisoformat(f"{words[0]} {words[1]}").replace(tzinfo=dt.UTC)
        if ":" in words[2]:
            return None
        month, day = (words[0], words[1]) if words[1].isdecimal() else (words[1], words[0])
        return dt.datetime(int(words[2]), _MONTHS[month.lower()], int(day), tzinfo=dt.UTC)
    except (ValueError, KeyError, IndexError):
        return None


def _dos(line: str) -> FtpEntry | None:
    match = _DOS.fullmatch(line)
    if match is None:
        return None
    date, _, time = match["time"].partition(" ")
    at = None
    for form in ("%m-%d-%y %I:%M%p", "%m-%d-%Y %I:%M%p", "%m-%d-%y %H:%M", "%m-%d-%Y %H:%M"):
        try:
            at = dt.datetime.strptime(f"{date} {time.strip()}", form).replace(tzinfo=dt.UTC)
            break
        except ValueError:
            continue
    is_folder = match["size"] == "<DIR>"
    return FtpEntry(match["name"], 0 if is_folder else int(match["size"].replace(",", "")), is_folder, at, match["time"])
