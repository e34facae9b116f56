# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes that end with their parent, and free ports."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import tenacity

# Temporal keeps the membership port in a SMALLINT column, so it must be at most 32767. This range is
# also below Linux's ephemeral ports: no outgoing connection takes one between the choice and the bind.
_PORTS = range(20000, 32768)


class ProcessFailed(RuntimeError):
    """A process ended or did not become ready; the message carries the end of its log."""


def free_ports(count: int) -> list[int]:
    """Return ``count`` different ports that are free on 127.0.0.1 now."""
    with ExitStack() as held:
        ports: list[int] = []
        for port in random.sample(_PORTS, k=len(_PORTS)):
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                return ports
    raise ProcessFailed(f"fewer than {count} free ports between {_PORTS.start} and {_PORTS.stop - 1}")


class ManagedProcess:
    """One child process with a log file; the kernel ends it should this process die."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        as_user: str | None = None,
        group: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        # Should this process be killed, nobody is left to end the child in order; its data is thrown away anyhow.
        command = ["setpriv", "--pdeathsig", "KILL"]
        if as_user:
            command += [f"--reuid={as_user}", f"--regid={as_user}", "--init-groups"]
        if group is not None:
            command += [f"--regid={group}", "--keep-groups"]
        with log.open("ab") as output:
            # Its own session: Ctrl-C in the terminal reaches us first, and we end it in order.
            self._process = subprocess.Popen(
                [*command, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=None if environment is None else dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id (setpriv replaces itself by the program)."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float = 120) -> None:
        """Call ``ready`` until it is true; an exception of it means "not yet".

        Raises ProcessFailed when the process ends first or ``timeout`` seconds pass.
        """

        def attempt() -> bool:
            if not self.running:
                raise ProcessFailed(f"{self.name} ended with code {self._process.returncode}:\n{self.log_tail()}")
            return ready()

        try:
            tenacity.Retrying(
                stop=tenacity.stop_after_delay(timeout),
                wait=tenacity.wait_fixed(0.1),
                retry=tenacity.retry_if_not_exception_type(ProcessFailed)
                & (tenacity.retry_if_exception_type(Exception) | tenacity.retry_if_result(lambda done: not done)),
            )(attempt)
        except tenacity.RetryError as error:
            last = error.last_attempt.exception() if error.last_attempt.failed else "no exception"
            raise ProcessFailed(
                f"{self.name}: {what} not reached in {timeout:g} s (last: {last}):\n{self.log_tail()}"
            ) from error

    def stop(self, timeout: float = 20) -> None:
        """End the process: its stop signal first, SIGKILL after ``timeout`` seconds."""
        try:
            if self.running:
                self._process.send_signal(self._stop_signal)
                self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Also when a second Ctrl-C cuts the wait short. Does nothing to a process that has ended.
            self._process.kill()
            self._process.wait()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
