"""A file opens nothing but itself, fills no memory, and runs nothing: whatever stands in it, it is read or refused."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import struct
import warnings
import zipfile
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from essgeo.access.network import read_ways
from essgeo.errors import EssgeoError, InputError, InputWarning
from essgeo.files import guard
from essgeo.files.geographic import describe_features
from essgeo.files.perimeters import read_zones
from essgeo.files.premises import read_premises
from essgeo.files.rows import unique_names
from essgeo.files.structures import read_structures
from essgeo.files.tables import read_table
from essgeo.geocoding.ban import COLUMNS, read_ban
from essgeo.official.formats import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACES = gpd.GeoDataFrame({"nom": ["A", "B"]}, geometry=gpd.points_from_xy([2.4, 2.5], [48.9, 48.8]), crs=4326)

HIDDEN = "a local file"

ELSEWHERE = {
    "a VRT": '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    "</OGRVRTDataSource>",
    "a VRT behind blanks": '\n \n<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>",
    "a VRT of a server": '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>/vsicurl/{url}</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>",
    "WFS": "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
    "GDALG": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {secret}"}}',
    "GDALG of a server": '{{"type": "gdal_streamed_alg", "command_line": "gdal vector convert /vsicurl/{url}"}}',
    "a service": '{{"links": [{{"rel": "data", "href": "{url}"}}], "title": "x"}}',
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the files that GDAL is told to open."""
    opened: list[str] = []

    def spy(name: str) -> None:
        real = getattr(pyogrio, name)

        def call(path: object, *given: object, **options: object) -> object:
            opened.append(str(path))
            return real(path, *given, **options)

        monkeypatch.setattr(pyogrio, name, call)

    for name in ("read_info", "list_layers", "read_dataframe"):
        spy(name)
    return opened


@pytest.mark.parametrize("suffix", [".geojson", ".json", ".shp", ".gpkg", ".dbf"])
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_no_file_opens_another_nor_asks_a_server(tmp_path: Path, asked: list[str], kind: str, suffix: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"nom,adresse\n{HIDDEN},1 rue A\n")
    path = tmp_path / f"mine{suffix}"
    path.write_text(ELSEWHERE[kind].format(secret=secret, url="http://127.0.0.1:9/x.geojson"))
    for companion in (".shx", ".dbf") if suffix == ".shp" else ():
        path.with_suffix(companion).write_bytes(path.read_bytes())
    readers: list[Callable[[Path], object]] = [read_table, describe_features]
    if suffix in (".shp", ".gpkg"):
        readers.append(lambda file: columns_of(file, {".shp": "shapefile", ".gpkg": "gpkg"}[suffix]))
    readers.append(lambda file: read_zones(file, crs="EPSG:2154", vintage="2024"))
    for read in readers:
        with pytest.raises(EssgeoError) as told:
            read(path)
        assert HIDDEN not in str(told.value)
    # What is JSON is opened as GeoJSON alone; anything else is not opened at all.
    assert all(name.startswith("GeoJSON:/") for name in asked)
    assert not asked or ELSEWHERE[kind].startswith("{")


@pytest.mark.parametrize("name", ["archive.zip!mine.gpkg", "mine!.geojson"])
def test_a_path_is_never_taken_for_that_of_an_archive(tmp_path: Path, name: str) -> None:
    PLACES.to_file(tmp_path / "plain.gpkg")
    path = tmp_path / name
    if path.suffix == ".gpkg":
        path.write_bytes((tmp_path / "plain.gpkg").read_bytes())
    else:
        path.write_text(PLACES.to_json())
    with pytest.raises(InputError, match="exclamation mark"):
        read_table(path)


def test_a_folder_called_like_an_address_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "WFS:http:"
    folder.mkdir()
    PLACES.to_file(folder / "x.gpkg")
    assert len(read_table("WFS:http:/x.gpkg")) == len(PLACES)


ENDLESS = "WITH c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS fid, 'a' AS nom, NULL AS geom FROM c"


def with_view(path: Path, *, listed: bool) -> Path:
    PLACES.to_file(path, layer="places")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE VIEW forever AS {ENDLESS}")
        if listed:
            connection.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
                "VALUES ('forever', 'features', 'forever', 4326)"
            )
            connection.execute("INSERT INTO gpkg_geometry_columns VALUES ('forever', 'geom', 'POINT', 4326, 0, 0)")
    return path


@pytest.mark.parametrize("listed", [True, False])
def test_the_tables_of_a_geopackage_are_read_and_its_views_never(tmp_path: Path, *, listed: bool) -> None:
    path = with_view(tmp_path / "mine.gpkg", listed=listed)
    assert read_table(path)["nom"].tolist() == ["A", "B"]
    with pytest.raises(InputError, match="forever"):
        read_table(path, layer="forever")


def test_a_geopackage_of_views_alone_says_so(tmp_path: Path) -> None:
    path = with_view(tmp_path / "mine.gpkg", listed=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM gpkg_contents WHERE table_name = 'places'")
        connection.execute("DELETE FROM gpkg_geometry_columns WHERE table_name = 'places'")
        connection.execute("DROP TABLE places")
    for read in (read_table, describe_features):
        with pytest.raises(InputError, match="views"):
            read(path)


def nested(depth: int, *, first: bool, kind: int = 7) -> bytes:
    """Return a point in collections, alone in each or behind a sibling."""
    sibling = b"" if first else struct.pack("<BIdd", 1, 1, 2.0, 48.0)
    head = struct.pack("<BII", 1, kind, 1 if first else 2) + sibling
    return head * depth + struct.pack("<BIdd", 1, 1, 2.4, 48.9)


def geoparquet(path: Path, cells: list[bytes | None], **said: object) -> Path:
    column = {"encoding": "WKB", "geometry_types": [], **said}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"nom": [str(place) for place in range(len(cells))], "geometry": pa.array(cells, pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


@pytest.mark.parametrize(
    "made",
    [
        *(partial(nested, 100_000, first=first, kind=kind) for first in (True, False) for kind in (4, 6, 7, 12)),
        partial(nested, 3, first=True, kind=1007 | 1 << 29),
        b"",
        b"\x01",
        b"\x01\x03\x00\x00\x00\xff\xff\xff\xff",
        b"POINT (2 48)",
        shapely.to_wkb(shapely.Point(2.4, 48.9))[:-3],
    ],
)
def test_a_geometry_that_is_none_costs_its_row_the_position_alone(
    tmp_path: Path, made: bytes | Callable[[], bytes]
) -> None:
    cell = made if isinstance(made, bytes) else made()
    path = geoparquet(tmp_path / "mine.parquet", [shapely.to_wkb(PLACES.geometry[0]), cell])
    if cell:
        with pytest.warns(InputWarning, match=r"mine.parquet: the geometry of row 2"):
            table = read_table(path)
    else:
        table = read_table(path)
    assert isinstance(table, gpd.GeoDataFrame)
    assert table.geometry.notna().tolist() == [True, False]


def test_geometries_of_every_kind_and_form_are_read(tmp_path: Path) -> None:
    shapes = [
        "POINT Z (1 2 3)",
        "MULTIPOINT (1 2, 3 4)",
        "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), MULTILINESTRING ((0 0, 1 1))))",
        "GEOMETRYCOLLECTION EMPTY",
    ]
    given = shapely.from_wkt(shapes)
    cells = [
        shapely.to_wkb(shape, byte_order=order, flavor=flavor) for shape in given for order in (0, 1)
        for flavor in ("iso", "extended")
    ]  # fmt: skip
    table = read_table(geoparquet(tmp_path / "mine.parquet", cells))
    assert [shape.wkt for shape in table.geometry[::4]] == [shapely.force_2d(shape).wkt for shape in given]
    assert len(set(table.geometry)) == len(given)


@pytest.mark.parametrize(
    "metadata",
    [
        {"geo": "{"},
        {"geo": "[]"},
        {"geo": '{"columns": {"geometry": {}}, "primary_column": "geometry"}'},
        {"geo": '{"columns": {"other": {"encoding": "WKB"}}, "primary_column": "other"}'},
        {"geo": '{"columns": {"geometry": {"encoding": "WKB", "crs": {"type": "x"}}}, "primary_column": "geometry"}'},
        {"geo": '{"columns": {"geometry": {"encoding": "WKB", "crs": "EPSG:0"}}, "primary_column": "geometry"}'},
        {"geo": '{"columns": {"geometry": {"encoding": "point"}}, "primary_column": "geometry"}'},
        {"geo": '{"columns": {"geometry": {"encoding": "WKB"}}, "primary_column": "none"}'},
    ],
)
def test_what_a_parquet_file_says_of_its_shapes_is_not_trusted(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = tmp_path / "mine.parquet"
    table = pa.table({"nom": ["A"], "geometry": pa.array([nested(1, first=True)], pa.binary())})
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(InputError, match=r"mine.parquet: the Parquet file cannot be read"):
        read_table(path)


@pytest.mark.parametrize(
    "days",
    [
        pa.array([2**31 - 1, 1], pa.date32()), pa.array([86_400_000 * 10**9, 1], pa.date64()),
        pa.array([1, 2], pa.time64("ns")), pa.array([2**62, 1], pa.duration("s")),
        pa.array([2**62, 1], pa.timestamp("us")),
    ],
    ids=lambda days: str(days.type),
)  # fmt: skip
def test_days_and_hours_that_python_has_none_of_cost_their_cell_alone(tmp_path: Path, days: pa.Array) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"nom": ["A", "B"], "adresse": ["1 rue A"] * 2, "date d'ouverture": days}), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert read_structures(path)["name"].tolist() == ["A", "B"]
    pq.write_table(pa.table({"nom": ["A"], "vu": pa.array([0], pa.timestamp("ms", tz="+99:99"))}), path)
    with pytest.raises(InputError, match=r"mine.parquet: the Parquet file cannot be read \(vu: "):
        read_table(path)


@pytest.mark.parametrize("metadata", ["{", "[]", '{"index_columns": ["absent"], "columns": 3}'])
def test_what_pandas_wrote_into_a_parquet_file_does_not_matter(tmp_path: Path, metadata: str) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"nom": ["A"]}).replace_schema_metadata({"pandas": metadata}), path)
    assert read_table(path)["nom"].tolist() == ["A"]


def test_an_index_with_a_name_is_a_column_of_a_parquet_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"nom": ["A"]}, index=pd.Index(["x"], name="structure_id"))
    frame.to_parquet(tmp_path / "mine.parquet")
    assert read_table(tmp_path / "mine.parquet").loc[1].to_dict() == {"nom": "A", "structure_id": "x"}


BOMBS = {
    "a long text in every row": lambda texts: texts,
    "lists of texts": lambda texts: pa.ListArray.from_arrays([0, len(texts)], texts),
    "texts with a name": lambda texts: pa.StructArray.from_arrays([texts], ["a"]),
    "texts by key": lambda texts: pa.MapArray.from_arrays(
        [0, len(texts)], pa.array(map(str, range(len(texts)))), texts
    ),
    "long strings": lambda texts: texts.cast(pa.large_string()),
    "bytes of one length": lambda texts: texts.cast(pa.binary()).cast(pa.binary(100_000)),
    "a row repeated": lambda _texts: pa.nulls(20_000_000, pa.int8()),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_parquet_file_fills_no_memory(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "mine.parquet"
    column = BOMBS[bomb](pa.array(["x" * 100_000]).take(pa.array([0] * 600, pa.int32())))
    pq.write_table(pa.table({"nom": column}), path)
    del column
    assert path.stat().st_size < 1_000_000
    before = pa.total_allocated_bytes()
    with pytest.raises(InputError, match=r"mine.parquet: more than 50 MB come out of it"):
        read_table(path)
    assert pa.total_allocated_bytes() - before < guard.SMALL_BYTES


def workbook(path: Path, sheet: str, **members: bytes) -> Path:
    """Write the least workbook there can be."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="a" Type="{of}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="a" Type="{of}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{of}"><sheets><sheet name="a" sheetId="1" r:id="a"/></sheets>'
            "</workbook>",
        )
        packed.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
        )
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f"<row r='1'>{cell('A1', 'nom')}{cell('B1', 'adresse')}</row><row r='2'>{cell('A2', 'A')}</row>"


def test_the_least_workbook_is_read(tmp_path: Path) -> None:
    assert read_table(workbook(tmp_path / "mine.xlsx", HEAD))["nom"].tolist() == ["A"]


def test_a_workbook_that_unpacks_to_far_more_than_a_list_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "mine.xlsx", HEAD, sharedStrings=bytes(guard.SMALL_BYTES))
    with pytest.raises(InputError, match=r"mine.xlsx: more than 50 MB come out of it"):
        read_table(path)


def test_cells_far_to_the_right_fill_no_memory(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{row}"><c r="XFD{row}"/></row>' for row in range(3, 1000))
    with pytest.raises(InputError, match=r"mine.xlsx: more than 50 MB come out of it"):
        read_table(workbook(tmp_path / "mine.xlsx", HEAD + rows))


@pytest.mark.parametrize("header", ["|".join(COLUMNS[:-1]), ";".join(COLUMNS)])
def test_a_packed_address_file_unpacks_no_further_than_it_is_one(tmp_path: Path, header: str) -> None:
    path = tmp_path / "adresses-93.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(f"{header}\n".replace("|", ";").encode())
        for _ in range(60):
            packed.write(b";" * 1_000_000)
    with pytest.raises(EssgeoError, match="type_position" if "|" in header else "more than 50 MB"):
        read_ban(path)


WIDE = [f"c{number}" for number in range(guard.MAX_COLUMNS + 1)]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_table_with_more_columns_than_any_list_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    if suffix == ".csv":
        path.write_text(",".join(WIDE) + "\n" + ",".join(WIDE) + "\n")
    elif suffix == ".json":
        path.write_text(json.dumps([{name: 1} for name in WIDE]))
    else:
        pq.write_table(pa.table({name: [1] for name in WIDE}), path)
    with pytest.raises(InputError, match=r"2001 columns; a list has 2000 at most"):
        read_table(path)


@pytest.mark.parametrize("latitude", ["96.9", "-90", "1e300"])
def test_an_outline_that_is_nowhere_is_none(tmp_path: Path, latitude: str) -> None:
    path = tmp_path / "qpv.geojson"
    right, wrong = (f"[[[2.5, 48.8], [2.5, 48.9], [2.4, {top}], [2.4, 48.8], [2.5, 48.8]]]" for top in (48.9, latitude))
    features = ", ".join(
        f'{{"type": "Feature", "properties": {{"code_qp": "{code}", "lib_qp": "a"}},'
        f'"geometry": {{"type": "Polygon", "coordinates": {rings}}}}}'
        for code, rings in (("QN09301M", right), ("QN09302M", wrong))
    )
    path.write_text(f'{{"type": "FeatureCollection", "features": [{features}]}}')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        zones = read_zones(path, crs="EPSG:2154", vintage="2024")
    assert "QN09301M" in zones.index
    assert latitude == "1e300" or zones.index.tolist() + zones.attrs["empty"] == ["QN09301M", "QN09302M"]


@pytest.mark.parametrize(
    "shape", ['"Point", "coordinates": [NaN, 48.9]', '"LineString", "coordinates": [[2, 48], [NaN, 1]]']
)
def test_a_position_that_is_no_number_costs_its_row_the_position_alone(tmp_path: Path, shape: str) -> None:
    feature = '{{"type": "Feature", "properties": {{"nom": "A"}}, "geometry": {{"type": {}}}}}'.format
    lost, right = feature(shape), feature('"Point", "coordinates": [2.4, 48.9]')
    path = tmp_path / "mine.geojson"
    path.write_text(f'{{"type": "FeatureCollection", "features": [{", ".join([lost] * 4 + [right])}]}}')
    with pytest.warns(InputWarning, match=r"geometry of row 1, 2, 3, 4 cannot be read"):
        read = read_table(path)
    assert read.geometry.notna().tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".shp"])
def test_degrees_under_a_crs_in_metres_are_degrees(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    wrong = PLACES.set_crs(2154, allow_override=True)
    if suffix == ".parquet":
        wrong.to_parquet(path)
    else:
        wrong.to_file(path, engine="pyogrio")
    with pytest.warns(InputWarning, match=r"says that its coordinates are in EPSG:2154, but they are degrees"):
        read = read_table(path)
    assert read.crs == 4326
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PLACES.to_crs(2154).to_file(tmp_path / "right.geojson")
        assert read_table(tmp_path / "right.geojson").crs == 2154


@pytest.mark.parametrize(
    "crs",
    [
        'LOCAL_CS["plan"]',
        'ENGCRS["plan",EDATUM["x"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]',
        5720,
    ],
)
def test_a_layer_that_lies_nowhere_on_earth_is_refused(tmp_path: Path, crs: str | int) -> None:
    for suffix in (".gpkg", ".parquet"):
        path = tmp_path / f"mine{suffix}"
        wrong = PLACES.assign(adresse="1 rue A").set_crs(crs, allow_override=True)
        if suffix == ".gpkg":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wrong.to_file(path, engine="pyogrio")
        else:
            wrong.to_parquet(path)
        with pytest.raises(InputError, match=r"no coordinate reference system, or none of the Earth"):
            read_structures(path)


def test_bytes_of_a_parquet_file_that_are_no_letter_are_shown_as_lost(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(pa.string(), 2, pa.array([b"Caf\xe9", b"B"]).buffers())
    columns = {"nom": texts, "long": texts.cast(pa.large_string()), "adresse": pa.array(["1 rue A", None])}
    pq.write_table(pa.table(columns), tmp_path / "mine.parquet")
    table = read_table(tmp_path / "mine.parquet")
    assert table["nom"].tolist() == table["long"].tolist() == ["Caf\ufffd", "B"]
    nested = pa.ListArray.from_arrays([0, 1, 2], texts)
    pq.write_table(pa.table({"nom": ["A", "B"], "mots": nested}), tmp_path / "nested.parquet")
    with pytest.raises(InputError, match=r"the Parquet file cannot be read \(mots: "):
        read_table(tmp_path / "nested.parquet")


def test_a_number_of_thousands_of_digits_costs_its_cell_alone_and_is_shown_short(tmp_path: Path) -> None:
    digits = "9" * 5000
    (tmp_path / "mine.json").write_text(
        f'[{{"nom": "A", "adresse": "1 rue A", "siret": {digits}, "lon": {digits}, "lat": -{digits}, "x": "\\ud800"}}]'
    )
    (tmp_path / "mine.csv").write_text(f"nom,surface,lon,lat\nA,{digits},{digits},{digits}\nB,12,2.4,48.9\n")
    for read in (
        lambda: read_structures(tmp_path / "mine.json"),
        lambda: read_premises(tmp_path / "mine.csv", crs="EPSG:2154"),
    ):
        with pytest.warns(InputWarning) as told:
            table = read()
        assert table["name"].tolist()[0] == "A"
        assert max(len(line) for one in told for line in str(one.message).split("\n")) < 1000
    PLACES.to_file(tmp_path / "mine.geojson")
    (tmp_path / "mine.geojson").write_text((tmp_path / "mine.geojson").read_text().replace("48.9", digits))
    with pytest.raises(InputError, match="cannot be read") as error:
        read_table(tmp_path / "mine.geojson")
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("text", ["\\ud800", "a\\uDFFFb", "\\udc00\\ud800"])
def test_half_a_character_of_json_is_shown_as_lost(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(f'[{{"nom": "{text}", "n{text}": "\\ud83d\\ude00"}}]')
    table = read_table(path)
    assert "\ufffd" in table["nom"][1]
    assert table.iloc[0, 1] == "\U0001f600"
    "".join([*table.columns, *table.iloc[0]]).encode()


@pytest.mark.parametrize(
    "text", [";" * 100_000 + "\nnom;ville\nA;B\n", ",".join(["nom"] * 1_999) + "\n" + "a," * 1_998 + "a\n"]
)
def test_a_header_of_nothing_or_of_one_name_takes_no_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    assert len(read_table(path)) == 1


def test_columns_of_one_name_are_numbered_in_order() -> None:
    assert unique_names(["a", "a", "a_2", "", "a"]) == ["a", "a_3", "a_2", "column_4", "a_4"]


@pytest.mark.parametrize(
    "header", [";".join(f'"{name}"' for name in COLUMNS), ";".join(COLUMNS) + '"', '"' + ";".join(COLUMNS)]
)
def test_quotes_in_the_header_of_addresses_are_told(tmp_path: Path, header: str) -> None:
    path = tmp_path / "adresses-93.csv"
    path.write_text(f"{header}\n1;1;;Rue A;93140;93010;Bondy;;2.48;48.9;\n")
    with pytest.raises(EssgeoError, match=r"adresses-93\.csv"):
        read_ban(path)


@pytest.mark.parametrize("degrees", ["1e300", "1e12", '"x"', "null", "[]"])
def test_a_street_that_is_nowhere_is_told_or_left_out(tmp_path: Path, degrees: str) -> None:
    path = tmp_path / "streets.json"
    points = f'[{{"lon": {degrees}, "lat": 48}}, {{"lon": 2, "lat": 48}}]'
    way = f'{{"type": "way", "tags": {{"highway": "footway"}}, "geometry": {points}}}'
    path.write_text(f'{{"elements": [{way}]}}')
    with contextlib.suppress(InputError):
        read_ways(path)
