# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that runs a service of the role ``runtime`` as a container of Docker Engine.

systemd starts, stops and restarts the container, so everything that knows the unit (restart, drain, verify, drift, the
way back from a failed upgrade) works for both providers. The secrets and the arguments of a container are made at each
start from what is on disk; nothing of it is kept by the engine.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.container_spec import CREDENTIALS, container, is_template
from ansible_collections.aegis.temporal.plugins.module_utils.host_ports import CONTAINER_ID
from ansible_collections.aegis.temporal.plugins.module_utils.release_image import VARIABLE

Service = t.Mapping[str, t.Any]

DOCKER = "/usr/bin/docker"
# systemd.exec(5): %t is /run for system units, %N the name of the unit without its suffix.
DIRECTORY = "%t/%N.container"
SECRETS = DIRECTORY + "/secrets"
# Nothing in these means something to systemd, beside specifiers and variables that are meant.
_PLAIN = re.compile(r"^[A-Za-z0-9_@%:+=,./${}-]+$")


def container_name(service: Service) -> str:
    """Return the name of the container, with ``%i`` for the instance."""
    return str(_described(service, "")["name"])


def in_container(text: str) -> str:
    """Return a text of a unit with ``%d``, the directory of the credentials, as the container sees it."""
    return "%%".join(part.replace("%d", CREDENTIALS) for part in str(text).split("%%"))


def command(service: Service, binaries: str) -> str:
    """Return what follows the image: ``exec_start`` as it is inside of the image, which has its programs in the PATH.

    Args:
        service: ``runtime_service``. One whose container has an ``entrypoint`` is started by that and ``command``.
        binaries: Directory on the host that has the programs without a container.
    """
    own = service.get("container") or {}
    if own.get("entrypoint"):
        return in_container(" ".join(map(_quoted, [*own["entrypoint"][1:], *(own.get("command") or [])])))
    return in_container(service["exec_start"].replace(binaries.rstrip("/") + "/", ""))


def exec_start(service: Service, binaries: str, user: str, options: t.Mapping[str, t.Any]) -> str:
    """Return the line that runs the container in the foreground.

    Args:
        service: ``runtime_service``.
        binaries: See `command`.
        user: ``uid:gid`` in numbers.
        options: ``limit_nofile`` (whether the limit of open files and the out-of-memory score are set),
            ``log_driver`` and ``log_options`` of Docker.
    """
    described = _described(service, user)
    words = [
        DOCKER,
        "run",
        "--name=" + described["name"],
        "--cidfile=%s/%s" % (DIRECTORY, CONTAINER_ID),
        "--pull=never",
        "--network=" + described["network_mode"],
        "--user=" + described["user"],
        "--read-only",
        # The play asks for health itself, on the host, where the addresses and ports of the unit are known.
        "--no-healthcheck",
        "--stop-timeout=%d" % described["stop_timeout"],
        *_own_ways(described, options),
        "--log-driver=" + options["log_driver"],
        *["--log-opt=%s=%s" % item for item in sorted(options["log_options"].items())],
        *["--cap-drop=" + name for name in described["cap_drop"]],
        *["--cap-add=" + name for name in described["cap_add"]],
        *["--security-opt=" + text for text in described["security_opt"]],
        *["--tmpfs=" + text for text in described["tmpfs"]],
        *["--ulimit=%s=%d" % item for item in sorted(_limits(described, options).items())],
        *_size(described),
        *["--label=%s=%s" % item for item in sorted(described["labels"].items())],
        "--env=USER=" + service["user"],
        # The value is in the environment of this command, which the unit sets.
        *["--env=" + name for name in described["environment"]],
        *_mounts(described),
    ]
    return "%s ${%s} %s" % (" ".join(map(_quoted, words)), VARIABLE, command(service, binaries))


def _described(service: Service, user: str) -> dict[str, t.Any]:
    # Only names of variables are used of the environment, so nothing in it has to be replaced.
    environment = dict.fromkeys(service.get("environment") or {}, "")
    own = {**(service.get("container") or {}), "image": "${%s}" % VARIABLE}
    instance = "%i" if is_template(service) else ""
    return container({**service, "environment": environment, "container": own}, instance, user)


def _own_ways(described: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> list[str]:
    """Return the words for what most services leave as it is."""
    names = {"stop_signal": "stop-signal", "pid_mode": "pid", "ipc_mode": "ipc"}
    found = ["--%s=%s" % (word, described[name]) for name, word in names.items() if described[name]]
    found += ["--entrypoint=" + word for word in described["entrypoint"][:1]]
    found += ["--group-add=%d" % number for number in described["groups"]]
    if described["oom_score_adj"] and options["limit_nofile"]:
        found.append("--oom-score-adj=%d" % described["oom_score_adj"])
    return found


def _limits(described: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any]) -> dict[str, int]:
    return {name: limit for name, limit in described["ulimits"].items() if options["limit_nofile"] or name != "nofile"}


def _size(described: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    if described["memory"]:
        # Without the second the container may use as much swap again.
        found += ["--memory=" + described["memory"].lower(), "--memory-swap=" + described["memory"].lower()]
    if described["cpus"]:
        found.append("--cpus=%g" % described["cpus"])
    if described["pids_limit"]:
        found.append("--pids-limit=%d" % described["pids_limit"])
    if described["shm_size"]:
        found.append("--shm-size=" + described["shm_size"].lower())
    return found


def _mounts(described: t.Mapping[str, t.Any]) -> list[str]:
    items = [{"source": SECRETS, "target": CREDENTIALS, "read_only": True}] if described["credentials"] else []
    found = [
        "--mount=type=bind,source=%s,target=%s%s"
        % (item["source"], item["target"], ",readonly" if item["read_only"] else "")
        for item in [*items, *described["mounts"]]
    ]
    return found + ["--mount=type=volume,source=%s,target=%s" % (v["name"], v["target"]) for v in described["volumes"]]


def _quoted(word: str) -> str:
    """Return a word as a unit file takes it; specifiers and ``${NAME}`` keep their meaning."""
    if _PLAIN.match(word):
        return word
    return '"%s"' % word.replace("\\", "\\\\").replace('"', '\\"')
