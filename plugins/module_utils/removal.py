# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may not be taken away: the last of a kind, and what holds data."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.topology import topology
from ansible_collections.aegis.temporal.plugins.module_utils.verify_inventory import queues

Variables = t.Mapping[str, t.Any]
Groups = t.Mapping[str, t.Sequence[str]]

REMOVABLE = ("temporal_worker", "temporal_ui", "haproxy", "temporal")


def problems(
    groups: Groups,
    hostvars: t.Mapping[str, Variables],
    leaving: t.Sequence[str],
    parts: t.Sequence[str],
    last: bool = False,
    option: str = "remove_last",
) -> list[str]:
    """Return why ``parts`` may not be removed from the hosts ``leaving``, one sentence with its fix each.

    Args:
        groups: The inventory's groups.
        hostvars: The inventory's variables.
        leaving: Hosts from which they would be removed.
        parts: Names of groups out of REMOVABLE.
        last: Whether the last of a kind may go too.
        option: The extra variable that says so.
    """
    if isinstance(parts, str) or not isinstance(parts, t.Sequence):
        return ["remove_groups is %r: not a list. Give a list such as ['temporal_worker']." % (parts,)]
    found = [
        "remove_groups names %r, which cannot be removed like this. %s" % (part, _advice(part))
        for part in parts
        if part not in REMOVABLE
    ]
    if found or last:
        return found
    nodes = topology(groups, hostvars)
    if "temporal" in parts:
        found += _services(nodes["temporal"], leaving)
    if "temporal_ui" in parts and (members := _members(nodes["temporal_ui"])) and not members - set(leaving):
        found.append("This would remove the last Temporal UI. Keep a host of group temporal_ui")
    if "haproxy" in parts and (proxies := _members(nodes["haproxy"])) and not proxies - set(leaving):
        found.append(
            "This would remove the last HAProxy, through which workers and user interfaces reach the frontends. Set "
            "haproxy_state: absent in group_vars/haproxy and run site.yml, which leads them to the frontends first"
        )
    if "temporal_worker" in parts:
        found += _queues(nodes["temporal_worker"], hostvars, leaving)
    return ["%s, or give -e %s=true to do it all the same." % (problem, option) for problem in found]


def _advice(part: str) -> str:
    if part == "postgres":
        return "It holds the data: move that first, then use the role aegis.temporal.postgres with tasks_from: remove."
    return "Give some of %s." % ", ".join(REMOVABLE)


def _members(nodes: t.Iterable[t.Mapping[str, t.Any]]) -> set[str]:
    return {str(node["host"]) for node in nodes}


def _services(nodes: t.Sequence[t.Mapping[str, t.Any]], leaving: t.Sequence[str]) -> t.Iterator[str]:
    staying = {service for node in nodes if node["host"] not in leaving for service in node["services"]}
    gone = sorted({service for node in nodes if node["host"] in leaving for service in node["services"]} - staying)
    if gone:
        yield (
            "No other host of group temporal runs %s. Add them to temporal_services of one and run site.yml"
            % ", ".join(gone)
        )


def _queues(
    nodes: t.Sequence[t.Mapping[str, t.Any]], hostvars: t.Mapping[str, Variables], leaving: t.Sequence[str]
) -> t.Iterator[str]:
    def polled(hosts: t.Iterable[t.Mapping[str, t.Any]]) -> set[tuple[str, str]]:
        return {(queue["namespace"], queue["task_queue"]) for queue in queues(list(hosts), hostvars)}

    staying = polled(node for node in nodes if node["host"] not in leaving)
    for namespace, task_queue in sorted(polled(node for node in nodes if node["host"] in leaving) - staying):
        yield (
            "No other worker polls the task queue %r of namespace %r, so its workflows would wait. Add one and run "
            "site.yml" % (task_queue, namespace)
        )
