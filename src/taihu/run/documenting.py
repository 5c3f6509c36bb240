"""Documents from the project's files and the state of its last run: gathered here, written by ``describe``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the documents, each under a temporary name first; documents that are no longer made are removed."""
    known = {folder / name for name in files}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(content)
        temporary.replace(path)
    for path in folder.rglob("*"):
        if path.is_file() and path not in known:
            path.unlink()


def stale(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Names of documents that differ from what would be written now, or are missing."""
    return sorted(name for name, content in files.items() if not (folder / name).is_file() or (folder / name).read_bytes() != content)
