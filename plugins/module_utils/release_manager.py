# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one component on a host to the wanted release; the logic of the module ``release``."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import release_image, release_install, release_store
from ansible_collections.aegis.temporal.plugins.module_utils.host_ports import units_in_containers
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import (
    CONFIRMED,
    CURRENT,
    PREVIOUS,
    ReleaseError,
    Store,
)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

if t.TYPE_CHECKING:
    Result = dict[str, t.Any]


class Wish(t.NamedTuple):
    """The options of the module; see its documentation."""

    store: Store
    version: str
    kind: str
    sha256: str
    archive: str
    preinstalled_path: str
    binaries: t.Mapping[str, str]
    activate: bool
    python: str
    timeout: float
    image: str = ""
    engine: release_image.Engine = release_image.ENGINE


def present(wish: Wish, check_mode: bool) -> Result:
    """Install, repair, link and tidy up as needed; raises ReleaseError."""
    store = wish.store
    sha256, found = _expected(wish, check_mode)
    release = release_store.release_name(wish.version, sha256) if sha256 else ""
    problems = release_store.problems(store.directory(release), sha256) if release else ["is not made yet"]
    current = store.linked(CURRENT)
    switch = wish.activate and current != release
    tidy = release_store.surplus(store, release) if not problems or wish.archive else []
    # What the host has already needs nothing brought to it.
    needed = bool(problems) and not wish.archive and not found
    changed = bool(problems or switch or tidy)
    if not check_mode:
        with _clear_errors(store):
            if needed:
                _make_incoming(store)
                changed = False
            else:
                _install(wish, release, sha256, found, bool(problems))
                if switch:
                    release_store.activate(store, release)
                for name in release_store.surplus(store, release):
                    release_store.remove(os.path.join(store.home, name))
    return {
        "changed": changed,
        "archive_needed": needed,
        "incoming": store.incoming,
        "directory": store.directory(release) if release else "",
        "previous": store.linked(PREVIOUS),
        "confirmed": store.linked(CONFIRMED),
        "active": bool(release) and store.linked(CURRENT) == release,
        "problems": problems,
        "containers": units_in_containers(),
        "switches_provider": _switches_provider(wish, current) if switch else "",
        "diff": _diff(wish, current, release, problems, tidy),
    }


def _switches_provider(wish: Wish, current: str) -> str:
    """Return the provider of the wanted release if the current one is for another; see `release_image.is_image`."""
    wanted = wish.kind == "image"
    if not current or release_image.is_image(wish.store.directory(current)) == wanted:
        return ""
    return "container" if wanted else "systemd"


def confirmed(wish: Wish, check_mode: bool) -> Result:
    """Note that the current release works; raises ReleaseError if there is none."""
    store = wish.store
    current, before = store.linked(CURRENT), store.linked(CONFIRMED)
    if not current or not os.path.isdir(store.directory(current)):
        raise ReleaseError("%s has no current release that could be confirmed" % store.home)
    changed = current != before
    if changed and not check_mode:
        with _clear_errors(store):
            release_store.link(store, CONFIRMED, current)
    return _moved(store, current, changed, (CONFIRMED, before, current))


def returned(wish: Wish, check_mode: bool) -> Result:
    """Make the release that was last confirmed the current one again; raises ReleaseError if there is none."""
    store = wish.store
    current, good = store.linked(CURRENT), store.linked(CONFIRMED)
    if not good or not os.path.isdir(store.directory(good)):
        raise ReleaseError("%s has no confirmed release to return to from %s" % (store.home, current or "none"))
    images = [release_image.is_image(store.directory(name)) for name in (current or good, good)]
    if images[0] != images[1]:
        raise ReleaseError(
            "%s cannot return from %s to %s: one is an image and the other is not, so the unit of the one cannot start "
            "the other. Give the provider its former value and run the play." % (store.home, current, good)
        )
    changed = current != good
    if changed and not check_mode:
        with _clear_errors(store):
            release_store.activate(store, good)
    return _moved(store, good, changed, (CURRENT, current, good))


def _moved(store: Store, release: str, changed: bool, moved: tuple[str, str, str]) -> Result:
    """Return the result for a link, given with its release before and after."""
    name, before, after = moved
    return {
        "changed": changed,
        "archive_needed": False,
        "incoming": store.incoming,
        "directory": store.directory(release),
        "previous": store.linked(PREVIOUS),
        "confirmed": store.linked(CONFIRMED),
        "active": store.linked(CURRENT) == release,
        "problems": [],
        "diff": {"before": "%s: %s\n" % (name, before or "none"), "after": "%s: %s\n" % (name, after)},
    }


def absent(wish: Wish, check_mode: bool) -> Result:
    """Remove the component with all its releases."""
    store = wish.store
    exists = os.path.lexists(store.home)
    if exists and not check_mode:
        with _clear_errors(store):
            release_store.remove(store.home)
            # What else is there belongs to other components.
            for directory in (store.incoming, store.root):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
    return {
        "changed": exists,
        "archive_needed": False,
        "incoming": store.incoming,
        "diff": {"before": store.home + "\n" if exists else "", "after": ""},
    }


def _expected(wish: Wish, check_mode: bool) -> tuple[str, t.Mapping[str, str]]:
    """Return the release's sha256 and, for preinstalled ones and images, where the binaries are."""
    for what, value in (("component", wish.store.component), ("version", wish.version)):
        if not _NAME.fullmatch(value):
            raise ReleaseError("%s is %r: letters, digits and ._+- are allowed" % (what, value))
    if wish.kind == "preinstalled":
        found = release_install.find_preinstalled(wish.preinstalled_path, wish.binaries)
        return release_install.preinstalled_sha256(found), found
    if wish.kind == "image":
        images = release_image.find(wish.engine, wish.image, wish.binaries, wish.version)
        return release_image.identity(images), images
    if not wish.sha256 and check_mode:
        return "", {}
    if not _SHA256.fullmatch(wish.sha256):
        raise ReleaseError("sha256 is %r: 64 hexadecimal digits are needed" % wish.sha256)
    return wish.sha256, {}


def _make_incoming(store: Store) -> None:
    os.makedirs(store.root, exist_ok=True)
    os.makedirs(store.incoming, exist_ok=True)
    os.chmod(store.incoming, 0o700)


def _install(wish: Wish, release: str, sha256: str, found: t.Mapping[str, str], needed: bool) -> None:
    store = wish.store
    os.makedirs(store.home, exist_ok=True)
    if needed and wish.kind == "preinstalled":
        release_install.preinstalled(store, release, found, sha256)
    elif needed and wish.kind == "image":
        release_image.install(store, release, found, sha256, wish.engine, wish.timeout)
    elif needed:
        release_install.verify(wish.archive, sha256)
        if wish.kind == "wheelhouse":
            release_install.wheelhouse(store, release, wish.archive, sha256, wish.python, wish.timeout)
        else:
            release_install.unpacked(store, release, wish.archive, sha256)
    if wish.archive:
        release_store.remove(wish.archive)


@contextlib.contextmanager
def _clear_errors(store: Store) -> t.Iterator[None]:
    """Turn errors of the file system into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ReleaseError(
                "no space left under %s: free some and run again. What was current is untouched." % store.root
            ) from error
        raise ReleaseError("%s: %s" % (store.home, error)) from error


def _diff(wish: Wish, current: str, release: str, problems: t.Sequence[str], tidy: t.Sequence[str]) -> dict[str, str]:
    wanted = release or "%s (tarball not made yet)" % wish.version
    before = ["current: %s" % (current or "none")]
    after = ["current: %s" % (wanted if wish.activate else current or "none")]
    before += ["%s: %s" % (wanted, problem) for problem in problems]
    after += ["%s: complete" % wanted] if problems else []
    before += ["to be removed: %s" % name for name in tidy]
    return {"before": "\n".join(before) + "\n", "after": "\n".join(after) + "\n"}
