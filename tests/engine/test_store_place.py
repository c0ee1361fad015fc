"""How a store is named: paths, libpq's texts and addresses; passwords are never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planconcord.engine.crs import describe
from planconcord.engine.errors import PlanError
from planconcord.engine.passwords import without_password
from planconcord.engine.run import Run
from planconcord.engine.store.place import PostgisSchema, place_of, same_place
from planconcord.engine.tolerance import Tolerance
from pyproj import CRS


@pytest.mark.parametrize(
    "given",
    [
        "PG:host=db.example port=5433 dbname='quy hoạch' user=lan password='it\\'s a \\\\ secret' schema=khanh_hoa",
        "pg: host = db.example port=5433 dbname=quy\\ hoạch user=lan password=it\\'s\\ a\\ \\\\\\ secret schema = khanh_hoa ",
        "postgresql://lan:it%27s%20a%20%5C%20secret@db.example:5433/quy%20ho%E1%BA%A1ch?schema=khanh_hoa",
        "postgres://lan@db.example:5433/quy%20ho%E1%BA%A1ch?schema=khanh_hoa&password=it%27s%20a%20%5C%20secret",
    ],
)
def test_a_schema_can_be_named_as_libpq_does(given: str) -> None:
    place = place_of(given)
    assert isinstance(place, PostgisSchema)
    assert (place.schema, place.server, place.password) == ("khanh_hoa", "db.example:5433", "it's a \\ secret")
    assert dict(place.parameters) == {"host": "db.example", "port": "5433", "dbname": "quy hoạch", "user": "lan"}
    assert str(place) == "PG:host=db.example port=5433 dbname='quy hoạch' user=lan schema=khanh_hoa"
    assert "secret" not in repr(place) and place_of(str(place)) == place
    assert (place.name, place.stem) == ("khanh_hoa", "khanh_hoa")


def test_everything_else_is_a_path(tmp_path: Path) -> None:
    for given in ("kho.gpkg", "PG/kho.gpkg", "C:\\kho\\PG.gpkg", str(tmp_path)):
        assert place_of(given) == Path(given)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("PG:host=a dbname=b", "error.store_place_schema"),
        ("PG:", "error.store_place_schema"),
        ("PG:host a schema=s password=geheim", "error.store_place"),
        ("PG:host='a schema=s", "error.store_place"),
        ("postgresql://a:geheim@b:port/c?schema=s", "error.store_place"),
        ("postgresql://a:geheim@b/c", "error.store_place_schema"),
    ],
)
def test_what_cannot_be_understood_is_told_without_the_password(given: str, key: str) -> None:
    with pytest.raises(PlanError) as caught:
        place_of(given)
    assert caught.value.key == key
    for language in ("vi", "en"):
        assert "geheim" not in caught.value.text(language) and "schema=khanh_hoa" in caught.value.text(language)


def test_the_same_place_is_recognised(tmp_path: Path) -> None:
    one, other = (
        place_of("PG:host=a dbname=d user=u schema=s"),
        place_of("PG:host=a dbname=d user=v port=5432 schema=s"),
    )
    assert same_place(one, other) and not same_place(one, place_of("PG:host=a dbname=d schema=t"))
    assert not same_place(one, tmp_path) and same_place(tmp_path, tmp_path / "x" / "..")


@pytest.mark.parametrize(
    "said",
    [
        "PG:host=a password=geheim schema=s",
        "PG:password='ge heim' host=a",
        "dbname='d' password=\"ge heim\" table=x",
        "'PG:host=a password=\\'ge heim\\' schema=s'",
        "PASSWORD = geheim",
        "password=it\\'s\\ geheim",
        "postgresql://lan:geheim@db/plans",
        "[\"postgres://dbname='d' password='ge heim' table=x\"]",
    ],
)
def test_no_password_is_left_in_what_is_kept(said: str) -> None:
    hidden = without_password(said)
    assert "heim" not in hidden and "***" in hidden


def test_the_record_of_a_run_holds_no_password() -> None:
    options = {
        "INPUT": "dbname='d' password='geheim' table=x",
        "PREVIOUS": "'PG:password=\\'ge heim\\' schema=s'",
        "N": 3,
    }
    record = Run("checkcoverage").record("passed", [], describe(CRS(5899)), Tolerance(0.1), options)
    assert "heim" not in record.to_json() and json.loads(record["options"].iloc[0])["N"] == 3
