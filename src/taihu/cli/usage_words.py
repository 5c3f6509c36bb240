"""What the argument parser says, in Chinese: it knows only English, and whoever mistypes a command should not have to.

The parser's classes are no public part of it, so its errors are known by what they offer: a message, a context and an exit code.
"""

from __future__ import annotations

from typing import Any

from taihu.cli.error_words import in_chinese


def is_usage_error(error: BaseException) -> bool:
    """Whether the argument parser raised it."""
    return callable(getattr(error, "format_message", None)) and isinstance(getattr(error, "exit_code", None), int)


def usage_in_chinese(error: Any) -> str:
    """Usage of the command, where to find help, and what was wrong."""
    lines = []
    context = getattr(error, "ctx", None)
    if context is not None:
        usage = context.get_usage().removeprefix("Usage: ")
        lines = [f"用法：{usage}", f"帮助：{context.command_path} --help"]
    return "\n".join([*lines, f"错误：{in_chinese(error.format_message())}"])
