# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module orchestrator_config, run by ansible-playbook on real files."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from module_testing import Outcome, play

BEFORE = """\
# mine
kind: NodeConfig
spec:
  tokens: [token-of-another]   # secret-in-a-comment
  temporal:
    worker_secret: hush-hush
    address: 'old:7233'
"""
AFTER = BEFORE.replace("'old:7233'", "'new:7233'") + "    task_queue: q1\n"
WANTED = {"address": "new:7233", "task_queue": "q1"}
SECRETS = ("token-of-another", "secret-in-a-comment", "hush-hush")


def task(**options: Any) -> dict[str, Any]:
    return {"aegis.temporal.orchestrator_config": options, "ignore_errors": True}


def outcomes(directory: Path, *tasks: dict[str, Any], arguments: Sequence[str] = ("--diff",)) -> list[Outcome]:
    done = play(directory, tasks, arguments=arguments)
    assert len(done.tasks) == len(tasks), done.output
    assert not [secret for secret in SECRETS if secret in done.output]
    return list(done.tasks)


def place(path: Path) -> tuple[int, int, bytes]:
    """What a write would change even if the content stayed."""
    return path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc/aegis-config.yaml"
    path.write_text(BEFORE)
    path.chmod(0o640)
    return path


def test_check_mode_foretells_the_change_that_is_then_made_once(tmp_path: Path, file: Path) -> None:
    before = place(file)
    predicted = outcomes(tmp_path, task(path=str(file), **WANTED), arguments=("--diff", "--check"))[0]
    assert place(file) == before
    changed = outcomes(tmp_path, task(path=str(file), **WANTED))[0]
    assert file.read_text() == AFTER
    for key in ("changed", "location", "before", "after", "changed_keys", "diff"):
        assert changed[key] == predicted[key], key
    assert changed["changed_keys"] == ["address", "task_queue"]
    assert changed["location"] == "spec.temporal"
    assert "address: 'old:7233'" in changed["diff"]["before"]
    assert "task_queue: q1" in changed["diff"]["after"]

    after = place(file)
    again = outcomes(tmp_path, task(path=str(file), **WANTED))[0]
    assert not again.changed
    assert again["diff"]["before"] == again["diff"]["after"]
    assert place(file) == after
    assert sorted(os.listdir(file.parent)) == [file.name]


def test_no_secret_is_shown_however_much_is_asked_for(tmp_path: Path, file: Path) -> None:
    outcomes(tmp_path, task(path=str(file), **WANTED), arguments=["--check"])
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", "--diff", "-vvvvv", str(tmp_path / "play.yml")],
        env={**os.environ, "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert file.read_text() == AFTER
    for secret in SECRETS:
        for form in (secret, base64.b64encode(secret.encode()).decode()[:8]):
            assert form not in done.stdout + done.stderr


def test_link_mode_and_owner_stay_and_a_copy_is_kept(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    owner = (file.stat().st_uid, file.stat().st_gid)
    done = outcomes(tmp_path, task(path=str(link), backup=True, **WANTED))[0]
    assert done.changed, done.message
    assert link.is_symlink()
    assert file.read_text() == AFTER
    assert file.stat().st_mode & 0o7777 == 0o640
    assert (file.stat().st_uid, file.stat().st_gid) == owner
    assert Path(done["backup_file"]).read_text() == BEFORE


def test_a_new_file_is_made_only_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    wanted = {"path": str(path), "address": "env:TEMPORAL_ADDRESS"}
    refused, foretold = outcomes(tmp_path, task(**wanted), task(create=True, **wanted), arguments=["--check"])
    assert "there is no such file" in refused.message
    assert foretold.changed
    assert not path.exists()
    refused, created, nowhere = outcomes(
        tmp_path,
        task(**wanted),
        task(create=True, **wanted),
        task(path=str(tmp_path / "a/b"), create=True, address="a:1"),
    )
    assert refused.failed
    assert created.changed
    assert path.read_text() == "temporal:\n  address: env:TEMPORAL_ADDRESS\n"
    assert "the directory %s does not exist" % (tmp_path / "a") in nowhere.message


def test_what_is_refused_leaves_the_file_as_it_is(tmp_path: Path, file: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"a: \xff\n")
    two = tmp_path / "two.yaml"
    two.write_text("a: 1\n---\nb: 1\n")
    before = place(file)
    failed = outcomes(
        tmp_path,
        task(path=str(file), address="nowhere", namespace="env:NAMESPACE"),
        task(path=str(file)),
        task(path=str(file), address="a:1", nameespace="x"),
        task(path=str(file), validate="/bin/false %s", **WANTED),
        task(path=str(file), validate="/bin/true", **WANTED),
        task(path=str(file.parent), **WANTED),
        task(path=str(bad), **WANTED),
        task(path=str(two), **WANTED),
    )
    assert all(outcome.failed for outcome in failed)
    texts = [outcome.message for outcome in failed]
    assert "address is 'nowhere': not host:port. Give" in texts[0]
    assert "namespace is 'env:NAMESPACE'" in texts[0]
    assert "one of the following is required: address, namespace, task_queue, worker_http_endpoint" in texts[1]
    assert "Unsupported parameters" in texts[2]
    assert "failed to validate" in texts[3]
    assert "validate is '/bin/true': it has no %s" in texts[4]
    assert "this is no file" in texts[5]
    assert "it is not UTF-8 (byte 3)" in texts[6]
    assert "more than one document" in texts[7]
    assert place(file) == before
