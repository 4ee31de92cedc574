"""The list of the territory beside the register of SIRENE: what it adds by SIRET, or because a human settled it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from essgeo.geocoding import geocode
from essgeo.provenance import given_input
from essgeo.sources.diffusion import hidden
from essgeo.sources.layers import own_layer
from essgeo.sources.live.ask import also
from essgeo.structures import apply_decisions, read_decisions
from essgeo.words.vocabulary import split_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from essgeo.geocoding.engine import Engine
    from essgeo.sources.live import Live
    from essgeo.words.vocabulary import Lang

DECISIONS = "decisions.csv"
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
) -> gpd.GeoDataFrame:
    """Return the register of SIRENE with what the list of the territory adds to it.

    A structure of the list whose SIRET stands in the register completes that row, see :func:`completed`. The decisions
    of ``decisions.csv`` in the folder of the territory come before it, see
    :func:`essgeo.structures.read_decisions` (``left``: the SIRET, ``right``: the identifier in the list): ``same``
    completes the row, or takes its place where ``keep`` is ``right``; ``different`` adds the structure to the register.
    The others are left out, and a note says how many. Rows that INSEE diffuses in part are never completed: what a list
    says of them would name them.

    Parameters
    ----------
    live
        The territory; keeps the note and the lineage of the files.
    register
        From :func:`essgeo.register.build_register`.
    using, corrections
        As for :func:`essgeo.geocode`, for structures that are added.

    Returns
    -------
    GeoDataFrame
        The columns of the register, those of the list, and ``same_as`` where there are decisions.

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
        return register
    own, path, file = own_layer(here, "structures"), here.folder / DECISIONS, here.file("structures")
    open_rows = register.index[~hidden(register)]
    decisions = read_decisions(path) if path.is_file() else _NONE_SETTLED
    stands = decisions["left"].isin(open_rows) & decisions["right"].isin(own.index)
    same = decisions[stands & (decisions["decision"] == "same")]
    by_siret = _by_siret(own[own["siret"].isin(open_rows)], decisions)
    pairs = pd.concat([by_siret, same.loc[same["keep"] == "left", ["left", "right"]]]).drop_duplicates()
    apart = decisions.loc[decisions["decision"] == "different", "right"]
    added = own[own.index.isin([*apart, *same.loc[same["keep"] == "right", "right"]]) & ~own.index.isin(pairs["right"])]
    found = completed(register, own, pairs, title=file.title)
    if len(same) or len(added):
        settled = own[own.index.isin([*added.index, *same["right"]])]
        placed = geocode(settled, using=list(using), corrections=corrections, crs=here.crs)
        found = _filled(apply_decisions(found, placed, decisions[stands]))
        live.inputs.append(given_input("structures", path, title="Decisions", vintage=here.vintage))
    if len(pairs) or len(added):
        also(live, "structures")
    matched, used = by_siret["right"].nunique(), pairs["right"].nunique() + len(added)
    words = {"file": file.path.name, "total": len(own), "matched": matched, "settled": used - matched}
    words |= {"left": len(own) - used, "territory": here.id, "decisions": DECISIONS}
    live.notes.append(_NOTE[live.lang].format(**words))
    return found


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
