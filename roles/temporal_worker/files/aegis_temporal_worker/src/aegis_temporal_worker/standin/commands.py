# SPDX-License-Identifier: Apache-2.0
"""System commands: really run by a shell, in a scratch directory."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_SECONDS: Final = 600
"""The orchestrator's own limit for a command."""

_MOST_OUTPUT_BYTES: Final = 1024 * 1024


class CommandTimeoutError(Exception):
    """The command was killed at its limit."""


class WorkdirError(Exception):
    """The working directory lies outside the scratch directory."""


@dataclass(frozen=True)
class CommandResult:
    """The end of a command."""

    exit_code: int
    stdout: str
    stderr: str
    duration_ms: int


async def run_command(
    command: str, env: Mapping[str, str], workdir: str | None, timeout_seconds: float, scratch: Path
) -> CommandResult:
    """Run ``command`` with the shell; ``workdir`` is taken below ``scratch``, also when it is absolute.

    Raises ``CommandTimeoutError`` after ``timeout_seconds`` and ``WorkdirError`` for a path that leaves ``scratch``.
    """
    directory = _below(scratch, workdir)
    directory.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    process = await asyncio.create_subprocess_shell(
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        # Nothing of our own environment: a real orchestrator's would be another one.
        env={"PATH": os.defpath, "HOME": str(scratch), "LANG": "C.UTF-8", **env},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            stdout, stderr = await process.communicate()
    except TimeoutError as error:
        raise CommandTimeoutError(f"the command did not end within {timeout_seconds:g} s") from error
    finally:
        # Children that outlive their shell too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    code = process.returncode or 0
    return CommandResult(
        exit_code=code if code >= 0 else 128 - code,
        stdout=_text(stdout),
        stderr=_text(stderr),
        duration_ms=round((time.monotonic() - begun) * 1000),
    )


def _below(scratch: Path, workdir: str | None) -> Path:
    directory = (scratch / (workdir or "").lstrip("/")).resolve()
    if not directory.is_relative_to(scratch.resolve()):
        raise WorkdirError(f"workdir {workdir!r} leaves the scratch directory")
    return directory


def _text(output: bytes) -> str:
    return output[:_MOST_OUTPUT_BYTES].decode("utf-8", "replace")
