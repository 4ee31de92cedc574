"""Licences, attributions and caveats of a release."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, TypedDict

from essgeo.access.walking import MAX_SNAP_M
from essgeo.files.write import writable
from essgeo.schema.vocabulary import FAMILIES
from essgeo.text.numbers import number
from essgeo.text.phrases import register_bound, said

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from essgeo.access import WalkingComparison
    from essgeo.files.provenance import Input
    from essgeo.results import Study
    from essgeo.schema.vocabulary import Lang


def caveats(study: Study) -> list[str]:
    """Return the sentences without which the coverage of a study must not be read, in the language of the study.

    They say how many structures it rests on, what the register is and what that means for the figures, how a
    walk is measured, which structures count, of which vintage the QPV are and on which day the study stands; and for
    each file that stands in for a newer one, why.
    """
    always = (_sample(study), _walk(study), _counted(study), _vintage(study))
    return [*(sentence[study.lang] for sentence in always), *study.shortfalls]


def _sample(study: Study) -> dict[Lang, str]:
    located = study.located
    if study.from_sirene:
        return {lang: register_bound(located, len(study.structures), lang) for lang in ("fr", "en")}
    families = study.portrait[study.portrait["family"].isin(list(FAMILIES))]
    total = families["seed_enterprises"].sum()
    known = {lang: number(total, lang) for lang in ("fr", "en")} if total else None
    return {
        "fr": f"La couverture repose sur {located} structures localisées dans le territoire"
        + (f" sur environ {known['fr']} entreprises de l'ESS" if known else "")
        + " : le registre est un échantillon. Le nombre d'habitants hors de portée est un majorant ; l'écart avec le "
        "territoire et les rangs peuvent changer dans les deux sens.",
        "en": f"Coverage rests on {located} structures located in the territory"
        + (f" out of about {known['en']} ESS enterprises" if known else "")
        + ": the register is a sample. The number of residents out of reach is an upper bound; the gap with the "
        "territory, and ranks, may move either way.",
    }


def _walk(study: Study) -> dict[Lang, str]:
    methods = "; ".join(str(method) for method in study.coverage["method"].dropna().unique())
    if study.walking is not None:
        return _streets(study.walking, study.parameters.speed_kmh)
    return {"fr": f"Marche : {said(methods, 'fr')}.", "en": f"Walking: {methods}."}


def _streets(found: WalkingComparison, speed: float) -> dict[Lang, str]:
    away = {
        lang: (number(found.residents_away, lang), number(found.structures_away, lang), f"{MAX_SNAP_M:g}")
        for lang in ("fr", "en")
    }
    fr = f"Marche sur les rues et les chemins d'OpenStreetMap ({found.network_date}) à {speed:g} km/h".replace(".", ",")
    en = f"Walking over the streets and paths of OpenStreetMap ({found.network_date}) at {speed:g} km/h"
    return {
        "fr": "{} ; {} habitants et {} structures en sont à plus de {} m : hors de portée.".format(fr, *away["fr"]),
        "en": "{}; {} residents and {} structures are more than {} m from them: out of reach.".format(en, *away["en"]),
    }


def _counted(study: Study) -> dict[Lang, str]:
    counted = study.structures[study.structures["counted"].astype("boolean").fillna(value=False)]
    unknown, outside = int((counted["status"] == "unknown").sum()), study.outside
    return {
        "fr": "Les structures fermées ou parties ne comptent pas ; "
        f"{unknown} structures dont l'activité n'est pas vérifiée comptent."
        + (f" {outside} structures hors du territoire ne servent que les habitants à portée." if outside else ""),
        "en": f"Closed and moved structures do not count; {unknown} structures whose activity is not verified do."
        + (f" {outside} structures outside the territory serve only the residents within reach." if outside else ""),
    }


def _vintage(study: Study) -> dict[Lang, str]:
    vintage, day = study.parameters.vintage, study.parameters.as_of
    stands_in = {
        "fr": "Le contour du QPV tient lieu de périmètre NPNRU.",
        "en": "The QPV outline stands in for the NPNRU perimeter.",
    }
    given = {"fr": "Périmètres NPNRU donnés par l'utilisateur.", "en": "NPNRU perimeters as given by the user."}
    renewal = stands_in if study.npnru.index.isin(study.qpv.index).all() else given
    return {
        "fr": f"QPV de {vintage} ; situation au {day:%d/%m/%Y}. {renewal['fr']}",
        "en": f"QPV of {vintage}; as of {day:%Y-%m-%d}. {renewal['en']}",
    }


_KNOWN = {
    "Licence Ouverte": ("etalab-2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    "ODbL": ("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
}

_MARKDOWN = re.compile(r"([\\`*_\[\]#|~])")

_WORDS = {
    "title": {"fr": "Sources et licences", "en": "Sources and licences"},
    "intro": {
        "fr": "Ce dossier repose sur les données ci-dessous. Qui le republie les cite, avec leur millésime.",
        "en": "This folder rests on the data below. Whoever republishes it names them, with their vintage.",
    },
    "pages": {
        "fr": "Les pages (`*.html` et `assets/`) reposent sur toutes ces données ; chacune les cite, en bas.",
        "en": "The pages (`*.html` and `assets/`) rest on all of these data; each of them names them, at its foot.",
    },
    "odbl": {
        "fr": "Les couches ODbL sont dans des fichiers à part, dont le nom finit par `_odbl`, et restent à part dans "
        "les pages : qui les modifie et les publie doit le faire sous la même licence.",
        "en": "ODbL layers are in files of their own, whose names end in `_odbl`, and stay apart in the pages: "
        "whoever changes and publishes them must do so under the same licence.",
    },
    "files": {"fr": "Fichiers qui en dépendent :", "en": "Files that rest on it:"},
    "read": {"fr": "À lire avec la couverture", "en": "To read with coverage"},
    "vintage": {"fr": "millésime", "en": "vintage"},
}


class Licence(TypedDict, total=False):
    """A licence as a data package names it."""

    name: str
    path: str
    title: str


def licences_of(inputs: Collection[Input]) -> list[Licence]:
    """Return the licences of these inputs, each once; one that has no code of its own is ``other`` with its title.

    Examples
    --------
    >>> from essgeo.files.provenance import Input
    >>> licences_of([Input("stations", "s.csv", "", "Stations", "IDFM", "ODbL 1.0", "2025")])[0]["name"]
    'ODbL-1.0'
    """
    return [_licence(title) for title in dict.fromkeys(source.licence for source in inputs)]


def _licence(title: str) -> Licence:
    for name, (code, path) in _KNOWN.items():
        if name in title:
            return {"name": code, "path": path, "title": title}
    return {"name": "other", "title": title}


def is_share_alike(study: Study, layers: Collection[str]) -> bool:
    """Return whether any of these input layers is under the ODbL, which what is derived from it must keep."""
    return any("ODbL" in source.licence for source in inputs_of(study, layers))


def inputs_of(study: Study, layers: Collection[str]) -> list[Input]:
    """Return the inputs of a study that were read as one of these layers, in the order of the study."""
    return [source for source in study.inputs if source.layer in layers]


def attributions(study: Study, files: Mapping[str, Collection[str]]) -> str:
    """Return ATTRIBUTIONS.md: the inputs by licence, the files that rest on each, and that pages rest on all.

    Parameters
    ----------
    study
        What a run found.
    files
        The input layers that each published file rests on, by its path in the folder.

    Returns
    -------
    str
        Markdown in the language of the study; text from the inputs is escaped.
    """
    lang = study.lang
    lines = [
        f"# {_escape(study.territory.name)}. {_WORDS['title'][lang]}",
        "",
        _WORDS["intro"][lang],
        "",
        _WORDS["pages"][lang],
    ]
    if is_share_alike(study, {source.layer for source in study.inputs}):
        lines += ["", _WORDS["odbl"][lang]]
    for licence in sorted({source.licence for source in study.inputs}):
        lines += ["", f"## {_escape(licence)}", ""]
        if path := _licence(licence).get("path"):
            lines += [f"<{path}>", ""]
        for source in (source for source in study.inputs if source.licence == licence):
            title, publisher, vintage, file = map(
                _escape, (source.title, source.publisher, source.vintage, source.file)
            )
            resting = ", ".join(f"`{path}`" for path, layers in files.items() if source.layer in layers)
            fetched = f", <{_escape(source.url)}>, {source.fetched_at[:10]}" if source.url else ""
            lines += [
                f"- {title}. {publisher}, {_WORDS['vintage'][lang]} {vintage} "
                f"({file}, SHA-256 `{source.sha256[:12]}`{fetched})."
                + (f" {_escape(source.note)}" if source.note else "")
                + (f" {_WORDS['files'][lang]} {resting}." if resting else "")
            ]
    lines += ["", f"## {_WORDS['read'][lang]}", "", *(f"- {_escape(sentence)}" for sentence in caveats(study)), ""]
    return "\n".join(lines)


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(" ".join(writable(text).split()), quote=False))
