"""Where a findings store lies: a GeoPackage, named by its path, or a schema of a PostGIS database,
named by a text.

Goes in: what a person wrote: a path, ``PG:host=… port=… dbname=… user=… schema=…`` as libpq has it,
or ``postgresql://user@host:port/dbname?schema=…``. Comes out: a Path or a :class:`PostgisSchema`,
whose text never shows the password. Nothing is opened here. Fails with PlanError when a text that
begins like a database cannot be understood.
"""

from __future__ import annotations

import argparse
import locale
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union
from urllib.parse import parse_qsl, unquote, urlsplit

from ..catalogue import language_of
from ..errors import PlanError
from ..passwords import without_password

PREFIX, URLS = "PG:", ("postgresql://", "postgres://")
EXAMPLE = "PG:host=localhost dbname=plans user=lan schema=khanh_hoa"
_PAIR = re.compile(r"\s*([A-Za-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)+)(?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class PostgisSchema:
    """A schema of a database. ``parameters`` are libpq's, without the password; the same place has
    the same parameters.
    """

    schema: str
    parameters: tuple[tuple[str, str], ...]
    password: str = field(default="", repr=False, compare=False)

    @classmethod
    def of(cls, schema: str, parameters: Mapping[str, str]) -> PostgisSchema:
        """Return the place of a schema, given libpq's parameters with or without a password."""
        known = {name: value for name, value in parameters.items() if value and name != "password"}
        return cls(schema, tuple(sorted(known.items())), parameters.get("password", ""))

    def get(self, name: str, otherwise: str = "") -> str:
        """Return one of libpq's parameters."""
        return dict(self.parameters).get(name, otherwise)

    @property
    def name(self) -> str:
        """A short name, as a Path has one."""
        return self.schema

    stem = name

    @property
    def server(self) -> str:
        """The server, as a message names it."""
        if self.get("service"):
            return f"service={self.get('service')}"
        return f"{self.get('host') or self.get('hostaddr') or 'localhost'}:{self.get('port', '5432')}"

    def __str__(self) -> str:
        order = {name: rank for rank, name in enumerate(("connection", "service", "host", "port", "dbname", "user"))}
        told = sorted(self.parameters, key=lambda pair: order.get(pair[0], len(order)))
        return PREFIX + " ".join(f"{name}={quoted_value(value)}" for name, value in [*told, ("schema", self.schema)])


Place = Union[Path, PostgisSchema]


def place_of(given: str | Path | PostgisSchema) -> Place:
    """Return the place that a person named."""
    if isinstance(given, (Path, PostgisSchema)):
        return given
    if not is_database(given):
        return Path(given)
    text = given.strip()
    pairs = _of_url(text) if text.lower().startswith(URLS) else _of_pairs(text[len(PREFIX) :], text)
    schema = pairs.pop("schema", "")
    if not schema:
        raise PlanError("error.store_place_schema", given=without_password(text), example=EXAMPLE)
    return PostgisSchema.of(schema, pairs)


def is_database(given: object) -> bool:
    """Return whether a text names a database, not a file."""
    return str(given).strip().lower().startswith((PREFIX.lower(), *URLS))


def same_place(one: Place, other: Place) -> bool:
    """Return whether both name the same store, as far as can be known without opening them."""
    if isinstance(one, PostgisSchema) or isinstance(other, PostgisSchema):
        return (
            isinstance(one, PostgisSchema)
            and isinstance(other, PostgisSchema)
            and (one.server, one.get("dbname"), one.schema) == (other.server, other.get("dbname"), other.schema)
        )
    return one.resolve() == other.resolve()


def argument(given: str) -> Place:
    """Return the place that was given on the command line."""
    try:
        return place_of(given)
    except PlanError as error:
        raise argparse.ArgumentTypeError(error.text(language_of(locale.getlocale()[0]))) from error


def _of_pairs(text: str, whole: str) -> dict[str, str]:
    """``keyword=value`` with libpq's quotes and backslashes."""
    pairs, at = {}, 0
    while text[at:].strip():
        found = _PAIR.match(text, at)
        if found is None:
            raise PlanError("error.store_place", given=without_password(whole), example=EXAMPLE)
        value = found[2][1:-1] if found[2].startswith("'") else found[2]
        pairs[found[1].lower()] = re.sub(r"\\(.)", r"\1", value)
        at = found.end()
    return pairs


def _of_url(text: str) -> dict[str, str]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise PlanError("error.store_place", given=without_password(text), example=EXAMPLE) from error
    pairs = {"host": unquote(parts.hostname or ""), "port": str(port or ""), "dbname": unquote(parts.path[1:])}
    pairs.update(user=unquote(parts.username or ""), password=unquote(parts.password or ""))
    pairs.update(parse_qsl(parts.query))
    return {name: value for name, value in pairs.items() if value}


def quoted_value(value: str) -> str:
    """Return a value as libpq reads it."""
    if re.fullmatch(r"[^\s'\\]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
