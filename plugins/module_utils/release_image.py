# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is an image of Docker Engine.

The directory of the release has ``image.env``, from which the unit learns the image's id, and in ``bin/`` the binaries
that the host itself runs. So a container is switched, returned and told from another version by the same link
``current`` as everything else.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import release_store
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import ReleaseError, Store

ENVIRONMENT = "image.env"
VARIABLE = "AEGIS_TEMPORAL_IMAGE"
# Where our own images and upstream's have their programs.
DIRECTORY = "/usr/local/bin"
# Set by those who make images: https://github.com/opencontainers/image-spec/blob/main/annotations.md
VERSION_LABEL = "org.opencontainers.image.version"
# Seconds for a question that the engine answers at once.
QUERY = 60.0

if t.TYPE_CHECKING:
    # (words after `docker`, timeout in seconds) → exit code, standard output, standard error; raises OSError if there
    # is no such command.
    Engine = t.Callable[[t.Sequence[str], float], tuple[int, str, str]]
    # Name of a binary → id of the image that has it; the image itself under an empty name.
    Found = t.Mapping[str, str]


def _engine(words: t.Sequence[str], timeout: float) -> tuple[int, str, str]:
    # run_command has no time limit.
    done = subprocess.run(  # pylint: disable=ansible-bad-function
        ["docker", *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


ENGINE: Engine = _engine


def is_image(directory: str) -> bool:
    """Tell whether a release is an image."""
    return os.path.isfile(os.path.join(directory, ENVIRONMENT))


def find(engine: Engine, image: str, binaries: t.Mapping[str, str], version: str) -> Found:
    """Return the ids of all images that are needed; empty if the host lacks the engine or one of them.

    Raises:
        ReleaseError: The image says that it is another version.
    """
    names = {"": image, **binaries}
    wanted = sorted(set(names.values()))
    try:
        _code, out, _error = engine(["image", "inspect", *wanted], QUERY)
        # It prints what it has found, also when it misses some.
        images = {name: answer for answer in json.loads(out or "[]") for name in wanted if _is_named(answer, name)}
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    if len(images) < len(wanted):
        return {}
    said = ((images[image].get("Config") or {}).get("Labels") or {}).get(VERSION_LABEL, version)
    if said.lstrip("v") != version:
        raise ReleaseError(
            "the image %s says that it is version %s, but %s is wanted. Name an image of that version, or set the "
            "version to what the image is." % (image, said, version)
        )
    return {binary: images[name]["Id"] for binary, name in names.items()}


def _is_named(answer: t.Mapping[str, t.Any], name: str) -> bool:
    """Tell whether the engine's answer is about the image ``name``: it gives names with their tag or digest."""
    tags, digests = answer.get("RepoTags") or [], answer.get("RepoDigests") or []
    if "@" in name:
        plain, _at, digest = name.partition("@")
        head, _slash, tail = plain.rpartition("/")
        repository = "/".join([head, tail.partition(":")[0]]) if head else tail.partition(":")[0]
        return "%s@%s" % (repository, digest) in digests
    return name in tags or name + ":latest" in tags or name == answer["Id"]


def identity(found: Found) -> str:
    """Return 64 hexadecimal digits that tell one release from another; empty if nothing was found."""
    if not found:
        return ""
    if len(set(found.values())) == 1:
        return found[""].rpartition(":")[2]
    return hashlib.sha256("\0".join("%s=%s" % item for item in sorted(found.items())).encode()).hexdigest()


def install(store: Store, release: str, found: Found, sha256: str, engine: Engine, timeout: float) -> None:
    """Install a release of an image: complete in a temporary sibling first, then renamed.

    Raises:
        ReleaseError: An image lacks a binary, or the engine fails.
    """
    draft = tempfile.mkdtemp(dir=store.home, prefix=".unpack-")
    try:
        os.chmod(draft, 0o755)
        os.mkdir(os.path.join(draft, "bin"))
        os.chmod(os.path.join(draft, "bin"), 0o755)
        for binary, image in found.items():
            if binary:
                _take(engine, image, binary, os.path.join(draft, "bin", binary), timeout)
        with open(os.path.join(draft, ENVIRONMENT), "w", encoding="ascii") as stream:
            stream.write("%s=%s\n" % (VARIABLE, found[""]))
        os.chmod(os.path.join(draft, ENVIRONMENT), 0o644)
        release_store.write_manifest(draft, sha256)
        release_store.replace(draft, store.directory(release))
    finally:
        release_store.remove(draft)


def _take(engine: Engine, image: str, binary: str, target: str, timeout: float) -> None:
    """Copy a binary out of an image, by a container that is never started."""
    container = _ask(engine, ["create", "--network", "none", "--entrypoint", "/none", image], timeout).strip()
    try:
        _ask(engine, ["cp", "--follow-link", "%s:%s/%s" % (container, DIRECTORY, binary), target], timeout)
    finally:
        _ask(engine, ["rm", "--force", container], timeout)
    os.chmod(target, 0o755)
    os.chown(target, os.geteuid(), os.getegid())


def _ask(engine: Engine, words: t.Sequence[str], timeout: float) -> str:
    try:
        code, out, error = engine(words, timeout)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise ReleaseError("`docker %s` failed: %s" % (words[0], failure)) from failure
    if code != 0:
        raise ReleaseError("`docker %s` failed: %s" % (" ".join(words), error.strip() or "exit code %d" % code))
    return out
