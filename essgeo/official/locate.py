"""Where the current file of a source is: what the catalogue says, for an area or of an answer of data.gouv.fr."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from essgeo.errors import InputError, SourceChangedError
from essgeo.official.http import is_private, is_web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.official.catalogue import Source
    from essgeo.official.fetch import Web


API = "https://www.data.gouv.fr/api/1/datasets/"

_SHOWN_RESOURCES = 8

_MOST_JSON_BYTES = 50_000_000


@dataclass(frozen=True)
class Remote:
    """A file on the web: its address, its name, and what its publisher says of it (``""`` and 0: nothing).

    Attributes
    ----------
    url, name
        Address, and name under which it is kept.
    checksum
        Algorithm and sum, such as ``sha1:da39...``.
    size
        Bytes.
    paged
        Whether it is the first page of a list.
    """

    url: str
    name: str
    checksum: str = ""
    size: int = 0
    paged: bool = False


def dataset_address(source: Source) -> str:
    """Return where data.gouv.fr describes the dataset of a source.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> dataset_address(find_source("ess_france"))
    'https://www.data.gouv.fr/api/1/datasets/liste-des-entreprises-de-less/'
    """
    return f"{API}{quote(source.locate['dataset'], safe='')}/"


def file_address(source: Source, area: str) -> Remote:
    """Return the file of a source that has an address of its own.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> file_address(find_source("ban"), "93").name
    'adresses-93.csv.gz'
    """
    url = _filled(source.locate["url"], area)
    name = _filled(source.locate.get("name", ""), area) or file_name(url, source.id)
    return Remote(url, name, paged="pages" in source.locate)


def checksum_address(source: Source, area: str) -> str:
    """Return where the sum of a file is published, ``""`` if nowhere.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> checksum_address(find_source("osm"), "corse")[-24:]
    'corse-latest.osm.pbf.md5'
    """
    return _filled(source.locate.get("checksum", ""), area)


def choose_resource(source: Source, dataset: Mapping[str, Any]) -> Remote:
    """Return the file of a dataset that the catalogue names: by its identifier, else the newest of a title and format.

    Parameters
    ----------
    source
        From :func:`essgeo.official.catalogue.read_catalogue`.
    dataset
        What data.gouv.fr answers.

    Raises
    ------
    SourceChangedError
        No file of the dataset has such a title and format, and an address.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> old = {"title": "Liste des entreprises de l'ESS", "format": "csv", "url": "https://a.fr/1.csv",
    ...        "last_modified": "2023-01-01", "checksum": {"type": "sha1", "value": "AB"}}
    >>> new = old | {"url": "https://a.fr/2.csv", "last_modified": "2024-01-01"}
    >>> choose_resource(find_source("ess_france"), {"resources": [new, old]})
    Remote(url='https://a.fr/2.csv', name='2.csv', checksum='sha1:ab', size=0, paged=False)
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
        and title.search(f"{resource.get('title', '')} {_base(resource['url'])}")
    ]
    fitting = [item for item in resources if item.get("id") == source.locate.get("resource", "")] or fitting
    if not fitting:
        there = "; ".join(f"{item.get('title')} ({item.get('format')})" for item in described[:_SHOWN_RESOURCES])
        message = (
            f"{source.id} changed: no file like /{source.locate['title']}/ ({' or '.join(formats)}) in {source.page}. "
            f"Files there: {there or 'none'}. Name the new place in sources.toml, or give a file."
        )
        raise SourceChangedError(message, cause="gone")
    newest = max(fitting, key=lambda item: str(item.get("last_modified") or item.get("created_at") or ""))
    return _remote(source, newest)


def mirrored(url: str, mirror: str | None) -> str:
    """Return the address under which a mirror serves what stands at an address: its host becomes the first folder.

    Raises
    ------
    InputError
        The mirror is neither https nor on this machine.

    Examples
    --------
    >>> mirrored("https://adresse.data.gouv.fr/data/ban.csv?x=1", "http://127.0.0.1:8000/")
    'http://127.0.0.1:8000/adresse.data.gouv.fr/data/ban.csv?x=1'
    >>> mirrored("https://adresse.data.gouv.fr/data/ban.csv", None)
    'https://adresse.data.gouv.fr/data/ban.csv'
    """
    if not mirror or url.startswith(f"{mirror.rstrip('/')}/"):
        return url
    if not is_private(mirror):
        message = f"mirror {mirror}: give an address in https, or one of this machine."
        raise InputError(message)
    return f"{mirror.rstrip('/')}/{url.partition('://')[2]}"


def find_file(source: Source, area: str, web: Web) -> Remote:
    """Return where the current file of a source is.

    Raises
    ------
    SourceChangedError
        Its dataset has no such file any more.
    SourceUnavailableError
        The server cannot be asked.
    """
    if source.locate["kind"] == "address":
        remote, sums = file_address(source, area), checksum_address(source, area)
        if not sums:
            return remote
        said = re.match(rb"[0-9a-fA-F]{32}\b", web.read(sums, most_bytes=1000)[0])
        return dataclasses.replace(remote, checksum=f"md5:{said[0].decode().lower()}") if said else remote
    url = dataset_address(source)
    content, _ = web.read(url, most_bytes=_MOST_JSON_BYTES)
    try:
        answer: Any = json.loads(content)
    except ValueError as error:
        message = f"{url}: the answer is not JSON ({error})."
        raise SourceChangedError(message) from error
    return choose_resource(source, answer if isinstance(answer, dict) else {})


def file_name(url: str, otherwise: str) -> str:
    """Return the name of the file an address names, harmless as the name of a file.

    Examples
    --------
    >>> file_name("https://a.fr/x/Qp%202024.zip?v=1", "qpv"), file_name("https://a.fr/..", "qpv")
    ('Qp_2024.zip', 'qpv')
    """
    clean = re.sub(r"[^\w.-]", "_", _base(url))[-120:].lstrip(".")
    return clean or otherwise


def _remote(source: Source, resource: Mapping[str, Any]) -> Remote:
    url, said = resource["url"], resource.get("checksum")
    checksum = f"{said.get('type')}:{said.get('value')}".lower() if isinstance(said, dict) and said.get("value") else ""
    size = resource.get("filesize") if resource.get("filetype") == "file" else 0
    return Remote(url, file_name(url, source.id), checksum, size if isinstance(size, int) else 0)


def _base(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def _filled(text: str, area: str) -> str:
    return text.replace("{area}", area)
