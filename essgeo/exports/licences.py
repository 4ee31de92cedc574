"""What each published file rests on, and under which licence it may be used."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, TypedDict

from essgeo.exports.notes import caveats
from essgeo.exports.text import writable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from essgeo.provenance import Input
    from essgeo.results import Study

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
    >>> from essgeo.provenance import Input
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
