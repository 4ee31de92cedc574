"""What a user hands to a study: lists, perimeters, streets, a day, a walk, a language."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd

from essgeo.errors import InputError
from essgeo.files.guard import refuse_overwrite
from essgeo.files.tables import require_file
from essgeo.files.write import check_writable
from essgeo.messages import tell
from essgeo.register import as_day
from essgeo.results import Parameters
from essgeo.schema.vocabulary import SPEEDS_KMH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from essgeo.messages import Lang
    from essgeo.territory import Territory

CORRECTIONS, DECISIONS = "corrections.csv", "decisions.csv"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user chooses to look at.

    Attributes
    ----------
    structures
        A list of structures to use instead of the register of the territory, or several, which are merged: see
        :func:`essgeo.register.combine_lists`.
    sheet, layer
        The one sheet of a workbook, or layer of a GeoPackage, that is read of each list that has any.
    decisions
        Which rows of several lists are the same, see :func:`essgeo.register.read_decisions`.
    suggestions
        A file to write the likely duplicates of several lists into, to fill in; what is filled in there counts.
    columns
        Which column of that list holds what, where it is not recognised, see :func:`essgeo.read_structures`.
    recode
        What words of that list stand for, see :func:`essgeo.read_structures`.
    corrections
        A corrections file; by default ``corrections.csv`` in the folder of the territory, where there is one.
    ban
        Files of the Base Adresse Nationale (``adresses-93.csv.gz``), asked before the addresses that a territory knows.
    qpv
        A file of QPV outlines of that ``vintage``, instead of the territory's own.
    npnru
        Perimeters of renewal projects, or a list of QPV in the programme, instead of the territory's own list, see
        :func:`essgeo.files.perimeters.read_renewal`.
    network
        OpenStreetMap streets to walk on, see :func:`essgeo.read_network`; straight lines
        lengthened as streets do where ``None``.
    needs
        What is known of the needs of residents, by IRIS, QPV or commune: see
        :func:`essgeo.files.social_needs.read_needs`.
    premises
        Vacant or negotiated premises, active ground floors and temporary occupancies, beside the sites of the
        territory: see :func:`essgeo.read_premises`.
    vintage
        Vintage of the QPV; by default that of the territory.
    as_of
        Day on which a structure must be active to count; by default today.
    walk_minutes
        The walk that gaps and maps speak of.
    profile, speed_kmh
        Who walks, see :data:`essgeo.schema.vocabulary.SPEEDS_KMH` (a wheelchair takes no steps), or how fast.
    lang
        Language of pages and files: ``fr`` or ``en``.
    excel
        Write CSV as the Excel of France opens it, and head workbooks in words.
    live
        Take every layer from its official source; the last good copy or the territory's own file stands in for one that
        cannot be had, and every page says so.
    offline
        With ``live``: use the official files fetched before, and open no connection.
    """

    structures: Path | str | pd.DataFrame | Sequence[Path | str | pd.DataFrame] | None = None
    sheet: str | None = None
    layer: str | None = None
    decisions: Path | str | None = None
    suggestions: Path | str | None = None
    columns: Mapping[str, str | Sequence[str]] | str | Sequence[str] | None = None
    recode: Mapping[str, Mapping[str, str] | Path | str] | None = None
    corrections: Path | str | None = None
    ban: Path | str | Sequence[Path | str] = ()
    qpv: Path | str | None = None
    npnru: Path | str | None = None
    network: Path | str | None = None
    needs: Path | str | None = None
    premises: Path | str | None = None
    vintage: str | None = None
    as_of: dt.date | str | None = None
    walk_minutes: int = 15
    profile: str = "adult"
    speed_kmh: float | None = None
    lang: Lang = "fr"
    excel: bool = False
    live: bool = False
    offline: bool = False

    @property
    def naming(self) -> dict[str, object]:
        """How the list of the user is read."""
        return {"columns": self.columns, "recode": self.recode, "sheet": self.sheet, "layer": self.layer}

    @property
    def form(self) -> Lang | None:
        """The language of a table that Excel opens; ``None`` where Excel was not asked for."""
        return self.lang if self.excel else None

    def files(self, territory: Territory) -> dict[str, Path]:
        """Return the files of the user by the layer they stand for, and the corrections of the territory's folder."""
        fixed = territory.folder / CORRECTIONS
        given = {
            **{name: source for name, source in self.lists().items() if isinstance(source, Path)},
            "decisions": self.decisions,
            "qpv": self.qpv,
            "npnru": self.npnru,
            "corrections": self.corrections or (fixed if fixed.is_file() else None),
            "network": self.network,
            "needs": self.needs,
            "premises": self.premises,
        }
        return {layer: Path(path) for layer, path in given.items() if path}

    def lists(self) -> dict[str, Path | pd.DataFrame]:
        """Return the lists of structures that the user gives, files or tables, each once."""
        one = self.structures is None or isinstance(self.structures, str | Path | pd.DataFrame)
        given = cast("Sequence[Path | str | pd.DataFrame]", [self.structures] if one else self.structures)
        whole: dict[int | Path, Path | pd.DataFrame] = {}
        for number, source in enumerate(source for source in given if source is not None):
            if isinstance(source, pd.DataFrame):
                whole[number] = source
            else:
                whole[Path(source)] = Path(source)
        names = ["structures", *(f"structures {number}" for number in range(2, len(whole) + 1))]
        return dict(zip(names, whole.values(), strict=False))

    def ban_files(self) -> list[Path]:
        """Return the files of addresses that the user gives."""
        return [Path(path) for path in ([self.ban] if isinstance(self.ban, str | Path) else self.ban)]

    def parameters(self, territory: Territory) -> Parameters:
        """Return the parameters of a run, with those that the territory settles."""
        return Parameters(
            vintage=self.vintage or territory.vintage,
            as_of=as_day(self.as_of) or dt.date.today(),  # noqa: DTZ011 (the day where the user is)
            walk_minutes=self.walk_minutes,
            profile=self.profile,
            speed_kmh=self.speed_kmh or SPEEDS_KMH[self.profile],
            thresholds_min=tuple(sorted({*Parameters.thresholds_min, self.walk_minutes})),
        )

    def inputs(self, territory: Territory) -> dict[str, Path]:
        """Return every file that may be read, by what it is called: nothing may be written over these."""
        own = {f"{file.layer} ({territory.name})": file.path for file in territory.files}
        kept = {name: territory.folder / name for name in ("territory.toml", CORRECTIONS, DECISIONS)}
        return own | kept | {f"ban ({path.name})": path for path in self.ban_files()} | self.files(territory)

    def checked(self, territory: Territory) -> dict[str, Path]:
        """Return :meth:`files`, once each is there and the suggestions can be written, before any work is done.

        Raises
        ------
        InputError
            A file is missing, the suggestions would be written over one, or there is no list, or no second one, that an
        option is about.
        """
        files = self.files(territory)
        for path in (*files.values(), *self.ban_files()):
            require_file(path)
        ways = {**self.naming, "decisions": self.decisions, "suggestions": self.suggestions}
        if not self.lists() and (named := [f"--{name}" for name, given in ways.items() if given]):
            raise InputError(tell("options_of_a_list", options=", ".join(named)))
        if (self.decisions or self.suggestions) and len(self.lists()) == 1:
            raise InputError(tell("decisions_of_one_list"))
        if self.suggestions:
            check_writable(Path(self.suggestions), points=False)
            read = {name: path for name, path in self.inputs(territory).items() if name != "decisions"}
            refuse_overwrite({"--suggestions": self.suggestions}, read)
        return files
