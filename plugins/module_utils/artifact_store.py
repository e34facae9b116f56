# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one entrance to making artifacts: skip what is there, make one at a time, leave nothing half done."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import (
    artifact_archive,
    artifact_pack,
    artifact_source,
)
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import (
    Artifact,
    ArtifactError,
    Progress,
    Target,
)
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_process import HEARTBEAT


class Archive(t.NamedTuple):
    """What the user said about upstream's archives; empty strings mean upstream's own."""

    url: str = ""
    directory: str = ""
    sha256: str = ""


def find(cache: str, target: Target, method: artifact_source.Go | Archive) -> Artifact | None:
    """Return the artifact if it is in the cache and intact, else None. May read a checksum file over the network.

    ``method`` is the toolchain to build from source with, or where to take upstream's binaries from.
    """
    return artifact_pack.find(cache, target, _key(cache, target, method))


def ensure(
    cache: str, target: Target, method: artifact_source.Go | Archive, progress: Progress, timeout: float
) -> tuple[Artifact, bool]:
    """Return the artifact, made if need be, and whether it was made.

    ``timeout`` (seconds) limits each wait: for another process that makes the same artifact, and for each command
    and download. Raises ArtifactError; an unfinished artifact never becomes visible.
    """
    try:
        key = _key(cache, target, method)
        with _lock(cache, "%s-%s" % (target.label, key), progress, timeout):
            found = artifact_pack.find(cache, target, key)
            if found:
                return found, False
            return _make(cache, target, method, key, progress, timeout), True
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ArtifactError(
                "%s: no space left under %s: free some and run again" % (target.label, cache)
            ) from error
        raise ArtifactError("%s: %s" % (target.label, error)) from error


def _key(cache: str, target: Target, method: artifact_source.Go | Archive) -> str:
    if isinstance(method, artifact_source.Go):
        return artifact_source.key(target, method)
    return artifact_archive.key(target, artifact_archive.resolve(cache, target, *method))


def _make(
    cache: str, target: Target, method: artifact_source.Go | Archive, key: str, progress: Progress, timeout: float
) -> Artifact:
    started = time.monotonic()
    work = os.path.join(cache, "tmp")
    os.makedirs(work, exist_ok=True)
    # The caller holds the lock of this artifact, so what lies here under its name is from a run that was killed.
    prefix = "%s-%s." % (target.label, key)
    for name in os.listdir(work):
        if name.startswith(prefix):
            shutil.rmtree(os.path.join(work, name))
    directory = tempfile.mkdtemp(dir=work, prefix=prefix)
    try:
        built_with: dict[str, t.Any] | None = None
        if isinstance(method, artifact_source.Go):
            binaries, built_with, source = artifact_source.build(cache, target, method, directory, progress, timeout)
        else:
            origin = artifact_archive.resolve(cache, target, *method)
            try:
                binaries, source = artifact_archive.extract(cache, target, origin, directory, progress, timeout)
            except ArtifactError:
                artifact_archive.forget_checksum(cache, target, method.url)
                raise
        progress("%s: packing" % target.label)
        artifact = artifact_pack.pack(cache, target, key, binaries, built_with, source)
    finally:
        shutil.rmtree(directory)
    progress("%s: made in %d s: %s" % (target.label, time.monotonic() - started, artifact.path))
    return artifact


@contextlib.contextmanager
def _lock(cache: str, name: str, progress: Progress, timeout: float) -> t.Iterator[None]:
    directory = os.path.join(cache, "locks")
    os.makedirs(directory, exist_ok=True)
    started = spoken = time.monotonic()
    with open(os.path.join(directory, name), "w", encoding="ascii") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                now = time.monotonic()
                if now - started > timeout:
                    raise ArtifactError(
                        "%s: another process has been making it for %d s (lock %s)" % (name, timeout, stream.name)
                    ) from error
                if now - spoken >= HEARTBEAT:
                    progress("%s: another process is making it, waiting (%d s)" % (name, now - started))
                    spoken = now
                time.sleep(0.2)
        yield
