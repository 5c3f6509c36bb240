"""Strict YAML and errors that name a line.

YAML guesses: ``no`` becomes false, ``00123`` becomes 83, a second key of one name silently wins. Here plain text stays text
unless it is exactly a number, ``true``, ``false`` or ``null``; repeated keys, tags, anchors and unknown keys are refused; and
every complaint says ``source.yml:3`` and, for a misspelt key, which one was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from taihu.core.errors import ManifestError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")

Path = tuple[str | int, ...]


class Frozen(BaseModel):
    """Base of every manifest model: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Model = TypeVar("Model", bound=BaseModel)


class Document:
    """A parsed YAML text: plain Python values and the line of every key and item."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {(): 1}
        try:
            node = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            problem = getattr(error, "problem", None) or "cannot be read"
            raise ManifestError(f"not valid YAML: {problem}", where=f"{name}:{line}") from None
        self.value = self._plain(node, ()) if node is not None else {}

    def where(self, path: Path) -> str:
        """``file:line`` of the nearest known place above ``path``."""
        while path not in self.lines and path:
            path = path[:-1]
        return f"{self.name}:{self.lines[path]}"

    def _plain(self, node: Any, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            result: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = str(key_node.value)
                here = (*path, key)
                if key in result:
                    raise ManifestError(f"key {key!r} occurs twice", where=f"{self.name}:{key_node.start_mark.line + 1}")
                self.lines[here] = key_node.start_mark.line + 1
                result[key] = self._plain(value_node, here)
            return result
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)


def _scalar(node: Any) -> Any:
    text = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in ("", "null", "~"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def parse(model: type[Model], text: str, name: str) -> Model:
    """Read one YAML text as ``model``.

    Raises:
        ManifestError: With ``where`` = ``name:line``; the first unknown key is reported before anything missing.
    """
    return bind(model, Document(text, name))


def bind(model: type[Model], document: Document, value: Any = None, path: Path = ()) -> Model:
    """Validate a document (or the part of it at ``path``) as ``model``."""
    given = document.value if value is None else value
    if not isinstance(given, dict):
        raise ManifestError("expected keys and values", where=document.where(path))
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _worst(model, error, document, path) from None


def _worst(model: type[BaseModel], error: ValidationError, document: Document, base: Path) -> ManifestError:
    problems = sorted(error.errors(), key=lambda e: (e["type"] != "extra_forbidden", e["type"] == "missing"))
    first = problems[0]
    location = tuple(part for part in first["loc"])
    path = base + tuple(_known_part(document, base, location))
    if first["type"] == "extra_forbidden":
        key = str(location[-1])
        close = difflib.get_close_matches(key, sorted(_keys(model)), n=1, cutoff=0.6)
        hint = f", did you mean {close[0]!r}?" if close else ""
        return ManifestError(f"unknown key {key!r}{hint}", where=document.where(path))
    if first["type"] == "missing":
        return ManifestError(f"key {str(location[-1])!r} is missing", where=document.where(path[:-1] if path else path))
    name = ".".join(str(part) for part in path[len(base) :])
    if first["type"] == "literal_error":
        return _no_choice(name, first, document.where(path))
    message = first["msg"].removeprefix("Value error, ")
    if not name:
        # A rule about several keys begins with the one that it is about.
        about = (*base, re.split(r"[\s:]", message, maxsplit=1)[0])
        return ManifestError(message, where=document.where(about))
    return ManifestError(f"{name}: {message}", where=document.where(path))


def _no_choice(name: str, problem: Any, where: str) -> ManifestError:
    """A word that is none of those that may stand there, with the one that was probably meant."""
    choices = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
    close = difflib.get_close_matches(str(problem["input"]), choices, n=1, cutoff=0.6)
    hint = f", did you mean {close[0]!r}?" if close else ""
    return ManifestError(f"{name}: unknown value {str(problem['input'])!r}{hint}", where=where, fix=f"one of: {', '.join(choices)}")


def _known_part(document: Document, base: Path, location: tuple[Any, ...]) -> Iterator[str | int]:
    """The parts of a pydantic location that are keys of the document (union tags are not)."""
    here = base
    for part in location:
        if (*here, part) in document.lines:
            here = (*here, part)
            yield part
    if location and (not here or here[-1] != location[-1]):
        yield location[-1]


def _keys(model: Any, seen: set[Any] | None = None) -> set[str]:
    """All keys that a model and the models inside it know."""
    seen = seen if seen is not None else set()
    if model in seen:
        return set()
    seen.add(model)
    keys: set[str] = set()
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, field in model.model_fields.items():
            keys.add(field.alias or name)
            keys |= _keys_of_annotation(field.annotation, seen)
    return keys


def _keys_of_annotation(annotation: Any, seen: set[Any]) -> set[str]:
    keys = _keys(annotation, seen) if isinstance(annotation, type) else set()
    for part in get_args(annotation):
        keys |= _keys_of_annotation(part, seen)
    return keys
