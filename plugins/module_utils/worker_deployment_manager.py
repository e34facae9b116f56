# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the routing of a worker deployment to a wanted state: wait for the version, write, wait until all know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.aegis.temporal.plugins.module_utils import task_queues
from ansible_collections.aegis.temporal.plugins.module_utils import worker_deployments as deployments
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# As the default of the module pollers: a poll lasts a little more than a minute.
_FRESH_SECONDS = 90.0
# A worker that polls a task queue for the first time is a change for the server, too.
_ATTEMPTS = 5


class WorkerDeploymentManager:
    """One run of the module worker_deployment_version."""

    def __init__(self, module: AnsibleModule, client: TemporalHttp) -> None:
        self.module = module
        self.params = module.params
        self.client = client
        self.namespace: str = module.params["namespace"]
        self.name: str = module.params["deployment_name"]
        self.build: str | None = module.params["build_id"]
        self.title = f"worker deployment {self.name} of namespace {self.namespace}"

    def bring(self) -> dict[str, Any]:
        """Return the result of the module. Raises Problem."""
        live = first_look(self.module, self.client, self.namespace, "the worker deployment", self._describe)
        before = deployments.routing(live)
        if self.params["state"] == "unversioned" and live is None:
            return self._result(before, before)
        after = self._wanted(before)
        if live is not None and deployments.alike(before, after):
            return self._result(before, before)
        self._wait_for_version()
        if self.module.check_mode:
            return self._result(before, after)
        before = self._write(before)
        return self._result(before, self._wait_until_known(before))

    def _describe(self) -> dict[str, Any] | None:
        return deployments.describe(self.client, self.namespace, self.name)

    def _wanted(self, live: dict[str, Any]) -> dict[str, Any]:
        return deployments.wanted(self.params["state"], self.build, self.params["ramp_percentage"], live)

    def _wait_for_version(self) -> None:
        """Wait until the version is known and polls. In check mode one look, and a warning."""
        if self.build is None:
            return
        build = self.build
        missing: list[str] = []

        def look() -> bool | None:
            missing[:] = self._missing(build)
            return None if missing else True

        if self.module.check_mode:
            # Where nobody listens yet, the first look has said so.
            if first_look(self.module, self.client, self.namespace, "the version", look) is None and missing:
                self.module.warn(f"{missing[0]} In check mode its workers are taken as started.")
        elif self._poll(look) is None:
            raise Problem(
                f"{' '.join(missing)} Do workers of this build run, with this deployment, namespace and server? "
                "Nothing was changed."
            )

    def _missing(self, build: str) -> list[str]:
        """What keeps the version from taking work, one sentence each."""
        live = self._describe()
        if live is None:
            return [f"There is no {self.title}: no worker of it has polled yet."]
        if build not in deployments.builds(live):
            there = ", ".join(deployments.builds(live)) or "none"
            return [f"The {self.title} has no version {build!r}. There: {there}."]
        if self.params["ignore_missing_task_queues"]:
            return []
        queues = deployments.version_queues(self.client, self.namespace, self.name, build)
        return [
            f"No worker of build {build!r} polls the task queue {queue!r} for {' and '.join(idle)} tasks."
            for queue, types in queues.items()
            if (idle := self._idle(queue, types, (self.name, build)))
        ]

    def _idle(self, queue: str, types: list[str], version: task_queues.Version) -> list[str]:
        """The types of tasks for which no worker of the version has polled lately."""
        found = {
            queue_type: task_queues.pollers_and_backlog(self.client, self.namespace, queue, queue_type, version)[0]
            for queue_type in types
        }
        found = task_queues.with_all_partitions(self.client, self.namespace, queue, found, version)
        return [
            queue_type
            for queue_type, pollers in found.items()
            if not any(task_queues.is_fresh(poller, _FRESH_SECONDS) for poller in pollers)
        ]

    def _write(self, before: dict[str, Any]) -> dict[str, Any]:
        """Write, and return what was routed right before. Raises Problem."""
        for _attempt in range(_ATTEMPTS):
            live = self._describe()
            if live is None:
                raise Problem(f"The {self.title} is gone: somebody has deleted it just now. Run again.")
            now = deployments.routing(live)
            after = self._wanted(now)
            if deployments.alike(now, after):
                # Our own first attempt has arrived though its answer did not.
                return before
            if not deployments.alike(now, before):
                raise Problem(
                    f"The {self.title} was changed by {live['last_modifier'] or 'somebody else'} at the same moment, "
                    "and that is kept. Run again."
                )
            try:
                deployments.route(
                    self.client, self.namespace, self.name, live, after, self.params["ignore_missing_task_queues"]
                )
                return before
            except TemporalProblem as problem:
                if "conflict token" not in str(problem):
                    raise self._explained(problem, live) from None
        raise Problem(f"The {self.title} changed {_ATTEMPTS} times while it was to be written. Run again.")

    def _explained(self, problem: TemporalProblem, live: dict[str, Any]) -> Problem:
        if "missing active task queues" not in str(problem) or self.build is None or live["current_build_id"] is None:
            return problem
        theirs = deployments.version_queues(self.client, self.namespace, self.name, live["current_build_id"])
        ours = deployments.version_queues(self.client, self.namespace, self.name, self.build)
        lacking = sorted(queue for queue, types in theirs.items() if set(types) - set(ours.get(queue, [])))
        return Problem(
            f"Build {self.build!r} does not poll {', '.join(lacking)}, which the current version "
            f"{live['current_build_id']!r} does and which have work. Start workers of the build for them, or set "
            f"ignore_missing_task_queues to leave that work to workers without a version. {problem}"
        )

    def _wait_until_known(self, before: dict[str, Any]) -> dict[str, Any]:
        """Wait until every task queue of the versions has the change; return the routing then. Raises Problem."""

        def look() -> dict[str, Any] | None:
            live = self._describe()
            if live is None:
                return None
            now = deployments.routing(live)
            return now if live["propagated"] or self._queues_follow(before, now) else None

        found: dict[str, Any] | None = self._poll(look)
        if found is None:
            raise Problem(
                f"The {self.title} was changed, but the server has not told all task queues within wait_timeout "
                f"({self.params['wait_timeout']:g} s). It goes on by itself."
            )
        return found

    def _queues_follow(self, before: dict[str, Any], now: dict[str, Any]) -> bool:
        """Whether the task queues themselves say so: those of the versions with work, or that had it where none has.

        Server 1.32.2 was seen to tell for ever that the change is under way, while every task queue had it: a message
        between its own workflows was lost when it had too much to do.
        """
        with_work, had_it = (
            [routed[key] for key in ("current_build_id", "ramping_build_id") if routed[key] is not None]
            for routed in (now, before)
        )
        queues = [
            (queue, queue_type)
            for build in with_work or had_it
            for queue, types in deployments.version_queues(self.client, self.namespace, self.name, build).items()
            for queue_type in types
        ]
        return bool(queues) and all(
            deployments.alike(deployments.queue_routing(self.client, self.namespace, *queue), now) for queue in queues
        )

    def _poll(self, look: Callable[[], Any]) -> Any:
        trouble: list[Problem] = []

        def attempt(left: float) -> Any:
            trouble.clear()
            try:
                return look()
            except Problem as problem:
                if not problem.temporary:
                    raise
                trouble.append(problem)
                return None

        found = poll_until(attempt, self.params["wait_timeout"], self.params["wait_interval"])
        if trouble:
            raise trouble[0]
        return found

    def _result(self, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        header = self.title
        changed = not deployments.alike(before, after)
        return {
            "changed": changed,
            "action": "updated" if changed else "none",
            "routing": after,
            "previous": before,
            "diff": {"before_header": header, "after_header": header, "before": before, "after": after},
        }
