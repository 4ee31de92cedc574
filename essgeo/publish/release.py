"""What leaves the house: the frames of a study masked, typed and rounded once, with their licences and caveats."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access.walking import MAX_SNAP_M
from essgeo.crs import GEOGRAPHIC
from essgeo.errors import SchemaError
from essgeo.files.perimeters import listed_zones
from essgeo.files.redact import MASK, SIREN, redact, redact_identifiers
from essgeo.files.write import writable
from essgeo.messages import tell
from essgeo.schema.columns import SHOWN_PUBLISHED, STUDY_TABLES, TABLES
from essgeo.schema.vocabulary import FAMILIES
from essgeo.text.languages import method_in_words, number, register_bound, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from essgeo.files.provenance import Input
    from essgeo.messages import Lang
    from essgeo.results import Setting, Study
    from essgeo.schema.columns import Column


_METHODS = {"method", "population_method", "note"}

_LINE_END = re.compile("\r\n?")


@dataclass(frozen=True)
class Release:
    """The frames as published.

    Attributes
    ----------
    layers
        GeoDataFrames in the metric CRS of the territory, RangeIndex, columns of :data:`essgeo.schema.columns.TABLES`.
    tables
        DataFrames with a RangeIndex and the same columns; ``structures`` has ``longitude`` and ``latitude`` (degrees,
        6 decimals) in place of its geometry.
    cleaned
        Number of cells that lost characters no file can hold (NUL, other control characters, half surrogates).
    caveats
        From :func:`caveats`.
    inputs
        The files of the study that each layer and table rests on, by its name.
    sources
        All files of the study.
    """

    layers: dict[str, gpd.GeoDataFrame]
    tables: dict[str, pd.DataFrame]
    cleaned: int
    caveats: tuple[str, ...]
    inputs: dict[str, tuple[Input, ...]]
    sources: tuple[Input, ...]

    def inputs_of(self, names: Collection[str]) -> tuple[Input, ...]:
        """Return what some layers or tables rest on together, in the order of the study."""
        resting = {source for name in names for source in self.inputs[name]}
        return tuple(source for source in self.sources if source in resting)

    def by_licence(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Return names by the ending of their file: what rests on ODbL data goes to files that end in ``_odbl``."""
        endings: dict[str, list[str]] = {"": []}
        for name in names:
            endings.setdefault("_odbl" if is_share_alike(self.inputs[name]) else "", []).append(name)
        return endings


def release(study: Study) -> Release:
    """Return the frames of a study as they may be published; the study is not changed.

    Only the columns of :data:`essgeo.schema.columns.TABLES` are published, so that a private column of a user's
    spreadsheet is not. Of a masked structure, only what :data:`essgeo.schema.columns.SHOWN_PUBLISHED` lists: never its
    address, its position or a name.

    Parameters
    ----------
    study
        What a run found.

    Returns
    -------
    Release
        Text is never missing (``""``), numbers are float64, counts Int64, flags boolean.

    Raises
    ------
    SchemaError
        Frames of the study lack columns; the message lists them all.
    """
    frames = {name: getattr(study, name) for name in STUDY_TABLES}
    listed = listed_zones(frames["qpv"])
    frames["qpv"] = pd.concat([frames["qpv"].assign(note=frames["qpv"].get("note", "")), listed])
    frames["neighbourhoods"] = _note_in(frames["neighbourhoods"], study.lang)
    frames |= {
        name: frames[name].rename_axis(table.key[0]).reset_index()
        for name, table in STUDY_TABLES.items()
        if table.geographic
    }
    _require_columns(frames)
    masked = _masked(study.structures)
    typed = {
        name: _hide(_in_words(_typed(frames[name], TABLES[name].columns), study.lang), masked) for name in STUDY_TABLES
    }
    cleaned = {name: _clean(frame) for name, frame in typed.items()}
    layers = {
        name: gpd.GeoDataFrame(frame, geometry=_shapes(frames[name], masked), crs=frames[name].crs)
        for name, (frame, _) in cleaned.items()
        if TABLES[name].geographic
    }
    tables = {name: frame for name, (frame, _) in cleaned.items() if not TABLES[name].geographic}
    tables = {"structures": with_degrees(layers["structures"])} | tables
    return Release(
        layers,
        tables,
        sum(count for _, count in cleaned.values()),
        tuple(caveats(study)),
        inputs_by_name(study),
        study.inputs,
    )


def inputs_by_name(study: Study) -> dict[str, tuple[Input, ...]]:
    """Return the files of a study that each layer and table rests on."""
    rests_on = {name: set(table.rests_on) for name, table in STUDY_TABLES.items()}
    rests_on["iris"] |= rests_on["iris_coverage"]  # the layer shows the share of residents within reach
    return {name: tuple(one for one in study.inputs if one.layer in rests) for name, rests in rests_on.items()}


def release_table(name: str, frame: pd.DataFrame, structures: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one table as it may be published, its remarks as they stand: as :func:`release` does for a whole study."""
    return _clean(_hide(_typed(frame, TABLES[name].columns), _masked(structures)))[0]


def _masked(structures: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the masked structures, each with the identifier that it is published under: a SIRET tells who it is."""
    rows = (structures["geo_status"] == "masked").reset_index(drop=True)
    identifiers = pd.Series([*structures.index], dtype=object)
    return dict(zip(identifiers[rows], redact_identifiers(identifiers, rows, SIREN)[rows], strict=True))


def _require_columns(frames: dict[str, pd.DataFrame]) -> None:
    faults = [
        f"{name}: {', '.join(missing)}"
        for name, frame in frames.items()
        if (missing := [column.name for column in TABLES[name].columns if column.name not in frame.columns])
    ]
    if faults:
        raise SchemaError(tell("release_columns", faults="; ".join(faults)))


def _typed(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    plain = pd.DataFrame(frame).reset_index(drop=True)
    return pd.DataFrame({column.name: _values(plain[column.name], column) for column in columns}, index=plain.index)


def _values(values: pd.Series, column: Column) -> pd.Series | NDArray[Any]:
    if column.kind == "flag":
        return values.astype("boolean")
    if column.kind == "integer":
        whole = values.dtype.kind in "iu"
        return (values if whole else pd.to_numeric(values).astype("Float64").round()).astype("Int64")
    if column.kind == "number":
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.round(np.where(np.isfinite(numbers), numbers, np.nan), column.decimals) + 0.0  # no minus zero
    cells = zip(values.tolist(), values.isna().tolist(), strict=True)
    return pd.Series(["" if missing else str(value) for value, missing in cells], values.index, dtype=object)


def _note_in(neighbourhoods: gpd.GeoDataFrame, lang: Lang) -> gpd.GeoDataFrame:
    """Return the layer with the note that was written for readers of a language, where there is one."""
    own = neighbourhoods.get(f"note_{lang}")
    return neighbourhoods if own is None else neighbourhoods.assign(note=own.where(own != "", neighbourhoods["note"]))


def _in_words(frame: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Return a table whose remarks on method are in a language; the notes of a user's own rows are not touched."""
    written = [name for name in frame if name in _METHODS and not {"structure_id", "site_id"} & {*frame}]
    return frame.assign(**{name: _each_once(frame[name], lambda code: method_in_words(code, lang)) for name in written})


def _each_once(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Return a column changed, the same text only once; not by unique(): pandas' own hashing stops at a NUL."""
    changed = {text: change(text) for text in dict.fromkeys(texts)}
    return pd.Series([changed[text] for text in texts], texts.index, dtype=object)


def _hide(frame: pd.DataFrame, masked: Mapping[str, str]) -> pd.DataFrame:
    clear = frame
    if "structure_id" in frame:
        clear = redact(frame, frame["structure_id"].isin([*masked]), shown=SHOWN_PUBLISHED)
    if "nearest_structure_id" in frame:
        rows = frame["nearest_structure_id"].isin([*masked])
        clear = clear.assign(nearest_name=clear["nearest_name"].mask(rows, MASK))
    named = [name for name in ("structure_id", "nearest_structure_id") if name in clear and masked]
    return clear.assign(**{name: _each_once(clear[name], lambda one: masked.get(one, one)) for name in named})


def _clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    clean, cells = {}, 0
    for name, column in frame.items():
        # Not unique() nor isin(): pandas' own hashing stops at a NUL.
        texts = column.tolist() if column.dtype == object else []
        changed = {text: new for text in dict.fromkeys(texts) if (new := _LINE_END.sub("\n", writable(text))) != text}
        if changed:
            clean[str(name)] = pd.Series([changed.get(text, text) for text in texts], frame.index, dtype=object)
            cells += sum(writable(text) != text for text in texts if text in changed)
    return frame.assign(**clean), cells


def _shapes(frame: gpd.GeoDataFrame, masked: Mapping[str, str]) -> gpd.GeoSeries:
    shapes = frame.geometry.reset_index(drop=True)
    hidden = frame["structure_id"].isin([*masked]) if "structure_id" in frame else np.zeros(len(frame), bool)
    return shapes.mask(np.asarray(hidden) | shapes.is_empty.to_numpy(), None)


def with_degrees(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a layer of points as a table with ``longitude`` and ``latitude``, NaN where there is no point."""
    points = layer.geometry.to_crs(GEOGRAPHIC)
    return pd.DataFrame(layer.drop(columns=layer.geometry.name)).assign(
        longitude=points.x.round(6), latitude=points.y.round(6)
    )


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
    lines = [f"# {_escape(study.territory.name)}. {own['title']}", "", own["intro"], "", own["pages"]]
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
