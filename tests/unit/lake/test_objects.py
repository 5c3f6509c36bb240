"""Sealed objects: kept once, read-only, noticed when damaged, healed after a crash."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from taihu.core.errors import IntegrityError, NotFound
from taihu.core.ids import sha256_of
from taihu.guard.envelope import Envelope
from taihu.guard.keys import Keyring
from taihu.lake.objects import Objects

CONTENT = "单据日期,数量\n2026-09-15,12\n".encode("gb18030")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "lake" / "objects", Envelope(Keyring.create(tmp_path / "keys", root=b"r" * 32)))


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "lake" / "objects").rglob("*") if path.is_file()]


def test_what_is_put_comes_back_and_is_nowhere_in_clear(objects: Objects, tmp_path: Path) -> None:
    reference = objects.put(CONTENT, "流向.csv")
    assert (reference.sha256, reference.size) == (sha256_of(CONTENT), len(CONTENT))
    assert objects.get(reference.sha256) == CONTENT
    (file,) = stored(tmp_path)
    assert b"2026-09-15" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o400


def test_putting_again_changes_nothing(objects: Objects, tmp_path: Path) -> None:
    objects.put(CONTENT)
    (file,) = stored(tmp_path)
    before = file.read_bytes(), file.stat().st_ino
    assert objects.put(CONTENT) == objects.put(CONTENT)
    assert (file.read_bytes(), file.stat().st_ino) == before


def test_the_same_bytes_may_be_sealed_by_two_threads(objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One attachment in two mails; the disk takes its time, as real ones do and one in memory does not."""
    monkeypatch.setattr(os, "fsync", lambda handle: time.sleep(0.002))
    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            assert len(set(pool.map(objects.put, [b"twice %d" % number] * 4))) == 1
    assert len(list(objects.names())) == 10 and not list(tmp_path.rglob(".part-*"))


def test_empty_bytes_are_an_object_too(objects: Objects) -> None:
    reference = objects.put(b"")
    assert objects.get(reference.sha256) == b""
    assert reference.kind == "empty"


def test_one_changed_bit_is_noticed(objects: Objects, tmp_path: Path) -> None:
    reference = objects.put(CONTENT)
    (file,) = stored(tmp_path)
    sealed = bytearray(file.read_bytes())
    sealed[-20] ^= 1
    file.chmod(0o600)
    file.write_bytes(sealed)
    with pytest.raises(IntegrityError):
        objects.get(reference.sha256)


def test_an_object_under_another_name_does_not_open(objects: Objects, tmp_path: Path) -> None:
    objects.put(CONTENT)
    (file,) = stored(tmp_path)
    other = sha256_of(b"other")
    place = tmp_path / "lake" / "objects" / other[:2] / other[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(file.read_bytes())
    with pytest.raises(IntegrityError):
        objects.get(other)


def test_missing_and_malformed_names(objects: Objects) -> None:
    for name in ("0" * 64, "../../keys", ""):
        with pytest.raises(NotFound):
            objects.get(name)
    assert not objects.exists("0" * 64)


def test_sweeping_removes_what_nothing_refers_to(objects: Objects, tmp_path: Path) -> None:
    known, orphan = objects.put(b"known").sha256, objects.put(b"orphan").sha256
    (tmp_path / "lake" / "objects" / known[:2] / ".part-1-half").write_bytes(b"half")
    assert sorted(objects.sweep_orphans({known})) == sorted([".part-1-half", orphan])
    assert list(objects.names()) == [known]
    assert objects.sweep_orphans() == []


@pytest.mark.parametrize("boundary", ["object.before_rename", "object.renamed"])
def test_a_kill_leaves_the_whole_object_or_none(objects: Objects, tmp_path: Path, boundary: str) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from taihu.guard.envelope import Envelope; from taihu.guard.keys import Keyring; from taihu.lake.objects import Objects\n"
        "root = Path(sys.argv[1]); Objects(root / 'lake' / 'objects', Envelope(Keyring.open(root / 'keys'))).put(b'landed')\n"
    )
    environment = {**os.environ, "TAIHU_KILL_AT": f"{boundary}:1"}
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    sha256 = sha256_of(b"landed")
    assert objects.exists(sha256) is (boundary == "object.renamed")
    objects.sweep_orphans()
    objects.put(b"landed")
    assert objects.get(sha256) == b"landed"
    assert len(stored(tmp_path)) == 1


def test_what_is_written_piece_by_piece_is_the_same_object(objects: Objects, tmp_path: Path) -> None:
    content = b"PAR1" + os.urandom(3_000_000)

    def write(file: IO[bytes]) -> str:
        for at in range(0, len(content), 400_000):
            file.write(content[at : at + 400_000])
            half_done = [path for path in stored(tmp_path) if path.name.startswith(".part-")]
            assert len(half_done) == 1 and content[:40] not in half_done[0].read_bytes()
        return "done"

    reference, result = objects.put_written(write, "rows.parquet")
    assert (result, reference) == ("done", objects.put(content, "rows.parquet"))
    assert objects.get(reference.sha256) == content and reference.kind == "parquet"
    (file,) = stored(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert objects.put_written(write)[0] == reference and len(stored(tmp_path)) == 1


def test_a_writer_may_begin_anew_and_a_failed_one_leaves_nothing(objects: Objects, tmp_path: Path) -> None:
    def twice(file: IO[bytes]) -> None:
        file.write(b"x" * 2_000_000)
        file.seek(0)
        file.truncate()
        file.write(CONTENT)

    reference, _ = objects.put_written(twice)
    assert objects.get(reference.sha256) == CONTENT and reference.size == len(CONTENT)

    def broken(file: IO[bytes]) -> None:
        file.write(b"secret")
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        objects.put_written(broken)
    assert len(stored(tmp_path)) == 1
    with pytest.raises(OSError, match="beginning"):
        objects.put_written(lambda file: file.seek(5))
