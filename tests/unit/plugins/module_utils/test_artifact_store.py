# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One artifact is made once, by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import hashlib

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import artifact_archive, artifact_store
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import ArtifactError, Component, Target
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_store import Archive

ROW = {
    "module": "example.org/tool",
    "packages": {"tool": "."},
    "archive_binaries": {"tool": "tool"},
    "archive_format": "binary",
    "archive_url": "https://example.org/tool",
    "checksums_url": "https://example.org/checksums.txt",
}
TARGET = Target(Component.from_row("tool", ROW), "1.0", "amd64")


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "tool").write_bytes(b"tool")
    return Archive(directory=str(tmp_path), sha256=hashlib.sha256(b"tool").hexdigest())


def test_made_once(tmp_path, archive):
    cache = str(tmp_path / "cache")
    assert artifact_store.find(cache, TARGET, archive) is None
    artifact, made = artifact_store.ensure(cache, TARGET, archive, lambda _line: None, 60)
    assert made
    assert artifact_store.find(cache, TARGET, archive) == artifact
    assert artifact_store.ensure(cache, TARGET, archive, lambda _line: None, 60) == (artifact, False)


def test_leftovers_of_a_killed_run_go(tmp_path, archive):
    cache = tmp_path / "cache"
    key = artifact_archive.key(TARGET, artifact_archive.resolve(str(cache), TARGET, *archive))
    (cache / "tmp" / ("%s-%s.killed" % (TARGET.label, key)) / "deep").mkdir(parents=True)
    (cache / "tmp" / "somebody-else").mkdir()
    artifact_store.ensure(str(cache), TARGET, archive, lambda _line: None, 60)
    assert [path.name for path in (cache / "tmp").iterdir()] == ["somebody-else"]


def test_waiting_for_another_process_has_an_end(tmp_path, archive):
    key = artifact_archive.key(TARGET, artifact_archive.resolve(str(tmp_path), TARGET, *archive))
    lock = tmp_path / "cache" / "locks" / ("%s-%s" % (TARGET.label, key))
    lock.parent.mkdir(parents=True)
    with open(lock, "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ArtifactError, match="another process has been making it"):
            artifact_store.ensure(str(tmp_path / "cache"), TARGET, archive, lambda _line: None, 0.3)
    assert artifact_store.ensure(str(tmp_path / "cache"), TARGET, archive, lambda _line: None, 60)[1]


def test_full_disk_is_said_in_one_sentence(tmp_path, archive, monkeypatch):
    def full(*_words):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(artifact_store.artifact_pack, "pack", full)
    with pytest.raises(ArtifactError, match="no space left under"):
        artifact_store.ensure(str(tmp_path / "cache"), TARGET, archive, lambda _line: None, 60)
    assert not list((tmp_path / "cache" / "tmp").iterdir())
