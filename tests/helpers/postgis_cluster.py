"""A PostgreSQL with PostGIS for the tests alone: made under build/, on a free port of the loopback, stopped and removed at the end.

PostgreSQL refuses to run as root, so as root it runs as `postgres` or `nobody`, who own its folder; where they cannot reach the checkout
the folder lies in the system's place for temporary files. It dies with the tests, even when they are killed. The newest PostgreSQL with
PostGIS that Debian has installed is taken; where there is none the tests that need it are skipped, in CI they fail.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from planconcord.engine.store.place import Place, PostgisSchema, place_of

BUILD = Path(__file__).resolve().parents[2] / "build"
PROGRAMS, SHARED = Path("/usr/lib/postgresql"), Path("/usr/share/postgresql")
PACKAGES = "postgresql postgresql-postgis"
DATABASE, BARE_DATABASE = "quy hoạch", "no_postgis"
ROLES = ("owner", "reviewer", "reader", "stranger")
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 60
shared_buffers = 32MB
lc_messages = 'C'
"""
DIE_WITH_PARENT = 1
START_S = 600.0


@dataclass(frozen=True)
class Office:
    """A running server; ``place`` names a schema of its database as a role sees it."""

    port: int
    password: str
    process: subprocess.Popen[bytes]

    def text(self, schema: str, user: str = "owner", database: str = DATABASE, password: str | None = None) -> str:
        """What a person writes to name a store."""
        word = self.password if password is None else password
        return f"PG:host=127.0.0.1 port={self.port} dbname='{database}' user={user} password={word} schema={schema}"

    def place(self, schema: str, user: str = "owner", **more: Any) -> PostgisSchema:
        """The same, read."""
        made = place_of(self.text(schema, user, **more))
        assert isinstance(made, PostgisSchema)
        return made

    def connect(self, user: str = "postgres", database: str = DATABASE) -> Any:
        """A plain connection, each statement its own transaction."""
        import psycopg2

        made = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=user, password=self.password, client_encoding="UTF8"
        )
        made.autocommit = True
        return made

    def tell(self, *commands: str, user: str = "postgres", database: str = DATABASE) -> None:
        """Statements of a role, each by itself."""
        with contextlib.closing(self.connect(user, database)) as connection, connection.cursor() as cursor:
            for command in commands:
                cursor.execute(command)

    def ask(self, question: str, *values: object, user: str = "postgres") -> list[tuple[Any, ...]]:
        """Rows."""
        with contextlib.closing(self.connect(user)) as connection, connection.cursor() as cursor:
            cursor.execute(question, values or None)
            return list(cursor.fetchall())


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    """The server with its database and roles, for all tests of a session."""
    found = programs()
    if found is None:
        said = f"PostgreSQL with PostGIS is not here; as root: apt-get install {PACKAGES}"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    person = _person()
    folder = _folder(person)
    try:
        password = secrets.token_hex(8)
        _initialise(found, folder, person, password)
        port = _free_port()
        process = subprocess.Popen(
            [found / "postgres", "-D", folder / "data", "-p", str(port)],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=open(folder / "log", "wb"),  # noqa: SIM115
            preexec_fn=_die_with_parent,
            **person,
        )
        try:
            made = Office(port, password, process)
            _wait(made, folder / "log")
            _furnish(made)
            yield made
        finally:
            from planconcord.engine.store.postgis import close_idle

            close_idle()
            process.send_signal(signal.SIGINT)  # ends every connection
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture()
def schema(office: Office) -> Iterator[str]:
    """The name of a schema that is not there yet; what a test made in it goes at the end."""
    name = f"kho phát hiện {secrets.token_hex(3)}"
    yield f"'{name}'"
    from planconcord.engine.store.postgis import close_idle

    close_idle()
    office.tell(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture(params=["file", "postgis"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a test may write a store: what holds for one kind must hold for the other."""
    if request.param == "file":
        return tmp_path / "kho phát hiện #1 100%.gpkg"
    return request.getfixturevalue("office").place(request.getfixturevalue("schema"))


def programs() -> Path | None:
    """Where the programs of the newest PostgreSQL lie that has PostGIS."""
    whole = [
        path
        for path in PROGRAMS.glob("*/bin")
        if (path / "initdb").exists() and (SHARED / path.parent.name / "extension" / "postgis.control").exists()
    ]
    return max(whole, key=lambda path: float(path.parent.name), default=None)


def _person() -> dict[str, Any]:
    """Who runs it, as options of a process."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.fail("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _folder(person: dict[str, Any]) -> Path:
    """A new folder that belongs to the person and that they can reach."""
    BUILD.mkdir(exist_ok=True)
    for parent in (BUILD, Path(tempfile.gettempdir()), Path("/var/tmp")):
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
        if not person:
            return folder
        os.chown(folder, person["user"], person["group"])
        if subprocess.run(["test", "-w", folder], **person).returncode == 0:
            return folder
        folder.rmdir()
    pytest.fail("no folder that the user of PostgreSQL can reach")


def _initialise(programs: Path, folder: Path, person: dict[str, Any], password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    secret.chmod(0o644)
    command = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, **person)
    assert made.returncode == 0, made.stderr
    secret.unlink()
    with open(folder / "data" / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write(CONFIGURATION)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGINT)


def _wait(office: Office, log: Path) -> None:
    import psycopg2

    until = time.monotonic() + START_S
    while True:
        try:
            office.connect(database="postgres").close()
            return
        except psycopg2.OperationalError:
            assert office.process.poll() is None and time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.1)


def _furnish(office: Office) -> None:
    """A database with PostGIS, one without, and the roles of an office, all with the same password."""
    roles = [f"CREATE ROLE {name} LOGIN PASSWORD '{office.password}'" for name in ROLES]
    databases = [f'CREATE DATABASE "{name}"' for name in (DATABASE, BARE_DATABASE)]
    office.tell(*roles, *databases, database="postgres")
    office.tell("CREATE EXTENSION postgis", f'GRANT CREATE ON DATABASE "{DATABASE}" TO owner')
    office.tell(f"GRANT CREATE ON DATABASE {BARE_DATABASE} TO owner", database=BARE_DATABASE)


__all__ = ["Office", "office", "programs", "schema", "store_place"]
