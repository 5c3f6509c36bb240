"""Where a SQLite ledger may lie: on a disk of this machine. Locks of a network drive do not keep two writers apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from taihu.core.errors import ManifestError

NETWORK_KINDS: Final = frozenset(
    (
        *("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "afs", "ncpfs", "remote"),
        *("ceph", "lustre", "gpfs", "beegfs", "vboxsf", "prl_fs", "davfs", "sshfs"),
        *("fuse.sshfs", "fuse.davfs2", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ossfs"),
    )
)


def local_or_refused(path: Path) -> None:
    """Raise :class:`ManifestError` if the path lies on a network drive."""
    kind = drive_kind(path.resolve())
    if kind in NETWORK_KINDS:
        raise ManifestError(
            f"the ledger {path} lies on a network drive ({kind})", fix="put it on a local disk, or use postgresql:// for the ledger"
        )


def drive_kind(path: Path) -> str:
    """The kind of file system that holds a path, in small letters; empty if the machine does not say."""
    if str(path).startswith("\\\\"):
        return "remote"
    mounts = Path("/proc/self/mountinfo")
    if mounts.exists():
        return kind_among(mounts.read_text(encoding="utf-8", errors="replace"), path)
    import psutil

    found, best = "", -1
    for mount in psutil.disk_partitions(all=True):
        if path.is_relative_to(mount.mountpoint) and len(mount.mountpoint) > best:
            found, best = ("remote" if "remote" in mount.opts else mount.fstype.lower()), len(mount.mountpoint)
    return found


def kind_among(mountinfo: str, path: Path) -> str:
    """The file system of a path by the text of ``/proc/self/mountinfo``; of two mounts on one place the later one holds."""
    found, best = "", -1
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if not after:
            continue
        point = before.split()[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if path.is_relative_to(point) and len(point.rstrip(os.sep)) >= best:
            found, best = after.split()[0].lower(), len(point.rstrip(os.sep))
    return found
