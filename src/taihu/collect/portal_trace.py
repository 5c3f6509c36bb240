"""What is kept of a walk through a portal, so that a person can see what a page looked like when a step failed.

Of a walk that went well, the structure of each page is kept (headings, forms, headers of tables, links; no data). When a step fails, the
trace holds the steps with their times, the page as it was, its picture where an engine draws one, and how its structure differs
from the last good one: that names a renamed button at a glance. Secrets are taken out before anything is kept, and what is kept is sealed.
"""

from __future__ import annotations

import difflib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from taihu.collect.portal_engine import PortalEngine
from taihu.core.clock import Clock, instant_text
from taihu.core.errors import TaihuError


@dataclass(slots=True)
class StepDone:
    """One step of a walk: what it was, the page after it, how long it took, what went wrong."""

    step: str
    page: str
    seconds: float
    error: str = ""


@dataclass(slots=True)
class Journal:
    """The steps of a walk and the structure of the page after each."""

    steps: list[StepDone] = field(default_factory=list)
    outlines: dict[str, list[str]] = field(default_factory=dict)

    def done(self, label: str, engine: PortalEngine, seconds: float) -> None:
        """A step went well."""
        self.steps.append(StepDone(label, engine.place, round(seconds, 3)))
        self.outlines[label] = engine.outline()

    def failed(self, label: str, engine: PortalEngine, seconds: float, error: TaihuError) -> None:
        """A step failed."""
        self.steps.append(StepDone(label, engine.place, round(seconds, 3), error.what))

    @property
    def saved(self) -> bytes:
        """The structures, to be kept sealed until the next walk."""
        return json.dumps(self.outlines, ensure_ascii=False, sort_keys=True).encode()


def trace_of(
    journal: Journal, error: TaihuError, engine: PortalEngine, *, clock: Clock, secrets: Iterable[str], before: bytes | None
) -> bytes:
    """Everything about a failed walk as one ZIP: ``trace.json``, ``page.html``, ``page.diff``, ``page.png`` where there is one.

    Args:
        secrets: Values that must not be seen; they are taken out of texts and blanked before the picture is taken.
        before: What :attr:`Journal.saved` gave after the last good walk.
    """
    from taihu.guard.redact import hide_values

    hidden = [value for value in secrets if value]
    told = {
        "at": instant_text(clock.now()),
        "error": {"what": error.what, "where": error.where, "fix": error.fix, "reason": getattr(error, "reason", "")},
        "steps": [asdict(step) for step in journal.steps],
    }
    texts = {
        "trace.json": json.dumps(told, ensure_ascii=False, indent=2),
        "page.html": engine.html(),
        "page.diff": "\n".join(_difference(journal, engine, before)),
    }
    picture = engine.picture(hidden)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, hide_values(text, hidden))
        if picture is not None:
            archive.writestr("page.png", picture)
    return out.getvalue()


def trace_files(content: bytes) -> Mapping[str, bytes]:
    """The files of a trace by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _difference(journal: Journal, engine: PortalEngine, before: bytes | None) -> list[str]:
    """The open page beside the one on which the failed step stood when the walk last went well."""
    known: dict[str, list[str]] = json.loads(before) if before else {}
    reached = [step.step for step in journal.steps if not step.error]
    label = reached[-1] if reached else ""
    if label not in known:
        return ["no earlier walk came this far; the page as it is now:", *engine.outline()]
    titles = (f"after '{label}', when it last went well", "now")
    different = list(difflib.unified_diff(known[label], engine.outline(), *titles, lineterm="", n=2))
    return different or [f"the page after '{label}' has the same structure as when it last went well"]
