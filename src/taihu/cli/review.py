"""``taihu review``: pairs that may be one company, store or product; a person answers with a key and a reason."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.errors import UsageError

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.reviewing import Pair


def review(
    domain: Annotated[str | None, typer.Argument(help="Only pairs of this domain (store, product ...).")] = None,
    same: Annotated[str | None, typer.Option("--same", help="Id of a pair that is one thing.")] = None,
    apart: Annotated[str | None, typer.Option("--apart", help="Id of a pair that is two things.")] = None,
    undo: Annotated[str | None, typer.Option("--undo", help="Id of a pair whose answer is taken back.")] = None,
    because: Annotated[str, typer.Option("--because", help="Why; stays on record.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who decides; the login name if absent.")] = None,
    decided: Annotated[bool, typer.Option("--decided", help="List what was decided instead.")] = False,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Answer what the matching could not: y for one thing, n for two, u to take the last answer back."""
    from taihu.run import reviewing

    answers = [(value, answer) for value, answer in ((same, True), (apart, False), (undo, None)) if value]
    if len(answers) > 1:
        raise UsageError("one pair is answered at a time", fix="give one of --same, --apart, --undo")
    decider = who or getpass.getuser()
    with open_project(project) as ws:
        if answers:
            wanted, answer = answers[0]
            pair = reviewing.find_pair(ws, wanted, decided=answer is None)
            reviewing.decide(ws, pair, answer, who=decider, why=because)
            _told(pair, answer, json=json)
            return
        pairs = reviewing.decided_pairs(ws, domain) if decided else reviewing.open_pairs(ws, domain)
        if json:
            console.show_json({"schema": "taihu.review/1", "pairs": [as_json(pair) for pair in pairs]})
        elif decided or not pairs or not sys.stdin.isatty():
            _list(pairs)
        else:
            _Session(ws, decider, because).play(pairs)


def as_json(pair: Pair) -> dict[str, Any]:
    """One object: both keys with what their sources say, the probability, and the decision where there is one."""
    sides = {
        name: {"source": side.source, "key": side.key, "says": side.says} for name, side in (("left", pair.left), ("right", pair.right))
    }
    decision = pair.decision
    answer = (
        {"same": decision.kind == "match.same", "who": decision.who, "why": decision.why, "at": decision.decided_at} if decision else None
    )
    return {"id": pair.id, "domain": pair.domain, **sides, "probability": pair.probability, "why": pair.why, "decision": answer}


def _told(pair: Pair, answer: bool | None, *, json: bool) -> None:
    if json:
        console.show_json({"schema": "taihu.reviewed/1", "id": pair.id, "domain": pair.domain, "same": answer})
        return
    t = console.t
    said = {
        True: t("已判定为同一个，记录在案", "one thing, on record"),
        False: t("已判定为两个，记录在案", "two things, on record"),
        None: t("已撤回，记录在案", "taken back, on record"),
    }[answer]
    console.say(said + t("；下次 taihu run 时生效", "; the next taihu run follows it"))


def _list(pairs: list[Pair]) -> None:
    if not pairs:
        console.say(console.t("没有待判定的配对", "no pair waits for an answer"))
    for pair in pairs:
        _show(pair)


def _show(pair: Pair) -> None:
    t = console.t
    middle = "" if pair.probability is None else f"{pair.probability:.0%}"
    if pair.why == "conflict":
        middle += t("（有矛盾之处）", " (something speaks against it)")
    if pair.decision:
        verdict = t("同一个", "one thing") if pair.decision.kind == "match.same" else t("两个", "two things")
        middle = f"{verdict}: {pair.decision.why} ({pair.decision.who})"
    console.say(f"{pair.id}  {pair.domain}  {middle}")
    for side in (pair.left, pair.right):
        console.say(f"    {side.source:<20} {side.key:<16} " + "  ".join(side.says.values()))


class _Session:
    """The pairs one after the other, on the keyboard."""

    def __init__(self, ws: Workspace, who: str, why: str) -> None:
        self._ws = ws
        self._who = who
        self._why = why
        self._answered: list[int] = []

    def play(self, pairs: list[Pair]) -> None:
        t = console.t
        place = 0
        while place < len(pairs):
            console.say(f"\n{place + 1}/{len(pairs)}")
            _show(pairs[place])
            console.say(t("y 同一个  n 两个  u 撤回上一个  s 跳过  q 结束", "y one thing  n two things  u undo  s skip  q quit"))
            key = typer.getchar().lower()
            if key == "q":
                break
            if key in ("y", "n"):
                self._answer(pairs[place], key == "y")
                self._answered.append(place)
                place += 1
            elif key == "u" and self._answered:
                place = self._answered.pop()
                self._record(pairs[place], None, t("撤回", "taken back"))
            elif key == "s":
                place += 1

    def _answer(self, pair: Pair, same: bool) -> None:
        while True:
            why: str = typer.prompt(console.t("原因", "why"), default=self._why or None, err=True)
            if why.strip():
                break
        self._why = why
        self._record(pair, same, why)

    def _record(self, pair: Pair, same: bool | None, why: str) -> None:
        from taihu.run import reviewing

        reviewing.decide(self._ws, pair, same, who=self._who, why=why)
        _told(pair, same, json=False)
