"""In QGIS too no file that is named as a layer makes a request: it is refused before QGIS opens it. A server on the loopback counts."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from .conftest import ORIGIN, grid, layer, run, saved


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}", asked
    made.shutdown()
    made.server_close()


def tricks(url: str) -> dict[str, str]:
    x, y = ORIGIN
    ring = [[x, y], [x, y + 100], [x + 100, y + 100], [x, y]]
    feature = {
        "type": "Feature",
        "properties": {"so": "1", "ma": "LUC"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    linked = {
        "type": "FeatureCollection",
        "crs": {"type": "link", "properties": {"href": f"{url}/c"}},
        "features": [feature],
    }
    return {
        "link.geojson": json.dumps(linked),
        "wfs.gml": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "wfs.txt": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "x.vrt": f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/{url}/x.shp</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>",
        "gdalg.json": json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {url}/a"}),
    }


def inputs(path: str, right: str, tmp_path: Path) -> dict[str, dict[str, object]]:
    out = str(tmp_path / "o.gpkg")
    return {
        "checkcoverage": {"INPUT": path},
        "checkcoverage ": {"INPUT": right, "BOUNDARY": path},
        "checkborders": {"INPUT": [path, right]},
        "prepareplan": {"INPUT": path, "OUTPUT": out},
        "prepareplan ": {"FILE": path, "OUTPUT": out, "CRS": "EPSG:5899"},
        "diagnosecrs": {"FILE": path, "OUTLINE": right},
        "diagnosecrs ": {"FILE": right, "OUTLINE": path},
        "comparedrafts": {"BEFORE": right, "BEFORE_CODE": "ma", "AFTER": path, "AFTER_CODE": "ma", "CHANGES": out},
        "checkprovince": {"REGISTER": path, "OUTPUT": out},
        "checkregister": {"REGISTER": path, "BOUNDARIES": path},
    }


@pytest.mark.parametrize("name", sorted(tricks("")))
def test_no_algorithm_asks_the_server(name: str, server, tmp_path: Path) -> None:
    url, asked = server
    path, right = tmp_path / name, tmp_path / "right.gpkg"
    path.write_text(tricks(url)[name], encoding="utf-8")
    saved(layer(grid(2, 1)), right, "GPKG")
    for algorithm, given in inputs(str(path), str(right), tmp_path).items():
        done = run(algorithm.strip(), given)
        assert asked == [], algorithm
        linked_as_file = name == "link.geojson" and "FILE" in given
        assert linked_as_file or (not done.ok and done.error), algorithm


@pytest.mark.parametrize("name", sorted(tricks("")))
@pytest.mark.parametrize("way", ["{zip}", "/vsizip/{zip}", "/vsizip/{zip}/in/{name}", "/vsizip/{{{zip}}}/in/{name}"])
def test_nor_from_inside_an_archive(way: str, name: str, server, tmp_path: Path) -> None:
    url, asked = server
    packed = tmp_path / "gói.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"in/{name}", tricks(url)[name])
    done = run("checkcoverage", {"INPUT": way.format(zip=packed, name=name)})
    assert asked == [] and not done.ok and f"{packed}/in/{name}" in done.error, done.error


@pytest.mark.parametrize(("ending", "handler"), [("tar", "vsitar"), ("gz", "vsigzip")])
def test_what_is_packed_otherwise_is_refused_by_name(ending: str, handler: str, server, tmp_path: Path) -> None:
    url, asked = server
    text = tricks(url)["wfs.gml"].encode()
    packed = tmp_path / f"wfs.gml.{ending}"
    if ending == "gz":
        packed.write_bytes(gzip.compress(text))
    else:
        with tarfile.open(packed, "w") as archive:
            member = tarfile.TarInfo("wfs.gml")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    for named in (str(packed), f"/{handler}/{packed}", f"/{handler}/{packed}/wfs.gml"):
        done = run("checkcoverage", {"INPUT": named})
        assert asked == [] and not done.ok and str(packed) in done.error, done.error


def test_an_archive_in_an_archive_is_refused(server, tmp_path: Path) -> None:
    url, asked = server
    inner, outer = tmp_path / "in.zip", tmp_path / "out.zip"
    for packed, name, content in (
        (inner, "wfs.gml", tricks(url)["wfs.gml"].encode()),
        (outer, "in.zip", None),
    ):
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, inner.read_bytes() if content is None else content)
    done = run("checkcoverage", {"INPUT": f"/vsizip//vsizip/{outer}/in.zip/wfs.gml"})
    assert asked == [] and not done.ok and str(outer) in done.error, done.error


def test_a_plan_in_a_zip_is_taken(tmp_path: Path) -> None:
    path, packed = tmp_path / "plan.gpkg", tmp_path / "plan.zip"
    saved(layer(grid(2, 1)), path, "GPKG")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(path, "plan.gpkg")
    assert run("checkcoverage", {"INPUT": f"/vsizip/{packed}/plan.gpkg"}).ok


def test_a_layer_of_the_project_and_an_ordinary_file_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    made = saved(layer(grid(2, 1)), path, "GPKG")
    assert run("checkcoverage", {"INPUT": str(path)}).ok
    assert run("checkcoverage", {"INPUT": f"{path}|layername=plan"}).ok
    project = QgsProject.instance()
    project.addMapLayer(made)
    try:
        assert run("checkcoverage", {"INPUT": made.id()}).ok
    finally:
        project.removeMapLayer(made.id())
    assert QgsVectorLayer(str(path), "still there", "ogr").isValid()
