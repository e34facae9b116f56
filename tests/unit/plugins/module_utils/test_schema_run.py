# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module schema, with databases and tool that only remember."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils import schema_run
from ansible_collections.aegis.temporal.plugins.module_utils.schema_cluster import ClusterRecord
from ansible_collections.aegis.temporal.plugins.module_utils.schema_costs import Size
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import Reading, UnreachableError
from ansible_collections.aegis.temporal.plugins.module_utils.schema_run import Request, SchemaRun
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError

TABLE = Path(__file__).parents[4] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]
TLS = {"enabled": False, "ca_file": None, "cert_file": None, "key_file": None, "verify_host": True}


def store(name, database):
    return {
        "name": name,
        "host": "127.0.0.1",
        "port": 5432,
        "database": database,
        "user": "owner",
        "password": "secret",
        "plugin": "postgres12",
        "tls": TLS,
    }


class World:
    """The databases of one server, and what was done to them, in order."""

    def __init__(self, default=None, visibility=None, clusters=()):
        self.versions = {"default": default, "visibility": visibility}
        self.clusters = tuple(clusters)
        self.same = False
        self.unreachable = set()
        self.log = []
        self.before_lock = lambda: None
        self.sizes = {"executions_visibility": Size(7, 4096)}
        self.rights = None

    def connect(self, options, connect_timeout, lock_timeout):
        if options["name"] in self.unreachable:
            raise UnreachableError("no way to %s" % options["name"])
        return Database(self, options["name"])

    def execute(self, tool, options, step, timeout):
        self.log.append((step.action, step.store, step.start, step.to))
        self.versions[step.store] = step.to or "9.9"


class Database:
    def __init__(self, world, name):
        self.world, self.name = world, name

    def identity(self):
        return ("one",) if self.world.same else (self.name,)

    def read(self):
        return Reading(self.world.versions[self.name], self.world.clusters if self.name == "default" else ())

    def sizes(self):
        return self.world.sizes

    def check_rights(self):
        self.world.log.append(("rights", self.name))
        if self.world.rights:
            raise SchemaError(self.world.rights)

    def lock(self):
        self.world.before_lock()
        self.world.log.append(("lock", self.name))

    def close(self):
        self.world.log.append(("close", self.name))


@pytest.fixture(autouse=True)
def _with_driver(monkeypatch):
    monkeypatch.setattr(schema_run, "PSYCOPG2_IMPORT_ERROR", None)


def request(world, **options):
    given = {
        "tool": "/tool",
        "server_version": "1.32.2",
        "versions": VERSIONS,
        "cluster_name": "active",
        "history_shards": 512,
        "stores": [store("visibility", "v"), store("default", "d")],
        "timeout": 10,
        "lock_timeout": 10,
        "connect_timeout": 10,
        "check_mode": False,
        "execute": world.execute,
        "tool_version": lambda tool: "1.32.2",
        "connect": world.connect,
    }
    return Request(**{**given, **options})


def run(world, **options):
    return SchemaRun(request(world, **options)).carry_out()


def look(world, **options):
    return SchemaRun(request(world, check_mode=True, tool="", **options)).look()


def work(world):
    return [entry for entry in world.log if entry[0] in ("setup", "update")]


STARTED = [ClusterRecord("active", 512)]


def test_new_databases():
    world = World()
    result = run(world)
    assert result.changed
    assert work(world) == [
        ("setup", "default", None, "0.0"),
        ("update", "default", "0.0", "1.19"),
        ("setup", "visibility", None, "0.0"),
        ("update", "visibility", "0.0", "1.14"),
    ]
    assert [(item["name"], item["before"], item["after"]) for item in result.stores] == [
        ("default", None, "1.19"),
        ("visibility", None, "1.14"),
    ]
    assert result.history_shard_count is None
    locked = [place for place, entry in enumerate(world.log) if entry[0] == "lock"]
    worked = [place for place, entry in enumerate(world.log) if entry[0] == "setup"]
    assert len(locked) == 2
    assert max(locked) < min(worked)
    assert world.log[-2:] == [("close", "default"), ("close", "visibility")]


def test_up_to_date_does_not_even_look_at_the_tool():
    world = World("1.19", "1.14", STARTED)
    result = run(world, tool_version=lambda tool: pytest.fail("the tool was asked"))
    assert not result.changed
    assert result.steps == []
    assert result.history_shard_count == 512
    assert result.cluster_names == ["active"]
    assert [entry[0] for entry in world.log] == ["close", "close"]


def test_check_mode_says_what_would_run():
    world = World("1.19", "1.13")
    result = run(world, check_mode=True)
    assert result.changed
    assert work(world) == []
    assert [(step["store"], step["from"], step["to"]) for step in result.steps] == [("visibility", "1.13", "1.14")]
    assert result.stores[1]["after"] == "1.14"
    assert "secret" not in str(result)


def test_never_backwards():
    world = World("1.25", "1.14")
    assert not run(world).changed


def test_interrupted_first_set_up_goes_on():
    world = World("1.7", None)
    assert run(world).changed
    assert world.versions == {"default": "1.19", "visibility": "1.14"}


def test_no_minor_is_skipped_once_a_cluster_was_started():
    with pytest.raises(SchemaError, match=r"would skip 1\.25"):
        run(World("1.12", "1.6", STARTED))


def test_shards():
    world = World("1.18", "1.13", STARTED)
    with pytest.raises(SchemaError, match=r"first started with 512 .*temporal_num_history_shards to 512"):
        run(world, history_shards=4)
    assert work(world) == []


def test_shards_are_not_compared_when_left_out():
    assert run(World("1.19", "1.14", STARTED), history_shards=None).history_shard_count == 512


def test_shards_of_another_cluster_do_not_count():
    clusters = [ClusterRecord("remote", 4), ClusterRecord("active", 512)]
    assert run(World("1.19", "1.14", clusters)).history_shard_count == 512


def test_cluster_name():
    with pytest.raises(SchemaError, match=r"belong to the cluster 'active'.*temporal_cluster_name"):
        run(World("1.19", "1.14", STARTED), cluster_name="other")


def test_one_database_by_name():
    with pytest.raises(SchemaError, match=r"are one database \(127.0.0.1:5432/d\)"):
        run(World(), stores=[store("default", "d"), store("visibility", "d")])


def test_one_database_under_two_names():
    world = World()
    world.same = True
    with pytest.raises(SchemaError, match="are one database"):
        run(world)
    assert work(world) == []


def test_a_store_named_twice():
    with pytest.raises(SchemaError, match="two items named 'default'"):
        run(World(), stores=[store("default", "d"), store("default", "e")])


def test_unreachable():
    world = World()
    world.unreachable = {"visibility"}
    with pytest.raises(UnreachableError, match="no way to visibility"):
        run(world)
    assert world.log == [("close", "default")]


def test_unreachable_in_check_mode_is_told():
    world = World("1.19", None)
    world.unreachable = {"visibility"}
    result = run(world, check_mode=True)
    assert result.changed
    assert result.stores[1] == {
        "name": "visibility",
        "target": "1.14",
        "before": None,
        "after": "1.14",
        "problem": "no way to visibility",
    }


def test_without_the_driver_check_mode_passes(monkeypatch):
    monkeypatch.setattr(schema_run, "PSYCOPG2_IMPORT_ERROR", "no module")
    result = run(World(), check_mode=True)
    assert result.changed
    assert "psycopg2 is not installed yet" in result.stores[0]["problem"]


def test_another_run_was_faster():
    world = World("1.18", "1.14", STARTED)
    world.before_lock = lambda: world.versions.update(default="1.19")
    result = run(world, server_version="1.31.5", tool_version=lambda tool: "1.31.5")
    assert work(world) == []
    assert result.stores[0]["after"] == "1.19"


def test_tool_of_another_version():
    with pytest.raises(SchemaError, match=r"/tool is of version 1\.31\.5, but the server is 1\.32\.2"):
        run(World(), tool_version=lambda tool: "1.31.5")


def test_tool_that_does_not_know_its_version():
    assert run(World(), server_version="1.24.2", tool_version=lambda tool: None).stores[0]["after"] == "1.12"


def test_unknown_patch_asks_the_tool_and_reports_what_came_of_it():
    world = World("1.19", "1.14", STARTED)
    result = run(world, server_version="1.32.9", tool_version=lambda tool: "1.32.9")
    assert work(world) == [("update", "default", "1.19", None), ("update", "visibility", "1.14", None)]
    assert result.changed
    assert result.stores[0]["after"] == "9.9"


def test_each_step_says_what_it_costs():
    steps = run(World("1.18", "1.13", STARTED), server_version="1.31.5", check_mode=True).steps
    assert [step["changes"] for step in steps] == [
        [{"version": "1.19", "cost": "trivial", "table": None, "rows": None, "bytes": None}],
        [{"version": "1.14", "cost": "rewrite", "table": "executions_visibility", "rows": 7, "bytes": 4096}],
    ]
    assert run(World(), check_mode=True).steps[0]["changes"] == []


def test_a_real_run_tells_the_same():
    options = {"server_version": "1.31.5", "tool_version": lambda tool: "1.31.5"}
    predicted = run(World("1.18", "1.13", STARTED), check_mode=True, **options)
    assert run(World("1.18", "1.13", STARTED), **options) == predicted


def test_a_look_changes_nothing_and_takes_no_lock():
    world = World("1.18", "1.13", STARTED)
    result = look(world, server_version="1.31.5")
    assert {entry[0] for entry in world.log} == {"rights", "close"}
    assert [(step["store"], step["from"], step["to"]) for step in result.steps] == [
        ("default", "1.18", "1.19"),
        ("visibility", "1.13", "1.14"),
    ]
    assert result.refusal is None
    assert result.history_shard_count == 512


@pytest.mark.parametrize(
    ("world", "options", "text"),
    [
        (World("1.12", "1.6", STARTED), {}, "would skip 1.25"),
        (World("1.19", "1.14", STARTED), {"server_version": "1.24.2"}, "going back to server 1.24.2"),
        (World("1.19", "1.14", STARTED), {"history_shards": 4}, "first started with 512"),
        (World("1.19", "1.14", STARTED), {"cluster_name": "other"}, "cannot be renamed"),
    ],
)
def test_a_look_tells_what_would_be_refused(world, options, text):
    assert text in look(world, **options).refusal


def test_a_look_tells_missing_rights():
    world = World("1.18", "1.13", STARTED)
    world.rights = "no rights"
    assert look(world, server_version="1.31.5").refusal == "no rights"


def test_a_look_at_nothing_is_an_error():
    world = World()
    world.unreachable = {"default"}
    with pytest.raises(UnreachableError):
        look(world)
