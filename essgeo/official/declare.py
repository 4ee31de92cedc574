"""Describe a new territory by its communes alone; its layers are those of official sources."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.crs import legal_crs
from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.official.catalogue import is_department
from essgeo.schema.codes import ARRONDISSEMENTS, city_of, department_of
from essgeo.schema.names import is_slug
from essgeo.territory import in_french, load_territory

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from essgeo.territory import Territory


QPV_VINTAGE = "2024"

_COMMUNE = re.compile(r"(\d{2}|2[AB])\d{3}")

_TOML = """\
id = {id}
name = {name}
name_in = {name_in}
crs = {crs}
vintage = {vintage}
communes = [{communes}]

# No file here: `essgeo study {id_plain} --live` fetches every layer from its official source (`essgeo sources list`).
# A neighbourhoods.csv in this folder names target neighbourhoods as lists of IRIS. Any other file of your own stands in
# for a source that fails, or adds what no source has. Declare it so:
#
# [[layers]]
# layer = "sites"
# vintage = {vintage}
# file = "sites.csv"
# title = "Premises of the town"
# publisher = "..."
# licence = "..."
#
# Who publishes the pages stands at their foot, with the law's notices; with an address, links to them show a picture:
#
# [publisher]
# name = "Town of ..."
# contact = "name@town.fr"
# url = "https://town.fr/ess/"
# legal = "https://town.fr/legal-notice"
# accessibility = "partial"  # full, partial or none
# statement = "https://town.fr/accessibility"
# logo = "logo.svg"
# colours = {{ accent = "#0f4c5c", tint = "#f1f6f7" }}
"""


def declare_territory(
    name: str,
    communes: Sequence[str],
    *,
    title: str | None = None,
    crs: str = "auto",
    folder: Path | str | None = None,
    known: Collection[str] | None = None,
) -> Territory:
    """Write the folder of a territory that official sources fill.

    Parameters
    ----------
    name
        Its identifier: small letters, digits and hyphens.
    communes
        INSEE codes.
    title
        Its name as pages write it; by default made from ``name``.
    crs
        Metric CRS; ``auto`` takes the legal one of the department.
    folder
        Where to write ``territory.toml``; by default a folder ``name`` here.
    known
        Codes of the communes there are (:func:`essgeo.official.readers.read_commune_names`). Without them only
        the form and the department of a code are checked.

    Returns
    -------
    Territory
        As :func:`essgeo.load_territory` reads it.

    Raises
    ------
    InputError
        A name or a code that is none, a commune that is not known, communes of two CRS, a CRS that is not metric, or a
        territory that is there already. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as here:
    ...     territory = declare_territory("plaine-commune", ["93001", "93027"], folder=Path(here) / "pc")
    >>> territory.name, territory.crs, territory.files
    ('Plaine Commune', 'EPSG:2154', ())
    """
    codes = list(dict.fromkeys(code.strip().upper() for code in communes if code.strip()))
    faults = [*_faults(name, codes), *_absent(codes, known)]
    systems = sorted({legal_crs(department_of(code)) for code in codes})
    if crs == "auto" and len(systems) > 1:
        faults.append(tell("several_crs", systems=", ".join(systems)))
    target = Path(folder) if folder is not None else Path(name)
    path = target / "territory.toml"
    if path.exists():
        faults.append(tell("territory_exists", path=path))
    if faults:
        raise InputError(tell("territory_faults", name=name, faults="; ".join(faults)))
    values = {
        "id": name,
        "name": title or " ".join(word.capitalize() for word in name.split("-")),
        "crs": systems[0] if crs == "auto" else crs,
        "vintage": QPV_VINTAGE,
    }
    values["name_in"] = in_french(values["name"])
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    text = _TOML.format(**quoted, id_plain=target.as_posix(), communes=", ".join(map(json.dumps, codes)))
    return _write(path, text)


def _faults(name: str, codes: Sequence[str]) -> list[str]:
    faults = []
    if not is_slug(name):
        faults.append(tell("territory_name"))
    wrong = [code for code in codes if not _COMMUNE.fullmatch(code)]
    if wrong:
        faults.append(tell("not_insee", wrong=", ".join(wrong)))
    if not codes:
        faults.append(tell("no_commune_given"))
    for code, parts in ARRONDISSEMENTS.items():
        if code in codes:
            faults.append(tell("commune_divided", code=code, parts=parts[0], parts_2=parts[-1]))
    return faults


def _absent(codes: Sequence[str], known: Collection[str] | None) -> list[str]:
    """Return what is wrong with codes of the right form: no such department, or no such commune."""
    formed = [code for code in codes if _COMMUNE.fullmatch(code) and code not in ARRONDISSEMENTS]
    nowhere = [code for code in formed if not is_department(department_of(code))]
    faults = [tell("no_departments", codes=", ".join(nowhere))] if nowhere else []
    if known is None:
        return faults
    # Files of communes may lack the arrondissements.
    absent = [code for code in formed if code not in nowhere and city_of(code) == code and code not in known]
    return [*faults, tell("no_communes", codes=", ".join(absent))] if absent else faults


def _write(path: Path, text: str) -> Territory:
    made = not path.parent.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return load_territory(path.parent)
    except OSError as error:
        raise InputError(tell("cannot_write", path=path, strerror=error.strerror)) from error
    except InputError:
        path.unlink()
        if made:
            path.parent.rmdir()
        raise
