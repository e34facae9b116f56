# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a wheelhouse: one archive with everything that ``pip install --no-index --require-hashes`` needs on a host.

A wheelhouse holds the wheel of our own project, built here, and the wheels that a hash lock names. It is kept in a
cache under a name that digests all that it is made of, so it is made once; and it comes out the same byte for byte on
every machine, so that two operators do not replace each other's releases.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.wheel_archive import (
    normalise_wheel,
    requirement_of,
    sha256_of,
    write_archive,
)
from ansible_collections.aegis.temporal.plugins.module_utils.wheel_pip import WheelhouseError, build_wheel, download

# Part of every cache key: raise it when the same inputs make other bytes.
FORMAT = "1"
ARCHITECTURES = ("x86_64", "aarch64")
BUILD_LOCK = "requirements-build.txt"
_PYTHON = re.compile(r"^3\.\d+$")
# All that goes into the wheel. What is not named here is not copied, so it cannot get in unseen by the cache key.
_PROJECT_FILES = ("pyproject.toml", "README.md", "LICENSE")
_PROJECT_SOURCES = "src"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", re.MULTILINE)


class Wheelhouse(t.NamedTuple):
    """A wheelhouse in the cache, there already or still to be built."""

    path: str
    """Absolute path of the archive (uncompressed tar: its wheels are compressed)."""
    sha256: str
    """Hex SHA-256 of the archive; empty while it is not built."""
    version: str
    """Version of our own project in it."""
    python: str
    architecture: str


class Source(t.NamedTuple):
    """What wheelhouses are made of."""

    project: str
    """Directory with ``pyproject.toml`` and ``src/``."""
    locks: str
    """Directory with ``requirements-py311.txt`` for Python 3.11 (and so on) and ``requirements-build.txt``."""


def default_cache() -> str:
    """Return the cache directory of this collection: ``$AEGIS_TEMPORAL_CACHE`` or below the user's cache."""
    explicit = os.environ.get("AEGIS_TEMPORAL_CACHE")
    if explicit:
        return explicit
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "aegis-temporal")


def _read(path: str, purpose: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise WheelhouseError("%s %s cannot be read: %s." % (purpose, path, error.strerror)) from error


def project_identity(project: str) -> tuple[str, str]:
    """Return name and version of a project.

    Raises:
        WheelhouseError: ``pyproject.toml`` is missing, cannot be parsed or names neither.
    """
    try:
        import tomllib
    except ImportError:
        raise WheelhouseError("Python 3.11 or newer is needed on the control node to build a wheelhouse.") from None
    path = os.path.join(project, "pyproject.toml")
    try:
        table = tomllib.loads(_read(path, "The worker's project file").decode("utf-8"))
        return str(table["project"]["name"]), str(table["project"]["version"])
    except (ValueError, KeyError) as error:
        raise WheelhouseError("%s does not name project.name and project.version: %s." % (path, error)) from error


def project_files(project: str) -> list[str]:
    """Return the files that the wheel is made of: sorted paths relative to ``project``."""
    found = [name for name in _PROJECT_FILES if os.path.isfile(os.path.join(project, name))]
    for directory, subdirectories, names in os.walk(os.path.join(project, _PROJECT_SOURCES)):
        subdirectories[:] = [
            name for name in subdirectories if name != "__pycache__" and not name.endswith(".egg-info")
        ]
        found.extend(
            os.path.relpath(os.path.join(directory, name), project) for name in names if not name.endswith(".pyc")
        )
    return sorted(found)


def lock_path(locks: str, python: str) -> str:
    """Return the path of the hash lock for a Python minor such as ``3.11``.

    Raises:
        WheelhouseError: There is no lock for it, or ``python`` is no minor version.
    """
    if not _PYTHON.match(python):
        raise WheelhouseError("python is %r: not a minor version of Python 3. Give one such as 3.11." % python)
    path = os.path.join(locks, "requirements-py%s.txt" % python.replace(".", ""))
    if not os.path.isfile(path):
        known = sorted(
            "3." + name[len("requirements-py3") : -len(".txt")]
            for name in os.listdir(locks)
            if re.match(r"^requirements-py3\d+\.txt$", name)
        )
        raise WheelhouseError(
            "There is no hash lock for Python %s (there is for %s). Use a host with one of these."
            % (python, ", ".join(known) or "none")
        )
    return path


def _key(source: Source, python: str, architecture: str) -> str:
    digest = hashlib.sha256()
    inputs = [(name, os.path.join(source.project, name)) for name in project_files(source.project)]
    inputs.append(("lock", lock_path(source.locks, python)))
    inputs.append(("build", os.path.join(source.locks, BUILD_LOCK)))
    for text in (FORMAT, python, architecture):
        digest.update(text.encode() + b"\0")
    for name, path in inputs:
        content = hashlib.sha256(_read(path, "The input of the wheelhouse")).hexdigest()
        digest.update(("%s\0%s\0" % (name, content)).encode())
    return digest.hexdigest()[:16]


def locate(source: Source, python: str, architecture: str, cache: str) -> Wheelhouse:
    """Return where the wheelhouse is or will be, with its hash when it is there and unharmed.

    Raises:
        WheelhouseError: An input is missing or cannot be read, or ``architecture`` is not supported.
    """
    if architecture not in ARCHITECTURES:
        raise WheelhouseError(
            "architecture is %r: not supported. Supported are %s." % (architecture, ", ".join(ARCHITECTURES))
        )
    name, version = project_identity(source.project)
    file_name = "%s-%s-py%s-%s-%s.tar" % (
        name,
        version,
        python.replace(".", ""),
        architecture,
        _key(source, python, architecture),
    )
    path = os.path.join(cache, "wheelhouse", file_name)
    return Wheelhouse(path, _verified_hash(path), version, python, architecture)


def _verified_hash(path: str) -> str:
    """Return the hash of an archive when it is what was written; empty when it is absent or was harmed since."""
    try:
        with open(path + ".sha256", encoding="ascii") as record:
            expected = record.read().strip()
        return expected if sha256_of(path) == expected else ""
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _exclusive(path: str) -> t.Iterator[None]:
    # Two plays that need the same wheelhouse build it once. The wait ends: every step of the holder has a time limit,
    # and the kernel drops the lock of a process that dies.
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(
    source: Source,
    python: str,
    architecture: str,
    cache: str,
    interpreter: str,
    timeout: int,
    progress: t.Callable[[str], None],
) -> tuple[Wheelhouse, bool]:
    """Return the wheelhouse and whether it had to be built.

    ``interpreter`` is a Python 3.11 or newer with pip. ``timeout`` limits each of its three pip calls, in seconds.
    ``progress`` is given one line at a time for people to read.

    Raises:
        WheelhouseError: An input is missing, pip is missing, fails or takes too long, or pip did not get exactly what
            the lock names.
        OSError: The cache directory cannot be written.
    """
    os.makedirs(os.path.join(cache, "wheelhouse"), exist_ok=True)
    there = locate(source, python, architecture, cache)
    if there.sha256:
        return there, False
    with _exclusive(os.path.join(cache, "wheelhouse", ".lock")):
        there = locate(source, python, architecture, cache)
        if there.sha256:
            return there, False
        with tempfile.TemporaryDirectory(prefix=".build-", dir=os.path.dirname(there.path)) as scratch:
            digest = _build_in(scratch, source, there, interpreter, timeout, progress)
    return there._replace(sha256=digest), True


def _build_in(
    scratch: str,
    source: Source,
    target: Wheelhouse,
    interpreter: str,
    timeout: int,
    progress: t.Callable[[str], None],
) -> str:
    wheels = os.path.join(scratch, "wheels")
    os.mkdir(wheels)
    progress("wheel of our own, version %s" % target.version)
    copy = os.path.join(scratch, "project")
    for name in project_files(source.project):
        os.makedirs(os.path.dirname(os.path.join(copy, name)), exist_ok=True)
        # Content only: modes and times of a checkout differ from machine to machine.
        shutil.copyfile(os.path.join(source.project, name), os.path.join(copy, name))
    own = build_wheel(copy, os.path.join(source.locks, BUILD_LOCK), scratch, interpreter, timeout, progress)
    normalise_wheel(own, os.path.join(wheels, os.path.basename(own)))

    lock = lock_path(source.locks, target.python)
    progress("wheels of the lock for Python %s on %s" % (target.python, target.architecture))
    download(lock, wheels, target.python, target.architecture, interpreter, timeout, progress)
    requirements = _requirements(wheels, own, lock)

    archive = os.path.join(scratch, "archive")
    write_archive(archive, wheels, {"requirements.txt": requirements.encode()})
    digest = sha256_of(archive)
    # The record comes last: an archive without one counts as absent.
    os.replace(archive, target.path)
    record = os.path.join(scratch, "record")
    with open(record, "w", encoding="ascii") as file:
        file.write(digest + "\n")
    os.replace(record, target.path + ".sha256")
    return digest


def _requirements(wheels: str, own: str, lock: str) -> str:
    """Return a requirements file that pins every wheel by its hash, after comparing the wheels with the lock."""
    lines = {}
    for name in sorted(os.listdir(wheels)):
        requirement = requirement_of(name)
        lines[requirement] = "%s --hash=sha256:%s" % (requirement, sha256_of(os.path.join(wheels, name)))
    locked = {
        "%s==%s" % (re.sub(r"[-_.]+", "-", pin[0]).lower(), pin[1])
        for pin in _PIN.findall(_read(lock, "The hash lock").decode("utf-8"))
    }
    got = set(lines) - {requirement_of(os.path.basename(own))}
    if got != locked:
        raise WheelhouseError(
            "pip brought other wheels than %s names. Missing: %s. Not asked for: %s."
            % (lock, ", ".join(sorted(locked - got)) or "none", ", ".join(sorted(got - locked)) or "none")
        )
    return "".join(line + "\n" for line in sorted(lines.values()))
