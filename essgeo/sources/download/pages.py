"""Join the pages of an interface that gives a list a few items at a time. Opens no connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from essgeo.errors import SourceChangedError
from essgeo.sources.download.transfer import refuse_size

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PAGES = 500


def join_pages(url: str, read: Callable[[str, int], bytes], *, most_bytes: int) -> bytes:
    """Return one JSON object with the ``results`` of a page and of every page that is ``next`` to it.

    Parameters
    ----------
    url
        Address of the first page.
    read
        Gives what stands at an address, of which no more bytes than its second argument are looked at.
    most_bytes
        The most that all pages may hold together.

    Raises
    ------
    SourceChangedError
        A page is not such an object, or there are more than ``MOST_PAGES``.
    SourceUnavailableError
        They are larger than they may be.

    Examples
    --------
    >>> pages = {"a": b'{"next": "b", "results": [1, 2]}', "b": b'{"next": null, "results": [3]}'}
    >>> join_pages("a", lambda url, most_bytes: pages[url], most_bytes=1000)
    b'{"results": [1, 2, 3]}'
    """
    items: list[object] = []
    following: object = url
    received = 0
    for _ in range(MOST_PAGES):
        content = read(str(following), most_bytes + 1 - received)
        received += len(content)
        refuse_size(url, received, most_bytes)
        try:
            page = json.loads(content)
            items += page["results"]
            following = page.get("next")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"{following}: a page of a list is expected, with results and next."
            raise SourceChangedError(message) from error
        if not following:
            return json.dumps({"results": items}, ensure_ascii=False).encode()
    message = f"{url}: the list has more than {MOST_PAGES} pages."
    raise SourceChangedError(message)
