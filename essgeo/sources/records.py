"""Tables written as JSON: a list of objects, or an answer of an interface that holds one under ``results``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

RESULTS = "results"


def read_records(path: Path) -> pd.DataFrame | None:
    """Return the records of a JSON file, one a row; None where it holds something else, such as features of a map.

    Parameters
    ----------
    path
        UTF-8, with its mark or without.

    Returns
    -------
    DataFrame or None
        Records are numbered from 1; a column a key. What is nested in a cell stays JSON.

    Raises
    ------
    InputError
        It is no JSON, or an item of the list is no object.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "list.json"
    ...     _ = path.write_text('{"results": [{"siret": "1", "postes": [{"id": 7}]}]}')
    ...     read_records(path).to_dict("index")
    {1: {'siret': '1', 'postes': '[{"id": 7}]'}}
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        message = f"{path}: the file is not JSON in UTF-8 ({error})."
        raise InputError(message) from error
    items = held.get(RESULTS) if isinstance(held, dict) else held
    if not isinstance(items, list):
        return None
    wrong = [str(number) for number, item in enumerate(items, start=1) if not isinstance(item, dict)]
    if wrong:
        message = f"{path}: record {', '.join(wrong[:5])} is no object; give a list of objects, a key a column."
        raise InputError(message)
    rows = [{key: _cell(value) for key, value in item.items()} for item in items]
    return pd.DataFrame(rows, index=range(1, len(rows) + 1), dtype="object")


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value
