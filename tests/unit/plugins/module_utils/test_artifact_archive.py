# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives come from a mirror on loopback in upstream's layout, and nothing unverified is unpacked."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import tarfile
import threading

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import artifact_archive, artifact_store
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import ArtifactError, Component, Target
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_store import Archive

ARCHIVE = "tool_1.0_linux_amd64.tar.gz"


def target(**changes):
    row = {
        "module": "example.org/tool",
        "packages": {"our-tool": "."},
        "archive_binaries": {"our-tool": "tool"},
        "archive_format": "tar.gz",
        "archive_url": "https://example.org/v{version}/tool_{version}_linux_{arch}.tar.gz",
        "checksums_url": "https://example.org/v{version}/tool_{version}_checksums.txt",
        **changes,
    }
    return Target(Component.from_row("tool", row), "1.0", "amd64")


def write_archive(directory, name="tool", content=b"the tool"):
    directory.mkdir(parents=True, exist_ok=True)
    with tarfile.open(directory / ARCHIVE, "w:gz") as tar:
        for path, data in (("README", b"x"), ("inner/" + name, content)):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return hashlib.sha256((directory / ARCHIVE).read_bytes()).hexdigest()


@pytest.fixture
def mirror(tmp_path):
    """A web server for <tmp_path>/mirror; yields (URL template, directory of version 1.0, requested paths)."""
    seen = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_words):
            seen.append(self.path)

    root = tmp_path / "mirror"
    root.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = "http://127.0.0.1:%d/v{version}/tool_{version}_linux_{arch}.tar.gz" % server.server_port
    yield url, root / "v1.0", seen
    server.shutdown()
    server.server_close()
    thread.join()


def ensure(tmp_path, archive, wanted=None):
    log = []
    return artifact_store.ensure(str(tmp_path / "cache"), wanted or target(), archive, log.append, 60)


def content(artifact):
    with tarfile.open(artifact.path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}


def test_mirror_with_upstreams_checksum_file(tmp_path, mirror):
    url, directory, seen = mirror
    sha256 = write_archive(directory)
    (directory / "tool_1.0_checksums.txt").write_text("%s  other.tar.gz\n%s  %s\n" % ("0" * 64, sha256, ARCHIVE))
    artifact, made = ensure(tmp_path, Archive(url=url))
    assert made
    assert content(artifact) == {"bin/our-tool": b"the tool"}
    assert artifact.sidecar["source"] == {
        "method": "archive",
        "location": url.format(version="1.0", arch="amd64"),
        "sha256": sha256,
    }
    seen.clear()
    assert ensure(tmp_path, Archive(url=url)) == (artifact, False)
    assert seen == [], "a run that changes nothing needs no network"


def test_given_hash_needs_no_checksum_file(tmp_path, mirror):
    url, directory, _seen = mirror
    sha256 = write_archive(directory)
    artifact, _made = ensure(tmp_path, Archive(url=url, sha256=sha256.upper()))
    assert content(artifact) == {"bin/our-tool": b"the tool"}


def test_without_any_hash_nothing_is_downloaded(tmp_path, mirror):
    url, directory, seen = mirror
    write_archive(directory)
    with pytest.raises(ArtifactError, match="cannot be verified"):
        ensure(tmp_path, Archive(url=url))
    (directory / "tool_1.0_checksums.txt").write_text("%s  other.tar.gz\n" % ("0" * 64))
    with pytest.raises(ArtifactError, match="has no line for tool_1"):
        ensure(tmp_path, Archive(url=url))
    assert not [path for path in seen if path.endswith(".tar.gz")]


def test_wrong_hash_is_refused_and_read_anew_next_time(tmp_path, mirror):
    url, directory, _seen = mirror
    sha256 = write_archive(directory)
    checksums = directory / "tool_1.0_checksums.txt"
    checksums.write_text("%s  %s\n" % ("a" * 64, ARCHIVE))
    with pytest.raises(ArtifactError, match="It was not unpacked"):
        ensure(tmp_path, Archive(url=url))
    assert not list((tmp_path / "cache").glob("artifacts/*"))
    checksums.write_text("%s  %s\n" % (sha256, ARCHIVE))
    assert ensure(tmp_path, Archive(url=url))[1]


@pytest.mark.parametrize("name", [ARCHIVE + ".sha256", "tool_1.0_checksums.txt"])
def test_directory_of_archives(tmp_path, name):
    sha256 = write_archive(tmp_path / "archives")
    (tmp_path / "archives" / name).write_text(
        sha256 + "\n" if name.endswith(".sha256") else "%s *%s\n" % (sha256, ARCHIVE)
    )
    artifact, _made = ensure(tmp_path, Archive(directory=str(tmp_path / "archives")))
    assert content(artifact) == {"bin/our-tool": b"the tool"}


def test_directory_without_hash_or_file(tmp_path):
    with pytest.raises(ArtifactError, match="there is no file"):
        ensure(tmp_path, Archive(directory=str(tmp_path)))
    write_archive(tmp_path / "archives")
    with pytest.raises(ArtifactError, match="Give it by variable"):
        ensure(tmp_path, Archive(directory=str(tmp_path / "archives")))


def test_changed_local_archive_is_refused(tmp_path):
    write_archive(tmp_path / "archives")
    with pytest.raises(ArtifactError, match="It was not unpacked"):
        ensure(tmp_path, Archive(directory=str(tmp_path / "archives"), sha256="b" * 64))
    assert not list((tmp_path / "cache" / "tmp").iterdir())


def test_bare_binary(tmp_path):
    (tmp_path / "tool-linux-amd64").write_bytes(b"bare")
    wanted = target(archive_format="binary", archive_url="https://example.org/tool-linux-{arch}")
    artifact, _made = ensure(
        tmp_path, Archive(directory=str(tmp_path), sha256=hashlib.sha256(b"bare").hexdigest()), wanted
    )
    assert content(artifact) == {"bin/our-tool": b"bare"}


def test_archive_without_the_binary(tmp_path):
    sha256 = write_archive(tmp_path / "archives", name="another")
    with pytest.raises(ArtifactError, match="does not contain tool"):
        ensure(tmp_path, Archive(directory=str(tmp_path / "archives"), sha256=sha256))


def test_no_archive_at_all(tmp_path):
    (tmp_path / ARCHIVE).write_bytes(b"<html>not found</html>")
    sha256 = hashlib.sha256((tmp_path / ARCHIVE).read_bytes()).hexdigest()
    with pytest.raises(ArtifactError, match="is no tar archive"):
        ensure(tmp_path, Archive(directory=str(tmp_path), sha256=sha256))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (Archive(url="ftp://example.org/x"), "http, https or file is needed"),
        (Archive(url="http://127.0.0.1:9/x", sha256="123"), "64 hexadecimal digits"),
        (Archive(url="http://127.0.0.1:9/x.tar.gz", sha256="c" * 64), "cannot download"),
    ],
)
def test_useless_wishes_are_named(tmp_path, archive, message):
    with pytest.raises(ArtifactError, match=message):
        ensure(tmp_path, archive)


def test_another_hash_is_another_artifact():
    first = artifact_archive.key(target(), artifact_archive.Origin("x", "a" * 64))
    assert first != artifact_archive.key(target(), artifact_archive.Origin("x", "b" * 64))
