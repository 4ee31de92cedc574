"""Published pages: a portal, the map of the territory, a page for each target neighbourhood, the method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from essgeo.errors import InputError
from essgeo.maps import pages
from essgeo.maps.assets import SCRIPTS, write_assets
from essgeo.maps.render import render
from essgeo.maps.siting import build_siting, siting_entry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from essgeo.results import Study
    from essgeo.siting import Scenario

__all__ = ["build_maps"]

_OWN_PAGES = ("index", "territory", "method", "siting")
_DOWNLOADS = ("study.xlsx", "layers.gpkg", "tables/*.csv", "geojson/*.geojson", "datapackage.json", "ATTRIBUTIONS.md")


def build_maps(study: Study, out: Path, scenarios: Sequence[Scenario] = ()) -> list[Path]:
    """Write the pages of a study and return their paths.

    The pages ask no other host for anything but background tiles, and work from the disk as from a web server.
    The portal lists the exported files that already lie in `out`, so export first. The same study gives the same bytes.

    Parameters
    ----------
    study
        A run; its language is that of the pages.
    out
        Folder to write to; it is made where missing.
    scenarios
        From :func:`essgeo.choose_sites`, for the page of sites and their briefs; none of these without them.

    Returns
    -------
    list of Path
        ``index.html``, ``territory.html``, one page a neighbourhood, ``method.html``, then the pages of sites and the
        files of ``assets/``.

    Raises
    ------
    InputError
        A ``neighbourhood_id`` cannot name a page, or a neighbourhood has no row of coverage.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> study = study_est_ensemble()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in build_maps(study, pathlib.Path(folder))][:3]
    ['index.html', 'territory.html', 'la-noue-caillet.html']
    """
    codes = [_page_name(str(code)) for code in study.neighbourhoods.index]
    shared = pages.common(study) | {"scripts": SCRIPTS}
    if scenarios:
        shared["menu"] = [*shared["menu"], siting_entry(study.lang)]
    contexts = {
        "index.html": ("index.html", pages.index(study, _downloads(out))),
        "territory.html": ("territory.html", pages.territory(study)),
        **{f"{code}.html": ("neighbourhood.html", pages.neighbourhood(study, code)) for code in codes},
        "method.html": ("method.html", pages.method(study)),
    }
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (template, context) in contexts.items():
        path = out / name
        path.write_text(render(template, study.lang, shared | context), encoding="utf-8", newline="\n")
        written.append(path)
    sites = build_siting(study, scenarios, out) if scenarios else []
    return list(dict.fromkeys([*written, *sites, *write_assets(out / "assets")]))


def _page_name(code: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) or code in _OWN_PAGES or code.startswith("brief-"):
        message = (
            f"neighbourhoods: neighbourhood_id {code!r} cannot name a page. "
            f"Use lower-case letters, digits and single hyphens, and none of {', '.join(_OWN_PAGES)}, brief-..."
        )
        raise InputError(message)
    return code


def _downloads(out: Path) -> list[str]:
    return [path.relative_to(out).as_posix() for pattern in _DOWNLOADS for path in sorted(out.glob(pattern))]
