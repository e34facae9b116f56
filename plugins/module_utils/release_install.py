# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills the directory of a release: from a verified tarball, from a wheelhouse, or from what the host already has."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import release_store
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import ReleaseError, Store

# Names in a virtual environment's bin/ that are not console scripts of what was installed.
_NOT_SCRIPTS = ("python", "pip", "activate", "Activate")


def verify(archive: str, sha256: str) -> None:
    """Refuse a tarball that is not the expected one; nothing was unpacked then."""
    found = release_store.file_sha256(archive)
    if found != sha256:
        raise ReleaseError(
            "the sha256 of %s is %s, but %s was expected. It was not unpacked. Remove the artifact from the control "
            "node's cache and run again." % (archive, found, sha256)
        )


def extract(archive: str, directory: str) -> None:
    """Unpack plain files and directories; anything else (links, devices, paths that leave) is refused.

    Owner root, modes 0755 or 0644 whatever the archive says and whatever the umask is.
    """
    try:
        with tarfile.open(archive) as tar:
            for entry in tar:
                _extract(tar, entry, directory)
    except (tarfile.TarError, EOFError) as error:
        raise ReleaseError("%s cannot be unpacked: %s" % (archive, error)) from error


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, root: str) -> None:
    if os.path.isabs(entry.name) or ".." in entry.name.split("/") or not (entry.isfile() or entry.isdir()):
        raise ReleaseError("%s in the archive is neither a plain file nor a directory inside it" % entry.name)
    path = os.path.join(root, entry.name)
    _make_directories(path if entry.isdir() else os.path.dirname(path), root)
    if entry.isdir():
        return
    stream = tar.extractfile(entry)
    if stream is None:
        raise ReleaseError("%s in the archive cannot be read" % entry.name)
    with stream, open(path, "wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    os.chmod(path, 0o755 if entry.mode & 0o100 else 0o644)


def _make_directories(path: str, root: str) -> None:
    missing = []
    while not os.path.isdir(path) and path != root:
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        os.mkdir(directory)
        os.chmod(directory, 0o755)


def unpacked(store: Store, release: str, archive: str, sha256: str) -> None:
    """Install a release of binaries: complete in a temporary sibling first, then renamed."""
    draft = tempfile.mkdtemp(dir=store.home, prefix=".unpack-")
    try:
        os.chmod(draft, 0o755)
        extract(archive, draft)
        if not os.path.isdir(os.path.join(draft, "bin")):
            raise ReleaseError("%s has no bin/ directory: it is no artifact of this collection" % archive)
        release_store.write_manifest(draft, sha256)
        release_store.replace(draft, store.directory(release))
    finally:
        release_store.remove(draft)


def wheelhouse(store: Store, release: str, archive: str, sha256: str, python: str, timeout: float) -> None:
    """Install a release from a wheelhouse: a tarball with ``requirements.txt`` (hashes included) and wheels.

    The virtual environment must be made in its final place (its scripts carry the path), so here the manifest alone,
    written last, marks the release as complete. A broken one is put aside and comes back if this fails.
    """
    final = store.directory(release)
    unpack = tempfile.mkdtemp(dir=store.home, prefix=".wheelhouse-")
    try:
        extract(archive, unpack)
        requirements = os.path.join(unpack, "requirements.txt")
        if not os.path.isfile(requirements):
            raise ReleaseError("%s has no requirements.txt: it is no wheelhouse of this collection" % archive)
        wheels = _wheel_directories(unpack)
        broken = release_store.set_aside(final)
        try:
            os.mkdir(final)
            os.chmod(final, 0o755)
            _install_wheels(final, wheels, requirements, python, timeout)
            release_store.write_manifest(final, sha256)
        except BaseException:
            release_store.remove(final)
            if broken:
                os.rename(os.path.join(broken, "release"), final)
            raise
        finally:
            if broken:
                release_store.remove(broken)
    finally:
        release_store.remove(unpack)


def _install_wheels(final: str, wheels: t.Sequence[str], requirements: str, python: str, timeout: float) -> None:
    venv = os.path.join(final, "venv")
    _run([python, "-m", "venv", venv], timeout, "Install it on the host: apt install python3-venv")
    argv = [os.path.join(venv, "bin", "python"), "-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]
    argv += ["install", "--no-index", "--no-cache-dir", "--only-binary=:all:", "--require-hashes"]
    for directory in wheels:
        argv += ["--find-links", directory]
    _run([*argv, "-r", requirements], timeout, "The wheelhouse must be made for this host's Python (%s)." % python)
    _link_scripts(venv, os.path.join(final, "bin"))


def _wheel_directories(root: str) -> list[str]:
    found = sorted({where for where, _directories, names in os.walk(root) if any(n.endswith(".whl") for n in names)})
    if not found:
        raise ReleaseError("the wheelhouse contains no wheel")
    return found


def _run(argv: t.Sequence[str], timeout: float, fix: str) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
    try:
        # run_command has no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv), env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReleaseError("%s: %s. %s" % (" ".join(argv[:4]), error, fix)) from error
    if done.returncode != 0:
        text = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()
        raise ReleaseError(
            "%s ended with code %d. %s\n%s" % (" ".join(argv[:4]), done.returncode, fix, "\n".join(text[-15:]))
        )


def _link_scripts(venv: str, directory: str) -> None:
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    for name in sorted(os.listdir(os.path.join(venv, "bin"))):
        if not name.startswith(_NOT_SCRIPTS):
            os.symlink(os.path.join("..", "venv", "bin", name), os.path.join(directory, name))


def find_preinstalled(directory: str, binaries: t.Mapping[str, str]) -> dict[str, str]:
    """Return name → path of the binaries that the host already has.

    ``binaries`` maps our name to upstream's; either is accepted. Raises ReleaseError naming what is missing.
    """
    found = {}
    for name, upstream in binaries.items():
        paths = [os.path.join(directory, candidate) for candidate in (name, upstream)]
        existing = [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]
        if not existing:
            raise ReleaseError("%s has no executable %s" % (directory, " or ".join(sorted({name, upstream}))))
        found[name] = existing[0]
    return found


def preinstalled_sha256(binaries: t.Mapping[str, str]) -> str:
    """Return a hash over the binaries' names, places and contents: a changed binary is another release."""
    digest = hashlib.sha256()
    for name, path in sorted(binaries.items()):
        digest.update(("%s\0%s\0%s\0" % (name, path, release_store.file_sha256(path))).encode())
    return digest.hexdigest()


def preinstalled(store: Store, release: str, binaries: t.Mapping[str, str], sha256: str) -> None:
    """Install a release whose ``bin/`` links to binaries that the host already has."""
    draft = tempfile.mkdtemp(dir=store.home, prefix=".unpack-")
    try:
        os.chmod(draft, 0o755)
        os.mkdir(os.path.join(draft, "bin"))
        os.chmod(os.path.join(draft, "bin"), 0o755)
        for name, path in binaries.items():
            os.symlink(path, os.path.join(draft, "bin", name))
        release_store.write_manifest(draft, sha256)
        release_store.replace(draft, store.directory(release))
    finally:
        release_store.remove(draft)
