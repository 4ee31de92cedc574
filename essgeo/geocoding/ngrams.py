"""Street names that look alike: the cosine of their n-grams, by sparse product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LETTERS = 38
COLUMNS = LETTERS**2 + LETTERS**3
COMMON_LEAST, COMMON_SHARE = 40, 0.06
LEAST_COSINE, NEXT_SHARE, MOST_ALIKE = 0.2, 0.6, 12
CHUNK = 4096
_CODES = np.zeros(256, dtype=np.int64)
_CODES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)] = np.arange(1, 37)


def ngrams(texts: Sequence[str]) -> sparse.csr_array:
    """Return the counts of pairs and triples of letters: a row a text, a column a pair or a triple."""
    letters = _CODES[np.frombuffer(("  " + "  ".join(texts) + "  ").encode("ascii", "replace"), dtype=np.uint8)]
    pairs = letters[1:-1] * LETTERS + letters[2:]
    triples = LETTERS**2 + letters[:-2] * LETTERS**2 + pairs
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 2
    total = int(sizes.sum())
    codes = np.stack([pairs[:total], triples[:total]], axis=1).ravel()
    pointer = np.concatenate([[0], np.cumsum(sizes * 2)])
    matrix = sparse.csr_array((np.ones(total * 2, dtype=np.float32), codes, pointer), shape=(len(texts), COLUMNS))
    matrix.sum_duplicates()
    return matrix


def weights(matrix: sparse.csr_array) -> NDArray[np.float32]:
    """Return the weight of each n-gram: the log of its rarity, nothing for those of the most common."""
    count = np.bincount(matrix.indices, minlength=COLUMNS)
    weight = np.log1p(matrix.shape[0] / (1.0 + count)).astype(np.float32)
    weight[count > max(COMMON_LEAST, matrix.shape[0] * COMMON_SHARE)] = 0
    return weight


def weigh(matrix: sparse.csr_array, weight: NDArray[np.float32]) -> sparse.csr_array:
    """Return the rows weighted and of length one."""
    data = matrix.data * weight[matrix.indices]
    keep = data > 0
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[keep]
    data = data[keep]
    length = np.sqrt(np.bincount(rows, data * data, minlength=matrix.shape[0]))
    pointer = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=matrix.shape[0]))])
    return sparse.csr_array(
        ((data / length[rows]).astype(np.float32), matrix.indices[keep], pointer), shape=matrix.shape
    )


def nearest(queries: sparse.csr_array, streets: sparse.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (query, street) of the streets most alike each query, by cosine: a street is a column."""
    rows, columns = [], []
    for start in range(0, queries.shape[0], CHUNK):
        alike = queries[start : start + CHUNK] @ streets
        keep = alike.data >= LEAST_COSINE
        row = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))[keep]
        column, value = alike.indices[keep].astype(np.int64), alike.data[keep]
        order = np.lexsort((column, -value, row))
        row, column, value = row[order], column[order], value[order]
        first = np.searchsorted(row, row, side="left")
        best = (np.arange(len(row)) - first < MOST_ALIKE) & (value >= NEXT_SHARE * value[first])
        rows.append(row[best] + start)
        columns.append(column[best])
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(rows), np.concatenate(columns).astype(np.int64)
