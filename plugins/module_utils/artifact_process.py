# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a long command and keeps saying what it does."""

from __future__ import annotations

import collections
import os
import queue
import signal
import subprocess
import threading
import time
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import ArtifactError, Progress

# Seconds between two signs of life; a person never looks at a silent terminal for more than ten.
HEARTBEAT = 5.0
# Lines of the command's error output that an error message repeats.
TAIL = 25

Describe = t.Callable[[str], str]


def run(
    argv: t.Sequence[str],
    label: str,
    progress: Progress,
    timeout: float,
    environment: t.Mapping[str, str] | None = None,
    directory: str | None = None,
    describe: Describe = str,
) -> str:
    """Run ``argv`` and return its standard output.

    ``progress`` gets a line at least every HEARTBEAT seconds: label, elapsed time, number of lines so far and
    ``describe`` of the last line of error output. Raises ArtifactError when the command is missing, fails or takes
    longer than ``timeout`` seconds (then its whole process group is killed).
    """
    started = time.monotonic()
    try:
        # run_command has no time limit.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            list(argv),
            env=None if environment is None else dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ArtifactError("%s: cannot run %s: %s" % (label, argv[0], error)) from error
    lines: queue.Queue[str | None] = queue.Queue()
    output: list[bytes] = []
    readers = [
        threading.Thread(target=_read_lines, args=(process.stderr, lines), daemon=True),
        threading.Thread(target=_read_all, args=(process.stdout, output), daemon=True),
    ]
    for reader in readers:
        reader.start()
    tail: collections.deque[str] = collections.deque(maxlen=TAIL)
    try:
        _follow(label, progress, describe, lines, tail, started, timeout)
        code = process.wait(timeout=max(1.0, timeout - (time.monotonic() - started)))
    except subprocess.TimeoutExpired as error:
        raise ArtifactError("%s: not finished after %d s" % (label, timeout)) from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for reader in readers:
            reader.join(timeout=5)
    if code != 0:
        raise ArtifactError("%s: %s ended with code %d. Its last lines:\n%s" % (label, argv[0], code, "\n".join(tail)))
    return b"".join(output).decode("utf-8", "replace")


def _follow(
    label: str,
    progress: Progress,
    describe: Describe,
    lines: queue.Queue[str | None],
    tail: collections.deque[str],
    started: float,
    timeout: float,
) -> None:
    spoken = started
    count = 0
    while True:
        now = time.monotonic()
        if now - started > timeout:
            raise ArtifactError("%s: not finished after %d s" % (label, timeout))
        if now - spoken >= HEARTBEAT:
            what = describe(tail[-1]) if tail else "running"
            progress("%s: %d:%02d, step %d, %s" % (label, *divmod(int(now - started), 60), count, what))
            spoken = now
        try:
            line = lines.get(timeout=HEARTBEAT / 2)
        except queue.Empty:
            continue
        if line is None:
            return
        if line.strip():
            count += 1
            tail.append(line.rstrip())


def _read_lines(stream: t.IO[bytes], lines: queue.Queue[str | None]) -> None:
    for raw in stream:
        lines.put(raw.decode("utf-8", "replace"))
    lines.put(None)


def _read_all(stream: t.IO[bytes], output: list[bytes]) -> None:
    output.append(stream.read())
