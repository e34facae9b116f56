# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the role C(verify): what each needs, and what to think of when it fails."""

from __future__ import annotations

import typing as t


class Check(t.NamedTuple):
    """One check. Its tag is ``verify_`` and its id."""

    id: str
    name: str
    group: str
    """Which hosts it is for: C(server), C(haproxy), C(ui), C(worker) or, of these, those with a C(version)."""
    cause: str
    fix: str
    needs: tuple[str, ...] = ()
    each: bool = False
    """Whether every host of the group has a row, or the group has one."""
    along: tuple[str, ...] = ()
    """Which other checks run when it is chosen alone."""
    more: tuple[str, ...] = ()
    """Ids of further results, of tasks that are a part of it."""

    @property
    def tag(self) -> str:
        return "verify_" + self.id

    @property
    def variables(self) -> list[str]:
        """The names under which its tasks register their results."""
        return ["__verify_result_" + name for name in (self.id, *self.more)]


_JOURNAL = "Look at `journalctl --unit=%s` on the host, then run the playbook again."
_QUEUE_IS_SERVED = ("workers", "pollers", "register", "definitions")

CHECKS = (
    Check(
        "database",
        "PostgreSQL answers",
        "server",
        "PostgreSQL is down, a firewall or pg_hba.conf keeps this host away, or the password changed.",
        "Run the part `postgres` again; on a managed server compare temporal_database_* with what it has.",
        each=True,
    ),
    Check(
        "disk",
        "PostgreSQL has room to write",
        "server",
        "The file system with PostgreSQL's data directory is full, or temp_file_limit is below 16 MB.",
        "Free space on the database's host or make its file system larger, then run the playbook again.",
        ("database",),
    ),
    Check(
        "schema",
        "both stores have the schema of the version",
        "server",
        "The schema was not brought up to date with temporal_version, or somebody else changed it.",
        "Run the part `temporal` again: it updates the schema before it touches a server.",
        # After a restart PostgreSQL writes a file for the first session of each database.
        ("database", "disk"),
    ),
    Check(
        "connections",
        "all connection pools fit into max_connections",
        "server",
        "Hosts or pools were added, or max_connections was lowered beside the inventory.",
        "Raise postgres_max_connections (a restart of PostgreSQL) or lower temporal_sql_max_conns and the like.",
        ("database",),
    ),
    Check(
        "services",
        "every service answers SERVING",
        "server",
        "The server is stopped, hangs, is still starting, or cannot reach its database or the other members.",
        _JOURNAL % "temporal-server",
        ("database",),
        each=True,
        more=("metrics",),
    ),
    Check(
        "versions",
        "the running server is of the declared version",
        "server",
        "The server was not restarted after an upgrade, or is not run by its unit.",
        "Run the part `temporal` again: it restarts what was started with another version.",
        ("services",),
        each=True,
    ),
    Check(
        "ring",
        "the members are those of the inventory",
        "server",
        "A service does not join, a removed host still runs one, or temporal_broadcast_address is wrong.",
        "Compare temporal_services and addresses of the hosts named; stop servers that left the inventory.",
        ("services", "disk"),
    ),
    Check(
        "shards",
        "cluster name and shard count are the declared ones",
        "server",
        "temporal_num_history_shards or temporal_cluster_name was changed after the first start.",
        "Set the variable to the live value: the server keeps what it started with first.",
        ("services",),
    ),
    Check(
        "namespaces",
        "namespaces and retention are the declared ones",
        "server",
        "A namespace was changed or deleted beside the inventory, or never registered.",
        "Run the part `temporal` with the tag `namespaces`, or declare what is live in temporal_namespaces.",
        ("services",),
    ),
    Check(
        "haproxy",
        "HAProxy answers as a frontend",
        "haproxy",
        "HAProxy is stopped, listens elsewhere, or a firewall keeps the server's hosts away from it.",
        _JOURNAL % "haproxy",
        ("services",),
        each=True,
    ),
    Check(
        "haproxy_frontends",
        "HAProxy finds every frontend",
        "haproxy",
        "A firewall keeps HAProxy away from the frontend named, or HAProxy was not reloaded after a change.",
        "See that the proxy's host reaches the address named, then run the part `haproxy` again.",
        ("services",),
        each=True,
    ),
    Check(
        "ui",
        "Temporal UI answers",
        "ui",
        "The UI is stopped or cannot read its configuration.",
        _JOURNAL % "temporal-ui",
        each=True,
    ),
    Check(
        "ui_api",
        "Temporal UI reaches the server",
        "ui",
        "The UI cannot reach the frontend that it is given, or its TLS does not fit.",
        "Compare temporal_ui_temporal_address with a frontend, from the UI's host.",
        ("ui", "services", "haproxy"),
        each=True,
    ),
    Check(
        "workers",
        "every worker is healthy",
        "worker",
        "A worker is stopped, hangs, is of another version, has a wrong clock, cannot reach Temporal or its database, "
        "or was started with another namespace or task queue; its answer says which.",
        _JOURNAL % "aegis-temporal-worker@0",
        ("database", "services", "haproxy"),
        each=True,
    ),
    Check(
        "pollers",
        "every worker polls its task queue",
        "worker",
        "A worker was started with another namespace or task queue, or has just been started.",
        "Compare temporal_worker_namespace and temporal_worker_task_queue of the hosts named.",
        ("workers", "disk"),
    ),
    Check(
        "routing",
        "the version that has the work polls",
        "version",
        "No version was promoted yet, or the workers of the one that has the work are gone or became another version.",
        "Run playbooks/promote.yml with --limit and the hosts of the version that is to get the work.",
        ("pollers",),
        each=True,
        along=("pollers",),
    ),
    Check(
        "register",
        "a worker takes definitions",
        "worker",
        "The worker refuses this address, or its login may not write.",
        "See temporal_worker_register_allowed_addresses; it must hold the worker's own address.",
        ("workers", "disk"),
        along=("cleanup",),
    ),
    Check(
        "definitions",
        "all workers tell the same definitions",
        "worker",
        "Workers use different databases.",
        "Give all hosts the same temporal_worker_database_host, _port and _name.",
        ("workers", "register"),
        each=True,
        along=("register", "cleanup"),
    ),
    Check(
        "echo",
        "an echo workflow ran to Completed",
        "worker",
        "The commands of a workflow run on the AEGIS orchestrator, and it did not run them.",
        "See that it answers where temporal_worker_runtime_grpc_url and temporal_worker_orchestrator_url point.",
        _QUEUE_IS_SERVED,
        along=("register", "cleanup"),
    ),
    Check(
        "gate",
        "retry, timer and signal work in a workflow",
        "worker",
        "Signals or timers do not reach the workflow, or the orchestrator refused one of its events.",
        "Open the workflow in Temporal UI: its last event tells what it waits for.",
        ("echo",),
        along=("register", "cleanup"),
        more=("begun", "signalled"),
    ),
    Check(
        "visibility",
        "the workflow can be found",
        "worker",
        "The visibility store lags behind, or is another database than the one that is searched.",
        "Look for errors of visibility in `journalctl --unit=temporal-server` of the hosts with history.",
        ("schema", "echo"),
        along=("register", "echo", "cleanup"),
    ),
    Check(
        "schedule",
        "a schedule started a workflow",
        "worker",
        "The server's own worker service does not run the workflows of schedules.",
        "See that a host has `worker` among its temporal_services, and look at its journal.",
        # The other workflows are pinned to a version; what a schedule starts goes where the work goes.
        ("routing", "echo"),
        along=("register", "cleanup"),
        more=("triggered", "acted"),
    ),
    Check(
        "cleanup",
        "nothing of the verification is left",
        "worker",
        "The server or the worker did not answer, or the worker wants another API token.",
        "Run the verification again: it removes what an earlier one left.",
        ("workers", "register"),
        more=("ended", "unscheduled"),
    ),
)
IDS = tuple(check.id for check in CHECKS)


def chosen(run_tags: t.Sequence[str], skip_tags: t.Sequence[str]) -> list[str]:
    """Return the ids of the checks that C(ansible_run_tags) and C(ansible_skip_tags) choose.

    One that was not chosen has no row: it was not meant to run.
    """
    everything = {"all", "tagged", "verify"}
    if everything & set(skip_tags):
        return []
    wanted = [check for check in CHECKS if everything & set(run_tags) or check.tag in run_tags]
    ids = {key for check in wanted for key in (check.id, *check.along)}
    return [check.id for check in CHECKS if check.id in ids and check.tag not in skip_tags]


def tags(run_tags: t.Sequence[str], skip_tags: t.Sequence[str], part: str = "") -> list[str]:
    """Return the tags of a task that serves several checks: those of the chosen ones that need C(part).

    Without C(part), as for the report, all of them do. A fixed list would be wrong: to skip one of the checks would
    skip the task for all of them.
    """
    ids = chosen(run_tags, skip_tags)
    return [check.tag for check in CHECKS if check.id in ids and part in ("", check.id, *check.along)] or ["never"]
