# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artifact is, what decides its identity, and where it lives in the cache.

Layout below the cache directory (``AEGIS_TEMPORAL_CACHE``, else ``$XDG_CACHE_HOME/aegis-temporal``, else
``~/.cache/aegis-temporal``)::

    artifacts/<component>-<version>-linux-<arch>-<key>.tar.gz    bin/… and nothing else
    artifacts/<component>-<version>-linux-<arch>-<key>.json      sidecar: sha256, size, files, built_with, source
    artifacts/unpacked/<component>-<version>-linux-<arch>/bin/   stable link to the unpacked binaries
    go/toolchain/<version>/bin/go  go/mod  go/build              toolchain, GOMODCACHE, GOCACHE
    downloads/<sha256>/<file>                                    verified archives of upstream

``<key>`` is derived from everything that decides the content, so an artifact that is there never needs to be made
again. This file and its siblings ``artifact_*.py`` need the standard library and ``ansible.module_utils`` only.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import typing as t

# Raise it when the packing itself changes, so that old artifacts are made again.
FORMAT = 1

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

Progress = t.Callable[[str], None]


class ArtifactError(Exception):
    """The artifact cannot be made; the text says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Component:
    """One thing that is installed from an artifact (a row of ``versions.components``)."""

    name: str
    module: str
    """Go module path, without version."""
    packages: t.Mapping[str, str]
    """Name of the installed binary → Go package inside the module (``./cmd/server``)."""
    archive_binaries: t.Mapping[str, str]
    """Name of the installed binary → its file name in upstream's archive."""
    archive_format: str
    """``tar.gz``, or ``binary`` where upstream publishes the bare file."""
    archive_url: str
    """Template with ``{version}`` and ``{arch}``."""
    checksums_url: str
    """Template of upstream's checksum file; only its file name is used, see ``artifact_archive``."""

    @classmethod
    def from_row(cls, name: str, row: t.Mapping[str, t.Any]) -> Component:
        """Build one from a row of the version data; raises ArtifactError naming a missing key."""
        values = {}
        for field in dataclasses.fields(cls):
            if field.name == "name":
                continue
            if not row.get(field.name):
                raise ArtifactError("component %s has no %s in the version data" % (name, field.name))
            values[field.name] = row[field.name]
        return cls(name=name, **values)


@dataclasses.dataclass(frozen=True)
class Target:
    """A component in one version for one architecture (``amd64`` or ``arm64``, always Linux)."""

    component: Component
    version: str
    arch: str

    @property
    def label(self) -> str:
        """Return the human name, used in messages and as the stem of file names."""
        return "%s-%s-linux-%s" % (self.component.name, self.version, self.arch)


@dataclasses.dataclass(frozen=True)
class Artifact:
    """A finished tarball with its sidecar."""

    path: str
    sha256: str
    sidecar: t.Mapping[str, t.Any]


def architecture(machine: str = "") -> str:
    """Translate a machine name of the kernel (default: this machine's) to Go's; raises ArtifactError if unknown."""
    name = machine or platform.machine()
    if name not in ARCHITECTURES:
        raise ArtifactError(
            "architecture is %r: artifacts exist for %s only." % (name, ", ".join(sorted(ARCHITECTURES)))
        )
    return ARCHITECTURES[name]


def default_cache() -> str:
    """Return the cache directory of this user."""
    explicit = os.environ.get("AEGIS_TEMPORAL_CACHE")
    if explicit:
        return os.path.abspath(os.path.expanduser(explicit))
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "aegis-temporal")


def content_key(*parts: t.Any) -> str:
    """Return 12 hexadecimal digits that stand for ``parts`` (anything JSON can hold)."""
    text = json.dumps([FORMAT, *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def file_sha256(path: str) -> str:
    """Return the sha256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def artifact_path(cache: str, target: Target, key: str) -> str:
    """Return where the tarball of ``target`` with the content key ``key`` belongs."""
    return os.path.join(cache, "artifacts", "%s-%s.tar.gz" % (target.label, key))


def unpacked_path(cache: str, target: Target) -> str:
    """Return the stable directory of the unpacked binaries (a link, see ``artifact_pack.unpack``)."""
    return os.path.join(cache, "artifacts", "unpacked", target.label)
