"""The same structure twice: suggestions, decisions of a human, lists joined."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from essgeo.crs import require_same_crs
from essgeo.errors import SchemaError
from essgeo.files.layers import own_layer
from essgeo.files.provenance import given_input
from essgeo.files.redact import MASK, restricted_rows
from essgeo.files.tables import read_table
from essgeo.geocoding import geocode
from essgeo.official.live import Found, input_of
from essgeo.schema.headers import simplify
from essgeo.schema.validate import raise_faults
from essgeo.schema.vocabulary import split_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.engines import Engine
    from essgeo.official.live import Live
    from essgeo.schema.validate import Fault
    from essgeo.schema.vocabulary import Lang


NEAR_M = 300.0
"""Two places farther from each other than this are one structure only by their SIRET."""

LEAST_NAME = 0.7
"""Likeness of names below which rows are not suggested."""

SAME_SIREN = 0.1
"""What a common SIREN adds to a score."""

_CODE = {"siret": 14, "siren": 9}

COLUMNS = ("left", "right", "score", "reason", "name_likeness", "distance_m", "left_name", "right_name")

CHOICES = ("decision", "keep", "note")


def suggest_duplicates(
    structures: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    near_m: float = NEAR_M,
    least_name: float = LEAST_NAME,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""Return the pairs of rows of two lists that may be one structure, likeliest first.

    A common SIRET makes a pair of score 1. Else both must have a place, at most ``near_m`` apart, and names that are
    alike; the score is :math:`s = l\,(1 - d / (2\,near)) + 0.1\,[same SIREN]`, at most 0.99, with :math:`l` the
    likeness of the names and :math:`d` the distance. Two different SIRET of one SIREN are two establishments, and are
    not suggested. Rows that the law masks are in no pair.

    Parameters
    ----------
    structures, others
        From :func:`essgeo.geocode`, uniquely indexed, points in one metric CRS: ``name``, ``aliases``, ``siret`` and
        ``siren`` where known.
    near_m
        Most metres between two places.
    least_name
        Least likeness of names, 0 to 1: the token-sort ratio of rapidfuzz on names and aliases without case, accents
        and punctuation.
    decisions
        From :func:`essgeo.register.read_decisions`; pairs that a human settled are not suggested again.

    Returns
    -------
    DataFrame
        RangeIndex; ``left`` and ``right`` (identifiers in ``structures`` and ``others``), ``score``, ``reason``
        (``siret``, ``name and place`` or ``name, place and siren``), ``name_likeness``, ``distance_m`` (NaN where one
        has no place), both names, then ``decision``, ``keep`` and ``note``, empty, for a human to fill in.

    Raises
    ------
    CRSMismatchError, MissingCRSError
        The two lists are not in one CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([0, 0], [0, 5000], crs=2154)
    >>> one = gpd.GeoDataFrame({"name": ["Café Le Fournil", "AMAP"]}, geometry=points, index=["a", "b"])
    >>> two = gpd.GeoDataFrame({"name": ["LE FOURNIL CAFE"]}, geometry=points[:1].translate(30), index=["x"])
    >>> suggest_duplicates(one, two)[["left", "right", "score", "reason"]].values.tolist()
    [['a', 'x', 0.95, 'name and place']]
    """
    require_same_crs(structures, others, ("structures", "others"))
    left, right = _facts(structures), _facts(others)
    pairs = pd.concat([_of_siret(left, right), _of_place(left, right, near_m)]).drop_duplicates(["i", "j"])
    i, j = pairs["i"].to_numpy(dtype=int), pairs["j"].to_numpy(dtype=int)
    by_siret = _same(left, right, i, j, "siret")
    same_siren = _same(left, right, i, j, "siren")
    given = (left["siret"].to_numpy()[i] != "") & (right["siret"].to_numpy()[j] != "")
    likeness = _likeness(left["names"].to_numpy()[i], right["names"].to_numpy()[j])
    distance = np.hypot(*(left[axis].to_numpy()[i] - right[axis].to_numpy()[j] for axis in ("x", "y")))
    near = (distance <= near_m) & (likeness >= least_name) & ~(given & same_siren & ~by_siret)
    score = np.minimum(likeness * (1 - distance / (2 * near_m)) + SAME_SIREN * same_siren, 0.99)
    table = pd.DataFrame(
        {
            "left": left.index[i],
            "right": right.index[j],
            "score": np.where(by_siret, 1.0, score).round(4),
            "reason": np.select([by_siret, same_siren], ["siret", "name, place and siren"], "name and place"),
            "name_likeness": likeness.round(4),
            "distance_m": distance.round(1),
            "left_name": left["name"].to_numpy()[i],
            "right_name": right["name"].to_numpy()[j],
        }
    )[by_siret | near]
    table[list(CHOICES)] = ""
    if decisions is not None:
        settled = pd.MultiIndex.from_frame(decisions[["left", "right"]].astype(str))
        table = table[~pd.MultiIndex.from_frame(table[["left", "right"]].astype(str)).isin(settled)]
    ranked = table.sort_values(by=["score", "left", "right"], ascending=[False, True, True])
    return pd.DataFrame(ranked).reset_index(drop=True)


def _facts(structures: gpd.GeoDataFrame) -> pd.DataFrame:
    shown = structures[structures["name"] != MASK]
    codes = {name: _code(shown, name, length) for name, length in _CODE.items()}
    codes["siren"] = codes["siren"].where(codes["siren"] != "", codes["siret"].str.slice(0, _CODE["siren"]))
    aliases = shown["aliases"] if "aliases" in shown else pd.Series("", index=shown.index)
    names = [
        tuple(dict.fromkeys(filter(None, (simplify(part).replace("_", " ") for part in f"{name}|{more}".split("|")))))
        for name, more in zip(shown["name"], aliases.fillna(""), strict=True)
    ]
    places = {"x": shown.geometry.x.to_numpy(), "y": shown.geometry.y.to_numpy()}
    return pd.DataFrame({"name": shown["name"], "names": names, **codes, **places}, index=shown.index)


def _code(structures: pd.DataFrame, name: str, length: int) -> pd.Series:
    if name not in structures:
        return pd.Series("", index=structures.index, dtype="object")
    digits = structures[name].fillna("").astype(str).str.replace(r"\D", "", regex=True)
    return digits.where(digits.str.len() == length, "")


def _same(
    left: pd.DataFrame, right: pd.DataFrame, i: NDArray[np.int_], j: NDArray[np.int_], name: str
) -> NDArray[np.bool_]:
    one, two = left[name].to_numpy()[i], right[name].to_numpy()[j]
    return np.asarray((one == two) & (one != ""), dtype=bool)


def _of_siret(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    one, two = (
        pd.DataFrame({"siret": side["siret"].to_numpy(), place: np.arange(len(side))}).query("siret != ''")
        for side, place in ((left, "i"), (right, "j"))
    )
    return one.merge(two, on="siret")[["i", "j"]]


def _of_place(left: pd.DataFrame, right: pd.DataFrame, near_m: float) -> pd.DataFrame:
    at_left, at_right = (np.flatnonzero(side["x"].notna()) for side in (left, right))
    if not (len(at_left) and len(at_right)):
        return pd.DataFrame({"i": [], "j": []}, dtype=int)
    tree = cKDTree(right[["x", "y"]].to_numpy()[at_right])
    near = tree.query_ball_point(left[["x", "y"]].to_numpy()[at_left], near_m)
    lengths = [len(found) for found in near]
    chosen = np.concatenate([np.asarray(found, dtype=int) for found in near])
    return pd.DataFrame({"i": np.repeat(at_left, lengths), "j": at_right[chosen]})


def _likeness(one: NDArray[np.object_], two: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return, pair by pair, the best likeness between the names of one and those of the other."""
    sizes = [len(a) * len(b) for a, b in zip(one, two, strict=True)]
    if not sum(sizes):
        return np.zeros(len(one))
    first = [name for a, b in zip(one, two, strict=True) for name in a for _ in b]
    second = [name for a, b in zip(one, two, strict=True) for _ in a for name in b]
    ratios = process.cpdist(first, second, scorer=fuzz.token_sort_ratio, dtype=np.float64) / 100
    best = np.zeros(len(one))
    np.maximum.at(best, np.repeat(np.arange(len(one)), sizes), ratios)
    return best


DECISIONS = ("same", "different")

SIDES = ("left", "right")

_KEYS = ("left", "right", "decision")


def read_decisions(path: Path | str) -> pd.DataFrame:
    r"""Return the decisions that a file holds.

    Parameters
    ----------
    path
        A table with ``left`` and ``right`` (identifiers in the two lists), ``decision`` (``same`` or ``different``)
        and, for ``same``, ``keep`` (``left`` or ``right``; ``left`` where empty). Rows without a decision, as in a
        fresh file of suggestions, are left out; other columns are free.

    Returns
    -------
    DataFrame
        RangeIndex; ``left``, ``right``, ``decision``, ``keep`` (``""`` for ``different``).

    Raises
    ------
    SchemaError
        A column is missing, a value is not known, a pair is settled twice, or one row is the same as two that are kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "decisions.csv"
    ...     _ = path.write_text("left,right,decision,keep\na,x,same,\nb,x,different,\nc,y,,\n")
    ...     read_decisions(path).values.tolist()
    [['a', 'x', 'same', 'left'], ['b', 'x', 'different', '']]
    """
    path = Path(path)
    table = read_table(path, min_rows=0)
    missing = [name for name in _KEYS if name not in table]
    if missing:
        message = f"{path.name}: missing column {', '.join(missing)}. Columns seen: {', '.join(table.columns)}."
        raise SchemaError(message)
    rows = table.assign(keep=table.get("keep", ""))
    rows = rows[rows["decision"] != ""]
    raise_faults(path.name, list(_faults(rows)))
    same = rows["decision"] == "same"
    kept = rows["keep"].where(rows["keep"] != "", "left").where(same, "")
    return rows.assign(keep=kept)[[*_KEYS, "keep"]].reset_index(drop=True)


def settled_rows(path: Path | str) -> pd.DataFrame:
    r"""Return the rows of a file of suggestions that a human settled, with all their columns, so that none is lost.

    Parameters
    ----------
    path
        As for :func:`read_decisions`.

    Raises
    ------
    SchemaError
        As for :func:`read_decisions`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "suggestions.csv"
    ...     _ = path.write_text("left,right,score,decision,note\na,x,0.9,same,seen\nc,y,0.8,,\n")
    ...     settled_rows(path).values.tolist()
    [['a', 'x', '0.9', 'same', 'seen']]
    """
    read_decisions(path)
    table = read_table(path, min_rows=0)
    return table[table["decision"] != ""].reset_index(drop=True)


def join_decisions(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return decisions of several files as one.

    Raises
    ------
    SchemaError
        Two files settle one pair otherwise.

    Examples
    --------
    >>> one = pd.DataFrame({"left": ["a"], "right": ["x"], "decision": ["same"], "keep": ["left"]})
    >>> len(join_decisions(one, one))
    1
    >>> join_decisions(one, one.assign(keep="right"))
    Traceback (most recent call last):
    ...
    essgeo.errors.SchemaError: decisions: 'a' and 'x' are settled otherwise in two files; keep one of them.
    """
    joined = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    twice = joined[joined.duplicated(["left", "right"])]
    if len(twice):
        left, right = twice.iloc[0][["left", "right"]]
        message = f"decisions: {left!r} and {right!r} are settled otherwise in two files; keep one of them."
        raise SchemaError(message)
    return joined


def _faults(rows: pd.DataFrame) -> Iterator[Fault]:
    settled: dict[tuple[str, str], int] = {}
    merged: dict[tuple[str, str], int] = {}
    for number, row in zip(rows.index.tolist(), rows.itertuples(index=False), strict=True):
        pair = (str(row.left), str(row.right))
        if not all(pair):
            yield number, "left and right", "name one row of each list"
        if row.decision not in DECISIONS:
            yield number, "decision", f"unknown value {row.decision!r}; known: {', '.join(DECISIONS)}"
        if row.keep not in ("", *SIDES):
            yield number, "keep", f"unknown value {row.keep!r}; known: {', '.join(SIDES)}"
        if pair in settled:
            yield number, "left and right", f"are settled in row {settled[pair]} already; keep one of them"
        settled.setdefault(pair, number)
        if row.decision != "same":
            continue
        for side in zip(SIDES, pair, strict=True):
            if side in merged:
                yield number, side[0], f"{side[1]!r} is the same as another in row {merged[side]}; settle one of them"
            merged.setdefault(side, number)


def apply_decisions(
    structures: gpd.GeoDataFrame, others: gpd.GeoDataFrame, decisions: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """Return both lists as one: of two rows that a human called the same, the one to keep.

    Nothing else is merged. A decision about a row that is no longer there does nothing, and stays in its file for the
    day the row comes back: decisions hold over refreshes as long as identifiers do (SIRET, or that of the list).

    Parameters
    ----------
    structures, others
        The two lists, uniquely indexed, in one CRS.
    decisions
        From :func:`read_decisions`.

    Returns
    -------
    GeoDataFrame
        The rows of ``structures``, then those of ``others``, without those that were not kept; ``same_as`` names the
        row that one stands for (``""``: none). An identifier of ``others`` that stands in ``structures`` too gets
        ``other-`` before it.

    Examples
    --------
    >>> one = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[None, None], crs=2154, index=["a", "b"])
    >>> two = gpd.GeoDataFrame({"name": ["a'", "C"]}, geometry=[None, None], crs=2154, index=["x", "b"])
    >>> settled = pd.DataFrame({"left": ["a"], "right": ["x"], "decision": "same", "keep": "right"})
    >>> apply_decisions(one, two, settled)["same_as"].to_dict()
    {'b': '', 'x': 'a', 'other-b': ''}
    """
    left, right = structures.index.astype(str), others.index.astype(str)
    one, two = structures.assign(same_as=""), others.assign(same_as="")
    if decisions is not None:
        same = decisions[
            (decisions["decision"] == "same") & decisions["left"].isin(left) & decisions["right"].isin(right)
        ]
        keep_left = same["keep"] == "left"
        stands = (
            dict(zip(same["left"], same["right"], strict=True)),
            dict(zip(same["right"], same["left"], strict=True)),
        )
        one["same_as"] = left.map(lambda name: stands[0].get(name, ""))
        two["same_as"] = right.map(lambda name: stands[1].get(name, ""))
        one = one[~left.isin(same.loc[~keep_left, "left"])]
        two = two[~right.isin(same.loc[keep_left, "right"])]
    clash = two.index.isin(one.index)
    two = two.set_axis(two.index.where(~clash, "other-" + two.index.astype(str)))
    return gpd.GeoDataFrame(pd.concat([one, two]).rename_axis(structures.index.name), crs=structures.crs)


OWN_LIST_DECISIONS = "decisions.csv"

COMPLETED = ("roles", "support_stages", "challenges")
"""What SIRENE does not say and a list may."""

_NONE_SETTLED = pd.DataFrame({name: pd.Series(dtype=str) for name in ("left", "right", "decision", "keep")})

_NOTE: dict[Lang, str] = {
    "fr": "Liste du territoire ({file}, {total} structures) : {matched} reconnues dans Sirene par leur SIRET, "
    "{settled} tranchées dans {decisions}, {left} laissées de côté, car rien ne dit si Sirene les contient déjà. "
    "Pour trancher : essgeo structures {territory} -o registre.csv --others {file} --suggestions suggestions.csv, "
    "remplir la colonne decision (same ou different), puis poser le fichier sous le nom {decisions} dans le dossier "
    "du territoire.",
    "en": "The territory's own list ({file}, {total} structures): {matched} found in SIRENE by their SIRET, {settled} "
    "settled in {decisions}, {left} left out, since nothing says whether SIRENE holds them already. To settle them: "
    "essgeo structures {territory} -o register.csv --others {file} --suggestions suggestions.csv, fill in the column "
    "decision (same or different), then put the file into the folder of the territory as {decisions}.",
}


def with_own_list(
    live: Live, register: gpd.GeoDataFrame, *, using: Sequence[Engine], corrections: pd.DataFrame | None
) -> Found[gpd.GeoDataFrame]:
    """Return the register of SIRENE with what the list of the territory adds to it.

    A structure of the list whose SIRET stands in the register completes that row, see :func:`completed`. The decisions
    of ``decisions.csv`` in the folder of the territory come before it, see
    :func:`essgeo.register.read_decisions` (``left``: the SIRET, ``right``: the identifier in the list): ``same``
    completes the row, or takes its place where ``keep`` is ``right``; ``different`` adds the structure to the register.
    The others are left out, and a note says how many. Rows that INSEE diffuses in part are never completed: what a list
    says of them would name them.

    Parameters
    ----------
    live
        The territory, and the language of the note.
    register
        From :func:`essgeo.register.build_register`.
    using, corrections
        As for :func:`essgeo.geocode`, for structures that are added.

    Returns
    -------
    Found of GeoDataFrame
        The columns of the register, those of the list, and ``same_as`` where there are decisions; the files of the
        territory that it rests on now.

    Raises
    ------
    InputError
        The list or the decisions cannot be read.

    Examples
    --------
    See ``tests/sources/test_live_own_list.py``.
    """
    here = live.territory
    if not here.declares("structures"):
        return Found(register)
    own, path, file = own_layer(here, "structures"), here.folder / OWN_LIST_DECISIONS, here.file("structures")
    open_rows = register.index[~restricted_rows(register)]
    decisions = read_decisions(path) if path.is_file() else _NONE_SETTLED
    stands = decisions["left"].isin(open_rows) & decisions["right"].isin(own.index)
    same = decisions[stands & (decisions["decision"] == "same")]
    by_siret = _by_siret(own[own["siret"].isin(open_rows)], decisions)
    pairs = pd.concat([by_siret, same.loc[same["keep"] == "left", ["left", "right"]]]).drop_duplicates()
    apart = decisions.loc[decisions["decision"] == "different", "right"]
    added = own[own.index.isin([*apart, *same.loc[same["keep"] == "right", "right"]]) & ~own.index.isin(pairs["right"])]
    found = completed(register, own, pairs, title=file.title)
    inputs = []
    if len(same) or len(added):
        settled = own[own.index.isin([*added.index, *same["right"]])]
        placed = geocode(settled, using=list(using), corrections=corrections, crs=here.crs)
        found = _filled(apply_decisions(found, placed, decisions[stands]))
        inputs.append(given_input("structures", path, title="Decisions", vintage=here.vintage))
    if len(pairs) or len(added):
        inputs.append(input_of(file))
    matched, used = by_siret["right"].nunique(), pairs["right"].nunique() + len(added)
    words = {"file": file.path.name, "total": len(own), "matched": matched, "settled": used - matched}
    words |= {"left": len(own) - used, "territory": here.id, "decisions": OWN_LIST_DECISIONS}
    return Found(found, tuple(inputs), (_NOTE[live.lang].format(**words),))


def completed(register: gpd.GeoDataFrame, own: pd.DataFrame, pairs: pd.DataFrame, *, title: str) -> gpd.GeoDataFrame:
    """Return the register with the roles, support stages and challenges that a list has for some of its rows.

    Parameters
    ----------
    register, own
        The register and the list, in the columns of the ``structures`` layer.
    pairs
        ``left`` and ``right``: which row of the list is which of the register.
    title
        Of the list: it joins the ``source`` of a row that is completed.

    Examples
    --------
    >>> import geopandas as gpd
    >>> texts = {"roles": "operateur", "support_stages": "", "challenges": "", "source": "Sirene"}
    >>> register = gpd.GeoDataFrame(texts, index=["1", "2"], geometry=[None, None])
    >>> own = pd.DataFrame({"roles": ["tiers_lieu"], "support_stages": ["lancement"], "challenges": [""]}, index=["a"])
    >>> found = completed(register, own, pd.DataFrame({"left": ["2"], "right": ["a"]}), title="Liste")
    >>> found[["roles", "support_stages", "source"]].values.tolist()
    [['operateur', '', 'Sirene'], ['operateur|tiers_lieu', 'lancement', 'Sirene ; Liste']]
    """
    told = own.loc[pairs["right"], list(COMPLETED)].set_axis(pairs["left"])
    joined = told.groupby(level=0).agg("|".join).reindex(register.index).fillna("")
    codes = {name: register[name].str.cat(joined[name], sep="|").map(_each_once) for name in COMPLETED}
    named = register["source"].where(~register.index.isin(pairs["left"]), register["source"] + f" ; {title}")
    return register.assign(**codes, source=named)


def _by_siret(own: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs that a SIRET makes, without those that a human settled."""
    pairs = pd.DataFrame({"left": own["siret"].to_numpy(), "right": own.index})
    settled = pd.MultiIndex.from_frame(decisions[["left", "right"]])
    return pairs[~pd.MultiIndex.from_frame(pairs).isin(settled)]


def _each_once(codes: str) -> str:
    return "|".join(dict.fromkeys(filter(None, split_codes(codes))))


def _filled(register: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the register with ``""`` for the texts that one of two lists does not have."""
    texts = [name for name in register.columns.drop("geometry") if not pd.api.types.is_numeric_dtype(register[name])]
    return register.assign(**{name: register[name].fillna("") for name in texts})
