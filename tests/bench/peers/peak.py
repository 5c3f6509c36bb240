"""The peak of this program's own memory.

``ru_maxrss`` would also count what the process held that started this one, because Linux keeps it over ``exec``.
"""

import re
import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Most resident bytes of this program so far."""
    status = Path("/proc/self/status")
    if found := re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None:
        return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
