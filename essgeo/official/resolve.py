"""Where the current file of a source is: what the catalogue says, for an area or of an answer of data.gouv.fr."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from essgeo.errors import SourceChangedError
from essgeo.messages import tell
from essgeo.official.http import is_web_address
from essgeo.official.store import OfficialFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.official.catalogue import Source
    from essgeo.official.http import Web


API = "https://www.data.gouv.fr/api/1/datasets/"

_SHOWN_RESOURCES = 8

_MAX_JSON_BYTES = 50_000_000


def find_file(source: Source, area: str, web: Web, *, place: str = "url") -> OfficialFile:
    """Return where the current file of a source is, and what its publisher says of it.

    ``place`` is ``fallback`` for a file that is gone from its address, where the catalogue knows another.

    Raises
    ------
    SourceChangedError
        Its dataset has no such file any more.
    SourceUnavailableError
        The server cannot be asked.
    """
    if source.locate["kind"] == "address":
        url, name, sums = (source.locate.get(key, "").replace("{area}", area) for key in (place, "name", "checksum"))
        said = re.match(rb"[0-9a-fA-F]{32}\b", web.read(sums, max_bytes=1000)[0]) if sums else None
        checksum = f"md5:{said[0].decode().lower()}" if said else ""
        return OfficialFile(source.id, area, name or file_name(url, source.id), url, checksum)
    url = dataset_address(source)
    content, _ = web.read(url, max_bytes=_MAX_JSON_BYTES)
    try:
        answer: Any = json.loads(content)
    except ValueError as error:
        message = tell("answer_not_json", url=url, error=error)
        raise SourceChangedError(message) from error
    resource = choose_resource(source, answer if isinstance(answer, dict) else {})
    url, said = resource["url"], resource.get("checksum")
    checksum = f"{said.get('type')}:{said.get('value')}".lower() if isinstance(said, dict) and said.get("value") else ""
    size = resource.get("filesize") if resource.get("filetype") == "file" else 0
    name = file_name(url, source.id)
    return OfficialFile(source.id, area, name, url, checksum, size if isinstance(size, int) else 0)


def dataset_address(source: Source) -> str:
    """Return where data.gouv.fr describes the dataset of a source."""
    return f"{API}{quote(source.locate['dataset'], safe='')}/"


def choose_resource(source: Source, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file of a dataset that the catalogue names: by its identifier, else the newest of a title and format.

    The newest is the one of the latest date in its title or name, where they have dates: an old file that was touched
    again has a newer ``last_modified``. One whose title is ``unlike`` what is wanted is taken where there is no other.

    Raises
    ------
    SourceChangedError
        No file of the dataset has such a title and format, and an address.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> old = {"title": "Liste des entreprises de l'ESS", "format": "csv", "url": "https://a.fr/1.csv",
    ...        "last_modified": "2023-01-01"}
    >>> new = old | {"url": "https://a.fr/2.csv", "last_modified": "2024-01-01"}
    >>> choose_resource(find_source("ess_france"), {"resources": [new, old]})["url"]
    'https://a.fr/2.csv'
    """
    listed = dataset.get("resources")
    described = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    resources = [item for item in described if is_web_address(str(item.get("url")))]
    title, formats = re.compile(source.locate["title"], re.IGNORECASE), source.locate["format"].split()
    fitting = [
        resource
        for resource in resources
        if resource.get("type", "main") == "main"
        and str(resource.get("format", "")).lower() in formats
        and title.search(_named(resource))
    ]
    fitting = [item for item in resources if item.get("id") == source.locate.get("resource", "")] or fitting
    if not fitting:
        there = "; ".join(f"{item.get('title')} ({item.get('format')})" for item in described[:_SHOWN_RESOURCES])
        message = tell(
            "source_file_moved",
            id=source.id,
            title=source.locate["title"],
            formats=" or ".join(formats),
            page=source.page,
            there=there or "none",
        )
        raise SourceChangedError(message, cause="gone")
    wanted = [item for item in fitting if not re.search(source.locate.get("unlike", "(?!)"), _named(item))] or fitting
    return max(wanted, key=lambda item: (_dated(item), str(item.get("last_modified") or item.get("created_at") or "")))


def _named(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('title', '')} {_base(resource['url'])}"


def _dated(resource: Mapping[str, Any]) -> str:
    """Return the latest day that a title or name tells, as ``20261001``; ``""`` if none."""
    text = _named(resource)
    days = re.findall(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)", text)
    return max(("".join(day) for day in days), default="")


def file_name(url: str, otherwise: str) -> str:
    """Return the name of the file an address names, harmless as the name of a file.

    Examples
    --------
    >>> file_name("https://a.fr/x/Qp%202024.zip?v=1", "qpv"), file_name("https://a.fr/..", "qpv")
    ('Qp_2024.zip', 'qpv')
    """
    clean = re.sub(r"[^\w.-]", "_", _base(url))[-120:].lstrip(".")
    return clean or otherwise


def _base(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name
