# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the binaries of a component from its Go module, with a pinned toolchain and a verified module."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import platform
import shutil
import stat
import sys
import tempfile
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import artifact_process
from ansible_collections.aegis.temporal.plugins.module_utils.artifact_model import (
    ArtifactError,
    Component,
    Progress,
    Target,
    content_key,
)

# Stripped of symbols and of paths of this machine, like upstream's releases; no build tags, as in those.
BUILD_FLAGS = ("-trimpath", "-ldflags=-s -w")


@dataclasses.dataclass(frozen=True)
class Go:
    """The pinned toolchain (``versions.go``)."""

    distribution: str
    """Name of the Python distribution that carries it."""
    version: str
    sha256: t.Mapping[str, str]
    """Machine name of the kernel → sha256 of the wheel."""


class Module(t.NamedTuple):
    """A fetched module and how to go on with it."""

    command: str
    """Path of ``go``."""
    environment: t.Mapping[str, str]
    facts: t.Mapping[str, t.Any]
    """What ``go mod download -json`` says: Dir, GoMod, Version, Sum."""


def key(target: Target, go: Go) -> str:
    """Return the content key of ``target`` when it is built by ``go``."""
    return content_key(
        "source",
        target.component.module,
        dict(target.component.packages),
        target.version,
        target.arch,
        go.version,
        BUILD_FLAGS,
    )


def build(
    cache: str, target: Target, go: Go, directory: str, progress: Progress, timeout: float
) -> tuple[dict[str, str], dict[str, t.Any], dict[str, t.Any]]:
    """Compile every binary of ``target`` into ``directory``.

    Returns the paths by name, what it was built with and what it was built from. Raises ArtifactError.
    """
    command, environment, facts = fetch(cache, target, go, directory, progress, timeout)
    progress("%s: compiling with go %s (minutes for the server, unless compiled before)" % (target.label, go.version))
    binaries = _compile(command, target, facts, directory, environment, progress, timeout)
    built_with = {"go": go.version, "flags": list(BUILD_FLAGS), "cgo": False}
    source = {"method": "source", "module": target.component.module, "version": facts["Version"], "sum": facts["Sum"]}
    return binaries, built_with, source


def fetch(cache: str, target: Target, go: Go, directory: str, progress: Progress, timeout: float) -> Module:
    """Bring the Go module of ``target`` into the cache, verified by Go's checksum database. Raises ArtifactError."""
    command = toolchain(cache, go, progress, timeout)
    environment = _environment(cache, target.arch, directory)
    _require_checksum_database(command, environment, timeout)
    module = "%s@v%s" % (target.component.module, target.version)
    progress("%s: fetching %s" % (target.label, module))
    text = artifact_process.run(
        [command, "mod", "download", "-json", module],
        "%s: go mod download" % target.label,
        progress,
        timeout,
        environment,
        directory,
    )
    return Module(command, environment, _parse(text, "go mod download"))


def _compile(
    command: str,
    target: Target,
    facts: t.Mapping[str, t.Any],
    directory: str,
    environment: t.Mapping[str, str],
    progress: Progress,
    timeout: float,
) -> dict[str, str]:
    label = "%s: go" % target.label
    describe = _describe
    out = os.path.join(directory, "out")
    os.makedirs(out)
    binaries = {}
    if _is_refused_by_install(command, facts["GoMod"], environment, timeout):
        # `go install` refuses a module with replace or exclude directives; as the main module it builds.
        for name, package in target.component.packages.items():
            binaries[name] = os.path.join(out, name)
            argv = [command, "build", "-v", "-mod=readonly", *BUILD_FLAGS, "-o", binaries[name], package]
            artifact_process.run(argv, label, progress, timeout, environment, facts["Dir"], describe)
        return binaries
    # GOBIN would be refused for a foreign architecture, so the binaries land under a GOPATH of their own.
    paths = [_import_path(target.component, package) for package in target.component.packages.values()]
    argv = [command, "install", "-v", *BUILD_FLAGS, *["%s@v%s" % (path, target.version) for path in paths]]
    artifact_process.run(argv, label, progress, timeout, environment, directory, describe)
    built = _installed(os.path.join(directory, "gopath", "bin"))
    for name, package in target.component.packages.items():
        path = _import_path(target.component, package)
        origin = built.get(_binary_name(path))
        if origin is None:
            raise ArtifactError("%s: go built no %s from %s" % (target.label, name, path))
        binaries[name] = os.path.join(out, name)
        os.rename(origin, binaries[name])
    return binaries


def _import_path(component: Component, package: str) -> str:
    return component.module if package == "." else "%s/%s" % (component.module, package[len("./") :])


def _binary_name(path: str) -> str:
    """Return the name that go gives: the last element, or the one before a major version (``…/v2``)."""
    parts = path.split("/")
    if len(parts) > 1 and parts[-1].startswith("v") and parts[-1][1:].isdigit():
        return parts[-2]
    return parts[-1]


def _installed(directory: str) -> dict[str, str]:
    found = {}
    for root, _directories, names in os.walk(directory):
        for name in names:
            found[name] = os.path.join(root, name)
    return found


def _describe(line: str) -> str:
    return line if line.startswith("go: ") else "compiling " + line


def _environment(cache: str, arch: str, directory: str) -> dict[str, str]:
    environment = dict(os.environ)
    environment.update(
        GOPATH=os.path.join(directory, "gopath"),
        GOMODCACHE=os.path.join(cache, "go", "mod"),
        GOCACHE=os.path.join(cache, "go", "build"),
        GOTOOLCHAIN="local",
        GOFLAGS="-modcacherw",
        GOOS="linux",
        GOARCH=arch,
        CGO_ENABLED="0",
        GO111MODULE="on",
        GOWORK="off",
        # Everything built here is public: no pattern may take it out of the checksum database.
        GONOSUMDB="none",
        GOINSECURE="none",
    )
    for name in ("GOBIN", "GOROOT", "GONOSUMCHECK"):
        environment.pop(name, None)
    return environment


def _require_checksum_database(command: str, environment: t.Mapping[str, str], timeout: float) -> None:
    text = artifact_process.run([command, "env", "GOSUMDB"], "go env", _silent, timeout, environment)
    if text.strip() == "off":
        raise ArtifactError(
            "GOSUMDB is 'off': the sources would not be verified. Unset it (see `go env GOSUMDB`), or name a "
            "checksum database that you trust."
        )


def _is_refused_by_install(command: str, go_mod: str, environment: t.Mapping[str, str], timeout: float) -> bool:
    text = artifact_process.run([command, "mod", "edit", "-json", go_mod], "go mod edit", _silent, timeout, environment)
    facts = _parse(text, "go mod edit")
    return bool(facts.get("Replace") or facts.get("Exclude"))


def _parse(text: str, command: str) -> t.Mapping[str, t.Any]:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ArtifactError("`%s` did not answer in JSON: %s" % (command, text[:200])) from error
    if not isinstance(facts, dict):
        raise ArtifactError("`%s` did not answer with an object: %s" % (command, text[:200]))
    return facts


def _silent(_line: str) -> None:
    """Take the progress of commands that answer at once."""


def toolchain(cache: str, go: Go, progress: Progress, timeout: float) -> str:
    """Return the path of the ``go`` command, after installing the pinned toolchain if it is not there."""
    home = os.path.join(cache, "go", "toolchain", go.version)
    command = os.path.join(home, "bin", "go")
    marker = os.path.join(home, ".complete")
    machine = platform.machine()
    if machine not in go.sha256:
        raise ArtifactError(
            "this machine is %r: the pinned Go toolchain exists for %s. Build on one of those, or take the "
            "installation method archive." % (machine, ", ".join(sorted(go.sha256)))
        )
    with contextlib.suppress(FileNotFoundError), open(marker, encoding="ascii") as stream:
        if stream.read().strip() == go.sha256[machine]:
            return command
    os.makedirs(os.path.dirname(home), exist_ok=True)
    draft = tempfile.mkdtemp(dir=os.path.dirname(home), prefix=".go-")
    try:
        _pip_install(go, go.sha256[machine], draft, progress, timeout)
        fresh = os.path.join(draft, "go")
        _make_executable(os.path.join(fresh, "bin"))
        _make_executable(os.path.join(fresh, "pkg", "tool"))
        with open(os.path.join(fresh, ".complete"), "w", encoding="ascii") as stream:
            stream.write(go.sha256[machine] + "\n")
        if os.path.lexists(home):
            shutil.rmtree(home)
        os.rename(fresh, home)
    finally:
        shutil.rmtree(draft)
    return command


def _pip_install(go: Go, sha256: str, directory: str, progress: Progress, timeout: float) -> None:
    progress("go %s: installing the toolchain %s with pip, verified by sha256" % (go.version, go.distribution))
    lock = os.path.join(directory, "lock.txt")
    with open(lock, "w", encoding="ascii") as stream:
        stream.write("%s==%s --hash=sha256:%s\n" % (go.distribution, go.version, sha256))
    argv = [_pip_python(), "-m", "pip", "install", "--no-deps", "--no-compile", "--only-binary=:all:"]
    argv += ["--require-hashes", "--disable-pip-version-check", "--progress-bar=off", "--root-user-action=ignore"]
    argv += ["--target", directory, "-r", lock]
    artifact_process.run(argv, "go %s: pip" % go.version, progress, timeout)


def _pip_python() -> str:
    """Return a Python that has pip: this one, else the system's (environments made by uv carry none)."""
    for python in (sys.executable, shutil.which("python3") or "", "/usr/bin/python3"):
        if python and os.path.exists(python):
            with contextlib.suppress(ArtifactError):
                artifact_process.run([python, "-m", "pip", "--version"], "pip", _silent, 60)
                return python
    raise ArtifactError("no Python with pip was found; it brings the Go toolchain. Install it: apt install python3-pip")


def _make_executable(directory: str) -> None:
    for root, _directories, names in os.walk(directory):
        for name in names:
            path = os.path.join(root, name)
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
