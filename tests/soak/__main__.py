"""``./do soak``: what is too long for the suite. Each kind writes its dated result to ``docs/soak.md``."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

from taihu.demo.play import DEFAULT_SEED, MISSED, mornings
from taihu.demo.world import start_world
from tests.soak.kill import ROOT, Soak, Tally

PAGE = ROOT / "docs" / "soak.md"
CORPUS = ROOT / ".fuzz"  # what reached new code, by reader: the next run goes on from there
HEAD = """# Soak results

What is too long for the test suite. `./do soak KIND` runs a kind and rewrites its section here.
"""


def kill(kills: int, seed: int, world_seed: int, days: int) -> Tally:
    """Play the demo's mornings twice, once undisturbed and once killed, and compare."""
    played = [day for day in mornings() if day not in MISSED][:days]
    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        folder = Path(room)
        with start_world(world_seed, folder / "world", inbox=folder / "peace" / "inbox") as world:
            soak = Soak(folder, world, kills=kills, seed=seed)
            for place, day in enumerate(played):
                started = time.monotonic()
                line = soak.morning(day, mornings_left=len(played) - place)
                print(f"{line} ({soak.tally.kills} so far, {time.monotonic() - started:.0f} s)", flush=True)
            return soak.compare()


def section(tally: Tally, seed: int, world_seed: int, today: dt.date) -> str:
    """The result as a section of the page."""
    names = sorted(set(tally.boundary) | set(tally.instant), key=lambda name: (name.startswith("("), name))
    rows = "\n".join(f"| `{name}` | {tally.boundary[name] or ''} | {tally.instant[name] or ''} |" for name in names)
    found = "\n".join(["", "Differences:", "", *(f"- {line}" for line in tally.differences), ""]) if tally.differences else ""
    return f"""## kill

{today.isoformat()}, world seed {world_seed}, kill seed {seed}: **{tally.kills} `kill -9`** over {tally.mornings} mornings,
{tally.boundary.total()} at named boundaries and {tally.instant.total()} at random instants; every next run ended well.

| compared with the undisturbed project, {tally.compared} times | at the end |
|---|---|
| tables, rows (business columns, `_src_row`, `_src_id`) | {tally.tables}, {tally.rows} |
| arrivals (id, state, reason, scopes, cells of the header) | {tally.arrivals} |
| published figures | {tally.figures} |
| differences, duplicates, losses | {len(tally.differences) or "none"} |
| sealed objects that nothing refers to (fetched, killed, fetched again) | {tally.orphans} |
{found}
Boundaries: how often a run was killed exactly there, and how often it was the last one passed before a kill at a random instant.

| boundary | killed there | random instant after it |
|---|---|---|
{rows}
"""


def write(name: str, text: str) -> None:
    """Put a section in its place on the page, or behind the others."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    head, *sections = page.split("\n## ")
    kept = [part for part in sections if part.partition("\n")[0].strip() != name]
    PAGE.write_text(head.rstrip() + "\n\n" + "\n".join([*(f"## {part.strip()}\n" for part in kept), text]), encoding="utf-8")


def _kill(given: argparse.Namespace) -> tuple[str, bool]:
    tally = kill(given.kills, given.seed, given.world, given.days)
    return section(tally, given.seed, given.world, _today()), not tally.differences and tally.kills >= given.kills


def _faults(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import faults

    cells, absent = faults.play_all(given.only)
    return faults.section(cells, absent, _today()), not faults.problems(cells)


def _collect(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import collect

    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        tally = collect.play(Path(room), kills=given.kills, items=given.items, seed=given.seed)
    return collect.section(tally, given.seed, _today()), not tally.problems


def _credentials(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import credentials

    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        found = credentials.play(Path(room))
    return credentials.section(found, _today()), not found.problems


def _bigcsv(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import bigcsv

    return bigcsv.run(int(given.gigabytes * 1e9)), True


def _database(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import database

    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        cases = database.play(Path(room), given.rows)
    return database.section(cases, _today()), all(case.measured.peak <= database.LIMIT for case in cases)


def _corpus(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import corpus

    return corpus.soak(given)


def _fuzz(given: argparse.Namespace) -> tuple[str, bool]:
    import secrets
    import signal

    from tests.soak import fuzz, fuzz_record

    # Whoever stops it, by Ctrl-C or otherwise, keeps what was done so far.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = given.seed if given.seed is not None else secrets.randbelow(2**31)
    codes, good = fuzz_record.code_states(), True
    rows = fuzz_record.rows_of(PAGE)
    for reader in fuzz_record.in_turn(rows, given.readers, codes):
        result = fuzz.fuzz(reader, given.minutes * 60, seed, given.keep, CORPUS / reader)
        print(f"{result} (seed {seed})", flush=True)
        good = good and (result.is_sound or (result.stopped and not result.findings))
        if result.tried:
            # Read anew, because another run may have written meanwhile.
            rows = fuzz_record.added(fuzz_record.rows_of(PAGE), fuzz_record.Row.of(result, codes[reader], _today()))
            if not given.no_page:
                write("fuzz", fuzz_record.section(rows, codes))
        if result.stopped:
            break
    return fuzz_record.section(rows, codes), good


def _hostile(given: argparse.Namespace) -> tuple[str, bool]:
    from tests.soak import hostile

    return hostile.soak(given)


def _matching(given: argparse.Namespace) -> tuple[str, bool]:
    import secrets

    from tests.soak import matching

    return matching.soak(
        [given.seed or secrets.randbelow(2**31), *(secrets.randbelow(2**31) for _ in range(given.seeds - 1))], 6600, 40_000
    )


def _anomalies(given: argparse.Namespace) -> tuple[str, bool]:
    import secrets

    from tests.soak import anomalies

    seeds = given.seeds or [secrets.randbelow(2**31) for _ in range(given.companies)]
    print(f"seeds {' '.join(map(str, seeds))}", flush=True)
    table = anomalies.play(seeds)
    for problem in anomalies.problems(table):
        print(problem)
    return anomalies.section(table, seeds, _today()), not anomalies.problems(table)


def _score(given: argparse.Namespace) -> tuple[str, bool]:
    import secrets

    from tests.soak import score

    drawn = [secrets.randbelow(2**31) for _ in range(given.seeds)]
    print(f"seeds {' '.join(map(str, drawn))}", flush=True)
    plays = [(DEFAULT_SEED, False, True), *((seed, True, True) for seed in drawn), *((seed, True, False) for seed in drawn[: given.clean])]
    scored = []
    for seed, is_drawn, faults in plays:
        with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
            scored.append(score.play(seed, Path(room) / "demo", drawn=is_drawn, faults=faults))
        one = scored[-1]
        print(
            f"{seed}: {one.total('detected')} of {one.total('planted')}, {one.said['silently_wrong']} silently wrong",
            flush=True,
        )
        for problem in score.problems(scored[-1:]):
            print(problem, flush=True)
    return score.section(scored, _today()), not score.problems(scored)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def main() -> int:
    parser = argparse.ArgumentParser(prog="./do soak", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    killing = kinds.add_parser("kill", help="kill -9 at named boundaries and random instants; the next run heals")
    killing.add_argument("--kills", type=int, default=200)
    killing.add_argument("--days", type=int, default=28)
    killing.add_argument("--seed", type=int, default=7)
    killing.add_argument("--world", type=int, default=DEFAULT_SEED)
    killing.set_defaults(play=_kill)
    faults = kinds.add_parser("faults", help="every connector under every fault of its network; the same bytes come")
    faults.add_argument("--only", default="", help="only test classes that match this expression of pytest -k; the page is not written")
    faults.set_defaults(play=_faults)
    collecting = kinds.add_parser("collect", help="kill -9 while mails, SFTP files and portal files are collected; nothing lost or twice")
    collecting.add_argument("--kills", type=int, default=1000)
    collecting.add_argument("--items", type=int, default=2000)
    collecting.add_argument("--seed", type=int, default=11)
    collecting.set_defaults(play=_collect)
    credentials = kinds.add_parser("credentials", help="planted credentials on every way to fail; none shows anywhere")
    credentials.set_defaults(play=_credentials)
    texts = kinds.add_parser("bigcsv", help="a text of 2 GB through taihu read; memory stays below 600 MB")
    texts.add_argument("--gigabytes", type=float, default=2.0)
    texts.set_defaults(play=_bigcsv)
    databases = kinds.add_parser("database", help="tables of ten million rows; memory does not grow with them")
    databases.add_argument("--rows", type=int, default=10_000_000)
    databases.set_defaults(play=_database)
    generated = kinds.add_parser("corpus", help="polluted texts and hostile files that know the truth, read without configuration")
    generated.add_argument("--count", type=int, default=2000, help="polluted texts")
    generated.add_argument("--seed", type=int, default=None, help="a new one each time unless given")
    generated.set_defaults(play=_corpus)
    fuzzing = kinds.add_parser("fuzz", help="every reader under a fuzzer; only values or typed errors, within memory and time")
    fuzzing.add_argument("readers", nargs="*", help="only these; without names all, those with the least time so far first")
    fuzzing.add_argument("--minutes", type=float, default=10, help="of processor time, for each reader")
    fuzzing.add_argument("--seed", type=int, default=None, help="a new one each time unless given")
    fuzzing.add_argument("--keep", type=Path, default=None, help="folder for the inputs that were found")
    fuzzing.set_defaults(play=_fuzz)
    unusual = kinds.add_parser("anomalies", help="planted faults in the series of random companies, beside STL and ECOD")
    unusual.add_argument("--companies", type=int, default=5)
    unusual.add_argument("--seeds", type=int, nargs="*", help="new ones each time unless given")
    unusual.set_defaults(play=_anomalies)
    hostile = kinds.add_parser("hostile", help="hostile files of every kind that know the truth, read without configuration")
    hostile.add_argument("--seeds", type=int, default=3, help="so many times, with a new seed each")
    hostile.add_argument("--seed", type=int, default=None, help="the first seed; a new one each time unless given")
    hostile.set_defaults(play=_hostile)
    matching = kinds.add_parser("matching", help="lists of parties with known truth, of new seeds; 100,000 records; febrl3")
    matching.add_argument("--seeds", type=int, default=5, help="so many lists")
    matching.add_argument("--seed", type=int, default=None, help="the first seed; a new one each time unless given")
    matching.set_defaults(play=_matching)
    scores = kinds.add_parser("score", help="the demo's score for the fixed company and for companies of new seeds and shapes")
    scores.add_argument("--seeds", type=int, default=5, help="so many companies of new seeds")
    scores.add_argument("--clean", type=int, default=1, help="so many of them once more without faults")
    scores.set_defaults(play=_score)
    for kind in kinds.choices.values():
        kind.add_argument("--no-page", action="store_true", help="do not write docs/soak.md")
    given = parser.parse_args()
    text, good = given.play(given)
    print(text)
    if not given.no_page and not getattr(given, "only", ""):
        write(given.kind, text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
