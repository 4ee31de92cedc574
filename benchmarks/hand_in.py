"""Hand in real lists and made workbooks, and write docs/hand_in.md: rows in, read, set aside and why, and back again.

`python benchmarks/hand_in.py [WORD...]` takes every list, or those with a word in their name. It reads
`../shared/real-data` beside the repository, or the folder of ESSGEO_REAL_DATA, and says so when it is missing.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "real-data"
if not REAL.is_dir():
    REAL = Path(os.environ.get("ESSGEO_REAL_DATA", REAL))
TERRITORY = "est-ensemble"
HEADER = ["Nom de la structure", "Adresse", "CP", "Ville", "Thématique", "Situation", "Téléphone"]
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
    for row in [["Structures de l'ESS, 2026"], [], HEADER, *PLACES[:2], [], *PLACES[2:], ["Total", "4"]]:
        book.worksheets[0].append(row)
    book.save(folder / "title.xlsx")
    yield "Made: a title, blank rows, a sum", folder / "title.xlsx", len(PLACES) + 1

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
    done = subprocess.run(
        [sys.executable, "-m", "essgeo", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"ESSGEO_LANG": "en"},
    )
    return done.returncode, done.stdout, done.stderr


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
    columns = _run("columns", path)
    geocoded = base / "geocoded.csv"
    ban = [part for file in sorted((REAL / "ban").glob("adresses-93*.csv.gz")) for part in ("--ban", file)]
    steps = {
        "columns": columns,
        "geocode": _run("geocode", path, "-o", geocoded, *ban),
        "zones": _run("zones", path, "-o", base / "zones.csv", "--territory", TERRITORY),
        "study": _run("study", TERRITORY, "--structures", path, "--out", base / "study", "--background", "none"),
    }
    table = base / "study" / "tables" / "structures.csv"
    steps["back"] = _run("geocode", table, "-o", base / "back.csv", *ban) if table.is_file() else (2, "", "")
    counts = [rows, _rows(geocoded), _rows(table), _rows(base / "back.csv")]
    codes = ", ".join(f"{step} {code}" for step, (code, _, _) in steps.items() if code) or "none"
    geocode = _said(steps["geocode"][1], base)
    said = [f"{step}: {line}" for step, (_, _, errors) in steps.items() for line in _said(errors, base)]
    status = geocode[-1].split(": ", 1)[1].rsplit(". ", 1)[0] if geocode else ""
    print(name, counts, codes, flush=True)
    return f"| {name} | {' | '.join(f'{count:,}' for count in counts)} | {status} | {codes} |", said


def main() -> None:
    """Write the table."""
    if not REAL.is_dir():
        sys.exit(f"{REAL}: no such folder; the real lists are not part of the repository.")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        lists = [
            given for given in _lists(folder) if not sys.argv[1:] or any(word in given[0] for word in sys.argv[1:])
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(_line, *zip(*lists, strict=True), repeat(folder)))
    lines = [
        "# What becomes of a list that is handed in",
        "",
        "Written by `python benchmarks/hand_in.py`. Each list goes through columns, geocode, zones and study of",
        "Est Ensemble, and the structures that the study writes through `geocode` again. A row that is not located",
        "keeps its place with a status; what is set aside is named below, as the commands said it.",
        "",
        "| list | rows in | geocode | study | back | positions | refused (exit code) |",
        "|---|---|---|---|---|---|---|",
        *(row for row, _ in found),
        "",
        "## What was said",
    ]
    for (name, *_), (_, said) in zip(lists, found, strict=True):
        kept = list(dict.fromkeys(line[:300] for line in said))
        lines += ["", f"**{name}**", "", *(f"- {line}" for line in kept or ["nothing"])]
    (ROOT / "docs" / "hand_in.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
