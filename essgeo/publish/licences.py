"""Licences, attributions and caveats of a release."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, TypedDict

from essgeo.access.walking import MAX_SNAP_M
from essgeo.files.write import writable
from essgeo.schema.vocabulary import FAMILIES
from essgeo.text.languages import method_in_words, number, register_bound, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from essgeo.files.provenance import Input
    from essgeo.results import Setting, Study


def caveats(study: Study) -> list[str]:
    """Return the sentences without which the coverage of a study must not be read, in the language of the study.

    They say how many structures it rests on, what the register is and what that means for the figures, how a
    walk is measured, which structures count, of which vintage the QPV are and on which day the study stands; and for
    each file that stands in for a newer one, why.
    """
    return [_sample(study), _walk(study), _counted(study), _vintage(study), *study.shortfalls]


def _sample(study: Study) -> str:
    if study.from_sirene:
        return register_bound(study.located, len(study.structures), study.lang)
    families = study.portrait[study.portrait["family"].isin(list(FAMILIES))]
    total = families["seed_enterprises"].sum()
    sentence = words(study.lang)["caveats"]["sample_of" if total else "sample"]
    return sentence.format(located=study.located, enterprises=number(total, study.lang))


def _walk(study: Study) -> str:
    lang, found = study.lang, study.walking
    if found is None:
        methods = "; ".join(str(method) for method in study.coverage["method"].dropna().unique())
        return words(lang)["caveats"]["walk"].format(method=method_in_words(methods, lang))
    speed = f"{study.parameters.speed_kmh:g}"
    return words(lang)["caveats"]["streets"].format(
        date=found.network_date,
        speed=speed.replace(".", ",") if lang == "fr" else speed,
        residents=number(found.residents_away, lang),
        structures=number(found.structures_away, lang),
        metres=f"{MAX_SNAP_M:g}",
    )


def _counted(study: Study) -> str:
    sentences, outside = words(study.lang)["caveats"], study.outside
    counted = study.structures["counted"].astype("boolean").fillna(value=False)
    unknown = int((counted & (study.structures["status"] == "unknown")).sum())
    written = [sentences["counted"].format(unknown=unknown)]
    return " ".join([*written, *([sentences["outside"].format(outside=outside)] if outside else [])])


def _vintage(study: Study) -> str:
    sentences, day = words(study.lang)["caveats"], study.parameters.as_of
    written = f"{day:%d/%m/%Y}" if study.lang == "fr" else f"{day:%Y-%m-%d}"
    stands_in = study.npnru.index.isin(study.qpv.index).all()
    return " ".join(
        [
            sentences["vintage"].format(vintage=study.parameters.vintage, day=written),
            sentences["renewal_qpv" if stands_in else "renewal_given"],
        ]
    )


_KNOWN = {
    "Licence Ouverte": ("etalab-2.0", "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"),
    "ODbL": ("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
}

_MARKDOWN = re.compile(r"([\\`*_\[\]#|~])")


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


def is_share_alike(inputs: Iterable[Input]) -> bool:
    """Return whether any of these inputs is under the ODbL, which what is derived from it must keep."""
    return any("ODbL" in source.licence for source in inputs)


def attributions(study: Setting, caveats: Iterable[str], files: Mapping[str, Collection[Input]]) -> str:
    """Return ATTRIBUTIONS.md: the inputs by licence, the files that rest on each, and that pages rest on all.

    Parameters
    ----------
    study
        What a run found.
    caveats
        From :func:`caveats`, computed once for a release.
    files
        The inputs that each published file rests on, by its path in the folder.

    Returns
    -------
    str
        Markdown in the language of the study; text from the inputs is escaped.
    """
    own = words(study.lang)["attributions"]
    lines = [
        f"# {_escape(study.territory.name)}. {own['title']}",
        "",
        own["intro"],
        "",
        own["pages"],
    ]
    if is_share_alike(study.credited):
        lines += ["", own["odbl"]]
    for licence in sorted({source.licence for source in study.credited}):
        lines += ["", f"## {_escape(licence)}", ""]
        if path := _licence(licence).get("path"):
            lines += [f"<{path}>", ""]
        for source in (source for source in study.credited if source.licence == licence):
            title, publisher, vintage, file = map(
                _escape, (source.title, source.publisher, source.vintage, source.file)
            )
            resting = ", ".join(f"`{path}`" for path, inputs in files.items() if source in inputs)
            fetched = f", <{_escape(source.url)}>, {source.fetched_at[:10]}" if source.url else ""
            lines += [
                f"- {title}. {publisher}, {own['vintage']} {vintage} "
                f"({file}, SHA-256 `{source.sha256[:12]}`{fetched})."
                + (f" {_escape(source.note)}" if source.note else "")
                + (f" {own['files']} {resting}." if resting else "")
            ]
    lines += ["", f"## {own['read']}", "", *(f"- {_escape(sentence)}" for sentence in caveats), ""]
    return "\n".join(lines)


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", html.escape(" ".join(writable(text).split()), quote=False))
