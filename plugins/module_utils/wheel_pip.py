# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three pip calls that a wheelhouse is made with, each with hashes, a time limit and progress."""

from __future__ import annotations

import collections
import os
import subprocess
import threading
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.wheel_archive import EPOCH

Progress = t.Callable[[str], None]

_ERROR_LINES = 15
# glibc 2.28 (2018) is older than that of every supported distribution (Debian 12 has 2.36).
_GLIBC_NEWEST = 28
# PEP 600: the first glibc of the manylinux tags, by architecture.
_GLIBC_OLDEST = {"x86_64": 5, "aarch64": 17}
_LEGACY_TAGS = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}


class WheelhouseError(Exception):
    """A wheelhouse cannot be built; the text says why and what to do."""


def platforms(architecture: str) -> list[str]:
    """Return the platform tags that a host accepts, best first: pip does not derive older ones from newer ones."""
    tags = ["manylinux_2_%d" % minor for minor in range(_GLIBC_NEWEST, _GLIBC_OLDEST[architecture] - 1, -1)]
    tags += _LEGACY_TAGS[architecture]
    return ["%s_%s" % (tag, architecture) for tag in tags]


def build_wheel(project: str, build_lock: str, scratch: str, interpreter: str, timeout: int, progress: Progress) -> str:
    """Build the wheel of the project in ``project`` with the locked backend and return its path.

    ``scratch`` is an empty place for the backend and the wheel; nothing of its path gets into the wheel.

    Raises:
        WheelhouseError: pip fails or takes longer than ``timeout`` seconds.
    """
    backend = os.path.join(scratch, "backend")
    wheel = os.path.join(scratch, "own")
    _pip(
        interpreter,
        [
            "install",
            "--progress-bar",
            "off",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--target",
            backend,
            "--requirement",
            build_lock,
        ],
        timeout,
        progress,
    )
    # No isolation and no index: the backend is the locked one beside us, and nothing else can be fetched.
    _pip(
        interpreter,
        ["wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", wheel, project],
        timeout,
        progress,
        {"PYTHONPATH": backend, "SOURCE_DATE_EPOCH": str(EPOCH), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    names = os.listdir(wheel)
    if len(names) != 1:
        raise WheelhouseError("pip built %d wheels of the worker's project, not one: %s." % (len(names), names))
    return os.path.join(wheel, names[0])


def download(
    lock: str, directory: str, python: str, architecture: str, interpreter: str, timeout: int, progress: Progress
) -> None:
    """Bring the wheels that ``lock`` names for another Python and machine into ``directory``.

    Raises:
        WheelhouseError: pip fails or takes longer than ``timeout`` seconds.
    """
    arguments = ["download", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
    arguments += [
        "--progress-bar",
        "off",
        "--implementation",
        "cp",
        "--python-version",
        python,
        "--abi",
        "cp%s" % python.replace(".", ""),
    ]
    for platform in platforms(architecture):
        arguments += ["--platform", platform]
    _pip(interpreter, [*arguments, "--dest", directory, "--requirement", lock], timeout, progress)


def _pip(
    interpreter: str,
    arguments: t.Sequence[str],
    timeout: int,
    progress: Progress,
    environment: t.Mapping[str, str] | None = None,
) -> None:
    command = [interpreter, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color", *arguments]
    last: collections.deque[str] = collections.deque(maxlen=_ERROR_LINES)
    try:
        # run_command gives the output at the end only.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environment or {})},
        )
    except OSError as error:
        raise WheelhouseError("%s cannot be started: %s." % (interpreter, error.strerror)) from error
    with process:
        # Reading the pipe has no time limit of its own: killing the process closes the pipe.
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            for line in t.cast("t.IO[str]", process.stdout):
                last.append(line.rstrip())
                progress(line.rstrip())
            status = process.wait()
        finally:
            timer.cancel()
            process.kill()
    tail = "\n".join(last)
    if expired.is_set():
        raise WheelhouseError("pip %s took longer than %d seconds. Its last lines:\n%s" % (arguments[0], timeout, tail))
    if status and "No module named pip" in tail:
        raise WheelhouseError("%s has no pip. Install it (on Debian: apt install python3-pip)." % interpreter)
    if status:
        raise WheelhouseError("pip %s failed with status %d. Its last lines:\n%s" % (arguments[0], status, tail))
