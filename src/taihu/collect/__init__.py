"""From mailboxes, portals, file drops, databases and web pages to bytes with their provenance; nothing is parsed here."""

from __future__ import annotations

from taihu.collect.connections import Connections
from taihu.collect.interface import Connector, Health, Surroundings
from taihu.collect.registry import connector
from taihu.collect.retry import Patience
from taihu.collect.sidecar import stated_beside

__all__ = ["Connections", "Connector", "Health", "Patience", "Surroundings", "connector", "stated_beside"]
