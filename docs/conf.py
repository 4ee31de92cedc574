"""The site: Sphinx reads this, writes what the code itself says, draws the pictures, and builds the pages."""

from __future__ import annotations

import html
import re
import shutil
from base64 import b64decode
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

from docutils.utils.math.latex2mathml import tex2mathml
from look_up import write_pages
from pictures import draw_pictures
from run_notebooks import DONE, NOTEBOOKS, ROOT, RUN

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.writers.html5 import HTML5Translator

GENERATED = Path(__file__).parent / "generated"

project = "essgeo"
author = copyright = "essgeo contributors"  # noqa: A001 (the name that Sphinx reads)
version = release = installed("essgeo")
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["generated/sources.md", "generated/gallery.md", "generated/measured_*"]  # included in other pages

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "essgeo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"], "show_toc_level": 1}

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make docs` has run them, or the tests have
nb_output_stderr = "remove"
nb_merge_streams = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
suppress_warnings = ["mystnb.unknown_mime_type"]  # progress bars are of no use on a page

LIBRARY = re.compile(r"https://[^&\"\s]+?\.(?:js|css)(?=&quot;|\")")
OURS = {"leaflet.js": "../../_static/leaflet/leaflet.js", "leaflet.css": "../../_static/leaflet/leaflet.css"}
JQUERY = (
    "$ = h => { let t = document.createElement('template'); t.innerHTML = h.trim(); return [t.content.firstChild] }"
)
"""All that folium asks of jQuery: an element from its HTML."""


def local_map(page: str) -> str:
    """Return a map of folium that asks no other host for its scripts; what it does not use is left out."""

    def local(found: re.Match[str]) -> str:
        name = found[0].rpartition("/")[2]
        if name.startswith("jquery"):
            return "data:text/javascript," + html.escape(JQUERY).replace(" ", "%20")
        return OURS.get(name, f"data:text/{'css' if name.endswith('css') else 'javascript'},")

    return LIBRARY.sub(local, page)


def take_notebooks(folder: Path) -> list[str]:
    """Copy the notebooks that were run, their maps made local; return each as a card, with its first figure."""
    import nbformat  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    cards = []
    for path in NOTEBOOKS:
        book = nbformat.read(RUN / path.name, as_version=4)
        shown = [output.get("data", {}) for cell in book.cells for output in cell.get("outputs", ())]
        for data in shown:
            if "text/html" in data:
                data["text/html"] = local_map(data["text/html"])
        nbformat.write(book, folder / path.name)
        title = book.cells[0].source.partition("\n")[0].removeprefix("# ")
        figure = next(data["image/png"] for data in shown if "image/png" in data)
        (folder / f"{path.stem}.png").write_bytes(b64decode(figure))
        link, picture = f"../generated/notebooks/{path.name}", f"../generated/notebooks/{path.stem}.png"
        cards.append(f"::::{{container}}\n[![]({picture})]({link})\n\n[{title}]({link})\n::::\n")
    return cards


def put_beside(app: Sphinx) -> None:
    """Put what pages show beside them: Leaflet, the study that the notebooks published, the words of the code."""
    shutil.copytree(ROOT / "essgeo" / "maps" / "leaflet", Path(app.outdir) / "_static" / "leaflet", dirs_exist_ok=True)
    shutil.copytree(RUN / "04_publish" / "maps", Path(app.outdir) / "example", dirs_exist_ok=True)


def generate(_app: Sphinx, _config: Config) -> None:
    """Write what the code says before Sphinx looks for pages."""
    write_pages(GENERATED)
    draw_pictures(GENERATED / "pictures")
    cards = "\n".join(take_notebooks(GENERATED / "notebooks"))
    worlds = (RUN / DONE).read_text(encoding="utf-8")
    gallery = f":::::{{container}} gallery\n{cards}:::::\n\nTirages de ces études : {worlds}.\n"
    (GENERATED / "gallery.md").write_text(gallery, encoding="utf-8")


def visit_math(page: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula as MathML, which every browser draws without a script."""
    from docutils.nodes import SkipNode  # noqa: PLC0415

    is_block = node.tagname == "math_block"
    formula = re.sub(r"\\tfrac(\d)(\d)", r"\\tfrac{\1}{\2}", node.astext().replace(r"\dots", r"\ldots"))
    written = tex2mathml(formula, as_block=is_block)
    page.body.append(f'<div class="formula">{written}</div>' if is_block else written)
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Tell Sphinx of both."""
    app.add_html_math_renderer("mathml", inline_renderers=(visit_math, None), block_renderers=(visit_math, None))
    app.connect("config-inited", generate)  # before Sphinx looks for pages
    app.connect("build-finished", lambda built, _error: put_beside(built))
