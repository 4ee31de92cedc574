"""Two writings of one address have one key; two addresses have two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.geocoding.address import ABBREVIATIONS, address_key, city_key, fold
from essgeo.geocoding.corrections import place_key


@pytest.mark.parametrize(
    "alike",
    [
        ("12 bis rue de l'Église", "12bis, R. de l\u2019Eglise", "12 BIS RUE DE L'EGLISE", "012 B rue de l église"),
        ("3 ter avenue du Général Leclerc", "3T av. du Gal Leclerc", "3 Ter, Ave. Général-Leclerc"),
        ("8 place du 8 Mai 1945", "8, pl. 8 mai 1945"),
        ("11-17 boulevard Chanzy", "11/17 bd Chanzy", "11 à 17 Bld. de Chanzy", "11 bd Chanzy"),
        ("4 rue du Cœur", "4 rue du Coeur"),
        ("62 rue Denis Papin (Halle Papin)", "62, rue Denis Papin, Bâtiment B"),
    ],
)
def test_writings_of_one_address_are_alike(alike: tuple[str, ...]) -> None:
    assert len({address_key(text) for text in alike}) == 1


@pytest.mark.parametrize(
    "different",
    [
        ("12 rue A", "12 bis rue A", "12 ter rue A", "13 rue A", "12 avenue A", "rue A"),
        ("1 rue du Bel Air", "1 rue du Bel Air Est", "1 impasse du Bel Air"),
        ("rue du 8 mai 1945", "8 rue de mai 1945"),
    ],
)
def test_different_addresses_are_told_apart(different: tuple[str, ...]) -> None:
    assert len({address_key(text) for text in different}) == len(different)


def test_communes_written_alike() -> None:
    assert len({city_key(text) for text in ("Le Pré-Saint-Gervais", "LE PRE ST GERVAIS", "le pré saint gervais ")}) == 1
    assert city_key("Les Lilas") != city_key("Lilas")


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


WORDS = st.sampled_from([*ABBREVIATIONS.values(), "église", "papin", "hôtel", "8", "mai", "grands", "pêchers"])


@given(
    number=st.integers(1, 9999).map(str),
    repetition=st.sampled_from(["", " bis", " ter"]),
    words=st.lists(WORDS, min_size=1),
)
def test_case_accents_and_punctuation_never_change_the_key(number: str, repetition: str, words: list[str]) -> None:
    plain = f"{number}{repetition} rue {' '.join(words)}"
    key = address_key(plain)
    bare = plain.replace("é", "e").replace("ô", "o").replace("ê", "e")
    for other in (plain.upper(), plain.title(), bare, f"  {plain} ", plain.replace(" rue ", ", rue ", 1), f"{plain}."):
        assert address_key(other) == key
    assert (key.number, key.repetition) == (number, repetition.strip()[:1])


@given(words=st.lists(st.sampled_from(sorted(ABBREVIATIONS)), min_size=1, max_size=4))
def test_abbreviations_never_change_the_key(words: list[str]) -> None:
    long = [ABBREVIATIONS[word] for word in words]
    assert address_key(f"1 rue {' '.join(words)}") == address_key(f"1 rue {' '.join(long)}")


@given(st.text(max_size=40), st.text(max_size=10))
def test_any_text_has_a_key(address: str, city: str) -> None:
    assert place_key(address, city) == place_key(address, city)
