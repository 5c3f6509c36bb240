"""Reference pages made from the code itself: commands, keys of the project files, reasons, errors.

They cannot be stale: ``./do check`` compares them with what the code says now, ``./do docs`` writes them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

MADE = "<!-- made by taihu, do not edit: ./do docs -->\n\n"


def pages() -> dict[str, str]:
    """Path below ``docs/reference`` to text."""
    return {"commands.md": _commands(), "project-files.md": _files(), "reasons.md": _reasons(), "errors.md": _errors()}


def _commands() -> str:
    import typer.main

    from taihu.cli.main import app

    lines = ["# Commands\n", "Exit codes: 0 done, 1 something failed, 2 wrong usage or configuration, 3 finished but incomplete.\n"]
    root: Any = typer.main.get_command(app)
    for name, command in _walk("taihu", root):
        lines.append(f"## `{name}`\n\n{(command.help or '').strip()}\n")
        for parameter in command.params:
            options = ", ".join(f"`{option}`" for option in [*parameter.opts, *parameter.secondary_opts]) or f"`{parameter.name}`"
            if parameter.name != "help":
                lines.append(f"- {options}: {getattr(parameter, 'help', None) or ''}")
        lines.append("")
    return MADE + "\n".join(lines)


def _walk(prefix: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if getattr(child, "commands", None):
            yield from _walk(f"{prefix} {name}", child)
        else:
            yield f"{prefix} {name}", child


def _files() -> str:
    from taihu.project.schemas import schemas

    lines = ["# The files of a project\n", "Every key, from the models that read them; `taihu schema DIR` writes the same for editors.\n"]
    for name, schema in schemas().items():
        if name in ("glossary", "corrections"):
            continue
        for title, part in [(name, schema), *sorted(schema.get("$defs", {}).items())]:
            if "properties" not in part:
                continue
            head = f"## {name}" if title == name else f"### {name}: {title}"
            lines.append(f"{head}\n\n{(part.get('description') or '').splitlines()[0] if part.get('description') else ''}\n")
            lines.append("| key | meaning | example |\n|---|---|---|")
            required = set(part.get("required", ()))
            for key, value in part["properties"].items():
                example = str((value.get("examples") or [""])[0]).replace("|", "\\|")
                star = "**" if key in required else ""
                lines.append(f"| {star}`{key}`{star} | {str(value.get('description', '')).replace('|', chr(92) + '|')} | `{example}` |")
            lines.append("")
    return MADE + "\n".join(lines)


def _reasons() -> str:
    from taihu.core.reasons import REASONS

    lines = [
        "# Reason codes\n",
        "Why something was refused, held, repaired or remarked on, and what to do.\n",
        "| code | 中文 | English | what to do |\n|---|---|---|---|",
    ]
    lines += [f"| `{code}` | {reason.title.zh} | {reason.title.en} | {reason.fix.en} |" for code, reason in REASONS.items()]
    return MADE + "\n".join(lines) + "\n"


def _errors() -> str:
    from taihu.core import errors

    lines = ["# Errors\n", f"```\n{inspect.cleandoc(errors.__doc__ or '')}\n```\n"]
    for name, value in vars(errors).items():
        if inspect.isclass(value) and issubclass(value, errors.TaihuError):
            lines.append(f"- `{name}` (exit code {value.exit_code}): {inspect.cleandoc(value.__doc__ or '').splitlines()[0]}")
    return MADE + "\n".join(lines) + "\n"
