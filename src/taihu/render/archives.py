"""Office files with the same bytes in every process.

They are ZIP archives whose writers note the hour of the day in each member, and put the present into ``docProps/core.xml``.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

_OFFICE = (".xlsx", ".pptx", ".docx")
_INSTANTS = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def settled(content: bytes, issued_at: dt.datetime) -> bytes:
    """The archive again with fixed times, in its own order; workbooks inside it are treated alike.

    Args:
        content: An Office file.
        issued_at: The instant that its properties name instead of the present.
    """
    instant = issued_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            member = source.read(name)
            if name.endswith(_OFFICE):
                member = settled(member, issued_at)
            elif name == "docProps/core.xml":
                member = _INSTANTS.sub(rb"\g<1>" + instant + rb"\g<2>", member)
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            target.writestr(info, member)
    return result.getvalue()
