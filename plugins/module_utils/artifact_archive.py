# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the binaries of a component from upstream's release archive, verified before anything is unpacked."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import tarfile
import tempfile
import time
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import open_url
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import (
    ArtifactError,
    Progress,
    Target,
    content_key,
    file_sha256,
)
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_process import HEARTBEAT

# Seconds that the other side may stay silent.
SILENCE = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Origin(t.NamedTuple):
    """Where an archive comes from and what it must hash to."""

    location: str
    """URL, or the path of a local file."""
    sha256: str


def resolve(cache: str, target: Target, url: str, directory: str, sha256: str) -> Origin:
    """Find the archive and its expected sha256 without fetching the archive.

    ``url`` is a template that replaces upstream's (a mirror); ``directory`` a local directory of archives, which
    wins over the URL; ``sha256`` the user's value, which wins over any checksum file. Without it the hash is read
    from upstream's checksum file, which must lie beside the archive (in a directory, ``<archive>.sha256`` is
    accepted too). Raises ArtifactError when no hash can be had.
    """
    template = url or target.component.archive_url
    location = template.format(version=target.version, arch=target.arch)
    checksums = os.path.basename(target.component.checksums_url.format(version=target.version, arch=target.arch))
    name = os.path.basename(urllib.parse.urlparse(location).path)
    if directory:
        path = os.path.join(os.path.abspath(os.path.expanduser(directory)), name)
        if not os.path.isfile(path):
            raise ArtifactError("%s: there is no file %s" % (target.label, path))
        return Origin(path, _valid(sha256) if sha256 else _from_directory(path, checksums, target))
    if urllib.parse.urlparse(location).scheme not in ("http", "https", "file"):
        raise ArtifactError("%s: the archive's URL is %r: http, https or file is needed" % (target.label, location))
    if sha256:
        return Origin(location, _valid(sha256))
    remote = urllib.parse.urljoin(location, checksums)
    return Origin(location, _from_remote(cache, remote, name, target))


def key(target: Target, origin: Origin) -> str:
    """Return the content key of the artifact that is made from ``origin``."""
    return content_key("archive", dict(target.component.archive_binaries), target.arch, origin.sha256)


def extract(
    cache: str, target: Target, origin: Origin, directory: str, progress: Progress, timeout: float
) -> tuple[dict[str, str], dict[str, t.Any]]:
    """Fetch and verify the archive, put its binaries into ``directory``; return their paths and the source."""
    archive = origin.location
    if not os.path.isabs(archive):
        archive = _download(cache, target, origin, progress, timeout)
    found = file_sha256(archive)
    if found != origin.sha256:
        raise ArtifactError(
            "%s: the sha256 of %s is %s, but %s was expected. It was not unpacked. Either the file is damaged or "
            "changed, or the expected value belongs to another file." % (target.label, archive, found, origin.sha256)
        )
    progress("%s: sha256 of %s is as expected" % (target.label, os.path.basename(origin.location)))
    binaries = {name: os.path.join(directory, name) for name in target.component.archive_binaries}
    if target.component.archive_format == "binary":
        shutil.copyfile(archive, next(iter(binaries.values())))
    else:
        _take(archive, target, binaries)
    return binaries, {"method": "archive", "location": origin.location, "sha256": origin.sha256}


def _take(archive: str, target: Target, binaries: t.Mapping[str, str]) -> None:
    wanted = {inside: binaries[name] for name, inside in target.component.archive_binaries.items()}
    try:
        with tarfile.open(archive) as tar:
            for entry in tar:
                path = wanted.get(os.path.basename(entry.name))
                stream = tar.extractfile(entry) if path and entry.isfile() else None
                if path and stream:
                    with stream, open(path, "wb") as out:
                        shutil.copyfileobj(stream, out, 1 << 20)
                    del wanted[os.path.basename(entry.name)]
    except tarfile.TarError as error:
        raise ArtifactError("%s: %s is no tar archive: %s" % (target.label, archive, error)) from error
    if wanted:
        raise ArtifactError("%s: %s does not contain %s" % (target.label, archive, ", ".join(sorted(wanted))))


def _download(cache: str, target: Target, origin: Origin, progress: Progress, timeout: float) -> str:
    home = os.path.join(cache, "downloads", origin.sha256)
    path = os.path.join(home, os.path.basename(urllib.parse.urlparse(origin.location).path))
    if os.path.isfile(path) and file_sha256(path) == origin.sha256:
        return path
    os.makedirs(home, exist_ok=True)
    progress("%s: downloading %s" % (target.label, origin.location))
    descriptor, draft = tempfile.mkstemp(dir=home)
    try:
        with os.fdopen(descriptor, "wb") as out:
            _fetch(origin.location, out, target.label, progress, timeout)
        if file_sha256(draft) == origin.sha256:
            os.replace(draft, path)
            return path
        raise ArtifactError(
            "%s: the sha256 of what %s sent is %s, but %s was expected. It was not unpacked."
            % (target.label, origin.location, file_sha256(draft), origin.sha256)
        )
    finally:
        if os.path.exists(draft):
            os.unlink(draft)


def _fetch(url: str, out: t.IO[bytes], label: str, progress: Progress, timeout: float) -> None:
    started = spoken = time.monotonic()
    size = 0
    try:
        with open_url(url, timeout=SILENCE) as answer:
            for block in iter(lambda: answer.read(1 << 18), b""):
                out.write(block)
                size += len(block)
                now = time.monotonic()
                if now - started > timeout:
                    raise ArtifactError("%s: %s was not downloaded within %d s" % (label, url, timeout))
                if now - spoken >= HEARTBEAT:
                    progress("%s: %d s, %.1f MiB" % (label, now - started, size / 1048576))
                    spoken = now
    except (TimeoutError, urllib.error.URLError, ConnectionError, http.client.HTTPException) as error:
        raise ArtifactError("%s: cannot download %s: %s" % (label, url, error)) from error


def _valid(sha256: str) -> str:
    value = sha256.strip().lower()
    if not _SHA256.fullmatch(value):
        raise ArtifactError("the archive's sha256 is %r: 64 hexadecimal digits are needed" % sha256)
    return value


def _search(text: str, name: str) -> str | None:
    """Return the hash of ``name`` in a checksum file (``<hash>  <name>`` by line, or one bare hash)."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    for words in lines:
        if _SHA256.fullmatch(words[0].lower()) and len(words) > 1 and words[-1].lstrip("*") == name:
            return words[0].lower()
    if len(lines) == 1 and len(lines[0]) == 1 and _SHA256.fullmatch(lines[0][0].lower()):
        return lines[0][0].lower()
    return None


def _from_directory(path: str, checksums: str, target: Target) -> str:
    for candidate in (path + ".sha256", os.path.join(os.path.dirname(path), checksums)):
        if os.path.isfile(candidate):
            with open(candidate, encoding="utf-8") as stream:
                found = _search(stream.read(), os.path.basename(path))
            if found:
                return found
    raise ArtifactError(
        "%s: no sha256 for %s. Give it by variable, or put %s.sha256 or upstream's %s beside it."
        % (target.label, path, os.path.basename(path), checksums)
    )


def _from_remote(cache: str, url: str, name: str, target: Target) -> str:
    """Read the hash from a checksum file, once: what a version hashes to does not change afterwards."""
    note = os.path.join(cache, "downloads", "checksums-%s" % content_key(url, name))
    if os.path.isfile(note):
        with open(note, encoding="utf-8") as stream:
            known = _search(stream.read(), name)
        if known:
            return known
    os.makedirs(os.path.dirname(note), exist_ok=True)
    with tempfile.TemporaryFile(dir=os.path.dirname(note)) as out:
        try:
            _fetch(url, out, target.label, _silent, SILENCE)
        except ArtifactError as error:
            raise ArtifactError(
                "%s. Without it the archive cannot be verified. Is the version right? Else give the archive's sha256 "
                "by variable." % error
            ) from error
        out.seek(0)
        found = _search(out.read().decode("utf-8", "replace"), name)
    if not found:
        raise ArtifactError(
            "%s: %s has no line for %s, so the archive could not be verified. Give its sha256 by variable."
            % (target.label, url, name)
        )
    draft = "%s.%d" % (note, os.getpid())
    with open(draft, "w", encoding="utf-8") as stream:
        stream.write("%s  %s\n" % (found, name))
    os.replace(draft, note)
    return found


def _silent(_line: str) -> None:
    """Take the progress of a download of a few lines."""


def forget_checksum(cache: str, target: Target, url: str) -> None:
    """Drop the remembered hash of a remote checksum file, so that the next run reads it anew."""
    location = (url or target.component.archive_url).format(version=target.version, arch=target.arch)
    checksums = os.path.basename(target.component.checksums_url.format(version=target.version, arch=target.arch))
    name = os.path.basename(urllib.parse.urlparse(location).path)
    note = os.path.join(
        cache, "downloads", "checksums-%s" % content_key(urllib.parse.urljoin(location, checksums), name)
    )
    if os.path.exists(note):
        os.unlink(note)
