# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free space, memory and the base system of this host, and what is missing for a deployment."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import typing as t

# systemd.exec(5): the specifier %d (credentials directory of a unit) came with version 250.
SYSTEMD_MINIMUM = 250
_COMMAND_TIMEOUT = 15


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments of an os-release file (os-release(5))."""
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        words = shlex.split(value)
        values[name] = words[0] if words else ""
    return values


def distribution(root: str = "/") -> dict[str, str]:
    """Return ``id``, ``version`` and ``codename`` of the distribution; empty strings where it does not tell."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as release:
                values = parse_os_release(release.read())
        except FileNotFoundError:
            continue
        return {
            "id": values.get("ID", ""),
            "version": values.get("VERSION_ID", ""),
            "codename": values.get("VERSION_CODENAME", ""),
        }
    return {"id": "", "version": "", "codename": ""}


def memory_bytes(meminfo: str) -> int:
    """Return the size of main memory from the text of /proc/meminfo.

    Raises:
        ValueError: The text has no line ``MemTotal``.
    """
    match = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    if match is None:
        raise ValueError("/proc/meminfo has no line MemTotal")
    return int(match.group(1)) * 1024


def _output(arguments: t.Sequence[str]) -> str | None:
    """Return what a command prints, or ``None`` when it is not there, fails or takes too long."""
    try:
        # run_command has no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def systemd_version(root: str = "/") -> int:
    """Return the version of the systemd that runs this host; 0 when another init does, or none."""
    # sd_booted(3): this directory exists exactly when systemd is the init of the running system.
    if not os.path.isdir(os.path.join(root, "run/systemd/system")):
        return 0
    match = re.match(r"systemd (\d+)", _output(["systemctl", "--version"]) or "")
    return int(match.group(1)) if match else 0


def unit_states(names: t.Sequence[str]) -> dict[str, str]:
    """Return the ``ActiveState`` of systemd units by name; one that is not there is ``inactive``.

    Raises:
        ValueError: systemd does not tell.
    """
    if not names:
        return {}
    told = _output(["systemctl", "show", "--property=ActiveState", "--value", "--", *names])
    # One line for each unit, in the order asked for, with an empty one between.
    states = (told or "").split()
    if len(states) != len(names):
        raise ValueError("systemctl does not tell the state of %s" % ", ".join(names))
    return dict(zip(names, states))


def python_version(executable: str) -> str:
    """Return the version of a Python interpreter such as ``3.11.2``; empty when it does not run."""
    program = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    return (_output([executable, "-I", "-S", "-c", program]) or "").strip()


def minor_of(version: str) -> str:
    """Return ``3.11`` for ``3.11.2``."""
    return ".".join(version.split(".")[:2])


def _key(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def readable(size: int) -> str:
    """Return a number of bytes for people: ``512 MiB``, ``1.5 GiB``."""
    if size >= 1024**3:
        return "%.1f GiB" % (size / 1024**3)
    return "%d MiB" % (size // 1024**2)


def nearest_existing(path: str) -> str:
    """Return ``path``, or the nearest parent of it that is there."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


class _Filesystem:
    """What is wanted of one mounted file system by all paths on it."""

    def __init__(self, state: os.statvfs_result) -> None:
        self.state = state
        self.wants: list[tuple[str, str, int, int]] = []

    def problems(self) -> list[str]:
        names = ", ".join("%s (%s)" % (variable, path) for variable, path, _bytes, _inodes in self.wants)
        if self.state.f_flag & os.ST_RDONLY:
            return ["%s: the file system is mounted read-only. Mount it writable or give another path." % names]
        found = []
        free = self.state.f_bavail * self.state.f_frsize
        needed = sum(want[2] for want in self.wants)
        if free < needed:
            found.append(
                "%s: %s free on the file system, %s needed. Free some space or give a path on a larger file system."
                % (names, readable(free), readable(needed))
            )
        # File systems that make inodes as they need them (btrfs) report a total of 0.
        inodes = sum(want[3] for want in self.wants)
        if self.state.f_files and self.state.f_favail < inodes:
            found.append(
                "%s: %d free inodes on the file system, %d needed. Delete files or give a path on another file system."
                % (names, self.state.f_favail, inodes)
            )
        return found


def path_problems(paths: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return one sentence for each path that cannot take what is wanted of it.

    Each item has ``path`` (absolute), ``minimum_free_bytes``, ``minimum_free_inodes`` and ``variable``. Needs of paths
    on one file system add up. A path that is not there yet counts for its nearest parent that is.
    """
    problems: list[str] = []
    filesystems: dict[int, _Filesystem] = {}
    for item in paths:
        path, variable = item["path"], item["variable"]
        if not os.path.isabs(path):
            problems.append("%s is %r: not an absolute path. Begin it with a slash." % (variable, path))
            continue
        existing = nearest_existing(os.path.normpath(path))
        if not os.path.isdir(existing):
            problems.append(
                "%s is %r: %s is there and is no directory. Move it away or give another path."
                % (variable, path, existing)
            )
            continue
        device = os.stat(existing).st_dev
        if device not in filesystems:
            filesystems[device] = _Filesystem(os.statvfs(existing))
        filesystems[device].wants.append((variable, path, item["minimum_free_bytes"], item["minimum_free_inodes"]))
    for filesystem in filesystems.values():
        problems.extend(filesystem.problems())
    return problems


def system_problems(facts: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> list[str]:
    """Return one sentence for each property of the host that is not as wanted.

    ``facts`` is what the module returns as ``host``; ``wanted`` holds its options ``systemd``,
    ``systemd_minimum_version``, ``python_minimum``, ``minimum_memory_bytes``, ``distributions`` and ``architectures``.
    """
    problems: list[str] = []
    if wanted["systemd"] and not facts["systemd_version"]:
        problems.append(
            "systemd does not run this host (there is no /run/systemd/system). Boot it with systemd as PID 1."
        )
    elif wanted["systemd"] and facts["systemd_version"] < wanted["systemd_minimum_version"]:
        problems.append(
            "systemd of this host is version %d; %d or newer is needed. Upgrade the distribution."
            % (facts["systemd_version"], wanted["systemd_minimum_version"])
        )
    python = facts["python"]
    if wanted["python_minimum"] and not python["version"]:
        problems.append(
            "%s does not run on this host. Install Python %s or newer."
            % (python["executable"], wanted["python_minimum"])
        )
    elif wanted["python_minimum"] and _key(python["version"]) < _key(wanted["python_minimum"]):
        problems.append(
            "%s of this host is Python %s; %s or newer is needed. Upgrade the distribution."
            % (python["executable"], python["version"], wanted["python_minimum"])
        )
    if facts["memory_bytes"] < wanted["minimum_memory_bytes"]:
        problems.append(
            "this host has %s of memory; %s are needed. Give it more memory."
            % (readable(facts["memory_bytes"]), readable(wanted["minimum_memory_bytes"]))
        )
    name = "%s %s" % (facts["distribution"]["id"], facts["distribution"]["version"])
    if wanted["distributions"] and name not in wanted["distributions"]:
        problems.append(
            "this host runs %r; supported are %s. Use one of these."
            % (name.strip(), ", ".join(wanted["distributions"]))
        )
    if wanted["architectures"] and facts["architecture"] not in wanted["architectures"]:
        problems.append(
            "this host's architecture is %r; supported are %s. Use one of these."
            % (facts["architecture"], ", ".join(wanted["architectures"]))
        )
    return problems
