"""The tables: made at once, or migrated to the very same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from recsys.errors import StoreUnavailable
from recsys.storage.database import schema
from recsys.storage.database.open import open_database
from recsys.storage.database.sqlite import SqliteDatabase
from recsys.storage.database.tables import METADATA
from recsys.storage.events.event import Event
from recsys.storage.events.log import EventLog
from recsys.storage.users.consents import Consents
from recsys.storage.users.live_state import LiveState

BEFORE_MIGRATIONS = """
CREATE TABLE events (seq INTEGER NOT NULL, event_id TEXT NOT NULL, user_id TEXT NOT NULL,
    item_id TEXT, kind TEXT NOT NULL, at BIGINT NOT NULL, quantity DOUBLE NOT NULL, value DOUBLE,
    order_id TEXT, channel TEXT, ref TEXT, pscore DOUBLE, properties TEXT,
    simulated BOOLEAN NOT NULL, source TEXT NOT NULL, ingested_at BIGINT NOT NULL,
    PRIMARY KEY (seq), UNIQUE (event_id));
CREATE INDEX events_of_user ON events (user_id, seq);
CREATE INDEX messages_of_user ON events (user_id, at) WHERE kind = 'message_sent';
CREATE TABLE items (item_id TEXT NOT NULL, title TEXT NOT NULL, category TEXT NOT NULL,
    url TEXT NOT NULL, image_url TEXT NOT NULL, price DOUBLE, price_at BIGINT NOT NULL,
    available BOOLEAN NOT NULL, PRIMARY KEY (item_id));
CREATE TABLE users (user_id TEXT NOT NULL, traits TEXT NOT NULL, timezone TEXT NOT NULL,
    PRIMARY KEY (user_id));
CREATE TABLE consents (seq INTEGER NOT NULL, user_id TEXT NOT NULL, purpose TEXT NOT NULL,
    channel TEXT NOT NULL, state TEXT NOT NULL, basis TEXT NOT NULL, source TEXT NOT NULL,
    at BIGINT NOT NULL, PRIMARY KEY (seq), UNIQUE (user_id, purpose, channel, at, state));
CREATE TABLE imports (seq INTEGER NOT NULL, sha256 TEXT NOT NULL, report TEXT NOT NULL,
    at BIGINT NOT NULL, PRIMARY KEY (seq));
INSERT INTO events VALUES (1, 'a', 'ann', 'tea', 'view', 5, 1.0, NULL, NULL, NULL, NULL, NULL,
    NULL, 0, 'api', 6);
PRAGMA user_version=1;
"""


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, *_: name != "alembic_version"},
        )
        found = [
            change
            for changes in compare_metadata(context, METADATA)
            for change in (changes if isinstance(changes, list) else [changes])
        ]
    engine.dispose()
    # Comments are for the reader of the code.
    return [change for change in found if change[0] != "modify_comment"]


def older_file(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BEFORE_MIGRATIONS)
    return path


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_file_made_at_once_has_the_tables_of_the_code(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "store.db").close()
    assert differences(create_engine(f"sqlite:///{tmp_path}/store.db")) == []


def test_an_older_file_is_migrated_when_it_is_opened_and_keeps_its_events(tmp_path: Path) -> None:
    path = older_file(tmp_path / "store.db")
    opened = SqliteDatabase(path)
    log = EventLog(opened)
    assert [e.item_id for e in LiveState(log.database).of("ann", since=0, at=9).live] == ["tea"]
    log.append([Event("b", "ann", "view", 7, item_id="pot")], now=8)
    assert log.last_seq() == 2
    opened.close()
    assert differences(create_engine(f"sqlite:///{path}")) == []
    SqliteDatabase(path).close()


# Of ledgers by person: ann became ben, who is said to have granted and denied as ann since.
LEDGERS_BY_PERSON = """
INSERT INTO aliases (previous_id, user_id, at) VALUES ('ann', 'ben', 1);
INSERT INTO consents (user_id, sent_as, purpose, channel, state, at, basis, source) VALUES
    ('ann', 'ann', 'marketing', 'email', 'granted', 1, '', ''),
    ('ann', 'ann', 'marketing', 'push', 'denied', 1, '', ''),
    ('ben', 'ann', 'marketing', 'push', 'denied', 1, '', ''),
    ('ben', 'ann', 'marketing', 'sms', 'granted', 2, '', ''),
    ('ben', 'ann', 'marketing', 'web', 'denied', 3, '', '');
"""


def test_ledgers_by_person_become_ledgers_by_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = older_file(tmp_path / "store.db")
    with monkeypatch.context() as before:
        before.setattr(schema, "HEAD", "0018")
        SqliteDatabase(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(LEDGERS_BY_PERSON)
    with closing(SqliteDatabase(path)) as database:
        assert Consents(database).channels_of("ben") == {"sms"}
        with database.writing() as writing:
            writing.execute("DELETE FROM aliases")
        said = {
            one: {(w.channel, w.state) for w in Consents(database).ledger_of(one)}
            for one in ("ann", "ben")
        }
    denied = {("push", "denied"), ("web", "denied")}
    assert said == {"ann": {("email", "granted"), ("sms", "granted"), *denied}, "ben": denied}


def test_migrations_make_the_tables_of_the_code_on_a_server(postgres: str) -> None:
    plain = postgres.replace("postgresql://", "postgresql+psycopg://")
    assert differences(create_engine(plain)) == []


def test_upgrading_again_changes_nothing(postgres: str) -> None:
    assert schema.upgrade_postgres(postgres) == schema.HEAD


@pytest.fixture
def elsewhere(postgres: str) -> str:
    """The address of an empty schema on the same server."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS elsewhere")
        connection.execute("DROP TABLE IF EXISTS elsewhere.alembic_version")
    return f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3Delsewhere"


def test_a_server_without_tables_says_what_to_do(elsewhere: str) -> None:
    opened = open_database(elsewhere)
    with pytest.raises(StoreUnavailable, match=r"no tables yet.*recsys storage upgrade"):
        opened.read("SELECT 1")
    opened.close()


@pytest.mark.parametrize(
    ("revision", "said"), [("0099", "this code knows"), ("0001", "recsys storage upgrade")]
)
def test_a_server_with_other_tables_is_refused(elsewhere: str, revision: str, said: str) -> None:
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
    opened = open_database(elsewhere)
    with pytest.raises(StoreUnavailable, match=said):
        opened.read("SELECT 1")
    opened.close()


def test_a_server_of_later_code_is_not_upgraded(elsewhere: str) -> None:
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0099')")
    with pytest.raises(StoreUnavailable, match="schema 0099"):
        schema.upgrade_postgres(elsewhere)


def test_a_server_that_does_not_answer_cannot_be_upgraded() -> None:
    with pytest.raises(StoreUnavailable):
        schema.upgrade_postgres("postgresql://me:secret@127.0.0.1:1/none?connect_timeout=2")
