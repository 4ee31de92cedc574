"""Texts that are not UTF-8 throughout: read with the right letters and said, or refused."""

from pathlib import Path

import pytest

from essgeo.errors import InputError, InputWarning
from essgeo.files import read_table

ROWS = "nom;ville\nCafé Été;Les Lilas\nForêt à l'école;Noisy-le-Sec\nThéâtre;Épinay\n"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_usual_encodings_are_read_without_a_word(tmp_path: Path, codec: str, recwarn: pytest.WarningsRecorder) -> None:
    read = read_table(written(tmp_path, ROWS.encode(codec)))
    assert read["nom"].tolist() == ["Café Été", "Forêt à l'école", "Théâtre"]
    assert not recwarn.list


@pytest.mark.parametrize(("codec", "said"), [("mac_roman", "Mac OS Roman"), ("cp850", "DOS")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_old_encodings_are_read_and_said(tmp_path: Path, codec: str, said: str, end: str) -> None:
    content = ROWS.replace("\n", end).encode(codec)
    with pytest.warns(InputWarning, match=said):
        read = read_table(written(tmp_path, content))
    assert read["ville"].tolist() == ["Les Lilas", "Noisy-le-Sec", "Épinay"]
    assert read["nom"].tolist() == ["Café Été", "Forêt à l'école", "Théâtre"]


def test_one_bad_byte_changes_its_letter_only(tmp_path: Path) -> None:
    content = ROWS.encode().replace("Forêt".encode(), "Forêt".encode("cp1252"))
    with pytest.warns(InputWarning, match="line 3"):
        read = read_table(written(tmp_path, content))
    assert read["nom"].tolist() == ["Café Été", "Forêt à l'école", "Théâtre"]


def test_an_encoding_that_makes_no_french_is_refused(tmp_path: Path) -> None:
    content = "nom;ville\nŁódź Żółw;Świnoujście\n".encode("cp1250")
    with pytest.raises(InputError, match="save the file again as UTF-8"):
        read_table(written(tmp_path, content))


def test_a_million_rows_take_little_more_than_their_columns(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415 (this test alone measures)

    count = 20_000
    lines = (f"Asso {number};{number} rue Jules Guesde;93140;Bondy;alimentation" for number in range(count))
    path = written(tmp_path, "\n".join(["nom;adresse;code postal;ville;secteur", *lines]).encode())
    tracemalloc.start()
    read = read_table(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(read) == count
    assert peak < 500 * count  # bytes a row: a row as a list of five texts alone takes more


def test_texts_that_were_encoded_twice_are_read_as_they_were_meant(tmp_path: Path) -> None:
    content = ROWS.encode().decode("cp1252", "replace").encode()
    assert "Ã©".encode() in content
    with pytest.warns(InputWarning, match="encoded twice"):
        read = read_table(written(tmp_path, content))
    assert read["nom"].tolist()[0] == "Café Été"


def test_letters_that_another_program_lost_are_said(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="lost by another program"):
        read_table(written(tmp_path, "nom;ville\nCaf\ufffd;Bondy\n".encode()))


def test_a_json_of_another_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes('[{"nom": "Café"}]'.encode("cp1252"))
    assert read_table(path)["nom"].tolist() == ["Café"]
