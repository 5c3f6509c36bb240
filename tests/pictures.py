"""The pictures of ``docs/pictures``: every page of the demo's reports and documents as people see it.

``python -m tests.pictures demo/company_a`` after ``./do demo``; needs LibreOffice (Calc and Impress), poppler-utils and Chromium, and
is no part of the suite: somebody looks at the pictures. So that they show what the packaged font can draw, let ``FONTCONFIG_FILE``
name a folder that holds nothing but a regular and a bold instance of it (``fontTools.varLib.instancer``): LibreOffice draws a
variable font in one weight.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).parents[1] / "docs" / "pictures"
AS_OF = "2026-10-12T08:30:00+08:00"
EXACT, COLOURS, LARGEST = 32, 80, 250_000
MAIL, STATUS, DIAGRAM, PAGE = (760, 4600), (1200, 1500), (2600, 1900), (1200, 1500)


def main(project: Path) -> int:
    """Draw everything anew; returns how many pictures are too large."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for report in ("daily", "weekly"):
            newest = sorted((project / "out" / report).iterdir())[-1]
            for lang in ("zh", "en"):
                _report(newest, report, lang, work)
        for lang in ("zh", "en"):
            _documents(project / "generated", lang, work)
            page = work / f"status_{lang}.html"
            command = [sys.executable, "-m", "taihu", "status", "-p", str(project), "--as-of", AS_OF, "--lang", lang, "--html", str(page)]
            subprocess.run(command, check=True, capture_output=True)
            _keep(_shot(page, STATUS, work), f"status_{lang}")
    sizes = {path.name: path.stat().st_size for path in sorted(TARGET.glob("*.png"))}
    for name, size in sizes.items():
        print(f"{size / 1000:7.1f} kB  {name}{'  TOO LARGE' if size > LARGEST else ''}")
    print(f"{sum(sizes.values()) / 1e6:7.2f} MB in {len(sizes)} pictures")
    return sum(size > LARGEST for size in sizes.values())


def _report(folder: Path, report: str, lang: str, work: Path) -> None:
    for number, page in enumerate(_pages(_newest(folder, f"*_all_{lang}.pdf"), 84, work), start=1):
        _keep(page, f"{report}_pdf_{lang}_{number}")
    first = _pages(_as_pdf(_newest(folder, f"*_all_{lang}.xlsx"), work), 84, work)[0]
    _keep(first, f"{report}_xlsx_{lang}")
    _keep(_shot(_newest(folder, f"*_all_{lang}.html"), MAIL, work), f"{report}_mail_{lang}", width=520)


def _documents(folder: Path, lang: str, work: Path) -> None:
    _keep(_sheet(_pages(_as_pdf(folder / f"slides.{lang}.pptx", work), 40, work), 3), f"slides_{lang}")
    _keep(_sheet(_pages(folder / f"design.{lang}.pdf", 40, work), 6), f"design_{lang}")
    for name in ("data_flow", "star_schema", "lineage"):
        _keep(_shot(folder / f"{name}.{lang}.svg", DIAGRAM, work), f"{name}_{lang}", width=1300)
    _keep(_shot(folder / f"dictionary.{lang}.html", PAGE, work), f"dictionary_{lang}", width=900, trim=False)


def _newest(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[-1]


def _as_pdf(path: Path, work: Path) -> Path:
    profile = f"-env:UserInstallation=file://{work}/office"
    command = ["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(work), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return work / f"{path.stem}.pdf"


def _pages(path: Path, resolution: int, work: Path) -> list[Image.Image]:
    stem = work / f"page-{path.stem}"
    subprocess.run(["pdftoppm", "-r", str(resolution), "-png", str(path), str(stem)], check=True)
    pages = sorted(work.glob(f"{stem.name}-*.png"))
    pictures = [Image.open(page).convert("RGB") for page in pages]
    for page in pages:
        page.unlink()
    return pictures


def _shot(path: Path, size: tuple[int, int], work: Path) -> Image.Image:
    picture = work / "shot.png"
    chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}"]
    subprocess.run([*chromium, f"--screenshot={picture}", path.resolve().as_uri()], check=True, capture_output=True)
    return Image.open(picture).convert("RGB")


def _sheet(pages: Sequence[Image.Image], across: int) -> Image.Image:
    """Pages side by side with a thin gap; a page that lies is as wide as one that stands."""
    width = pages[0].width
    pages = [page if page.width <= width else page.resize((width, round(page.height * width / page.width))) for page in pages]
    gap, width, height = 6, max(page.width for page in pages), max(page.height for page in pages)
    down = -(-len(pages) // across)
    sheet = Image.new("RGB", (across * (width + gap) + gap, down * (height + gap) + gap), "#D5DDE1")
    for place, page in enumerate(pages):
        sheet.paste(page, (gap + place % across * (width + gap), gap + place // across * (height + gap)))
    return sheet


def _keep(picture: Image.Image, name: str, *, width: int | None = None, trim: bool = True) -> None:
    """Cut the empty rest at the right and below, and write few colours: the pages are flat."""
    if trim:
        corner = picture.getpixel((picture.width - 1, picture.height - 1))
        differs = Image.eval(_difference(picture, corner), lambda value: 255 if value > 8 else 0).getbbox()
        if differs:
            picture = picture.crop((0, 0, min(picture.width, differs[2] + 16), min(picture.height, differs[3] + 16)))
    if width and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE).save(TARGET / f"{name}.png", optimize=True)


def _palette(picture: Image.Image) -> Image.Image:
    """The commonest colours as they are, and some that come near to all others."""
    common = sorted(picture.getcolors(1 << 24) or [], key=lambda each: -each[0])[:EXACT]
    others = (picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette() or [])[: 3 * COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(part for _, colour in common for part in colour), *others])  # type: ignore[union-attr]
    return palette


def _difference(picture: Image.Image, colour: object) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).convert("L")  # type: ignore[arg-type]


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo/company_a")))
