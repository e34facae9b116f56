# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versioned directories of one component on a host, and the link ``current`` that says which one runs.

Layout below ``<root>/<component>``::

    <version>-<first 8 digits of the artifact's sha256>/bin/…            what runs
    <version>-<first 8 digits of the artifact's sha256>/.manifest.json   written last; without it a release is half done
    current → <the release that runs>      previous → <the one before>
    confirmed → <the release that was last seen to work>
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import typing as t

MANIFEST = ".manifest.json"
CURRENT = "current"
PREVIOUS = "previous"
CONFIRMED = "confirmed"
INCOMING = ".incoming"


class ReleaseError(Exception):
    """The release cannot be installed; the text says why and what to do."""


class Store(t.NamedTuple):
    """The directory of one component."""

    root: str
    component: str

    @property
    def home(self) -> str:
        """Return the component's directory."""
        return os.path.join(self.root, self.component)

    @property
    def incoming(self) -> str:
        """Return the root-only directory in which tarballs arrive."""
        return os.path.join(self.root, INCOMING)

    def directory(self, release: str) -> str:
        """Return the directory of one release."""
        return os.path.join(self.home, release)

    def linked(self, link: str) -> str:
        """Return the name of the release that ``current`` or another link points to, or an empty string."""
        path = os.path.join(self.home, link)
        return os.path.basename(os.readlink(path)) if os.path.islink(path) else ""


def release_name(version: str, sha256: str) -> str:
    """Return the directory name of a release."""
    return "%s-%s" % (version, sha256[:8])


def file_sha256(path: str) -> str:
    """Return the sha256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _entries(directory: str) -> t.Iterator[tuple[str, str]]:
    """Yield (relative path, path) of every file and link of a release, bytecode caches left out."""
    for root, directories, names in os.walk(directory):
        links = [name for name in directories if os.path.islink(os.path.join(root, name))]
        directories[:] = [name for name in directories if name != "__pycache__" and name not in links]
        for name in sorted(names + links):
            path = os.path.join(root, name)
            relative = os.path.relpath(path, directory)
            if relative != MANIFEST:
                yield relative, path


def _state(path: str) -> str:
    return "link:" + os.readlink(path) if os.path.islink(path) else file_sha256(path)


def write_manifest(directory: str, sha256: str) -> None:
    """Record every file of a finished release; ``sha256`` is that of the artifact."""
    manifest = {"sha256": sha256, "files": {relative: _state(path) for relative, path in _entries(directory)}}
    draft = os.path.join(directory, MANIFEST + ".tmp")
    with open(draft, "w", encoding="utf-8") as stream:
        json.dump(manifest, stream, indent=1, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    os.chmod(draft, 0o644)
    os.replace(draft, os.path.join(directory, MANIFEST))


def problems(directory: str, sha256: str) -> list[str]:
    """Say what is wrong with a release; an empty list means that it is complete and untouched."""
    if not os.path.isdir(directory):
        return ["is not installed"]
    try:
        with open(os.path.join(directory, MANIFEST), encoding="utf-8") as stream:
            manifest = json.load(stream)
        recorded, files = manifest["sha256"], dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return ["is half installed (no manifest)"]
    if recorded != sha256:
        return ["was installed from another artifact"]
    found = []
    for relative, state in sorted(files.items()):
        path = os.path.join(directory, relative)
        if not os.path.lexists(path):
            found.append("%s is missing" % relative)
        elif not (os.path.islink(path) or os.path.isfile(path)) or _state(path) != state:
            found.append("%s was changed" % relative)
    return found


def link(store: Store, name: str, release: str) -> None:
    """Point ``current`` or another link to a release, atomically."""
    draft = os.path.join(store.home, ".%s.%d" % (name, os.getpid()))
    if os.path.lexists(draft):
        os.unlink(draft)
    os.symlink(release, draft)
    os.replace(draft, os.path.join(store.home, name))


def activate(store: Store, release: str) -> None:
    """Make ``release`` the current one and keep the one before as the previous one."""
    before = store.linked(CURRENT)
    if before and before != release:
        link(store, PREVIOUS, before)
    link(store, CURRENT, release)


def surplus(store: Store, wanted: str) -> list[str]:
    """Return the names of what may go: neither wanted, nor behind a link, and left-overs of broken runs."""
    if not os.path.isdir(store.home):
        return []
    links = {CURRENT, PREVIOUS, CONFIRMED}
    keep = {wanted, *links, *(store.linked(name) or wanted for name in links)}
    return sorted(name for name in os.listdir(store.home) if name not in keep)


def remove(path: str) -> None:
    """Remove a file, link or tree; nothing is there afterwards."""
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def replace(draft: str, final: str) -> None:
    """Put ``draft`` in the place of ``final``, which may be a broken release."""
    broken = set_aside(final)
    os.rename(draft, final)
    if broken:
        remove(broken)


def set_aside(final: str) -> str:
    """Move a broken release away; return the directory that holds it now, or an empty string if there is none."""
    if not os.path.lexists(final):
        return ""
    broken = tempfile.mkdtemp(dir=os.path.dirname(final), prefix=".broken-")
    os.rename(final, os.path.join(broken, "release"))
    return broken
