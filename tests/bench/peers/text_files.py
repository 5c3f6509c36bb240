"""What other programs make of text files. Run by ``.venv-bench``: FOLDER READER [READER ...]; prints one JSON object a file and reader.

Tables are ``[names or null, rows]``; a reader that raises, or takes longer than 20 seconds, gives its error instead.
"""

import json
import signal
import sys
from pathlib import Path


def by_pandas(path):
    """pandas, told to find the delimiter."""
    import pandas

    frame = pandas.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    rows = [[cell if isinstance(cell, str) else None for cell in row] for row in frame.values.tolist()]
    return [[[str(name) for name in frame.columns], rows]]


def by_clevercsv(path):
    """clevercsv, which asks chardet for the encoding."""
    import clevercsv

    return [[None, clevercsv.read_table(str(path))]]


def by_chardet(path):
    import chardet

    content = path.read_bytes()
    return content.decode(chardet.detect(content)["encoding"] or "ascii")


def by_charset_normalizer(path):
    import charset_normalizer

    best = charset_normalizer.from_bytes(path.read_bytes()).best()
    return None if best is None else str(best)


READERS = {"pandas": by_pandas, "clevercsv": by_clevercsv, "chardet": by_chardet, "charset-normalizer": by_charset_normalizer}


def too_long(*_):
    raise TimeoutError("it took longer than 20 seconds")


def main():
    folder, *readers = sys.argv[1:]
    signal.signal(signal.SIGALRM, too_long)
    for path in sorted(Path(folder).iterdir()):
        for name in readers:
            said = {"file": path.name, "reader": name}
            signal.alarm(20)
            try:
                said["read"] = READERS[name](path)
            except Exception as error:
                said["error"] = f"{type(error).__name__}: {error}"[:200]
            finally:
                signal.alarm(0)
            # Half a surrogate pair is no JSON.
            print(json.dumps(said))


main()
