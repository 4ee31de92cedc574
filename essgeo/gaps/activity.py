"""How likely it is that a structure whose activity nobody has verified is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PRIOR = 0.5
"""Jeffreys' prior: half a structure found active and half a structure found gone."""


def activity_odds(structures: pd.DataFrame) -> tuple[float, float]:
    r"""Return the Beta distribution of the probability that a structure of unknown activity is active.

    .. math:: p \sim \operatorname{Beta}(n_\text{active} + \tfrac12,\; n_\text{closed} + n_\text{moved} + \tfrac12)

    from the structures of the same register whose activity has been verified. It takes the others to be like them;
    those that nobody could verify are more often gone than that, so the interval leans to the hopeful side.

    Parameters
    ----------
    structures
        The whole register, closed and moved structures included: ``status``.

    Returns
    -------
    tuple of float
        The two parameters; the mean is the first by their sum.

    Examples
    --------
    >>> import pandas as pd
    >>> activity_odds(pd.DataFrame({"status": ["active"] * 8 + ["closed", "unknown"]}))
    (8.5, 1.5)
    """
    status = structures["status"]
    return float((status == "active").sum() + PRIOR), float(status.isin(["closed", "moved"]).sum() + PRIOR)
