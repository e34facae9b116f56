# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tarballs are reproducible, and a damaged one does not count as there."""

from __future__ import annotations

import io
import json
import os
import pathlib
import tarfile

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import artifact_pack
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import (
    Artifact,
    ArtifactError,
    Component,
    Target,
    architecture,
    content_key,
    default_cache,
    file_sha256,
)

ROW = {
    "module": "example.org/tool",
    "packages": {"tool": "."},
    "archive_binaries": {"tool": "tool"},
    "archive_format": "tar.gz",
    "archive_url": "https://example.org/v{version}/tool_{version}_{arch}.tar.gz",
    "checksums_url": "https://example.org/v{version}/checksums.txt",
}
TARGET = Target(Component.from_row("tool", ROW), "1.0", "amd64")


@pytest.fixture
def binary(tmp_path):
    path = tmp_path / "built" / "tool"
    path.parent.mkdir()
    path.write_bytes(b"\x7fELF something")
    return str(path)


def pack(cache, binary):
    return artifact_pack.pack(str(cache), TARGET, "key", {"tool": binary}, {"go": "1"}, {"method": "source"})


def test_same_binaries_give_the_same_bytes(tmp_path, binary):
    first = pack(tmp_path / "one", binary)
    os.utime(binary, (1, 1))
    os.chmod(binary, 0o600)
    second = pack(tmp_path / "two", binary)
    assert pathlib.Path(first.path).read_bytes() == pathlib.Path(second.path).read_bytes()
    assert first.sha256 == file_sha256(second.path)


def test_sidecar_says_what_is_inside(tmp_path, binary):
    made = pack(tmp_path, binary)
    sidecar = json.loads(pathlib.Path(artifact_pack.sidecar_path(made.path)).read_text())
    assert sidecar["files"] == {"bin/tool": {"sha256": file_sha256(binary), "size": 14}}
    assert (sidecar["sha256"], sidecar["built_with"], sidecar["source"]) == (
        file_sha256(made.path),
        {"go": "1"},
        {"method": "source"},
    )
    with tarfile.open(made.path) as tar:
        assert [(entry.name, entry.mode, entry.uid, entry.mtime) for entry in tar] == [
            ("bin", 0o755, 0, 0),
            ("bin/tool", 0o755, 0, 0),
        ]


def test_damaged_or_incomplete_artifacts_are_not_found(tmp_path, binary):
    assert artifact_pack.find(str(tmp_path), TARGET, "key") is None
    made = pack(tmp_path, binary)
    assert artifact_pack.find(str(tmp_path), TARGET, "key") == made
    with open(made.path, "ab") as stream:
        stream.write(b"x")
    assert artifact_pack.find(str(tmp_path), TARGET, "key") is None
    os.unlink(artifact_pack.sidecar_path(made.path))
    assert artifact_pack.find(str(tmp_path), TARGET, "key") is None


def test_unpacking_has_a_stable_place_and_repairs_itself(tmp_path, binary):
    made = pack(tmp_path, binary)
    place = pathlib.Path(artifact_pack.unpack(str(tmp_path), TARGET, made))
    assert place == tmp_path / "artifacts" / "unpacked" / "tool-1.0-linux-amd64"
    tool = place / "bin" / "tool"
    tool.write_bytes(b"broken")
    artifact_pack.unpack(str(tmp_path), TARGET, made)
    assert tool.read_bytes() == b"\x7fELF something"
    assert os.access(tool, os.X_OK)


@pytest.mark.parametrize("name", ["../outside", "/outside", "bin/../../outside"])
def test_paths_that_leave_are_refused(tmp_path, name):
    path = tmp_path / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    evil = Artifact(str(path), "", {"files": {"bin/tool": {"sha256": ""}}})
    with pytest.raises(ArtifactError, match="neither a plain file nor a directory"):
        artifact_pack.unpack(str(tmp_path / "cache"), TARGET, evil)
    assert not (tmp_path / "outside").exists()


def test_architectures_are_translated_or_refused():
    assert (architecture("x86_64"), architecture("aarch64")) == ("amd64", "arm64")
    with pytest.raises(ArtifactError, match="'riscv64'"):
        architecture("riscv64")


def test_cache_follows_the_environment(monkeypatch):
    monkeypatch.setenv("AEGIS_TEMPORAL_CACHE", "/one")
    assert default_cache() == "/one"
    monkeypatch.delenv("AEGIS_TEMPORAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/two")
    assert default_cache() == "/two/aegis-temporal"


def test_key_changes_with_every_part():
    assert content_key("a", {"b": 1}) == content_key("a", {"b": 1})
    assert content_key("a", {"b": 1}) != content_key("a", {"b": 2})


def test_a_row_without_a_key_is_named():
    with pytest.raises(ArtifactError, match="tool has no archive_url"):
        Component.from_row("tool", {key: value for key, value in ROW.items() if key != "archive_url"})
