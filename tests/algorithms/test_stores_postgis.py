"""A findings store in PostGIS from inside QGIS: as an output, as PREVIOUS, as a layer; passwords are told to nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.store.opening import look_into
from planconcord.engine.store.place import PostgisSchema
from planconcord.qgis_bridge.stores import store_of_layer, store_of_output, store_of_text
from postgis_cluster import DATABASE, Office
from qgis.core import (
    QgsApplication,
    QgsDataSourceUri,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsProviderRegistry,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from stores import ask, ids, statuses, tell, write

from .conftest import Listening, Outcome, grid, layer, opened, run, square

DEFECTS = [*grid(3, 3), (square(50, 50), "x", "ONT")]
NAME = "Văn phòng tỉnh"


def check(context: QgsProcessingContext | None = None, zones: object = DEFECTS, **more: object) -> Outcome:
    return run("checkcoverage", {"INPUT": layer(zones), "KEY_FIELD": "so", **more}, None, context)


def table(office: Office, schema: str, name: str = "findings") -> str:
    """What QGIS writes into the field when a person chooses "Save to Database Table…"."""
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", str(office.port), DATABASE, "owner", office.password)
    uri.setDataSource(schema.strip("'"), name, "geom")
    return f"postgres://{uri.uri(False)}"


@pytest.fixture()
def connection(office: Office) -> Iterator[str]:
    """A connection in QGIS's settings."""
    postgres = QgsProviderRegistry.instance().providerMetadata("postgres")
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", str(office.port), DATABASE, "owner", office.password)
    made = postgres.createConnection(uri.uri(False), {"saveUsername": True, "savePassword": True})
    postgres.saveConnection(made, NAME)
    yield NAME
    postgres.deleteConnection(NAME)


def test_a_check_writes_its_store_and_keeps_the_decisions(office: Office, schema: str) -> None:
    place = office.place(schema)
    first = check(FINDINGS=office.text(schema))
    assert first.ok, first.error
    found = ids(place)
    assert len(found) == len(check().findings) == 4
    made = opened(first["FINDINGS"], first.context)
    assert made.featureCount() == 4 and made.crs().authid() == "EPSG:5899"
    assert ask(place, "SELECT count(*) FROM runs")[0][0] == 1 and ask(place, "SELECT count(*) FROM measures")[0][0] > 5
    decide(place, found[:1], "waived", "A", note="x")
    again = check(FINDINGS=table(office, schema))
    assert again.ok, again.error
    assert statuses(place)[found[0]] == "waived" and len(history(place)) == 1
    assert office.password not in str(again.results["FINDINGS"])
    for (options,) in ask(place, "SELECT options FROM runs"):
        assert office.password not in options and "***" in options


def test_an_output_never_replaces_the_table_that_is_read(office: Office, schema: str) -> None:
    from_table = table(office, schema, "plan").split("://", 1)[1]
    made = check(FINDINGS=office.text(schema))
    assert made.ok
    tell(
        office.place(schema), "CREATE TABLE plan (id serial PRIMARY KEY, geom public.geometry(Polygon, 5899), so text)"
    )
    tell(
        office.place(schema),
        "INSERT INTO plan (geom, so) VALUES (public.ST_SetSRID(public.ST_MakeEnvelope(530000, 1660000, 530100, 1660100), 5899), '1')",
    )
    source = QgsVectorLayer(from_table, "plan", "postgres")
    assert source.isValid() and source.featureCount() == 1
    QgsProject.instance().addMapLayer(source)
    try:
        for output in ({"FINDINGS": table(office, schema, "plan")}, {"RUNS": table(office, schema, "plan")}):
            found = run("checkcoverage", {"INPUT": source.id(), **output})
            assert not found.ok and "INPUT" in found.error and next(iter(output)) in found.error
        findings = QgsVectorLayer(made["FINDINGS"].split("://", 1)[1], "findings", "postgres")
        QgsProject.instance().addMapLayer(findings)
        found = run(
            "comparefindings", {"PREVIOUS": findings.id(), "CURRENT": findings.id(), "OUTPUT": made["FINDINGS"]}
        )
        assert not found.ok and "OUTPUT and PREVIOUS" in found.error
        assert ask(office.place(schema), "SELECT count(*) FROM plan") == [(1,)] and len(ids(office.place(schema))) == 4
    finally:
        QgsProject.instance().clear()


def test_the_last_draft_may_lie_in_the_database_and_the_next_in_a_file(office: Office, schema: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    place = office.place(schema)
    check(FINDINGS=office.text(schema))
    found = ids(place)
    decide(place, found[:1], "waived", "A", note="x")
    for output in (str(tmp_path / "findings.gpkg"), office.text(schema)):
        after = check(FINDINGS=output, PREVIOUS=office.text(schema))
        assert after.ok, after.error
        assert after["PERSISTING_COUNT"] == 4 and after["NEW_COUNT"] == 0
        stored = tmp_path / "findings.gpkg" if output.endswith("gpkg") else place
        assert statuses(stored)[found[0]] == "waived" and [d.note for d in history(stored)] == ["x"]


def test_qgis_loads_what_was_written_with_its_style(office: Office, schema: str) -> None:
    project, context = QgsProject(), QgsProcessingContext()
    context.setProject(project)
    wanted = QgsProcessingOutputLayerDefinition(table(office, schema), project)
    done = check(context, FINDINGS=wanted)
    assert done.ok, done.error
    ((source, details),) = context.layersToLoadOnCompletion().items()
    assert source == done["FINDINGS"] and details.outputName == "FINDINGS" and details.postProcessor() is not None
    assert office.password not in source


def test_plain_qgis_opens_the_findings_with_their_style_and_an_office_may_have_its_own(
    office: Office, schema: str
) -> None:
    place = office.place(schema)
    told = Listening()
    context = QgsProcessingContext()
    context.setFeedback(told)
    assert check(context, FINDINGS=office.text(schema)).ok
    assert any("layer_styles" in said for said in told.lines), "the role may not make the table"
    office.tell("GRANT CREATE ON SCHEMA public TO owner")
    try:
        check(FINDINGS=office.text(schema))
        from_browser = table(office, schema).split("://", 1)[1] + " key='fid' type=MultiPolygon srid=5899"
        plain = QgsVectorLayer(from_browser, "plain", "postgres")
        assert isinstance(plain.renderer(), QgsRuleBasedRenderer) and "message" in plain.displayExpression()
        own = "UPDATE public.layer_styles SET stylename = 'của tỉnh' WHERE f_table_schema = %s RETURNING 1"
        assert len(office.ask(own, place.schema)) == 1
        check(FINDINGS=office.text(schema))
        names = office.ask("SELECT stylename FROM public.layer_styles WHERE f_table_schema = %s", place.schema)
        assert names == [("của tỉnh",)]
    finally:
        office.tell("DROP TABLE IF EXISTS public.layer_styles", "REVOKE CREATE ON SCHEMA public FROM owner")


def test_another_table_than_findings_is_a_layer_like_any_other(office: Office, schema: str) -> None:
    office.tell(f'CREATE SCHEMA "{office.place(schema).schema}" AUTHORIZATION owner')
    done = check(
        FINDINGS=table(office, schema, "kiểm tra 1"), WORKING_CRS="EPSG:32648"
    )  # QGIS cannot write VN-2000 there
    assert done.ok, done.error
    assert ask(office.place(schema), 'SELECT count(*) FROM "kiểm tra 1"') == [(4,)]
    layout = look_into(office.place(schema))
    assert (layout.version, layout.table) == (0, "kiểm tra 1")
    first = ask(layout.path, 'SELECT finding_id FROM "kiểm tra 1"')[0][0]
    decide(layout.path, [first], "accepted", "A")
    assert dict(ask(layout.path, 'SELECT finding_id, status FROM "kiểm tra 1"'))[first] == "accepted"


def test_a_connection_of_qgis_is_enough(office: Office, schema: str, connection: str) -> None:
    given = f"PG:connection='{connection}' schema={schema}"
    done = check(FINDINGS=given)
    assert done.ok, done.error
    place = store_of_text(given)
    assert isinstance(place, PostgisSchema) and place.password == office.password
    assert office.password not in str(place) + repr(place)
    assert len(ids(place)) == 4
    with pytest.raises(PlanError) as caught:
        store_of_text("PG:connection=Không schema=a")
    assert caught.value.key == "error.store_connection_name"


def test_layers_of_a_store_lead_to_its_history(office: Office, schema: str) -> None:
    place = office.place(schema)
    found = write(place)
    decide(place, found[:2], "waived", "A", note="x")
    made = QgsVectorLayer(table(office, schema).split("://", 1)[1] + " key='fid'", "phát hiện", "postgres")
    assert made.isValid() and made.featureCount() == 10
    assert len(history(store_of_layer(made))) == 2
    compared = run("comparefindings", {"PREVIOUS": made, "CURRENT": made, "WIDTH_TOLERANCE": 0.5, "OUTPUT": "memory:"})
    assert compared.ok, compared.error
    assert compared["PERSISTING_COUNT"] == 10
    assert store_of_layer(layer(DEFECTS)) is None and store_of_output("TEMPORARY_OUTPUT") is None


def test_sheets_are_written_from_the_database(office: Office, schema: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    write(office.place(schema))
    done = run("writesheet", {"FINDINGS": office.text(schema), "OUTPUT": str(tmp_path / "phiếu")})
    assert done.ok, done.error
    assert (done["FINDING_COUNT"], done["SHEET_COUNT"]) == (10, 3)


def test_a_server_that_is_gone_is_told_before_anything_is_lost(office: Office, schema: str) -> None:
    gone = office.text(schema).replace(f"port={office.port}", "port=1")
    for parameters in ({"FINDINGS": gone}, {"FINDINGS": "TEMPORARY_OUTPUT", "PREVIOUS": gone}):
        done = check(**parameters)
        assert not done.ok and "127.0.0.1:1" in str(done.error) and office.password not in str(done.error)


def test_the_dialog_takes_a_schema_for_a_destination(office: Office, schema: str) -> None:
    algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkcoverage")
    findings = algorithm.parameterDefinition("FINDINGS")
    texts = (office.text(schema), f"PG:connection=a schema={schema}", table(office, schema))
    for given in (*texts, *(QgsProcessingOutputLayerDefinition(one, QgsProject.instance()) for one in texts)):
        taken, said = algorithm.provider().isSupportedOutputValue(given, findings, QgsProcessingContext())
        assert taken, said
    assert not algorithm.provider().isSupportedOutputValue("x.nonsense", findings, QgsProcessingContext())[0]
