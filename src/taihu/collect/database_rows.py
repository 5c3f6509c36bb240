"""What happens to rows on their way from a database to an object: a batch at a time, so memory does not grow with the table."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

MOST_REMEMBERED = 50_000
_FLAGS = 2
_AHEAD = 2
_LONG = 10_000


class Mark:
    """A hash of rows in their order, whatever the batches they came in; columns are hashed one beside the other."""

    def __init__(self) -> None:
        self.rows = 0
        self._hashes: list[tuple[hashlib._Hash, hashlib._Hash]] = []

    def take(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Count a batch in; gives it back."""
        self._hashes = self._hashes or [(hashlib.sha256(name.encode()), hashlib.sha256()) for name in batch.schema.names]
        for column, (lengths, texts) in zip(batch.columns, self._hashes, strict=True):
            lengths.update(_lengths(column))
            texts.update(_bytes(column))
        self.rows += batch.num_rows
        return batch

    @property
    def text(self) -> str:
        """The hash so far, as 32 hexadecimal digits."""
        whole = hashlib.sha256(str(self.rows).encode())
        for lengths, texts in self._hashes:
            whole.update(lengths.digest() + texts.digest())
        return whole.hexdigest()[:32]


def _lengths(column: pa.Array) -> memoryview:
    """The length of each text, -1 for null."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.binary_length(column), -1)
    return memoryview(lengths.buffers()[1])[4 * lengths.offset : 4 * (lengths.offset + len(lengths))] if len(lengths) else memoryview(b"")


def _bytes(column: pa.Array) -> memoryview:
    """All texts of a column, one behind the other."""
    import pyarrow.compute as pc

    texts = pc.fill_null(column, "") if column.null_count else column
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return memoryview(b"")
    places = memoryview(offsets).cast("i")
    return memoryview(data)[places[texts.offset] : places[texts.offset + len(texts)]]


class Window:
    """The rows of a watermark's window: those that came before are left out, those that will come again are remembered.

    Two flag columns stand behind the others: the row may have come before; the row will come again.

    Args:
        seen: Short hashes of the rows that came before.
        most: With more rows to remember than this, none is: they come again as a whole and are merged by key.
    """

    def __init__(self, seen: str, most: int) -> None:
        self._before = frozenset(seen.split())
        self._most = most
        self._again: set[str] | None = set()

    def fresh(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that did not come before, without flags."""
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = batch.select(range(batch.num_columns - _FLAGS))
        before, again = (pc.equal(batch.column(batch.num_columns - _FLAGS + n), "1").to_pylist() for n in range(_FLAGS))
        looked_at = [n for n in range(batch.num_rows) if (self._before and before[n]) or (self._again is not None and again[n])]
        if not looked_at:
            return rows
        hashes = dict(zip(looked_at, row_hashes(rows.take(pa.array(looked_at, pa.int64()))), strict=True))
        if self._again is not None:
            self._again.update(hashes[n] for n in looked_at if again[n])
            self._again = self._again if len(self._again) <= self._most else None
        known = {n for n in looked_at if before[n] and hashes[n] in self._before}
        return rows if not known else rows.filter(pa.array([n not in known for n in range(batch.num_rows)], pa.bool_()))

    @property
    def seen(self) -> str:
        """What the next window shows again; empty if it is too much."""
        return " ".join(sorted(self._again or ()))


def row_hashes(rows: pa.RecordBatch) -> list[str]:
    """A short hash of each row's values."""
    columns = [column.to_pylist() for column in rows.columns]
    return [hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest() for row in zip(*columns, strict=True)]


def read_ahead(batches: Generator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    """The same batches; of a long result the next ones are read by a thread while the last one is written."""
    first = next(batches, None)
    if first is None:
        return
    yield first
    if first.num_rows < _LONG:
        yield from batches
        return
    yield from _from_thread(batches)


def _from_thread(batches: Generator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    ready: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(_AHEAD)
    is_over = threading.Event()

    def hand(found: pa.RecordBatch | BaseException | None) -> None:
        while not is_over.is_set():
            with suppress(queue.Full):
                ready.put(found, timeout=0.2)
                return

    def read() -> None:
        try:
            for batch in batches:
                hand(batch)
                if is_over.is_set():
                    break
            batches.close()
            hand(None)
        except BaseException as error:  # it is raised where the batches are used
            hand(error)

    thread = threading.Thread(target=read, name="database-reader", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        is_over.set()
        thread.join()


def named(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """The batch under the contract's names; what stands behind them keeps its own."""
    import pyarrow as pa

    return pa.record_batch(batch.columns, names=[*names, *batch.schema.names[len(names) :]])


def write_parquet(file: BinaryIO, batches: Iterable[pa.RecordBatch], metadata: Mapping[str, str]) -> None:
    """Write batches as one Parquet file, a row group each; at least one batch (it may have no rows)."""
    import pyarrow.parquet as pq

    rest = iter(batches)
    first = next(rest)
    schema = first.schema.with_metadata(dict(metadata))
    # Without dictionaries: of texts, zstd makes less in less time (measured).
    with pq.ParquetWriter(file, schema, compression="zstd", compression_level=1, use_dictionary=False) as writer:
        for batch in _together(first, rest):
            writer.write_batch(batch)


def _together(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from (batch for batch in rest if batch.num_rows)
