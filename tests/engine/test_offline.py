"""No file that is taken in makes a request, reads a file outside its folder, or is opened by somebody who was not asked: shown with a
server on the loopback that counts, for each trick and each command that opens files."""

from __future__ import annotations

import http.server
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fiona
import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import small_province as province
from planconcord.cli.checks import main
from planconcord.engine import offline as offline_module
from planconcord.engine.intake.errors import IntakeError
from planconcord.engine.intake.formats import DRIVERS, FORMATS
from planconcord.engine.intake.inspection import inspect
from planconcord.engine.intake.links import names_crs_by_link
from planconcord.engine.intake.preparing import PreparationOptions, prepare
from planconcord.engine.offline import SETTINGS, offline

CORNERS = [[560000, 1800000], [560000, 1801000], [561000, 1801000], [561000, 1800000], [560000, 1800000]]


class Server:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(404)
                self.end_headers()

            do_HEAD = do_POST = do_PUT = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _past_the_proxy(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Many offices have the loopback among the hosts that are asked without the proxy."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost,*")
    server.asked.clear()


def geojson(crs: object = None, **more: object) -> str:
    shape = {"type": "Polygon", "coordinates": [CORNERS]}
    feature = {"type": "Feature", "properties": {"ma": "1", "ma_dat": "LUC"}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", **({"crs": crs} if crs else {}), "features": [feature], **more})


def gml(root: str = "", geometry: str = "", member: str = "") -> str:
    places = " ".join(f"{x},{y}" for x, y in CORNERS)
    return (
        f'<?xml version="1.0"?><ogr:FeatureCollection xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {root} xmlns:ogr="http://ogr.maptools.org/" '
        f'xmlns:gml="http://www.opengis.net/gml">{member}<gml:featureMember><ogr:plan fid="1"><ogr:geometryProperty>'
        f"<gml:Polygon {geometry}><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>{places}</gml:coordinates>"
        "</gml:LinearRing></gml:outerBoundaryIs></gml:Polygon></ogr:geometryProperty><ogr:ma>1</ogr:ma>"
        "<ogr:ma_dat>LUC</ogr:ma_dat></ogr:plan></gml:featureMember></ogr:FeatureCollection>"
    )


def kml(inside: str) -> str:
    return f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'


def tricks(url: str) -> dict[str, str]:
    """By the name of the file: what it holds. Each would ask the server, or another file, if it were followed."""
    pipeline = f"gdal vector pipeline ! read {url}/a.geojson ! write --of stream streamed_dataset"
    placemark = (
        f"<Placemark><styleUrl>{url}/s.kml#s</styleUrl><Polygon><outerBoundaryIs><LinearRing><coordinates>105,20 105,21 106,21 "
        "105,20</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
    link = f"<NetworkLink><Link><href>{url}/x.kml</href></Link></NetworkLink>"
    wfs = f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>"
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/{url}/x.shp</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    return {
        "gdalg.json": json.dumps({"type": "gdal_streamed_alg", "command_line": pipeline}),
        "gdalg.geojson": json.dumps({"command_line": pipeline, "type": "gdal_streamed_alg"}, indent=4),
        "gdalg_pretends.geojson": geojson(command_line=pipeline, name='"type": "gdal_streamed_alg"'),
        "gdalg.gpkg": json.dumps({"type": "gdal_streamed_alg", "command_line": pipeline}),
        "crs_link.geojson": geojson({"type": "link", "properties": {"href": f"{url}/c.wkt", "type": "ogcwkt"}}),
        "crs_url.geojson": geojson({"type": "url", "properties": {"url": f"{url}/c.wkt"}}),
        "crs_escaped.geojson": geojson({"type": "link", "properties": {"href": f"{url}/c.wkt"}}).replace(
            '"crs"', '"\\u0063r\\u0053"'
        ),
        "crs_name.geojson": geojson({"type": "name", "properties": {"name": f"{url}/c.wkt"}}),
        "wfs.txt": wfs,
        "wfs.gml": wfs,
        "wfs.kml": f"<!-- a plan --> {wfs}",
        "wfs.csv": wfs,
        "wfs_in_a_plan.gml": gml(member=f"<!-- {wfs} -->"),
        "csw.xml": f"<OGRCSWDataSource><URL>{url}/csw</URL></OGRCSWDataSource>",
        "vrt.vrt": vrt,
        "vrt.shp": vrt,
        "vrt.gml": vrt.replace("<OGRVRTDataSource>", "<OGRVRTDataSource \n xmlns='x'>"),
        "schema.gml": gml(root=f'xsi:schemaLocation="http://ogr.maptools.org/ {url}/x.xsd"'),
        "srs.gml": gml(geometry=f'srsName="{url}/srs.xml#4326"'),
        "xlink.gml": gml(member=f'<gml:featureMember xlink:href="{url}/f#1"/>'),
        "link.kml": kml(link + placemark),
        "only_a_link.kml": kml(link),
        "wms.xml": f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}.png</ServerUrl></Service></GDAL_WMS>',
        "tiles.json": json.dumps({"tilejson": "2.0.0", "tiles": [f"{url}/{{z}}/{{x}}/{{y}}.pbf"]}),
        "view.tab": f'!table\n!version 300\n!charset Neutral\nOpen Table "{url}/x.tab"\nCreate View v As\nSelect a From b',
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    made = tmp_path_factory.mktemp("tricks")
    for name, words in tricks(server.url).items():
        (made / name).write_text(words, encoding="utf-8")
    with zipfile.ZipFile(made / "packed.zip", "w") as archive:
        archive.writestr("gdalg.geojson", tricks(server.url)["gdalg.geojson"])
    with zipfile.ZipFile(made / "packed.kmz", "w") as archive:
        archive.writestr("doc.kml", tricks(server.url)["only_a_link.kml"])
    return made


NAMES = sorted([*tricks("http://127.0.0.1"), "packed.zip", "packed.kmz"])
POINTERS = [
    name
    for name in NAMES
    if name.startswith(("gdalg", "wfs", "csw", "vrt.vrt", "vrt.gml", "view", "wms", "packed.zip"))
]


def test_the_server_hears_what_is_not_offline(folder: Path, server: Server) -> None:
    """Else the zeros below would say nothing."""
    pyogrio.read_info(folder / "crs_link.geojson")
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", NAMES)
def test_no_command_asks_the_server(name: str, folder: Path, server: Server, tmp_path: Path) -> None:
    path, right = folder / name, tmp_path / "right.gpkg"
    province.layer(right, [province.box(0, 0, 1000, 1000)], ma=["1"], ma_dat=["LUC"])
    register = province.make(tmp_path / "tỉnh")
    for file in folder.glob(path.stem + ".*"):
        (register.parent / file.name).write_bytes(file.read_bytes())
    words = register.read_text(encoding="utf-8-sig")
    register.write_text(words.replace("h1.gpkg", name), encoding="utf-8-sig")
    out = ["--findings", str(tmp_path / "f.gpkg")]
    for given in (
        ["checkcoverage", "--input", str(path), *out],
        ["checkcoverage", "--input", str(right), "--boundary", str(path), *out],
        ["checkborders", "--input", str(path), "--input", str(right), *out],
        ["prepareplan", "--input", str(path), "--output", str(tmp_path / "p.gpkg"), "--crs", "EPSG:5899"],
        ["diagnosecrs", "--input", str(path), "--outline", str(right)],
        ["diagnosecrs", "--input", str(right), "--outline", str(path)],
        ["checkregister", str(register), "--findings", str(tmp_path / "r.gpkg")],
        ["checkregister", str(path), "--findings", str(tmp_path / "s.gpkg")],
        ["check", str(register), "--out", str(tmp_path / "c.gpkg"), "--boundaries", str(path)],
        ["createregister", "--folder", str(register.parent), "--output", str(tmp_path / "r.xlsx")],
    ):
        assert main([*given, "--language", "en"]) in (0, 1, 2)
        assert server.asked == [], given


@pytest.mark.parametrize("name", POINTERS)
def test_what_only_points_elsewhere_is_refused_by_name(name: str, folder: Path) -> None:
    for read in (inspect, lambda source: prepare(source, PreparationOptions())):
        with pytest.raises(IntakeError) as refused:
            read(str(folder / name))
        said = refused.value.text("en")
        assert Path(name).stem in said or "gdalg" in said
        assert refused.value.key == "error.intake.unsupported.pointer" or refused.value.state == "damaged", said


def test_a_map_that_only_links_to_another_is_refused_in_words(folder: Path, tmp_path: Path, capsys) -> None:
    assert (
        main(["checkcoverage", "--input", str(folder / "only_a_link.kml"), "--findings", str(tmp_path / "f.gpkg")]) == 2
    )
    register = province.make(tmp_path / "tỉnh")
    for name in ("only_a_link.kml", "packed.kmz"):
        (register.parent / name).write_bytes((folder / name).read_bytes())
        words = register.read_text(encoding="utf-8-sig").replace("h1.gpkg", name)
        given = register.with_name(f"{name}.csv")
        given.write_text(words, encoding="utf-8-sig")
        capsys.readouterr()
        asked = ["checkregister", str(given), "--findings", str(tmp_path / "r.gpkg"), "--language", "en"]
        assert main(asked) == 1
        told = pyogrio.read_dataframe(tmp_path / "r.gpkg", layer="findings", read_geometry=False)
        [said] = told.loc[told["rule"] == "register.unreadable", "message"]
        assert name.split(".")[0] in said and "Traceback" not in capsys.readouterr().err
        assert main(["check", str(given), "--out", str(tmp_path / "c.gpkg"), "--language", "en"]) == 1


def test_a_crs_by_a_link_counts_as_none_and_is_told(folder: Path, tmp_path: Path, capsys) -> None:
    for name in ("crs_link.geojson", "crs_url.geojson", "crs_escaped.geojson"):
        assert inspect(str(folder / name)).layers[0].crs is None
        assert main(["checkcoverage", "--input", str(folder / name), "--findings", str(tmp_path / "f.gpkg")]) == 2
        made = tmp_path / "made.gpkg"
        given = ["--input", str(folder / name), "--output", str(made), "--crs", "EPSG:5899", "--language", "en"]
        capsys.readouterr()
        assert main(["prepareplan", *given]) == 0
        assert "link" in capsys.readouterr().err
        assert gpd.read_file(made).crs.to_epsg() == 5899


@pytest.mark.parametrize(
    ("words", "linked"),
    [
        ('"crs":{"type":"link","properties":{"href":"x"}}', True),
        ('"CRS" : { "type": "l\\u0069nk"}', True),
        ('"\\u0063\\u0072\\u0073":{"properties":{"\\u0068ref":"x"}}', True),
        ('"crs":{"type":"name","properties":{"name":"EPSG:5899"}}', False),
        ('"features":[{"properties":{"link":"http://x","href":"y"}}]', False),
        ('"crs":null,"url":"x"', False),
    ],
)
def test_a_link_is_known_however_it_is_spelled(words: str, linked: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_text("{" + words + "}", encoding="utf-8")
    assert names_crs_by_link(path) is linked


# Out of the folder


def test_no_file_outside_is_read(tmp_path: Path) -> None:
    """What lies outside says SECRET; no file inside brings it in."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir(), inside.mkdir()
    secret = outside / "secret.geojson"
    gpd.GeoDataFrame({"ma": ["SECRET"]}, geometry=[province.box(0, 0, 10, 10)], crs=5899).to_file(secret)
    path = secret.as_posix()
    pointing = {
        "a.vrt": f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{path}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "b.geojson": json.dumps(
            {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {path} ! write s"}
        ),
        "c.json": '{"type" :\n"gdal_streamed_alg", "command_line": "gdal vector pipeline ! read ../outside/secret.geojson ! write s"}',
        "d.tab": f'!table\n!version 300\nOpen Table "{path}"\nCreate View v As Select * From secret',
        "e.xml": f"<Product_Observational xmlns='http://pds.nasa.gov/pds4/pds/v1'><file_name>{path}</file_name></Product_Observational>",
        "f.gml": f"<!-- <OGRVRTLayer name='secret'><SrcDataSource>{path}</SrcDataSource></OGRVRTLayer> -->" + gml(),
    }
    for name, words in pointing.items():
        (inside / name).write_text(words, encoding="utf-8")
        for read in (inspect, lambda source: prepare(source, PreparationOptions())):
            with pytest.raises(IntakeError) as refused:
                read(str(inside / name))
            assert "SECRET" not in str(refused.value)


def test_somebody_who_was_not_asked_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that this list of words does not know, and another driver takes: nothing of it is read."""
    path = tmp_path / "x.geojson"
    path.write_text(geojson(), encoding="utf-8")
    monkeypatch.setitem(DRIVERS, "geojson", ("TopoJSON",))
    for read in (inspect, lambda source: prepare(source, PreparationOptions())):
        with pytest.raises(IntakeError):
            read(str(path))


def test_every_format_names_who_may_open_it() -> None:
    assert set(DRIVERS) == set(FORMATS) - {"zip"}
    web = {"WFS", "OAPIF", "CSW", "GDALG", "OGR_VRT", "HTTP", "Elasticsearch", "Carto", "NGW", "EEDA", "PLSCENES"}
    assert not web & {name for names in DRIVERS.values() for name in names}


# What is set is put back


def test_what_was_set_is_put_back_by_the_last_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intern.example")
    pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": "proxy.example:8080"})
    try:
        with offline():
            with offline():
                assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") == offline_module.NOWHERE
            assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") == offline_module.NOWHERE
            assert "NO_PROXY" not in os.environ
        assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") == "proxy.example:8080"
        assert os.environ["NO_PROXY"] == "intern.example"
        with pytest.raises(KeyError), offline():
            raise KeyError
        assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") == "proxy.example:8080"
    finally:
        pyogrio.set_gdal_config_options({"GDAL_HTTP_PROXY": None})
    assert all(pyogrio.get_gdal_config_option(name) is None for name in SETTINGS)


def test_many_readers_at_once_leave_it_as_it_was(folder: Path, server: Server) -> None:
    def read(number: int) -> None:
        with offline(), fiona.Env(**SETTINGS):
            pyogrio.read_info(folder / "crs_link.geojson")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read, range(40)))
    assert server.asked == []
    assert all(pyogrio.get_gdal_config_option(name) is None for name in SETTINGS)
    assert os.environ["NO_PROXY"].startswith("127.0.0.1")


def test_a_proposed_register_tells_each_trick(folder: Path, tmp_path: Path, server: Server) -> None:
    out = tmp_path / "register.xlsx"
    assert main(["createregister", "--folder", str(folder), "--output", str(out), "--language", "en"]) == 0
    cells = [str(cell) for row in openpyxl.load_workbook(out).active.iter_rows(values_only=True) for cell in row]
    assert sum("points to other files or services" in cell for cell in cells) >= 4
    assert server.asked == []
