# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of the cluster as it lives: its identity, members, namespaces and task queues."""

from __future__ import annotations

import collections
import ipaddress

from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    NOTE,
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    server_thread,
)
from ansible_collections.aegis.temporal.plugins.module_utils.task_queues import is_fresh

# A long poll takes about a minute.
FRESH_POLL = 90.0
# Seconds that the oldest task may wait.
_OLD_BACKLOG = 60.0
# Docker's bridge, where nobody has chosen another.
_DOCKER = ipaddress.ip_network("172.17.0.0/16")

PROBLEMS = (
    Problem(
        "frontend_unreachable",
        PROBLEM,
        "a frontend does not answer over HTTP",
        "`GET /api/v1/cluster-info` of every frontend, from the control node",
        "The service is down or not yet in the ring, its httpPort is 0, or a firewall is between.",
        "See the findings of its host; open the HTTP port for the control node.",
        server_thread(3247),
    ),
    Problem(
        "shards_differ",
        PROBLEM,
        "the inventory names another number of history shards than the cluster has",
        "`historyShardCount` of the running cluster beside temporal_num_history_shards",
        "The number was changed after the first start. The server ignores it without a word.",
        "Set temporal_num_history_shards to the live number; there is no resharding.",
        server_thread(4835),
    ),
    Problem(
        "cluster_name_differs",
        PROBLEM,
        "the inventory names the cluster differently",
        "`clusterName` of the running cluster beside temporal_cluster_name",
        "The name was changed after the first start, or the URL leads to another cluster.",
        "Set temporal_cluster_name to the live name.",
        server_thread(61),
    ),
    Problem(
        "server_versions_differ",
        WARNING,
        "hosts run different versions of the server",
        "`serverVersion` of every frontend",
        "A rolling upgrade stopped half-way, or a host was left out with --limit.",
        "Finish it: run the part `temporal` for all hosts.",
        "https://docs.temporal.io/self-hosted-guide/upgrade-server",
    ),
    Problem(
        "member_address_unroutable",
        PROBLEM,
        "a member announces an address that others cannot dial",
        "addresses in `cluster_membership`: unspecified, loopback (with several hosts), link-local, Docker's bridge",
        "broadcastAddress is left out or of the wrong interface.",
        "Set temporal_broadcast_address (or host_address) to the one that the other hosts reach.",
        server_thread(2690),
    ),
    Problem(
        "member_address_shared",
        PROBLEM,
        "two processes announce one address",
        "fresh rows of `cluster_membership` with one role, address and port",
        "Two hosts have the same broadcast address, or two processes of one role run on a host.",
        "Give every host its own temporal_broadcast_address; stop the process that is not of its unit.",
        server_thread(442),
    ),
    Problem(
        "member_unexpected",
        WARNING,
        "a live member is not in the inventory",
        "fresh rows of `cluster_membership` beside the inventory",
        "A host left the inventory with its server running, or another cluster uses this database.",
        "Stop the server there, or bring the host back into the inventory.",
        server_thread(2690),
    ),
    Problem(
        "member_missing",
        PROBLEM,
        "a service of the inventory is no live member",
        "the inventory beside rows of `cluster_membership` younger than 20 s",
        "Its process is down, or it cannot write to the database.",
        "See the findings of its host.",
        server_thread(2690),
    ),
    Problem(
        "member_stale",
        NOTE,
        "rows of members that are gone",
        "rows of `cluster_membership` that are not renewed and are not of the inventory",
        "The server keeps them for two days. They are ignored after 20 s.",
        "Nothing has to be done.",
        server_thread(3612),
    ),
    Problem(
        "retention_not_applied",
        WARNING,
        "closed workflows are older than their namespace's retention",
        "a count of workflows that closed a day longer ago than the retention",
        "A change of the retention counts for workflows that close afterwards, or deletion lags behind.",
        "They go when the retention that was set at their end is over; delete them by a batch if space is short.",
        server_thread(5370),
    ),
    Problem(
        "queue_without_pollers",
        PROBLEM,
        "nobody polls a task queue of the inventory",
        "pollers of every queue by the time of their last poll, and of other queues",
        "The workers are down, or use another queue, namespace or server.",
        "Compare temporal_worker_task_queue and temporal_worker_namespace with what the evidence names.",
        server_thread(2882),
    ),
    Problem(
        "pollers_missing",
        WARNING,
        "some workers do not poll their queue",
        "identities of the inventory beside the fresh pollers",
        "A worker is down, drains, or has all slots taken: it does not poll then.",
        "See the findings of its host.",
        server_thread(2882),
    ),
    Problem(
        "poller_stale",
        NOTE,
        "a poller has not polled for a while",
        "the time of the last poll, more than 90 s ago",
        "A worker has stopped; the server forgets it after five minutes.",
        "Nothing has to be done when it was stopped on purpose.",
        server_thread(9284),
    ),
    Problem(
        "backlog_without_pollers",
        PROBLEM,
        "tasks wait in a queue that nobody polls",
        "the backlog of every queue",
        "See queue_without_pollers.",
        "Start workers for it; the tasks are kept.",
        server_thread(2882),
    ),
    Problem(
        "backlog_old",
        WARNING,
        "tasks wait for longer than a minute",
        "the age of the oldest task of every queue",
        "There are too few workers, or they are busy with something slow.",
        "Raise temporal_worker_replicas or the limits of concurrent tasks.",
        "https://docs.temporal.io/develop/worker-performance",
    ),
)


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with a running cluster."""
    expected, cluster = facts.get("expected") or {}, facts.get("cluster") or {}
    yield from _frontends(cluster.get("frontends") or [], expected)
    default = ((facts.get("database") or {}).get("stores") or {}).get("default") or {}
    if default.get("reached"):
        yield from _members(default.get("members") or [], expected.get("members") or [])
    for namespace in cluster.get("namespaces") or []:
        if namespace.get("overdue"):
            said = "%s: %d, retention is %d s" % (namespace["name"], namespace["overdue"], namespace["retention"])
            yield Finding("retention_not_applied", "", said)
    for queue in cluster.get("queues") or []:
        yield from _queue(queue)


def _frontends(frontends: list[Facts], expected: Facts) -> Findings:
    versions = collections.defaultdict(list)
    for frontend in frontends:
        if frontend.get("error"):
            yield Finding("frontend_unreachable", "", "%s: %s" % (frontend["url"], frontend["error"]))
            continue
        versions[frontend["server_version"]].append(frontend["url"])
        shards, name = expected.get("history_shards"), expected.get("cluster_name")
        if shards and frontend["history_shards"] != int(shards):
            said = "%s has %d, the inventory says %d" % (frontend["url"], frontend["history_shards"], int(shards))
            yield Finding("shards_differ", "", said)
        if name and frontend["name"] != name:
            said = "%s is %r, the inventory says %r" % (frontend["url"], frontend["name"], name)
            yield Finding("cluster_name_differs", "", said)
    if len(versions) > 1:
        said = "; ".join("%s: %s" % (version, ", ".join(urls)) for version, urls in sorted(versions.items()))
        yield Finding("server_versions_differ", "", said)


def _members(members: list[Facts], expected: list[Facts]) -> Findings:
    def key(member: Facts) -> tuple[str, str, int]:
        return str(member["service"]), str(member["address"]).strip("[]"), int(member["membership_port"])

    wanted = {key(member) for member in expected}
    fresh = [key(member) for member in members if member["fresh"]]
    several = len({address for _service, address, _port in wanted}) > 1
    for address in sorted({address for _service, address, _port in fresh}):
        why = unroutable(address, several)
        if why:
            yield Finding("member_address_unroutable", "", "%s: %s" % (address, why))
    for member, count in sorted(collections.Counter(fresh).items()):
        if count > 1:
            yield Finding("member_address_shared", "", "%s %s:%d has %d processes" % (*member, count))
    if wanted:
        for member in sorted(set(fresh) - wanted):
            yield Finding("member_unexpected", "", "%s %s:%d" % member)
        for member in sorted(wanted - set(fresh)):
            yield Finding("member_missing", "", "%s %s:%d" % member)
    gone = sorted({key(member) for member in members if not member["fresh"]} - set(fresh) - wanted)
    if gone:
        yield Finding("member_stale", "", ", ".join("%s %s:%d" % member for member in gone))


def unroutable(address: str, several: bool) -> str:
    """Return why other hosts cannot dial ``address``, empty when they may. ``several`` hosts make loopback wrong."""
    try:
        parsed = ipaddress.ip_address(str(address).strip("[]").split("%", maxsplit=1)[0])
    except ValueError:
        return "no IP address"
    if parsed.is_unspecified:
        return "stands for any address and is none"
    if parsed.is_loopback:
        return "loopback, in a cluster of several hosts" if several else ""
    if parsed.is_link_local:
        return "link-local"
    return "usually Docker's bridge, the same on every host" if several and parsed in _DOCKER else ""


def _queue(queue: Facts) -> Findings:
    label = "task queue %r of namespace %r" % (queue["task_queue"], queue["namespace"])
    if queue.get("error"):
        yield Finding("queue_without_pollers", "", "%s cannot be asked: %s" % (label, queue["error"]), WARNING)
        return
    for kind, pollers in sorted(queue["pollers"].items()):
        fresh = {poller["identity"] for poller in pollers if is_fresh(poller, FRESH_POLL)}
        stale = {poller["identity"] for poller in pollers} - fresh
        backlog = (queue.get("backlogs") or {}).get(kind) or {"count": 0, "age": 0}
        missing = sorted(set(queue.get("identities") or []) - fresh)
        if not fresh:
            instead = "; ".join(queue.get("elsewhere") or [])
            yield Finding(
                "queue_without_pollers", "", "%s, %s tasks. %s" % (label, kind, instead or "No other is known.")
            )
        elif missing:
            yield Finding("pollers_missing", "", "%s, %s tasks: %s" % (label, kind, ", ".join(missing)))
        if stale:
            yield Finding("poller_stale", "", "%s, %s tasks: %s" % (label, kind, ", ".join(sorted(stale))))
        said = "%s: %d %s tasks, the oldest %.0f s old" % (label, backlog["count"], kind, backlog["age"])
        if backlog["count"] and not fresh:
            yield Finding("backlog_without_pollers", "", said)
        elif backlog["count"] and backlog["age"] > _OLD_BACKLOG:
            yield Finding("backlog_old", "", said)
