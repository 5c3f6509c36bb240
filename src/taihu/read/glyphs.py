"""Characters that a PDF or OFD file says although it means others: radicals, compatibility forms and ligatures.

Fonts draw 金 and the radical ⾦ with one glyph, and a browser that prints a page writes down the radical. Only these are brought
back to what people write: NFKC as a whole would also turn m² into m2 and ① into 1. Normalization knows the Kangxi radicals
(U+2F00 and on) but hardly any of the supplement (U+2E80 and on), so those follow the Unicode Character Database's
``EquivalentUnifiedIdeograph.txt``. The radical ⼾ is 户, as mainland fonts draw it; normalization says 戶.
"""

from __future__ import annotations

import re
import unicodedata

_ODD = re.compile("[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06\U0002f800-\U0002fa1f]")
_SUPPLEMENT = str.maketrans(
    "⼾⺁⺇⺌⺎⺒⺓⺛⺜⺝⺟⺠⺧⺩⺫⺬⺮⺶⺼⺽⻁⻃⻄⻅⻆⻉⻊⻋⻑⻓⻔⻕⻗⻘⻙⻚⻛⻜⻝⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
    "户厂几小兀巳幺旡日月母民牛王目示竹羊月臼虎覀西见角贝足车長长门阜雨青韦页风飞食首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
)


def as_written(text: str) -> str:
    """The text with ideographs for radicals and compatibility forms, and letters for ligatures."""
    if text.isascii():
        return text
    return _ODD.sub(lambda found: unicodedata.normalize("NFKC", found[0].translate(_SUPPLEMENT)), text)
