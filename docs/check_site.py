"""Say which links of the built site lead nowhere, and what its pages load from another host."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what matters of a tag; a page within a page (``srcdoc``) loads what it loads."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found.get("id", ""), found.get("name", "")}
        if tag in {"a", "link"} and "href" in found:
            is_asset = "stylesheet" in found.get("rel", "") or "icon" in found.get("rel", "")
            (self.loads if is_asset else self.links).append(found["href"])
        if "src" in found:
            self.loads.append(found["src"])
        if "srcdoc" in found:
            self.loads += Page(found["srcdoc"]).loads


def check(site: Path) -> list[str]:
    """Return every fault of a built site; the example study is checked by the tests of its pages."""
    pages = {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in {"example", "_static"}
    }
    faults = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loads and parts.scheme != "data":
                    faults.append(f"{path.relative_to(site)}: loads {link[:120]}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                faults.append(f"{path.relative_to(site)}: {link} is not there")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                faults.append(f"{path.relative_to(site)}: {link} is no place of that page")
    return faults


if __name__ == "__main__":
    found = check(Path(sys.argv[1]).resolve())
    print("\n".join(found))  # noqa: T201 (what a reader of the build sees)
    sys.exit(bool(found))
