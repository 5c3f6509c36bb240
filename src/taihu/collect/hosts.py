"""Which hosts may be contacted: those that a project lists, and without encryption this machine alone."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Container

from taihu.core.errors import AccessRefused


def require_host(url: str, hosts: Container[str]) -> None:
    """Refuse an address whose host is not on the list, before anything is sent."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or (parts.hostname or "").lower() not in hosts:
        raise AccessRefused(
            "the host is not on the list of those that may be contacted",
            where=f"{parts.scheme}://{parts.hostname}",
            fix="add it to hosts:",
        )


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is the loopback of this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
