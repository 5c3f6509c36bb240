"""``via: folder``: a folder (or one file) on this machine or a mounted share."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from taihu.collect.drop import FileSeen
from taihu.collect.drop_connector import DropConnector
from taihu.collect.store import Folder, Store, instant
from taihu.core.clock import Clock
from taihu.core.errors import AccessRefused, ManifestError, NotFound, TransientError
from taihu.core.types import Text

_PIECE = 1 << 20


class FolderConnector(DropConnector):
    """Files of one folder. A file is known by its name and content: touching it is nothing new, changing it is a new version."""

    title = Text("共享文件夹", "Shared folder")

    @property
    def folder(self) -> str:
        if self.options.path is None:
            raise ManifestError("via: folder needs path:", where=f"{self.source.path}/source.yml")
        return self.options.path

    def store(self) -> Store:
        return FolderStore(self.around.root, self.around.clock)


class FolderStore(Store):
    """Folders below the project, or anywhere by an absolute path.

    The clock is this machine's. Where the file system can tell that nobody has a file open for writing, that is better than waiting.
    """

    knows_versions = False
    clock_trust = None

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        place = self._root / folder
        try:
            if place.is_file():
                return [_seen(str(place), place.stat())], []
            return _listed(place)
        except FileNotFoundError:
            raise NotFound(f"the folder {folder} is not there", fix="make it, or correct collect: path:") from None
        except PermissionError:
            raise AccessRefused("the folder may not be read", where=folder, fix="let the account of this process read it") from None
        except OSError as error:
            raise TransientError(f"the folder cannot be listed ({type(error).__name__})", where=folder) from error

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        try:
            with Path(entry.path).open("rb", buffering=0) as file:
                while chunk := file.read(_PIECE):
                    yield chunk
        except FileNotFoundError:
            raise NotFound("the file is no longer there", where=entry.name) from None
        except PermissionError:
            raise AccessRefused("the file may not be read", where=entry.name) from None
        except OSError as error:
            raise TransientError(f"the file cannot be read ({type(error).__name__})", where=entry.name) from error

    def is_same(self, entry: FileSeen) -> bool:
        try:
            status = Path(entry.path).stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime_ns) == (entry.size, entry.modified)

    def clock(self, entry: FileSeen) -> dt.datetime:
        return self._clock.now()

    def is_left_alone(self, entry: FileSeen) -> bool:
        return _has_no_writer(Path(entry.path))

    def close(self) -> None:
        """Nothing is kept open."""


def _listed(place: Path) -> tuple[list[FileSeen], list[Folder]]:
    files, folders = [], []
    with os.scandir(place) as listing:
        for each in listing:
            if each.is_dir(follow_symlinks=False):
                folders.append(Folder(each.name, each.path))
            elif each.is_file():
                with suppress(FileNotFoundError):  # it may go away while others are looked at
                    files.append(_seen(each.path, each.stat()))
    return files, folders


def _seen(path: str, status: os.stat_result) -> FileSeen:
    return FileSeen(os.path.basename(path), status.st_size, status.st_mtime_ns, instant(status.st_mtime), path=path)  # noqa: PTH119


def _has_no_writer(path: Path) -> bool:
    """Whether the kernel vouches that no process here, and none that a file server knows of, has the file open for writing.

    Linux gives a read lease on a file only then. False where that cannot be asked.
    """
    try:
        import fcntl
        import signal

        take, signal_by = fcntl.F_SETLEASE, fcntl.F_SETSIG
    except (ImportError, AttributeError):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Who opens the file in this very moment is told to us by a signal; the usual one would end the process.
        fcntl.fcntl(descriptor, signal_by, signal.SIGURG)
        fcntl.fcntl(descriptor, take, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, take, fcntl.F_UNLCK)
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
