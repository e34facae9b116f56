# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reproducible tarballs, their sidecars, and unpacking them again."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tarfile
import tempfile
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import (
    Artifact,
    ArtifactError,
    Target,
    artifact_path,
    file_sha256,
    unpacked_path,
)


def sidecar_path(tarball: str) -> str:
    """Return the path of the JSON file that belongs to ``tarball``."""
    return tarball[: -len(".tar.gz")] + ".json"


def pack(
    cache: str,
    target: Target,
    key: str,
    binaries: t.Mapping[str, str],
    built_with: t.Mapping[str, t.Any] | None,
    source: t.Mapping[str, t.Any],
) -> Artifact:
    """Write the tarball and its sidecar.

    ``binaries`` maps the name in ``bin/`` to the file to take. Both files appear under their final name only when
    complete, the sidecar last. The same binaries give the same bytes: sorted, owned by root, time 0.
    """
    path = artifact_path(cache, target, key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".artifact-")
    try:
        with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as zipped:
            _write(t.cast("t.IO[bytes]", zipped), binaries)
        sidecar = {
            "component": target.component.name,
            "version": target.version,
            "arch": target.arch,
            "sha256": file_sha256(draft),
            "size": os.path.getsize(draft),
            "files": {
                "bin/" + name: {"sha256": file_sha256(origin), "size": os.path.getsize(origin)}
                for name, origin in sorted(binaries.items())
            },
            "built_with": built_with,
            "source": source,
        }
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
    _write_json(sidecar_path(path), sidecar)
    return Artifact(path, str(sidecar["sha256"]), sidecar)


def _write(stream: t.IO[bytes], binaries: t.Mapping[str, str]) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, "bin", None)
        for name in sorted(binaries):
            _add(tar, "bin/" + name, binaries[name])


def _add(tar: tarfile.TarFile, name: str, origin: str | None) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755
    if origin is None:
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
        return
    entry.size = os.path.getsize(origin)
    with open(origin, "rb") as stream:
        tar.addfile(entry, stream)


def _write_json(path: str, value: t.Mapping[str, t.Any]) -> None:
    draft = "%s.%d" % (path, os.getpid())
    with open(draft, "w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=2, sort_keys=True)
        stream.write("\n")
    os.replace(draft, path)


def find(cache: str, target: Target, key: str) -> Artifact | None:
    """Return the finished artifact, or None if it is absent, incomplete or damaged."""
    path = artifact_path(cache, target, key)
    try:
        with open(sidecar_path(path), encoding="utf-8") as stream:
            sidecar = json.load(stream)
        intact = sidecar["sha256"] == file_sha256(path)
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return Artifact(path, sidecar["sha256"], sidecar) if intact else None


def unpack(cache: str, target: Target, artifact: Artifact) -> str:
    """Unpack ``artifact`` beside the others and return the stable directory that holds its ``bin/``."""
    link = unpacked_path(cache, target)
    name = os.path.basename(artifact.path)[: -len(".tar.gz")]
    directory = os.path.join(os.path.dirname(link), name)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not _unpacked_intact(directory, artifact):
        draft = tempfile.mkdtemp(dir=os.path.dirname(link), prefix=".unpack-")
        try:
            with tarfile.open(artifact.path) as tar:
                for entry in tar:
                    _extract(tar, entry, draft)
            os.chmod(draft, 0o755)
            if os.path.lexists(directory):
                shutil.rmtree(directory)
            os.rename(draft, directory)
        finally:
            if os.path.isdir(draft):
                shutil.rmtree(draft)
    if not os.path.islink(link) or os.readlink(link) != name:
        fresh = "%s.%d" % (link, os.getpid())
        os.symlink(name, fresh)
        os.replace(fresh, link)
    return link


def _unpacked_intact(directory: str, artifact: Artifact) -> bool:
    for name, facts in artifact.sidecar["files"].items():
        path = os.path.join(directory, name)
        if not os.path.isfile(path) or file_sha256(path) != facts["sha256"]:
            return False
    return True


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, root: str) -> None:
    path = os.path.join(root, entry.name)
    if os.path.isabs(entry.name) or ".." in entry.name.split("/") or not (entry.isfile() or entry.isdir()):
        raise ArtifactError("%s in the artifact is neither a plain file nor a directory inside it" % entry.name)
    if entry.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    stream = tar.extractfile(entry)
    if stream is None:
        raise ArtifactError("%s in the artifact cannot be read" % entry.name)
    with stream, open(path, "wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    os.chmod(path, entry.mode & 0o755)
