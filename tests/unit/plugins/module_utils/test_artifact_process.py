# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long commands keep saying what they do, and end when their time is up."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import artifact_process
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import ArtifactError


def run(script, progress=lambda _line: None, timeout=60, **options):
    return artifact_process.run(["sh", "-c", script], "label", progress, timeout, **options)


def test_output_environment_and_directory(tmp_path):
    out = run(
        "echo $WORD; pwd; echo noise >&2",
        environment={"WORD": "hello", "PATH": os.environ["PATH"]},
        directory=str(tmp_path),
    )
    assert out == "hello\n%s\n" % tmp_path


def test_a_silent_command_is_spoken_for(monkeypatch):
    monkeypatch.setattr(artifact_process, "HEARTBEAT", 0.05)
    lines = []
    run("echo example.org/package >&2; sleep 0.5", lines.append, describe=lambda line: "compiling " + line)
    assert lines
    assert "label" in lines[-1]
    assert "compiling example.org/package" in lines[-1]


def test_failure_shows_the_last_lines():
    with pytest.raises(ArtifactError) as error:
        run("echo the reason >&2; exit 3")
    assert "ended with code 3" in str(error.value)
    assert "the reason" in str(error.value)


def test_deadline_kills_the_whole_group(monkeypatch, tmp_path):
    monkeypatch.setattr(artifact_process, "HEARTBEAT", 0.05)
    with pytest.raises(ArtifactError, match="not finished after"):
        run("sleep 600 & echo $! > %s/child; wait" % tmp_path, timeout=0.3)
    child = int((tmp_path / "child").read_text())
    for _attempt in range(100):
        if not alive(child):
            return
        time.sleep(0.05)
    pytest.fail("the child of the killed command still runs")


def alive(process):
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        with open("/proc/%d/stat" % process) as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_missing_command():
    with pytest.raises(ArtifactError, match="cannot run /nowhere/go"):
        artifact_process.run(["/nowhere/go"], "label", lambda _line: None, 5)
