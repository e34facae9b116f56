# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds from source: the toolchain is pinned by hash, the module verified, the right command used.

pip and the hash check are real; the toolchain in the wheel is a small script that does what the builder relies on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import shutil
import tarfile
import zipfile

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import artifact_source, artifact_store
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import ArtifactError, Component, Target

GO = """#!/bin/sh
echo "$PWD: go $* GOARCH=$GOARCH GOSUMDB=$GOSUMDB GONOSUMDB=$GONOSUMDB GOFLAGS=$GOFLAGS CGO=$CGO_ENABLED" >>"$GO_CALLS"
case "$1 $2" in
"env GOSUMDB") echo "${GOSUMDB:-sum.golang.org}" ;;
"mod download")
    mkdir -p "$GOMODCACHE/module"
    printf '{"Version": "v1.0", "Sum": "h1:x", "GoMod": "go.mod", "Dir": "%s/module"}' "$GOMODCACHE" ;;
"mod edit") echo "$GO_MOD_EDIT" ;;
"install -v")
    bin=$GOPATH/bin/linux_$GOARCH
    mkdir -p "$bin"
    for name in server sql; do echo $name >"$bin/$name"; done ;;
"build -v") while [ "$1" != -o ]; do shift; done; echo "built $3" >"$2" ;;
*) echo "what is $*?" >&2; exit 2 ;;
esac
"""


def target(arch="arm64"):
    row = {
        "module": "example.org/server",
        "packages": {"the-server": "./cmd/server", "the-sql-tool": "./cmd/tools/sql"},
        "archive_binaries": {"x": "x"},
        "archive_format": "tar.gz",
        "archive_url": "https://example.org/x",
        "checksums_url": "https://example.org/y",
    }
    return Target(Component.from_row("server", row), "1.0", arch)


def write_wheel(path):
    files = {
        "go/bin/go": GO,
        "go/pkg/tool/compile": "#!/bin/sh\n",
        "fake_go-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: fake-go\nVersion: 9.9\n",
        "fake_go-9.9.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += "%s,sha256=%s,%d\n" % (name, digest, len(text))
        archive.writestr("fake_go-9.9.dist-info/RECORD", record + "fake_go-9.9.dist-info/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the toolchain once with pip; returns it, the directory of wheels and the cache."""
    root = tmp_path_factory.mktemp("toolchain")
    sha256 = write_wheel(root / "fake_go-9.9-py3-none-any.whl")
    go = artifact_source.Go("fake-go", "9.9", {platform.machine(): sha256})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(root))
        command = artifact_source.toolchain(str(root / "cache"), go, lambda _line: None, 120)
    assert command == str(root / "cache/go/toolchain/9.9/bin/go")
    return go, root


@pytest.fixture
def toolchain(tmp_path, monkeypatch, installed):
    """The toolchain in a cache of its own, and the file with the calls that it gets."""
    go, root = installed
    shutil.copytree(root / "cache", tmp_path / "cache")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(root))
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("GO_MOD_EDIT", "{}")
    monkeypatch.delenv("GOSUMDB", raising=False)
    return go, tmp_path / "calls"


def ensure(tmp_path, go, wanted=None):
    return artifact_store.ensure(str(tmp_path / "cache"), wanted or target(), go, lambda _line: None, 120)


def content(artifact):
    with tarfile.open(artifact.path) as tar:
        return {entry.name: tar.extractfile(entry).read().decode() for entry in tar if entry.isfile()}


def test_install_for_another_architecture(tmp_path, toolchain):
    go, calls = toolchain
    artifact, made = ensure(tmp_path, go)
    assert made
    assert content(artifact) == {"bin/the-server": "server\n", "bin/the-sql-tool": "sql\n"}
    assert artifact.sidecar["source"] == {
        "method": "source",
        "module": "example.org/server",
        "version": "v1.0",
        "sum": "h1:x",
    }
    assert artifact.sidecar["built_with"]["go"] == "9.9"
    install = [line for line in calls.read_text().splitlines() if "go install " in line]
    assert len(install) == 1
    assert "example.org/server/cmd/server@v1.0 example.org/server/cmd/tools/sql@v1.0" in install[0]
    assert "GOARCH=arm64 GOSUMDB= GONOSUMDB=none GOFLAGS=-modcacherw CGO=0" in install[0]
    calls.unlink()
    assert ensure(tmp_path, go) == (artifact, False)
    assert not calls.exists(), "what is there is not built again"


def test_module_with_replace_directives_is_built_inside_it(tmp_path, toolchain, monkeypatch):
    go, calls = toolchain
    monkeypatch.setenv("GO_MOD_EDIT", json.dumps({"Replace": [{}]}))
    artifact, _made = ensure(tmp_path, go)
    assert content(artifact) == {
        "bin/the-server": "built ./cmd/server\n",
        "bin/the-sql-tool": "built ./cmd/tools/sql\n",
    }
    builds = [line for line in calls.read_text().splitlines() if " build " in line]
    assert [line.split(":")[0] for line in builds] == [str(tmp_path / "cache/go/mod/module")] * 2


def test_toolchain_with_another_hash_is_refused(tmp_path, toolchain):
    go, calls = toolchain
    wrong = artifact_source.Go(go.distribution, go.version, {platform.machine(): "0" * 64})
    with pytest.raises(ArtifactError, match="DO NOT MATCH"):
        ensure(tmp_path, wrong)
    assert not calls.exists()
    marker = tmp_path / "cache/go/toolchain/9.9/.complete"
    assert marker.read_text().strip() == go.sha256[platform.machine()], "the verified one stays"


def test_toolchain_for_another_machine_is_named(tmp_path):
    go = artifact_source.Go("fake-go", "9.9", {"abacus": "0" * 64})
    with pytest.raises(ArtifactError, match="exists for abacus"):
        ensure(tmp_path, go)


def test_switched_off_checksum_database_is_refused(tmp_path, toolchain, monkeypatch):
    go, calls = toolchain
    monkeypatch.setenv("GOSUMDB", "off")
    with pytest.raises(ArtifactError, match="GOSUMDB is 'off'"):
        ensure(tmp_path, go)
    assert "download" not in calls.read_text()


def test_failed_build_leaves_nothing(tmp_path, toolchain, monkeypatch):
    go, _calls = toolchain
    monkeypatch.setenv("GO_MOD_EDIT", "no JSON at all")
    with pytest.raises(ArtifactError, match="did not answer in JSON"):
        ensure(tmp_path, go)
    assert not list((tmp_path / "cache" / "tmp").iterdir())
    assert not (tmp_path / "cache" / "artifacts").exists()


def test_key_depends_on_what_decides_the_content(toolchain):
    go, _calls = toolchain
    newer = artifact_source.Go(go.distribution, "9.10", go.sha256)
    keys = {
        artifact_source.key(target(), go),
        artifact_source.key(target(), newer),
        artifact_source.key(target("amd64"), go),
    }
    assert len(keys) == 3
