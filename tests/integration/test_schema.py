# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module schema with the real sql-tool against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils import schema_tool
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import ADVISORY_LOCK
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import Step
from loopback_stack import TemporalStack
from loopback_stack.binaries import DEFAULT_VERSION, find_server_binaries
from loopback_stack.postgres import Database, PostgresServer
from module_testing import Outcome, run_module

TABLE = Path(__file__).parents[2] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]
NEWEST = VERSIONS["server"][DEFAULT_VERSION]
TLS = {"enabled": False, "ca_file": None, "cert_file": None, "key_file": None, "verify_host": True}

Store = dict[str, Any]


@contextmanager
def cursor(dsn: str) -> Iterator[Any]:
    """A cursor whose statements take effect at once."""
    with closing(psycopg2.connect(dsn, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as opened:
            yield opened


def tool() -> str:
    return str(find_server_binaries().sql_tool)


def store(name: str, database: Database, **changes: Any) -> Store:
    options = {
        "name": name,
        "host": database.host,
        "port": database.port,
        "database": database.name,
        "user": database.user,
        "password": database.password,
    }
    return {**options, **changes}


def bring(stores: list[Store], check: bool = False, **options: Any) -> Outcome:
    base = {
        "tool": tool(),
        "server_version": DEFAULT_VERSION,
        "versions": {"server": VERSIONS["server"], "minors": VERSIONS["minors"]},
        "stores": stores,
    }
    return run_module("schema", {**base, **options}, check=check, diff=True)


def tell(stores: list[Store], **options: Any) -> Outcome:
    base = {
        "server_version": DEFAULT_VERSION,
        "versions": {"server": VERSIONS["server"], "minors": VERSIONS["minors"]},
        "stores": stores,
    }
    return run_module("schema_info", {**base, **options})


def versions(outcome: Outcome, which: str) -> list[Any]:
    assert not outcome.failed, outcome.message
    return [item[which] for item in outcome["stores"]]


@pytest.fixture
def stores(postgres_server: PostgresServer, unique: Callable[[str], str]) -> Iterator[list[Store]]:
    """Two empty databases, each owned by its login."""
    names = [unique("schema_default"), unique("schema_visibility")]
    databases = [postgres_server.create_database(name) for name in names]
    yield [store("default", databases[0]), store("visibility", databases[1])]
    for name in names:
        postgres_server.drop_database(name)


def move_to(options: Store, version: str) -> None:
    """Bring one store to an older version with the sql-tool itself."""
    full = {**options, "plugin": "postgres12", "tls": TLS}
    schema_tool.run(tool(), full, Step(options["name"], "setup", None, "0.0"), 60)
    schema_tool.run(tool(), full, Step(options["name"], "update", "0.0", version), 60)


def test_check_mode_creates_nothing_then_real_run_then_no_change(stores: list[Store]) -> None:
    target = [NEWEST["schema"], NEWEST["visibility_schema"]]
    for _twice in range(2):
        predicted = bring(stores, check=True)
        assert predicted.changed
        assert versions(predicted, "before") == [None, None]
        assert versions(predicted, "after") == target
    done = bring(stores)
    assert done.changed
    assert versions(done, "after") == target
    assert done["steps"] == predicted["steps"]
    assert done["diff"] == predicted["diff"]
    again = bring(stores)
    assert not again.changed
    assert again["steps"] == []
    assert not bring(stores, check=True).changed


def test_an_old_schema_is_updated_from_where_it_is(stores: list[Store]) -> None:
    move_to(stores[0], "1.12")
    move_to(stores[1], "1.6")
    done = bring(stores)
    assert versions(done, "before") == ["1.12", "1.6"]
    assert versions(done, "after") == [NEWEST["schema"], NEWEST["visibility_schema"]]
    assert [step["action"] for step in done["steps"]] == ["update", "update"]


def test_info_tells_steps_costs_and_rows_and_changes_nothing(
    postgres_server: PostgresServer, stores: list[Store]
) -> None:
    new = tell(stores)
    assert not new.changed
    assert versions(new, "version") == [None, None]
    assert [step["action"] for step in new["steps"]] == ["setup", "update", "setup", "update"]
    assert versions(bring(stores, check=True), "before") == [None, None]
    move_to(stores[0], "1.18")
    move_to(stores[1], "1.12")
    with cursor(_in(postgres_server, stores[1]["database"])) as admin:
        admin.execute(
            "INSERT INTO executions_visibility (namespace_id, run_id, start_time, execution_time, workflow_id,"
            " workflow_type_name, status, encoding, task_queue)"
            " SELECT 'n', n::text, now(), now(), 'w', 't', 1, 'e', 'q' FROM generate_series(1, 7) n"
        )
    told = tell(stores)
    assert told["refusal"] is None
    assert [(step["store"], step["from"], step["to"]) for step in told["steps"]] == [
        ("default", "1.18", NEWEST["schema"]),
        ("visibility", "1.12", NEWEST["visibility_schema"]),
    ]
    assert [(item["version"], item["cost"], item["rows"]) for item in told["steps"][1]["changes"]] == [
        ("1.13", "rewrite", 7),
        ("1.14", "rewrite", 7),
    ]
    assert told["steps"][1]["changes"][0]["bytes"] > 0
    predicted = bring(stores, check=True)
    assert [step["changes"] for step in predicted["steps"]] == [step["changes"] for step in told["steps"]]
    done = bring(stores)
    assert done["steps"] == predicted["steps"]
    assert tell(stores)["steps"] == []


def test_info_of_a_database_that_does_not_answer(stores: list[Store]) -> None:
    outcome = tell([stores[0], {**stores[1], "password": "not-this-one"}])
    assert outcome.failed
    assert "temporal_visibility_database_password" in outcome.message
    assert "not-this-one" not in outcome.output


def test_an_interrupted_first_set_up_is_finished(stores: list[Store]) -> None:
    move_to(stores[0], "1.7")
    assert versions(bring(stores), "after") == [NEWEST["schema"], NEWEST["visibility_schema"]]


def test_a_newer_schema_is_left_alone(stores: list[Store]) -> None:
    move_to(stores[0], NEWEST["schema"])
    move_to(stores[1], NEWEST["visibility_schema"])
    done = bring(stores, server_version="1.30.9")
    assert not done.changed
    assert versions(done, "after") == [NEWEST["schema"], NEWEST["visibility_schema"]]


@pytest.mark.parametrize("password", ['it\'s "$HOME" {{ x }} \\ ü #1: %s&@/', "+%20+"])
def test_nasty_passwords(postgres_server: PostgresServer, stores: list[Store], password: str) -> None:
    with cursor(postgres_server.dsn) as admin:
        admin.execute('ALTER ROLE "%s" PASSWORD %%s' % stores[1]["user"], [password])
    outcome = bring([stores[0], {**stores[1], "password": password}])
    assert versions(outcome, "after")[1] == NEWEST["visibility_schema"]
    assert password not in outcome.output


def test_the_running_cluster_is_read_and_its_shards_are_kept(temporal_stack: TemporalStack) -> None:
    config = yaml.safe_load(Path(temporal_stack.config_path).read_text())
    shards = config["persistence"]["numHistoryShards"]
    stores = []
    for name, key in (("default", "defaultStore"), ("visibility", "visibilityStore")):
        sql = config["persistence"]["datastores"][config["persistence"][key]]["sql"]
        host, port = sql["connectAddr"].rsplit(":", 1)
        database = Database(host, int(port), sql["databaseName"], sql["user"], sql["password"])
        stores.append(store(name, database))
    options = {
        "cluster_name": config["clusterMetadata"]["currentClusterName"],
        "server_version": temporal_stack.version,
    }
    outcome = bring(stores, history_shards=shards, **options)
    assert not outcome.failed, outcome.message
    assert not outcome.changed
    assert outcome["history_shard_count"] == shards
    assert outcome["cluster_names"] == [options["cluster_name"]]
    for check in (True, False):
        refused = bring(stores, check=check, history_shards=shards * 2, **options)
        assert refused.failed
        assert "Set temporal_num_history_shards to %d" % shards in refused.message
    assert "cannot be renamed" in bring(stores, **{**options, "cluster_name": "another"}).message
    skipped = bring(stores, **{**options, "server_version": "1.26.2"})
    assert "would skip" in skipped.message
    assert tell(stores, **{**options, "server_version": "1.26.2"})["refusal"] == skipped.message


def test_wrong_password_names_the_variable(stores: list[Store]) -> None:
    wrong = [stores[0], {**stores[1], "password": "not-this-one"}]
    outcome = bring(wrong)
    assert outcome.failed
    assert "temporal_visibility_database_password" in outcome.message
    assert "not-this-one" not in outcome.output
    predicted = bring(wrong, check=True)
    assert not predicted.failed
    assert "password authentication failed" in predicted["stores"][1]["problem"]
    assert predicted["stores"][0]["before"] is None


def test_nothing_listens(stores: list[Store]) -> None:
    outcome = bring([{**item, "port": 1} for item in stores])
    assert outcome.failed
    assert "temporal_database_port" in outcome.message


def test_missing_database(stores: list[Store]) -> None:
    outcome = bring([{**stores[0], "database": "nowhere"}, stores[1]])
    assert outcome.failed
    assert 'database "nowhere" does not exist' in outcome.message


def test_one_database_under_two_names(stores: list[Store]) -> None:
    twice = [stores[0], {**stores[0], "name": "visibility", "host": "localhost"}]
    outcome = bring(twice)
    assert outcome.failed
    assert "are one database" in outcome.message
    assert versions(bring(stores, check=True), "before") == [None, None]


def test_missing_extension_that_the_login_may_not_create(postgres_server: PostgresServer, stores: list[Store]) -> None:
    name, user = stores[1]["database"], stores[1]["user"]
    with cursor(postgres_server.dsn) as admin:
        admin.execute(f'ALTER DATABASE "{name}" OWNER TO postgres')
        admin.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{user}"')
    no_tables = bring(stores)
    assert no_tables.failed
    assert "may not create tables in schema 'public'" in no_tables.message
    with cursor(_in(postgres_server, name)) as admin:
        admin.execute(f'GRANT CREATE ON SCHEMA public TO "{user}"')
    no_extension = bring(stores)
    assert no_extension.failed
    assert "CREATE EXTENSION btree_gin" in no_extension.message
    with cursor(_in(postgres_server, name)) as admin:
        admin.execute("CREATE EXTENSION btree_gin")
    assert versions(bring(stores), "after")[1] == NEWEST["visibility_schema"]


def test_extension_out_of_sight(postgres_server: PostgresServer, stores: list[Store]) -> None:
    with cursor(_in(postgres_server, stores[1]["database"])) as admin:
        admin.execute("CREATE SCHEMA aside")
        admin.execute("CREATE EXTENSION btree_gin SCHEMA aside")
    outcome = bring(stores)
    assert outcome.failed
    assert "ALTER EXTENSION btree_gin SET SCHEMA public" in outcome.message


def test_dump_of_another_database(postgres_server: PostgresServer, stores: list[Store]) -> None:
    move_to(stores[0], "1.12")
    with cursor(_in(postgres_server, stores[0]["database"])) as admin:
        admin.execute("UPDATE schema_version SET db_name = 'old'")
    outcome = bring(stores)
    assert outcome.failed
    assert "names the database 'old'" in outcome.message


def test_another_run_holds_the_lock(stores: list[Store], postgres_server: PostgresServer) -> None:
    with cursor(_in(postgres_server, stores[1]["database"])) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        outcome = bring(stores, lock_timeout=1)
    assert outcome.failed
    assert "another run has been working on this schema" in outcome.message
    assert versions(bring(stores, check=True), "before") == [None, None]


def _in(server: PostgresServer, database: str) -> str:
    """The superuser's URL of ``database``."""
    return server.dsn.rsplit("/", 1)[0] + "/" + database
