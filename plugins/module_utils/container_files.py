# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a container's files, readable by its user alone: the logic of the module ``container_files``.

A container is given copies, never the files that the play writes: a bind mount of a file would show the old content
until the container is made anew, and a secret of root could not be read by the container's user. The copies of one
state of the files are a generation, a directory with a random name. A generation is never changed: other content makes
a new one, whose name goes into a label of the container, which is then made anew. So a play that was killed anywhere
converges when it is run again, and no hash of a secret shows anywhere::

    <root>/<service>/<container>/<generation>/credentials/<id>      mounted as /run/secrets
    <root>/<service>/<container>/<generation>/files/<number>        mounted at the path of the original
    <root>/<service>/<container>/current                            → the generation that is wanted
"""

from __future__ import annotations

import os
import secrets
import shutil
import typing as t

ROOT = "/var/lib/aegis-temporal/containers"
CURRENT = "current"


class FilesError(Exception):
    """The copies cannot be made; the text says why and what to do."""


class Wanted(t.NamedTuple):
    """The files of one container."""

    name: str
    credentials: t.Mapping[str, str]
    """Id → path of the original."""
    files: t.Sequence[str]


class Store:
    """The copies for one service on this host."""

    def __init__(self, root: str, service: str, uid: int, gid: int, check_mode: bool) -> None:
        """Prepare; ``uid`` and ``gid`` are those that the containers run as."""
        self.directory = os.path.join(root, service.rstrip("@"))
        self._uid, self._gid, self._check_mode = uid, gid, check_mode
        self.reasons: list[str] = []

    def _path(self, *parts: str) -> str:
        return os.path.join(self.directory, *parts)

    def bring(self, wanted: Wanted) -> str:
        """Return the name of the generation that holds what is on disk now, made if there is none.

        In check mode, a generation that would be made is called ``new``.

        Raises:
            FilesError: An original is missing.
        """
        contents = {}
        for place, origin in _places(wanted).items():
            try:
                with open(origin, "rb") as stream:
                    contents[place] = stream.read()
            except FileNotFoundError:
                if self._check_mode:
                    self.reasons.append("%s: %s will be written" % (wanted.name, origin))
                    return "new"
                raise FilesError("%s was left as it is, because %s does not exist" % (wanted.name, origin)) from None
        there = self.current(wanted.name)
        changed = self._differences(wanted, there, contents) if there else ["its files are new"]
        if not changed:
            return there
        self.reasons += ["%s: %s" % (wanted.name, reason) for reason in changed]
        if self._check_mode:
            return "new"
        return self._make(wanted.name, contents)

    def current(self, container: str) -> str:
        """Return the name of the wanted generation, or an empty text."""
        try:
            name = os.readlink(self._path(container, CURRENT))
        except FileNotFoundError:
            return ""
        return name if os.path.isdir(self._path(container, name)) else ""

    def _differences(self, wanted: Wanted, generation: str, contents: t.Mapping[str, bytes]) -> list[str]:
        root = self._path(wanted.name, generation)
        names = _names(wanted)
        found = []
        for place in sorted(_existing(root) - set(contents)):
            found.append("%s is no longer used" % place)
        for place, content in contents.items():
            try:
                with open(os.path.join(root, place), "rb") as stream:
                    told = os.fstat(stream.fileno())
                    same = stream.read() == content
            except FileNotFoundError:
                found.append("%s is new" % names[place])
                continue
            if not same:
                found.append("%s changed" % names[place])
            elif (told.st_uid, told.st_gid, told.st_mode & 0o7777) != (self._uid, self._gid, 0o400):
                found.append("the copy of %s has another owner or mode" % names[place])
        return found

    def _make(self, container: str, contents: t.Mapping[str, bytes]) -> str:
        name = secrets.token_hex(8)
        os.makedirs(self.directory, mode=0o755, exist_ok=True)
        os.makedirs(self._path(container), mode=0o711, exist_ok=True)
        root = self._path(container, name)
        for directory in (root, os.path.join(root, "credentials"), os.path.join(root, "files")):
            os.mkdir(directory, 0o700)
        for place, content in contents.items():
            path = os.path.join(root, place)
            # Owned by root until it is whole: nobody reads a part.
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chown(path, self._uid, self._gid)
        for directory in (os.path.join(root, "credentials"), os.path.join(root, "files"), root):
            os.chown(directory, self._uid, self._gid)
        draft = self._path(container, CURRENT + ".draft")
        if os.path.lexists(draft):
            os.unlink(draft)
        os.symlink(name, draft)
        os.replace(draft, self._path(container, CURRENT))
        return name

    def surplus(self, keep: t.Mapping[str, t.Collection[str]]) -> list[str]:
        """Return the paths of what is in the store and not in ``keep``: container → names of generations."""
        found = []
        for container in _entries(self.directory):
            if container not in keep:
                found.append(self._path(container))
                continue
            names = {CURRENT, *keep[container]}
            found += [self._path(container, name) for name in _entries(self._path(container)) if name not in names]
        return sorted(found)

    def remove(self, paths: t.Iterable[str]) -> None:
        """Remove copies that nothing uses, and say so."""
        for path in paths:
            self.reasons.append("%s: nothing uses it" % path)
            if self._check_mode:
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)

    def remove_all(self) -> None:
        """Remove the copies of the whole service."""
        if os.path.isdir(self.directory):
            self.remove([self.directory])


def _places(wanted: Wanted) -> dict[str, str]:
    """Return where in a generation each original goes."""
    places = {"credentials/" + name: path for name, path in wanted.credentials.items()}
    places.update(("files/%d" % number, path) for number, path in enumerate(wanted.files))
    return places


def _names(wanted: Wanted) -> dict[str, str]:
    """Return what a person calls each place of a generation."""
    names = {"credentials/" + name: "the credential " + name for name in wanted.credentials}
    names.update(("files/%d" % number, "the file " + path) for number, path in enumerate(wanted.files))
    return names


def _entries(directory: str) -> list[str]:
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def _existing(root: str) -> set[str]:
    return {"%s/%s" % (kind, name) for kind in ("credentials", "files") for name in _entries(os.path.join(root, kind))}
