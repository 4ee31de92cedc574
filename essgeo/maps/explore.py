"""A map for notebooks, in folium: one call to look at what a study found."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import folium

from essgeo.crs import GEOGRAPHIC
from essgeo.maps.drawing import outlines
from essgeo.maps.render import BACKGROUNDS, BIDI_CONTROLS
from essgeo.schema.vocabulary import NO_SECTOR, SECTOR_SYMBOLS, SECTORS, STATUSES, split_codes
from essgeo.text.languages import texts

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.results import Study


_OUTLINES = {
    "qpv": {"color": "#2323b0", "weight": 2, "fillOpacity": 0.05},
    "neighbourhoods": {"color": "#a3003c", "weight": 3.5, "fillOpacity": 0.05},
}

_LITERAL = {ord(character): f"&#{ord(character)};" for character in "\\`$"}


def explore(study: Study) -> folium.Map:
    """Return a folium map of the QPV, the target neighbourhoods and the located structures.

    For a page to publish use :func:`essgeo.maps.build_maps`; this map needs the network to display.

    Parameters
    ----------
    study
        A run.

    Returns
    -------
    folium.Map
        Every text taken from data is escaped.

    Examples
    --------
    >>> page = explore(study_est_ensemble())
    >>> "Bond&#x27;innov" in page.get_root().render()
    True
    """
    words = texts(study.lang)["map"]
    west, south, east, north = study.communes.to_crs(GEOGRAPHIC).total_bounds.tolist()
    plan = BACKGROUNDS["ign"]
    page = folium.Map(tiles=None, control_scale=True, prefer_canvas=True)
    folium.TileLayer(plan.url, attr=plan.attribution, control=False).add_to(page)
    page.fit_bounds([[south, west], [north, east]])
    named = {
        "qpv": words["layer_qpv"].format(vintage=study.parameters.vintage),
        "neighbourhoods": words["layer_neighbourhoods"],
    }
    for name, title in named.items():
        _add_outlines(page, getattr(study, name), name, title)
    group = folium.FeatureGroup(name=words["layer_structures"]).add_to(page)
    placed = study.structures[study.structures.geometry.notna()]
    for row, point in zip(
        placed.drop(columns="geometry").to_dict("records"), placed.geometry.to_crs(GEOGRAPHIC), strict=True
    ):
        codes = split_codes(row["sectors"])
        colour = SECTOR_SYMBOLS[codes[0] if codes else NO_SECTOR].colour
        lines = [
            row["address"],
            row["city"],
            ", ".join(SECTORS[code][study.lang] for code in codes if code in SECTORS),
            STATUSES[row["status"]][study.lang] if row["status"] in STATUSES else "",
        ]
        text = "<br>".join([f"<b>{_safe(row['name'])}</b>", *(_safe(line) for line in lines if line)])
        folium.CircleMarker(
            [point.y, point.x],
            radius=5,
            color=colour,
            fill=row["status"] != "unknown",
            fill_opacity=0.9,
            tooltip=folium.Tooltip(_safe(row["name"])),
            popup=folium.Popup(text, max_width=300),
        ).add_to(group)
    folium.LayerControl(collapsed=False).add_to(page)
    return page


def _add_outlines(page: folium.Map, layer: gpd.GeoDataFrame, name: str, title: str) -> None:
    group = folium.FeatureGroup(name=_safe(title)).add_to(page)
    for code, label, shape in zip(layer.index, layer["name"], outlines(layer), strict=True):
        folium.GeoJson(
            shape.__geo_interface__,
            style_function=lambda _: _OUTLINES[name],
            tooltip=folium.Tooltip(f"{_safe(label)} ({_safe(str(code))})"),
        ).add_to(group)


def _safe(text: str) -> str:
    """Escape a text for folium, which writes it into HTML and that into a JavaScript template literal."""
    return html.escape(BIDI_CONTROLS.sub("", text)).translate(_LITERAL)
