"""What a reader must know before the figures: written once, printed in every file that shows coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.access.walking import MAX_SNAP_M
from essgeo.words.formats import number
from essgeo.words.methods import said
from essgeo.words.register import register_bound
from essgeo.words.vocabulary import FAMILIES

if TYPE_CHECKING:
    from essgeo.access import WalkingComparison
    from essgeo.results import Study
    from essgeo.words.vocabulary import Lang


def caveats(study: Study) -> list[str]:
    """Return the sentences without which the coverage of a study must not be read, in the language of the study.

    They say how many structures it rests on, what the register is and what that means for the figures, how a
    walk is measured, which structures count, of which vintage the QPV are and on which day the study stands; and for
    each file that stands in for a newer one, why.
    """
    always = (_sample(study), _walk(study), _counted(study), _vintage(study))
    return [*(sentence[study.lang] for sentence in always), *study.shortfalls]


def _sample(study: Study) -> dict[Lang, str]:
    located = study.located
    if study.from_sirene:
        return {lang: register_bound(located, len(study.structures), lang) for lang in ("fr", "en")}
    families = study.portrait[study.portrait["family"].isin(list(FAMILIES))]
    total = families["seed_enterprises"].sum()
    known = {lang: number(total, lang) for lang in ("fr", "en")} if total else None
    return {
        "fr": f"La couverture repose sur {located} structures localisées dans le territoire"
        + (f" sur environ {known['fr']} entreprises de l'ESS" if known else "")
        + " : le registre est un échantillon. Le nombre d'habitants hors de portée est un majorant ; l'écart avec le "
        "territoire et les rangs peuvent changer dans les deux sens.",
        "en": f"Coverage rests on {located} structures located in the territory"
        + (f" out of about {known['en']} ESS enterprises" if known else "")
        + ": the register is a sample. The number of residents out of reach is an upper bound; the gap with the "
        "territory, and ranks, may move either way.",
    }


def _walk(study: Study) -> dict[Lang, str]:
    methods = "; ".join(str(method) for method in study.coverage["method"].dropna().unique())
    if study.walking is not None:
        return _streets(study.walking, study.parameters.speed_kmh)
    return {"fr": f"Marche : {said(methods, 'fr')}.", "en": f"Walking: {methods}."}


def _streets(found: WalkingComparison, speed: float) -> dict[Lang, str]:
    away = {
        lang: (number(found.residents_away, lang), number(found.structures_away, lang), f"{MAX_SNAP_M:g}")
        for lang in ("fr", "en")
    }
    fr = f"Marche sur les rues et les chemins d'OpenStreetMap ({found.network_date}) à {speed:g} km/h".replace(".", ",")
    en = f"Walking over the streets and paths of OpenStreetMap ({found.network_date}) at {speed:g} km/h"
    return {
        "fr": "{} ; {} habitants et {} structures en sont à plus de {} m : hors de portée.".format(fr, *away["fr"]),
        "en": "{}; {} residents and {} structures are more than {} m from them: out of reach.".format(en, *away["en"]),
    }


def _counted(study: Study) -> dict[Lang, str]:
    counted = study.structures[study.structures["counted"].astype("boolean").fillna(value=False)]
    unknown, outside = int((counted["status"] == "unknown").sum()), study.outside
    return {
        "fr": "Les structures fermées ou parties ne comptent pas ; "
        f"{unknown} structures dont l'activité n'est pas vérifiée comptent."
        + (f" {outside} structures hors du territoire ne servent que les habitants à portée." if outside else ""),
        "en": f"Closed and moved structures do not count; {unknown} structures whose activity is not verified do."
        + (f" {outside} structures outside the territory serve only the residents within reach." if outside else ""),
    }


def _vintage(study: Study) -> dict[Lang, str]:
    vintage, day = study.parameters.vintage, study.parameters.as_of
    stands_in = {
        "fr": "Le contour du QPV tient lieu de périmètre NPNRU.",
        "en": "The QPV outline stands in for the NPNRU perimeter.",
    }
    given = {"fr": "Périmètres NPNRU donnés par l'utilisateur.", "en": "NPNRU perimeters as given by the user."}
    renewal = stands_in if study.npnru.index.isin(study.qpv.index).all() else given
    return {
        "fr": f"QPV de {vintage} ; situation au {day:%d/%m/%Y}. {renewal['fr']}",
        "en": f"QPV of {vintage}; as of {day:%Y-%m-%d}. {renewal['en']}",
    }
