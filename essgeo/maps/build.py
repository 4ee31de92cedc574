"""Every page of a study, as a folder or as one file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from essgeo.errors import InputError
from essgeo.files.guard import refuse_overwrite
from essgeo.maps.base import address_credit, address_files, base_content, base_context, base_pictures, drawn_base
from essgeo.maps.comparisons import CHANGE, change_page
from essgeo.maps.drawing import plan_of
from essgeo.maps.findings import qpv_pages
from essgeo.maps.neighbourhood import neighbourhood_page, sheet_of
from essgeo.maps.pages import PAGES, embed_page, index_page, shared_context, territory_page
from essgeo.maps.render import (
    BACKGROUNDS,
    COMPARE_SCRIPT,
    GROUND_SCRIPT,
    LAYERS,
    LEAFLET_SCRIPT,
    LEAFLET_STYLE,
    MAP_SCRIPT,
    REGISTER,
    SHARE_SCRIPT,
    SITING_STYLE,
    STYLE,
    TABLES_SCRIPT,
    asset_texts,
    block,
    data_script,
    inline_assets,
    linked_assets,
    policy,
    render,
    write_assets,
)
from essgeo.maps.script_data import Register, gain_files, register, study_content
from essgeo.maps.share import PICTURES, address_of, colours_of, picture
from essgeo.maps.sites import siting_context, siting_entry
from essgeo.messages import tell
from essgeo.schema.columns import TABLES
from essgeo.schema.names import is_page_name
from essgeo.text.languages import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from essgeo.maps.base import Drawn
    from essgeo.maps.render import Choice
    from essgeo.messages import Lang
    from essgeo.results import Comparison, Study
    from essgeo.siting import Gains, Scenario


_DOWNLOADS = ("study.xlsx", "layers.gpkg", "tables/*.csv", "geojson/*.geojson", "datapackage.json", "ATTRIBUTIONS.md")

LINKED = "{code}.html"
"""How a page of a folder is addressed; what is asked for beside it has files of its own."""

_MAP_STYLES = (LEAFLET_STYLE, STYLE)


def build_maps(
    study: Study,
    out: Path,
    scenarios: Sequence[Scenario] = (),
    *,
    background: Choice = "ign",
    single_file: bool = False,
    downloads: Sequence[str] | None = None,
    change: Comparison | None = None,
    gains: Gains | None = None,
    answers: Callable[[], tuple[Sequence[Scenario], Gains | None]] | None = None,
) -> list[Path]:
    """Write the pages of a study and return their paths.

    The pages ask no other host for anything but background tiles, and work from the disk as from a web server.
    The same study gives the same bytes.

    Parameters
    ----------
    study
        A run; its language is that of the pages.
    out
        Folder to write to; it is made where missing.
    scenarios
        From :func:`essgeo.choose_sites`, for the page of sites and their briefs; none of these without them.
    background
        Background tiles: ``ign`` (Plan IGN), ``osm`` (OpenStreetMap) or ``none``.
    single_file
        Write everything into ``index.html``, scripts, styles and data included, and nothing else.
    downloads
        The files that the portal lists, by their path in ``out``; by default the exported ones that lie there already.
    change
        What added places change, from :func:`essgeo.compare_studies`, for a page of its own; none by default.
    gains
        From :func:`essgeo.siting.gains_by_cell`, for what one place more would bring; maps do not offer it without,
        nor in a single file, which it would make half as large again.
    answers
        Returns ``scenarios`` and ``gains`` where they are still worked out beside: it is asked once the pages that do
        without them are written.

    Returns
    -------
    list of Path
        ``index.html``, ``territory.html``, one page a neighbourhood and a QPV, ``compare.html`` and the other pages of
        every study, ``embed.html``,
        then the pages of sites and the files of ``assets/``.

    Raises
    ------
    InputError
        A ``neighbourhood_id`` cannot name a page, a neighbourhood has no row of coverage, or the background is unknown.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> study = small_study()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in build_maps(study, pathlib.Path(folder))][:3]
    ['index.html', 'territory.html', 'left.html']
    """
    codes = [_page_name(str(code)) for code in study.neighbourhoods.index]
    if background not in (*BACKGROUNDS, "none"):
        raise InputError(tell("no_background", background=background, known=", ".join([*BACKGROUNDS, "none"])))
    refuse_overwrite({"out": out}, study.files)
    answered = answers or (lambda: (scenarios, gains))
    made, plan, base = register(study.structures), plan_of(study), drawn_base(study)
    names = _exported(out) if downloads is None else downloads
    files = [(name, _holds(PurePath(name).stem.removesuffix("_odbl"), study.lang)) for name in names]
    shared = shared_context(study, background, base) | {
        "downloads": files,
        "what_if": (gains is not None or answers is not None) and not single_file,
        "address_credit": texts(study.lang)["map"]["address_single"] if single_file else address_credit(study),
    }
    if answers is not None or scenarios:
        shared["menu"] = [*shared["menu"], siting_entry(study.lang)]
    if change:
        shared["menu"] = [*shared["menu"], (CHANGE, texts(study.lang)["difference"]["title"])]
    contexts = {
        "index.html": ("index.html", index_page(study)),
        "territory.html": ("territory.html", territory_page(study)),
    }
    sheet = sheet_of(study)
    areas = [(code, "neighbourhood", code) for code in codes]
    areas += [(page, "qpv", code) for code, page in qpv_pages(study).items()]
    for page, level, code in areas:
        contexts[f"{page}.html"] = ("neighbourhood.html", neighbourhood_page(study, code, level, made, sheet))
    contexts |= {f"{name}.html": (f"{name}.html", page(study)) for name, page in PAGES.items()}
    if change:
        contexts[CHANGE] = ("before_after.html", change_page(change))
    out.mkdir(parents=True, exist_ok=True)
    if single_file:
        scenarios, _ = answered()
        if scenarios:
            contexts["siting.html"] = ("siting.html", siting_context(study, plan, scenarios))
        free = tuple(layer for layer in base if not layer.apart)
        shared |= base_context(free, study.lang, plan) | {"downloads": []}
        content = _data(study, made, background, free, page="#page-{code}")
        return [_write_page(out, "index.html", _single(study, shared, contexts, content, background))]
    contexts["embed.html"] = ("embed.html", embed_page(study))
    for _, context in contexts.values():
        context.update(_linked(context, background))
    pictures = _address(study, out, shared, contexts)
    written = [
        _write_page(out, name, render(template, study.lang, shared | context))
        for name, (template, context) in contexts.items()
    ]
    assets = asset_texts(colours_of(study.territory.publisher)) | _data(study, made, background, base)
    assets |= base_pictures(base, plan)
    scenarios, gains = answered()
    sites = build_siting(study, scenarios, out) if scenarios else []
    assets |= _scripts(gain_files(gains) if gains is not None else {})
    return list(dict.fromkeys([*written, *sites, *pictures, *write_assets(out, assets)]))


def build_siting(study: Study, scenarios: Sequence[Scenario], out: Path) -> list[Path]:
    """Write the page of some scenarios and a brief for each; the same scenarios give the same bytes.

    Parameters
    ----------
    study
        The study they belong to, for outlines, sources and language.
    scenarios
        From :func:`essgeo.choose_sites`.
    out
        Folder to write to; it is made where missing.

    Returns
    -------
    list of Path
        ``siting.html``, ``brief-1.html`` and so on, then the styles in ``assets/``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.siting import default_scenarios
    >>> study = small_study()
    >>> scenarios = default_scenarios(study.demand, study.structures, study.sites, study.iris, study.parameters)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in build_siting(study, scenarios, pathlib.Path(folder))][:2]
    ['siting.html', 'brief-1.html']
    """
    refuse_overwrite({"out": out}, study.files)
    plan, base = plan_of(study), drawn_base(study)
    told = siting_context(study, plan, scenarios)
    assets = {"scripts": linked_assets(TABLES_SCRIPT, SHARE_SCRIPT), "styles": linked_assets(STYLE, SITING_STYLE)}
    shared = shared_context(study, base=base) | assets
    shared["menu"] = [*shared["menu"], siting_entry(study.lang)]
    contexts = {"siting.html": ("siting.html", told)}
    contexts |= {one["page"]: ("brief.html", {"page": one["page"], "one": one}) for one in told["scenarios"]}
    out.mkdir(parents=True, exist_ok=True)
    pictures = _address(study, out, shared, contexts)
    written = [
        _write_page(out, name, render(template, study.lang, shared | context))
        for name, (template, context) in contexts.items()
    ]
    texts = asset_texts(colours_of(study.territory.publisher))
    used = {name: texts[name] for name in (STYLE, SITING_STYLE, TABLES_SCRIPT, SHARE_SCRIPT)}
    return [*written, *pictures, *write_assets(out, used | base_pictures(base, plan))]


def build_embed(study: Study, out: Path, *, background: Choice = "ign") -> list[Path]:
    """Write the map alone, for a frame in the page of someone else, and return what was written.

    Parameters
    ----------
    study
        A run; its language is that of the page.
    out
        Folder to write to; it is made where missing.
    background
        Background tiles: ``ign`` (Plan IGN), ``osm`` (OpenStreetMap) or ``none``.

    Returns
    -------
    list of Path
        ``embed.html``, then the files of ``assets/``. Its links lead to pages that :func:`build_maps` writes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     build_embed(small_study(), pathlib.Path(folder))[0].name
    'embed.html'
    """
    context, base = embed_page(study), drawn_base(study)
    shared = shared_context(study, background, base) | context | _linked(context, background)
    shared |= {"address": address_of(study.territory.publisher, "embed.html")}
    texts = asset_texts(colours_of(study.territory.publisher))
    texts |= _data(study, register(study.structures), background, base)
    out.mkdir(parents=True, exist_ok=True)
    return [_write_page(out, "embed.html", render("embed.html", study.lang, shared)), *write_assets(out, texts)]


def _address(
    study: Study, out: Path, shared: Mapping[str, Any], contexts: Mapping[str, tuple[str, dict[str, Any]]]
) -> list[Path]:
    """Tell each page its address and the picture that a link to it shows, where it is known who publishes it.

    The portal, target neighbourhoods and briefs have pictures of their own; the others show that of the portal.
    """
    publisher, drawn = study.territory.publisher, {}
    if not publisher or not publisher.url:
        return []
    (out / PICTURES).mkdir(exist_ok=True)
    for name, (template, context) in contexts.items():
        stem = PurePath(name).stem
        own = "one" in context or stem in {"index", *study.neighbourhoods.index}
        file = f"{PICTURES}/{stem if own else 'index'}.png"
        context |= {"address": address_of(publisher, name), "picture": address_of(publisher, file)}
        if own:
            said = (block(template, part, study.lang, {**shared, **context}) for part in ("title", "description"))
            sites = context["one"]["scenario"].sites if "one" in context else None
            drawn[out / file] = picture(study, *said, focus=stem, sites=sites)
    for path, made in drawn.items():
        path.write_bytes(made)
    return list(drawn)


def _linked(context: Mapping[str, Any], background: Choice) -> dict[str, Any]:
    """Return the scripts and styles of a page of a folder, and its policy."""
    tiles: Choice = "none"
    if "map" in context:
        tiles = background
        scripts = linked_assets(LEAFLET_SCRIPT, LAYERS, REGISTER, GROUND_SCRIPT, MAP_SCRIPT, TABLES_SCRIPT)
        styles = linked_assets(*_MAP_STYLES)
    elif "areas" in context:
        scripts = linked_assets(LEAFLET_SCRIPT, LAYERS, REGISTER, GROUND_SCRIPT, COMPARE_SCRIPT, TABLES_SCRIPT)
        styles = linked_assets(*_MAP_STYLES)
    else:
        scripts = linked_assets(TABLES_SCRIPT)
        styles = linked_assets(STYLE, *([SITING_STYLE] if "plan" in context else []))
    if context["page"] != "embed.html":
        scripts += linked_assets(SHARE_SCRIPT)
    return {"scripts": scripts, "styles": styles, "policy": policy(tiles, scripts, styles)}


def _single(
    study: Study,
    shared: Mapping[str, Any],
    contexts: Mapping[str, tuple[str, dict[str, Any]]],
    content: Mapping[str, str],
    background: Choice,
) -> str:
    """Return every page in one: each becomes an article, and links between pages become links within the page."""
    texts = asset_texts(colours_of(study.territory.publisher)) | {**content}
    scripts = inline_assets(
        texts, LEAFLET_SCRIPT, *content, GROUND_SCRIPT, MAP_SCRIPT, COMPARE_SCRIPT, TABLES_SCRIPT, SHARE_SCRIPT
    )
    styles = inline_assets(texts, *_MAP_STYLES, SITING_STYLE)
    inner = {**shared, "layout": "bare.html", "link": _anchor, "single": True, "has_map": False}
    articles = []
    for name, (template, context) in contexts.items():
        stem = name.removesuffix(".html")
        kept = {key: value for key, value in context.items() if key != "has_map" or name == "index.html"}
        main = render(template, study.lang, {**inner, **kept, "at": f"{stem}-"})
        articles.append((f"page-{stem}", Markup(main)))  # noqa: S704 - rendered, so escaped already
    whole = {**shared, **contexts["index.html"][1], "link": _anchor, "page": "", "articles": articles}
    return render(
        "single.html",
        study.lang,
        {**whole, "scripts": scripts, "styles": styles, "policy": policy(background, scripts, styles)},
    )


def _data(
    study: Study,
    made: Register,
    background: Choice,
    base: Sequence[Drawn],
    *,
    page: str = LINKED,
) -> dict[str, str]:
    """Return the data of the maps as scripts, by the names of their files."""
    parts = {f"texts-{place}.js": data_script(f"texts{place}", part) for place, part in enumerate(made.texts)}
    streets = address_files(study) if page == LINKED else {}
    letters = [name.removeprefix("streets_") for name in streets]
    return {
        LAYERS: data_script("study", study_content(study, background, base, page, letters)),
        REGISTER: data_script("register", made.positions),
        **{f"{layer.file}.js": data_script(layer.file, base_content(layer)) for layer in base},
        **parts,
        **_scripts(streets),
    }


def _scripts(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return what a map loads when it is asked for as scripts, by the names of their files."""
    return {f"{name.replace('_', '-', 1)}.js": data_script(name, part) for name, part in asked.items()}


def _anchor(page: str) -> str:
    return f"#page-{page.removesuffix('.html')}"


def _write_page(out: Path, name: str, text: str) -> Path:
    path = out / name
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _page_name(code: str) -> str:
    if not is_page_name(code):
        message = f"neighbourhoods: neighbourhood_id {tell('is_no_page_name', value=code)}"
        raise InputError(message)
    return code


def _exported(out: Path) -> list[str]:
    return [path.relative_to(out).as_posix() for pattern in _DOWNLOADS for path in sorted(out.glob(pattern))]


def _holds(stem: str, lang: Lang) -> str:
    return TABLES[stem].title[lang] if stem in TABLES else texts(lang)["data"].get(f"file_{stem.lower()}", "")
