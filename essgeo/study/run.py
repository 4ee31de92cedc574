"""One run, from a territory to a folder of pages, tables and layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.exports import export
from essgeo.exports.publish import staged
from essgeo.maps import build_maps
from essgeo.siting import default_scenarios
from essgeo.study.measure import measure
from essgeo.study.setting import set_up

if TYPE_CHECKING:
    import datetime as dt

    from essgeo.maps.background import Choice
    from essgeo.results import Study
    from essgeo.territory import Territory
    from essgeo.words.vocabulary import Lang


def run_study(  # noqa: PLR0913 (one argument a choice of the user, all but the first by name)
    territory: str | Path | Territory,
    *,
    structures: Path | str | None = None,
    corrections: Path | str | None = None,
    qpv: Path | str | None = None,
    npnru: Path | str | None = None,
    network: Path | str | None = None,
    vintage: str | None = None,
    as_of: dt.date | None = None,
    walk_minutes: int = 15,
    out: Path | str | None = "maps",
    lang: Lang = "fr",
    live: bool = False,
    offline: bool = False,
    background: Choice = "ign",
    single_file: bool = False,
) -> Study:
    """Locate the structures of a territory, measure who reaches them, and publish what that shows.

    Parameters
    ----------
    territory, structures, corrections, qpv, npnru, network, vintage, as_of, walk_minutes, lang, live, offline
        What to look at, see :func:`essgeo.study.set_up`.
    out
        Folder to publish into; ``None`` writes nothing.
    background, single_file
        How pages are written, see :func:`essgeo.build_maps`.

    Returns
    -------
    Study
        Every layer and table.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used; nothing is written then.

    Examples
    --------
    >>> import datetime as dt
    >>> study = run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))
    >>> study.neighbourhoods.index.tolist()
    ['la-noue-caillet', 'bobigny-centre-ville', 'le-morillon', 'bel-air-grands-pechers']
    """
    setting = set_up(
        territory,
        structures=structures,
        corrections=corrections,
        qpv=qpv,
        npnru=npnru,
        network=network,
        vintage=vintage,
        as_of=as_of,
        walk_minutes=walk_minutes,
        lang=lang,
        live=live,
        offline=offline,
    )
    study = measure(setting)
    if out is not None:
        publish(study, Path(out), background=background, single_file=single_file)
    return study


def publish(study: Study, out: Path, *, background: Choice = "ign", single_file: bool = False) -> list[Path]:
    """Write the files and pages of a study into a folder, all of them or none.

    Parameters
    ----------
    study
        From :func:`run_study`.
    out
        The folder. What an earlier run wrote there is replaced; other files stay.
    background, single_file
        As for :func:`run_study`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        The folder cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> study = study_est_ensemble()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = publish(study, pathlib.Path(folder) / "maps")
    >>> "index.html" in {path.name for path in written}
    True
    """
    with staged(out) as staging:
        scenarios = default_scenarios(
            study.demand, study.structures, study.sites, study.iris, study.parameters, network=study.network
        )
        pages = partial(build_maps, background=background, single_file=single_file)
        written = [*export(study, staging), *pages(study, staging, scenarios)]
        names = [path.relative_to(staging) for path in written]
    return [out / name for name in names]
