"""Where in the project a part of a model stands."""

from __future__ import annotations

from typing import Any

from taihu.manifest.tree import Model


def place_of(model: Model, node: Any) -> str:
    """``file:line`` of a node of a model's parsed statement."""
    from sqlglot import exp

    for item in node.walk() if isinstance(node, exp.Expression) else ():
        line = item.meta.get("line")
        if line:
            return f"{model.path}:{model.sql_line + int(line) - 1}"
    return f"{model.path}:{model.sql_line}"
