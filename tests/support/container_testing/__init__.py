# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's command line and the collection's playbooks, for tests of images and of the compose export."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
COMPONENTS = ["server", "ui", "worker", "postgres"]
RECAP = re.compile(r"^\S+\s+: ok=\d+\s+changed=(\d+)", re.MULTILINE)


def run(*command, check=True, timeout=1800, **more):
    """Run a command, with its output in what pytest shows when it fails."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=timeout, **more
    )
    if check:
        assert done.returncode == 0, f"{command}\n{(done.stdout + done.stderr)[-4000:]}"
    return done


def docker(*arguments, **more):
    """Run docker and return what it prints."""
    return run("docker", *arguments, **more).stdout.strip()


def inspect(name):
    """Return what docker says of one image or container."""
    return json.loads(docker("inspect", name))[0]


def wait_for(what, seconds=60):
    """Wait until ``what()`` is true."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.5)
    return answer


def playbook(name, *options, variables, **more):
    """Run a playbook of the collection with ``variables`` and return what it prints."""
    done = run(
        "ansible-playbook",
        REPOSITORY / "playbooks" / f"{name}.yml",
        "--extra-vars",
        json.dumps(variables),
        *options,
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"},
        **more,
    )
    return done.stdout + done.stderr


def changed(output):
    """Return how many tasks of a run changed something, on all hosts together."""
    return sum(int(number) for number in RECAP.findall(output))
