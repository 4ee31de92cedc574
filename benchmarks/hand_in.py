"""Hand in real lists and made workbooks, and write docs/look_up/hand_in.md: rows in, read, set aside, and back again.

`python benchmarks/hand_in.py [WORD...]` takes every list, or those with a word in their name. It reads
`../shared/real-data` beside the repository, or the folder of ESSGEO_REAL_DATA, and says so when it is missing.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl

from essgeo.cli.main import main as essgeo

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "real-data"
if not REAL.is_dir():
    REAL = Path(os.environ.get("ESSGEO_REAL_DATA", REAL))
TERRITORY = "est-ensemble"
HEADER = ["Nom de la structure", "Adresse", "CP", "Ville", "Thématique", "Situation", "Téléphone"]
NOTE = ["Source : mairie de Bondy, mars 2026"]
PLACES = [
    ["Le Fournil", "12 rue Louis Auguste Blanqui", "93140", "Bondy", "Alimentation", "Actif", "01 48 00 00 01"],
    ["Atelier Vélo", "3 avenue Carnot", "93140", "Bondy", "Mobilité", "Fermé", "01 48 00 00 02"],
    ["La Ressource", "", "93100", "Montreuil", "Réemploi", "Actif", ""],
    ["Chantier Vert", "5 rue de Paris", "93100", "Montreuil", "Emploi", "Actif", ""],
]


def _workbooks(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Write three workbooks as towns send them, and yield each with its rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for city in ("Bondy", "Montreuil"):
        sheet = book.create_sheet(city)
        for row in [HEADER, *(place for place in PLACES if place[3] == city)]:
            sheet.append(row)
    book.save(folder / "communes.xlsx")
    yield "Made: a sheet a commune", folder / "communes.xlsx", len(PLACES)

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    groups = ["Structure", "Adresse", "", "", "", "Thématique", "Situation", "Contact", ""]
    names = ["", "N°", "Voie", "CP", "Ville", "", "", "Nom", "Téléphone"]
    parted = [[row[0], *(row[1].split(" ", 1) if row[1] else ["", ""]), *row[2:6], "Jeanne", row[6]] for row in PLACES]
    above = [["Structures de l'ESS, 2026"], [], groups, names]
    for line in [*above, *parted[:2], [], *parted[2:], ["Total", "4"], NOTE]:
        sheet.append(line)
    for merged in ("A1:I1", "A3:A4", "B3:E3", "F3:F4", "G3:G4", "H3:I3"):
        sheet.merge_cells(merged)
    book.save(folder / "title.xlsx")
    yield "Made: a title, a header of two lines, blank rows, a sum, a note", folder / "title.xlsx", len(PLACES) + 2

    book = openpyxl.Workbook()
    book.worksheets[0].append(["À lire : liste tenue par le service ESS"])
    for title in ("Liste", "Archives"):
        sheet = book.create_sheet(title)
        for row in [HEADER, *PLACES]:
            sheet.append(row)
    book.worksheets[2].sheet_state = "hidden"
    book.save(folder / "notes.xlsx")
    yield "Made: notes and a hidden sheet", folder / "notes.xlsx", len(PLACES)


def _lists(folder: Path) -> Iterator[tuple[str, Path, int]]:
    """Yield each list: its name, its file, and its rows as a plain reader counts them."""
    for path in sorted((REAL / "structures").glob("*.csv")):
        text = path.read_text(encoding="utf-8-sig")
        split = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
        yield path.name, path, sum(any(row) for row in csv.reader(text.splitlines(keepends=True), delimiter=split)) - 1
    with (REAL / "truth" / "dev_ile_de_france.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"].startswith("FINESS")]
    with (folder / "finess.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "source": row["source"]} for row in rows)
    yield "FINESS rows of dev_ile_de_france.csv", folder / "finess.csv", len(rows)
    yield from _workbooks(folder)


def _run(*arguments: object) -> tuple[int, str, str]:
    """Run a command as a shell would, but within this process: each list goes through six of them."""
    out, errors = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    before = sys.argv
    sys.argv = ["essgeo", *map(str, arguments)]
    try:
        with redirect_stdout(out), redirect_stderr(errors):
            essgeo()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = before
    return int(code or 0), out.getvalue(), errors.getvalue()


def _rows(path: Path) -> int:
    """Return the rows of a CSV that essgeo wrote, or 0 where it wrote none."""
    if not path.is_file():
        return 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _said(text: str, folder: Path) -> list[str]:
    """Return what a command said of its input, without the folder of this run."""
    lines = (re.sub(r"^essgeo: ", "", line.replace(f"{folder}/", "")).strip() for line in text.splitlines())
    return [line for line in lines if line and "%|" not in line]


def _line(name: str, path: Path, rows: int, folder: Path) -> tuple[str, list[str]]:
    """Take a list through the commands and back; return its row of the table and what was said of it."""
    base = folder / path.stem
    base.mkdir(exist_ok=True)
    geocoded, table = base / "geocoded.csv", base / "study" / "tables" / "structures.csv"
    ban = [part for file in sorted((REAL / "ban").glob("adresses-93*.csv.gz")) for part in ("--ban", file)]
    steps = {
        "columns": _run("columns", path),
        "geocode": _run("geocode", path, "-o", geocoded, *ban),
        "zones": _run("zones", path, "-o", base / "zones.csv", "--territory", TERRITORY),
        "study": _run("study", TERRITORY, "--structures", path, "--out", base / "study", "--background", "none"),
        "back": _run("zones", table, "-o", base / "back.csv", "--territory", TERRITORY),
    }
    zones, back = (_counted(steps[step][1]) for step in ("zones", "back"))
    counts = [rows, _rows(geocoded), zones, _rows(table), back, rows - zones]
    codes = ", ".join(f"{step} {code}" for step, (code, _, _) in steps.items() if code) or "none"
    told: dict[str, list[str]] = {}
    for step, (_, _, errors) in steps.items():
        for line in _said(errors, base):
            told.setdefault(line, []).append(step)
    why = "; ".join(line.partition(": ")[2] for line in told if "is no structure" in line) or "-"
    status = _said(steps["geocode"][1], base)[-1:]
    positions = status[0].split(": ", 1)[1].rsplit(". ", 1)[0] if status else ""
    print(name, counts, codes, flush=True)
    row = f"| {name} | {' | '.join(f'{count:,}' for count in counts)} | {why} | {positions} | {codes} |"
    return row, [f"{', '.join(steps)}: {line}" for line, steps in told.items()]


def _counted(said: str) -> int:
    """Return how many structures ``zones`` says that it read."""
    found = re.findall(r"([\d,]+) structures?\b", said)
    return int(found[-1].replace(",", "")) if found else 0


def main() -> None:
    """Write the table."""
    if not REAL.is_dir():
        sys.exit(f"{REAL}: no such folder; the real lists are not part of the repository.")
    os.environ["ESSGEO_LANG"] = "en"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        lists = [
            given for given in _lists(folder) if not sys.argv[1:] or any(word in given[0] for word in sys.argv[1:])
        ]
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            found = list(pool.map(_line, *zip(*lists, strict=True), repeat(folder)))
    lines = [
        "# What becomes of a list that is handed in",
        "",
        "Written by `python benchmarks/hand_in.py`. Each list goes through `columns`, `geocode`, `zones` and `study`",
        "of Est Ensemble, and the structures that the study publishes through `zones` again (back). `geocode` keeps",
        "every row of its file, sums too, which it does not look up; the others read structures. One that is not",
        "located keeps its place with a status. What was said stands below, once for the commands that said it.",
        "",
        "| list | rows in | geocode | zones | study | back | set aside | why | positions | refused (exit code) |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(row for row, _ in found),
        "",
        "## What was said",
    ]
    for (name, *_), (_, said) in zip(lists, found, strict=True):
        lines += ["", f"**{name}**", "", *(f"- {line[:300]}" for line in said or ["nothing"])]
    (ROOT / "docs" / "look_up" / "hand_in.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
