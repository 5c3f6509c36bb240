"""What other parsers make of texts. Run by ``.venv-bench``: TABLES (JSON, texts by table); prints answers and seconds by table and peer.

An answer is the amount as a text, the date in ISO form, or the full name of the deepest division; null where the peer refuses.
"""

import contextlib
import io
import json
import sys
import time
import warnings
from decimal import Decimal
from pathlib import Path


def load():
    """The peers by table; what they print while loading is not ours."""
    import cn2an
    import dateutil.parser
    import jionlp
    import pandas

    def money(text):
        found = jionlp.parse_money(text)
        return found and found["num"]

    def moment(text):
        found = jionlp.parse_time(text)
        return found["time"][0][:10] if found and found["type"] == "time_point" else None

    def place(text):
        found = jionlp.parse_location(text)
        return found["county"] or found["city"] or found["province"]

    return {
        "amounts": {
            "cn2an": lambda text: str(Decimal(str(cn2an.cn2an(text, "smart")))),
            "jionlp": money,
            "pandas": lambda text: str(Decimal(str(pandas.to_numeric(text)))),
        },
        "dates": {
            "dateutil": lambda text: dateutil.parser.parse(text).date().isoformat(),
            "jionlp": moment,
            "pandas": lambda text: pandas.to_datetime(text).date().isoformat(),
        },
        "addresses": {"jionlp": place},
    }


def answer(parse, text):
    with contextlib.suppress(Exception):
        return parse(text)
    return None


def main():
    warnings.simplefilter("ignore")
    tables = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = {}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for table, peers in load().items():
            for peer, parse in peers.items():
                answer(parse, tables[table][0])
                began = time.process_time()
                answers = [answer(parse, text) for text in tables[table]]
                found.setdefault(table, {})[peer] = {"answers": answers, "seconds": time.process_time() - began}
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
