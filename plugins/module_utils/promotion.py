# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version that worker hosts run, whether it can be promoted or taken away, and what is told when it was."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.verify_inventory import DEFAULT_NAMESPACE

Variables = t.Mapping[str, t.Any]
HostVariables = t.Mapping[str, Variables]

_PREFIX = "temporal_worker_"
_PARTS = ("deployment_name", "build_id")
UNVERSIONED = "workers without a version"
_GO_BACK = "To go back: ansible-playbook playbooks/promote.yml --limit %s"


def version(host: str, hostvars: HostVariables) -> tuple[str, str, str]:
    """Return namespace, deployment name and build of a host's workers; the latter two are empty for no version."""
    variables = hostvars[host]
    namespace = str(variables.get(_PREFIX + "namespace") or DEFAULT_NAMESPACE)
    name, build = (str(variables.get(_PREFIX + part) or "") for part in _PARTS)
    return namespace, name, build


def problems(hosts: t.Sequence[str], hostvars: HostVariables, percentage: t.Any = None) -> list[str]:
    """Return why the version of ``hosts`` cannot be promoted, one sentence with its fix each.

    Args:
        hosts: The worker hosts that are meant.
        hostvars: The inventory's variables.
        percentage: ``promote_percentage``; None or empty for all of the work.
    """
    found = [*_share(percentage)]
    for part in _PARTS:
        bare = [host for host in hosts if not hostvars[host].get(_PREFIX + part)]
        if bare:
            found.append(
                "%s%s of %s is empty: its workers are no version of a worker deployment. Set it, run "
                "playbooks/temporal_worker.yml for these hosts and then this again, or name other hosts with --limit."
                % (_PREFIX, part, ", ".join(bare))
            )
    for number, part in enumerate(("namespace", *_PARTS)):
        by_value: dict[str, list[str]] = {}
        for host in hosts:
            by_value.setdefault(version(host, hostvars)[number], []).append(host)
        by_value.pop("", None)
        if len(by_value) > 1:
            found.append(
                "%s%s is %s: only one version can be promoted at a time. Name the hosts of one with --limit."
                % (_PREFIX, part, ", ".join("%r on %s" % (value, ", ".join(on)) for value, on in by_value.items()))
            )
    return found


def _share(percentage: t.Any) -> t.Iterator[str]:
    if percentage is None or percentage == "":
        return
    try:
        usable = 0 <= float(percentage) <= 100
    except (TypeError, ValueError):
        usable = False
    if not usable:
        yield (
            "promote_percentage is %r: not a share between 0 and 100. Give a number such as 10, or leave it out to "
            "make the version the current one." % (percentage,)
        )


def deployments_of(hosts: t.Sequence[str], hostvars: HostVariables) -> list[dict[str, str]]:
    """Return namespace and name of each worker deployment that the workers of ``hosts`` belong to."""
    found = {version(host, hostvars)[:2] for host in hosts if all(version(host, hostvars))}
    return [{"namespace": namespace, "name": name} for namespace, name in sorted(found)]


def leaving_problems(
    hosts: t.Sequence[str],
    workers: t.Sequence[str],
    hostvars: HostVariables,
    described: t.Sequence[tuple[Variables, t.Sequence[Variables]]],
    option: str,
) -> list[str]:
    """Return why the workers of ``hosts`` may not stop: no other host has their version, and it has work.

    Args:
        hosts: Hosts whose workers would stop.
        workers: All worker hosts of the inventory.
        hostvars: The inventory's variables.
        described: Each of deployments_of, with what worker_deployment_info told of it and its running workflows.
        option: The extra variable with which they may stop all the same.
    """
    staying = {version(host, hostvars) for host in workers if host not in hosts}
    leaving = {version(host, hostvars) for host in hosts} - staying
    found = []
    for asked, told in described:
        for deployment in told:
            for entry in deployment["versions"]:
                if (asked["namespace"], asked["name"], entry["build_id"]) in leaving and (work := _needed(entry)):
                    found.append(
                        "No other worker host runs build %s of deployment %s, %s. Promote the version of hosts that "
                        "stay first (playbooks/promote.yml), or give -e %s=true to stop it all the same."
                        % (entry["build_id"], asked["name"], work, option)
                    )
    return found


def _needed(entry: Variables) -> str:
    if entry["status"] == "current":
        return "which is the current version"
    if entry["status"] == "ramping":
        return "which is ramped up"
    pinned = entry.get("running", {}).get("pinned", 0)
    return "to which %d running workflows are pinned" % pinned if pinned else ""


def report(
    promoted: Variables,
    deployment: Variables | None,
    hosts: t.Sequence[str],
    workers: t.Sequence[str],
    hostvars: HostVariables,
    check_mode: bool,
) -> list[str]:
    """Return what is told in the end.

    Args:
        promoted: The result of the module worker_deployment_version.
        deployment: What worker_deployment_info told afterwards, with the running workflows; None for nothing.
        hosts: The hosts whose version was promoted.
        workers: All worker hosts of the inventory.
        hostvars: The inventory's variables.
        check_mode: Whether nothing was changed.
    """
    namespace, name, own = version(hosts[0], hostvars)

    def hosts_of(build: str | None) -> list[str]:
        return [host for host in workers if build and version(host, hostvars) == (namespace, name, build)]

    def named(build: str | None) -> str:
        return "build %s (%s)" % (build, ", ".join(hosts_of(build)) or "no host") if build else UNVERSIONED

    routing, before = promoted["routing"], promoted["previous"]
    verb = "would get" if check_mode and promoted["changed"] else "gets"
    lines = ["Deployment %s: %s %s %s." % (name, named(own), verb, _work(routing, own, named))]
    if promoted["changed"]:
        lines.append("Before: %s." % _was(before, named))
        lines += _way_back(before["current_build_id"], own, hosts_of)
    for entry in (deployment or {}).get("versions", []):
        if entry["build_id"] not in (routing["current_build_id"], routing["ramping_build_id"]):
            lines += _old(entry, named(entry["build_id"]), hosts_of(entry["build_id"]))
    return lines


def _work(routing: Variables, own: str, named: t.Callable[[str | None], str]) -> str:
    if routing["current_build_id"] == own:
        return "all work"
    return "%g %% of the work, %s the rest" % (routing["ramp_percentage"], named(routing["current_build_id"]))


def _was(before: Variables, named: t.Callable[[str | None], str]) -> str:
    ramp = before["ramping_build_id"]
    share = ", %g %% of it to %s" % (before["ramp_percentage"], named(ramp)) if ramp else ""
    return "the work went to %s%s" % (named(before["current_build_id"]), share)


def _way_back(build: str | None, own: str, hosts_of: t.Callable[[str | None], list[str]]) -> list[str]:
    if build == own:
        return []
    if build is None:
        return ["To go back: the module worker_deployment_version with state: unversioned."]
    if hosts_of(build):
        return [_GO_BACK % ",".join(hosts_of(build))]
    return ["No host of the inventory runs build %s any more, so there is no way back to it." % build]


def _old(entry: Variables, named: str, on: t.Sequence[str]) -> list[str]:
    """What is told of a version that gets no new work."""
    if entry["status"] == "draining":
        running = entry.get("running", {"pinned": 0, "others": 0})
        return [
            "Draining: %s, the last to work on %d running workflows that are pinned to it, and on %d that go on "
            "elsewhere with their next workflow task. Keep its workers until it is drained: the server looked at %s, "
            "and does so every few minutes; this playbook tells."
            % (named, running["pinned"], running["others"], entry["drainage_checked"])
        ]
    if entry["status"] == "drained" and on:
        return [
            "Drained: %s. No workflow needs its workers: ansible-playbook playbooks/drain.yml --limit %s"
            % (named, ",".join(on))
        ]
    return []
