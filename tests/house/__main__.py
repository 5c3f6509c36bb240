"""``./do check`` and ``./do docs``: are the generated pages what the code says (``--write`` makes them so), and what has no Chinese?"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.house.pages import pages
from tests.house.words import errors_without_chinese, help_without_chinese

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    folder = ROOT / "docs" / "reference"
    stale = []
    for name, text in pages().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--write" in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if "--write" in sys.argv:
        print(f"written: {', '.join(stale) or 'nothing was stale'}")
        return 0
    if stale:
        print(f"stale: {', '.join(stale)}; run ./do docs", file=sys.stderr)
    else:
        print("reference pages are fresh")
    missing = [f"no Chinese in cli/help_words.py: {text!r}" for text in help_without_chinese()]
    missing += [f"no Chinese in cli/error_words.py: {text}" for text in errors_without_chinese()]
    for line in missing:
        print(line, file=sys.stderr)
    return 1 if stale or missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
