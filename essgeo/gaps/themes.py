"""What structures offer, as themes: the whole ESS, each sector, each challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.words.vocabulary import CHALLENGES, SECTORS, split_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

THEMES = pd.DataFrame(
    [("all", "all"), *(("sector", code) for code in SECTORS), *(("challenge", code) for code in CHALLENGES)],
    columns=["theme_kind", "theme"],
)
"""Every theme, in the order of tables: ``theme_kind`` and ``theme``. There are fewer than 64."""


def theme_bits(structures: pd.DataFrame) -> NDArray[np.uint64]:
    """Return, for each structure, a 64-bit mask with bit *i* set where it offers theme *i* of :data:`THEMES`.

    A mask makes "which themes does one of these structures offer" a single bitwise or.

    Parameters
    ----------
    structures
        Columns ``sectors`` and ``challenges``, codes joined by ``|``.

    Returns
    -------
    ndarray of uint64
        One mask a structure.

    Examples
    --------
    >>> bits = theme_bits(pd.DataFrame({"sectors": ["mobilite", ""], "challenges": ["", ""]}))
    >>> [THEMES["theme"][unpack_themes(bits)[row].nonzero()[0]].tolist() for row in (0, 1)]
    [['all', 'mobilite'], ['all']]
    """
    position = {theme: row for row, theme in enumerate(THEMES["theme"])}
    masks = []
    for sectors, challenges in zip(structures["sectors"], structures["challenges"], strict=True):
        codes = ["all", *split_codes(sectors), *split_codes(challenges)]
        masks.append(sum(1 << position[code] for code in dict.fromkeys(codes)))
    return np.array(masks, dtype=np.uint64)


def unpack_themes(masks: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return masks as an array of 0 and 1, one row a mask and one column a theme.

    Examples
    --------
    >>> unpack_themes(np.array([5], dtype=np.uint64))[0, :4].tolist()
    [1, 0, 1, 0]
    """
    octets = np.ascontiguousarray(masks, dtype="<u8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(octets, axis=1, count=len(THEMES), bitorder="little")
