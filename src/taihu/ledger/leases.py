"""Leases: one writer for one thing, and no lease outlives its process.

Nor does one outlive a power cut of the machine that everybody works on, so there (SQLite) taking it and giving it back need not wait for
the disk. That of a whole run does: where it is found again, what lies about unfinished is swept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from taihu.core.errors import LeaseTaken
from taihu.ledger.outcomes import OutcomeVerbs
from taihu.ledger.process import Process, this_process


class LeaseVerbs(OutcomeVerbs):
    """Who is at work on what."""

    @contextmanager
    def lease(self, name: str) -> Iterator[bool]:
        """Hold a named lease: ``run``, ``table:clean.prices``, ``send``.

        A lease left by a process that is gone (killed, power cut) is taken over at once; then what is yielded is true, and
        unfinished work of that process may lie about.

        Raises:
            LeaseTaken: A living process, or another thread of this one, holds it.
        """
        mine, was_left = self._take(name)
        try:
            yield was_left
        finally:
            self._give_back(name, mine)

    def lease_holder(self, name: str) -> Process | None:
        """The living holder of a lease."""
        table = self._t.lease
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.name == name)).first()
        holder = Process(row.host, row.boot, row.pid, row.started) if row else None
        return holder if holder and self._may_live(holder) else None

    def lease_broken(self, name: str, *, who: str, why: str) -> None:
        """A person says that the holder is gone where this machine cannot see it (another host or container); audited."""
        table = self._t.lease
        with self._write() as connection:
            connection.execute(table.delete().where(table.c.name == name))
            self._audit(connection, "lease.break", name, who=who, detail=why)

    def _take(self, name: str) -> tuple[str, bool]:
        table = self._t.lease
        me, at = this_process(), self._now_text()
        with self._write(asynchronous=self._is_one_machine and name != "run") as connection:
            row = connection.execute(table.select().where(table.c.name == name)).first()
            if row is not None:
                holder = Process(row.host, row.boot, row.pid, row.started)
                if self._may_live(holder):
                    raise LeaseTaken(
                        f"{name} is being worked on by process {holder.pid} since {row.taken_at}",
                        where=holder.host,
                        fix="wait until it is done; if that host or container is gone for good: "
                        f"taihu doctor --break-lease {name} --because REASON",
                    )
            taken = {
                "host": me.host,
                "boot": me.boot,
                "pid": me.pid,
                "started": me.started,
                "holder": me.text,
                "taken_at": at,
            }
            self._put(connection, table, [{"name": name, **taken}])
        return me.text, row is not None

    def _give_back(self, name: str, holder: str) -> None:
        table = self._t.lease
        with self._write(asynchronous=self._is_one_machine) as connection:
            connection.execute(table.delete().where(table.c.name == name, table.c.holder == holder))
