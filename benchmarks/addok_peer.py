"""The peer: addok on a Redis of its own, filled from BAN, asked in one process.

It needs ``redis-server`` (Debian: ``apt-get install redis-server``) and a Python with ``addok`` and ``addok-france``,
named by ``ADDOK_PYTHON``. Asked as a script, with that Python, it answers the questions of its standard input.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

PORT = 6399
SYNONYMS = {
    "av,ave": "avenue", "bd,bld,blvd,bvd": "boulevard", "r": "rue", "pl": "place", "sq": "square",
    "imp": "impasse", "all": "allee",
    "che,chem": "chemin", "crs": "cours", "rte": "route", "qu": "quai", "pas,pass": "passage", "vla": "villa",
    "voi": "voie",
    "res": "residence", "fg,fbg": "faubourg", "st": "saint", "ste": "sainte", "dr": "docteur", "gal,gen": "general",
    "mal,mar": "marechal", "pdt,pres": "president", "pr,prof": "professeur", "pte": "porte",
    "cdt": "commandant", "col": "colonel",
}  # fmt: skip
"""Given to addok, which ships none, so that it knows the usual abbreviations."""
CONFIG = """
QUERY_PROCESSORS_PYPATHS = ["addok.helpers.text.check_query_length", "addok_france.extract_address",
    "addok_france.clean_query", "addok_france.remove_leading_zeros"]
SEARCH_RESULT_PROCESSORS_PYPATHS = ["addok.helpers.results.match_housenumber", "addok_france.make_labels",
    "addok.helpers.results.score_by_importance", "addok.helpers.results.score_by_autocomplete_distance",
    "addok.helpers.results.score_by_ngram_distance", "addok.helpers.results.score_by_geo_distance"]
PROCESSORS_PYPATHS = ["addok.helpers.text.tokenize", "addok.helpers.text.normalize", "addok_france.glue_ordinal",
    "addok_france.fold_ordinal", "addok_france.flag_housenumber", "addok.helpers.text.synonymize"]
REDIS = {{"host": "localhost", "port": {port}, "unix_socket_path": None,
    "indexes": {{"db": 0}}, "documents": {{"db": 1}}}}
SYNONYMS_PATHS = ["{folder}/synonyms.txt"]
LOG_DIR = "{folder}"
"""


def missing() -> str:
    """Return what is not installed, ``""`` when the peer can run."""
    python = os.environ.get("ADDOK_PYTHON", "")
    if not shutil.which("redis-server"):
        return "redis-server (Debian: apt-get install redis-server)"
    if not python or not Path(python).exists():
        return "ADDOK_PYTHON=a Python with addok and addok-france"
    return ""


@contextmanager
def running(ban: pd.DataFrame) -> Iterator[tuple[Path, float]]:
    """Start Redis, fill addok, yield its folder and the seconds that took; stop Redis at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "synonyms.txt").write_text("".join(f"{short} => {full}\n" for short, full in SYNONYMS.items()))
        (folder / "addok.py").write_text(CONFIG.format(port=PORT, folder=folder))
        (folder / "ban.jsonl").write_text("\n".join(json.dumps(document) for document in documents(ban)))
        redis = subprocess.Popen(
            [str(shutil.which("redis-server")), "--port", str(PORT), "--save", "", "--dir", name],
            stdout=subprocess.DEVNULL,
        )
        try:
            time.sleep(1)
            addok = [str(Path(os.environ["ADDOK_PYTHON"]).with_name("addok"))]
            start = time.perf_counter()
            for command in (["batch", str(folder / "ban.jsonl")], ["ngrams"]):
                subprocess.run(addok + command, env=_environment(folder), check=True, capture_output=True)
            yield folder, time.perf_counter() - start
        finally:
            redis.terminate()
            redis.wait()


def documents(ban: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the streets of a BAN file as addok reads them."""
    for (citycode, postcode, street), rows in ban.groupby(["code_insee", "code_postal", "nom_voie"]):
        city = re.sub(r" \d+er? Arrondissement$", "", rows["nom_commune"].iloc[0])
        houses = {
            f"{row.numero} {row.rep}".strip(): {"id": row.id, "lon": float(str(row.lon)), "lat": float(str(row.lat))}
            for row in rows.itertuples()
        }
        middle = list(houses.values())[len(houses) // 2]
        yield {
            "_id": f"{citycode}_{postcode}_{street}", "id": middle["id"], "type": "street", "name": street,
            "postcode": postcode,
            "citycode": citycode, "city": city, "lon": middle["lon"], "lat": middle["lat"], "importance": 0.3,
            "housenumbers": houses,
        }  # fmt: skip


def ask(folder: Path, questions: list[dict[str, Any]]) -> tuple[float, list[dict[str, Any]], float]:
    """Return the seconds addok takes for all questions, its best answers, and its CPU seconds, those of Redis left out.

    A question has a text ``q`` and maybe ``lon`` and ``lat``.
    """
    done = subprocess.run(
        [os.environ["ADDOK_PYTHON"], __file__], input=json.dumps(questions), env=_environment(folder), text=True,
        check=True, capture_output=True,
    )  # fmt: skip
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["seconds"], answer["results"], answer["cpu_seconds"]


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"ADDOK_CONFIG_MODULE": str(folder / "addok.py")}


def _serve() -> None:
    from addok.config import config  # noqa: PLC0415 (only the peer's own Python has addok)
    from addok.core import search  # noqa: PLC0415

    config.load()
    questions = json.load(sys.stdin)
    search("rue de rivoli paris", limit=1, autocomplete=False)
    start, cpu = time.perf_counter(), time.process_time()
    answers = [
        search(question["q"], limit=1, autocomplete=False, lon=question.get("lon"), lat=question.get("lat"))
        for question in questions
    ]
    spent = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    fields = ("lon", "lat", "housenumber", "name", "postcode", "city")
    results = [{name: getattr(answer[0], name) for name in fields} if answer else {} for answer in answers]
    print("\n" + json.dumps({**spent, "results": results}))


if __name__ == "__main__":
    _serve()
