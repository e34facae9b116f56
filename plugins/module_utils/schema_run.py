# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module schema: read, refuse or plan, lock, change, read again."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.schema_cluster import ClusterRecord
from ansible_collections.aegis.temporal.plugins.module_utils.schema_costs import Size, changes
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import (
    PSYCOPG2_IMPORT_ERROR,
    Database,
    Reading,
    UnreachableError,
    where,
)
from ansible_collections.aegis.temporal.plugins.module_utils.schema_tool import command
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import (
    SchemaError,
    Step,
    check_minor_step,
    steps,
    target,
)

Store = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Request:
    """The module's options (see its documentation) and how a step is carried out."""

    tool: str
    server_version: str
    versions: t.Mapping[str, t.Any]
    cluster_name: str
    history_shards: int | None
    stores: t.Sequence[Store]
    timeout: int
    lock_timeout: int
    connect_timeout: int
    check_mode: bool
    execute: t.Callable[[str, Store, Step, int], None]
    tool_version: t.Callable[[str], str | None]
    connect: t.Callable[[Store, int, int], Database] = Database


@dataclasses.dataclass
class Result:
    """What the module returns."""

    changed: bool
    stores: list[dict[str, t.Any]]
    steps: list[dict[str, t.Any]]
    history_shard_count: int | None
    cluster_names: list[str]
    refusal: str | None = None
    """Why a change would be refused; look() alone returns it, carry_out() raises it."""


class SchemaRun:
    """Carries out one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        # In one order for every run, so that two runs never wait for each other's lock.
        self._stores = sorted(request.stores, key=lambda store: str(store["name"]))
        self._databases: dict[str, Database] = {}
        self._problems: dict[str, str] = {}

    def carry_out(self) -> Result:
        """Bring the stores to their version, or say what would be done.

        Raises:
            SchemaError: Refused, unreachable (outside check mode), or a step failed.
        """
        self._check_options()
        try:
            self._open(self._request.check_mode)
            self._check_same_database()
            before = {name: database.read() for name, database in self._databases.items()}
            clusters = self._clusters(before)
            self._check(before, clusters)
            planned = self._steps(before)
            self._check_rights(planned)
            sizes = self._sizes(planned)
            after = self._expected(before, planned) if self._request.check_mode else self._change(before, planned)
        finally:
            for database in self._databases.values():
                database.close()
        return self._result(before, after, planned, clusters, sizes)

    def look(self) -> Result:
        """Return what would be done, with what forbids it in ``refusal``; changes nothing.

        Raises:
            SchemaError: Wrong options, unreachable, or a database that cannot be read.
        """
        self._check_options()
        refusal = None
        try:
            self._open(False)
            self._check_same_database()
            before = {name: database.read() for name, database in self._databases.items()}
            clusters = self._clusters(before)
            planned = self._steps(before)
            sizes = self._sizes(planned)
            try:
                self._check(before, clusters)
                self._check_rights(planned)
            except SchemaError as error:
                refusal = str(error)
        finally:
            for database in self._databases.values():
                database.close()
        result = self._result(before, self._expected(before, planned), planned, clusters, sizes)
        return dataclasses.replace(result, refusal=refusal)

    def _check_options(self) -> None:
        names = [str(store["name"]) for store in self._stores]
        places = [(store["host"], store["port"], store["database"]) for store in self._stores]
        if len(set(names)) != len(names):
            raise SchemaError("stores has two items named %r: name each store once." % names[0])
        if len(set(places)) != len(places):
            self._refuse_one_database(where(self._stores[0]))

    @staticmethod
    def _refuse_one_database(place: str) -> None:
        raise SchemaError(
            "The default store and the visibility store are one database (%s). Both keep their version in the same "
            "table, so each needs its own: change temporal_database_name or temporal_visibility_database_name." % place
        )

    def _open(self, tolerate: bool) -> None:
        for store in self._stores:
            name = str(store["name"])
            try:
                if PSYCOPG2_IMPORT_ERROR is not None:
                    raise UnreachableError("psycopg2 is not installed yet, so the schema version cannot be read.")
                self._databases[name] = self._request.connect(
                    store, self._request.connect_timeout, self._request.lock_timeout
                )
            except UnreachableError as error:
                if not tolerate:
                    raise
                self._problems[name] = str(error)

    @staticmethod
    def _clusters(readings: t.Mapping[str, Reading]) -> tuple[ClusterRecord, ...]:
        return readings["default"].clusters if "default" in readings else ()

    def _check_same_database(self) -> None:
        # Under two host names this is only visible from inside.
        if len({database.identity() for database in self._databases.values()}) != len(self._databases):
            self._refuse_one_database(where(self._stores[0]))

    def _check_cluster(self, clusters: t.Sequence[ClusterRecord]) -> None:
        if not clusters:
            return
        name = self._request.cluster_name
        ours = [cluster for cluster in clusters if cluster.name == name]
        if not ours:
            raise SchemaError(
                "cluster_name is %r, but the databases belong to the cluster %s. A started cluster cannot be renamed: "
                "set temporal_cluster_name to its name." % (name, ", ".join(repr(cluster.name) for cluster in clusters))
            )
        wanted = self._request.history_shards
        if wanted is not None and wanted != ours[0].history_shard_count:
            raise SchemaError(
                "history_shards is %d, but this cluster was first started with %d history shards and keeps them for "
                "life; the server would ignore the new number. Set temporal_num_history_shards to %d."
                % (wanted, ours[0].history_shard_count, ours[0].history_shard_count)
            )

    def _check(self, readings: t.Mapping[str, Reading], clusters: t.Sequence[ClusterRecord]) -> None:
        self._check_cluster(clusters)
        if clusters:
            # Before the first start no server's minor can be skipped: an interrupted first set-up goes on.
            versions = {name: reading.version for name, reading in readings.items() if reading.version is not None}
            check_minor_step(self._request.versions, self._request.server_version, versions)

    def _steps(self, readings: t.Mapping[str, Reading]) -> list[Step]:
        request = self._request
        result: list[Step] = []
        for name, reading in readings.items():
            wanted, exact = target(request.versions, request.server_version, name)
            result += steps(name, reading.version, wanted, exact, request.check_mode)
        return result

    def _check_rights(self, planned: t.Sequence[Step]) -> None:
        for name in dict.fromkeys(step.store for step in planned):
            self._databases[name].check_rights()

    def _sizes(self, planned: t.Sequence[Step]) -> dict[str, dict[str, Size]]:
        return {name: self._databases[name].sizes() for name in dict.fromkeys(step.store for step in planned)}

    def _expected(self, before: t.Mapping[str, Reading], planned: t.Sequence[Step]) -> dict[str, str | None]:
        after = {name: reading.version for name, reading in before.items()}
        for step in planned:
            after[step.store] = step.to or self._target(step.store)
        return after

    def _change(self, before: t.Mapping[str, Reading], planned: list[Step]) -> dict[str, str | None]:
        request = self._request
        after = {name: reading.version for name, reading in before.items()}
        if not planned:
            return after
        found = request.tool_version(request.tool)
        if found is not None and found != request.server_version:
            raise SchemaError(
                "%s is of version %s, but the server is %s. Install the sql-tool of the same version."
                % (request.tool, found, request.server_version)
            )
        stores = {str(store["name"]): store for store in self._stores}
        names = sorted({step.store for step in planned})
        for name in names:
            self._databases[name].lock()
        # Another run may have done it while this one waited for the lock.
        fresh = {name: self._databases[name].read() for name in names}
        planned[:] = self._steps(fresh)
        self._check_rights(planned)
        for step in planned:
            request.execute(request.tool, stores[step.store], step, request.timeout)
        for name in names:
            after[name] = self._databases[name].read().version
        return after

    def _target(self, name: str) -> str:
        return target(self._request.versions, self._request.server_version, name)[0]

    def _result(
        self,
        before: t.Mapping[str, Reading],
        after: t.Mapping[str, str | None],
        planned: t.Sequence[Step],
        clusters: t.Sequence[ClusterRecord],
        sizes: t.Mapping[str, t.Mapping[str, Size]],
    ) -> Result:
        stores: list[dict[str, t.Any]] = []
        for store in self._stores:
            name = str(store["name"])
            item: dict[str, t.Any] = {"name": name, "target": self._target(name)}
            if name in self._problems:
                item.update(before=None, after=self._target(name), problem=self._problems[name])
            else:
                item.update(before=before[name].version, after=after[name])
            stores.append(item)
        by_name = {str(store["name"]): store for store in self._stores}
        shards = [item.history_shard_count for item in clusters if item.name == self._request.cluster_name]
        return Result(
            changed=any(item["before"] != item["after"] for item in stores),
            stores=stores,
            steps=[
                {
                    "store": step.store,
                    "action": step.action,
                    "from": step.start,
                    "to": step.to,
                    "changes": self._costs(step, sizes[step.store]),
                    "command": command(self._request.tool, by_name[step.store], step),
                }
                for step in planned
            ],
            history_shard_count=shards[0] if shards else None,
            cluster_names=[item.name for item in clusters],
        )

    def _costs(self, step: Step, sizes: t.Mapping[str, Size]) -> list[dict[str, t.Any]]:
        if step.action == "setup":
            return []
        end = step.to or self._target(step.store)
        return changes(step.store, step.start, end, self._request.server_version, sizes)
