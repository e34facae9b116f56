#!/usr/bin/env python3
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the artifacts that hosts and tests need, and says where they are.

    python tools/build_artifacts.py                                    everything of the default versions
    python tools/build_artifacts.py --server 1.24.2 --ui 2.26.2 --probe
    python tools/build_artifacts.py --server 1.32.2 --method archive --archive-url 'https://mirror/{version}/{arch}.tgz'
    python tools/build_artifacts.py --path temporal_server 1.32.2      where the unpacked binaries are; builds nothing

Progress goes to standard error, at least every five seconds; standard output has one path of a tarball per line
(with ``--path``: the directory that holds the binaries). Exit codes: 0 done, 1 an error in one line, 2 wrong usage.

For tests this layout is stable (``<cache>`` is ``$AEGIS_TEMPORAL_CACHE``, else ``$XDG_CACHE_HOME/aegis-temporal``,
else ``~/.cache/aegis-temporal``; ``<arch>`` is amd64 or arm64)::

    <cache>/artifacts/unpacked/temporal_server-<version>-linux-<arch>/bin/temporal-server
    <cache>/artifacts/unpacked/temporal_server-<version>-linux-<arch>/bin/temporal-sql-tool
    <cache>/artifacts/unpacked/temporal_ui-<version>-linux-<arch>/bin/temporal-ui
    <cache>/artifacts/unpacked/grpc_health_probe-<version>-linux-<arch>/bin/grpc_health_probe
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.aegis.temporal.plugins.module_utils import (
    artifact_model,
    artifact_pack,
    artifact_source,
    artifact_store,
)

# Option of the command line → component and key of its default version.
COMPONENTS = {
    "server": ("temporal_server", "server"),
    "ui": ("temporal_ui", "ui"),
    "probe": ("grpc_health_probe", "probe"),
}


def arguments(argv: t.Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="%(prog)s [options]"
    )
    for option, (component, _key) in COMPONENTS.items():
        parser.add_argument(
            "--" + option,
            nargs="?",
            action="append",
            const="",
            metavar="VERSION",
            help="make %s in this version, the default one if none is given; can be repeated" % component,
        )
    parser.add_argument("--path", nargs=2, metavar=("COMPONENT", "VERSION"), help="print where its binaries are")
    parser.add_argument("--method", choices=("source", "archive"), default="source")
    parser.add_argument("--arch", default=artifact_model.architecture(), choices=("amd64", "arm64"))
    parser.add_argument("--archive-url", default="", help="template with {version} and {arch} in place of upstream's")
    parser.add_argument("--archive-directory", default="", help="directory of archives, in place of a URL")
    parser.add_argument("--archive-sha256", default="", help="of one archive; default: upstream's checksum file")
    parser.add_argument("--cache", default=artifact_model.default_cache())
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for each step (default %(default)d)")
    return parser.parse_args(argv)


def wanted(options: argparse.Namespace, versions: t.Mapping[str, t.Any]) -> list[tuple[str, str]]:
    """Return (component, version) of everything that was asked for; of everything if nothing was."""
    pairs = []
    for option, (component, key) in COMPONENTS.items():
        for version in getattr(options, option) or []:
            pairs.append((component, version or versions["default"][key]))
    return pairs or [(component, versions["default"][key]) for component, key in COMPONENTS.values()]


def make_target(versions: t.Mapping[str, t.Any], name: str, version: str, arch: str) -> artifact_model.Target:
    """Return the target; raises ArtifactError for a component that does not exist."""
    if name not in versions["components"]:
        raise artifact_model.ArtifactError(
            "component is %r: it must be one of %s" % (name, ", ".join(sorted(versions["components"])))
        )
    component = artifact_model.Component.from_row(name, versions["components"][name])
    return artifact_model.Target(component, version, arch)


def main(argv: t.Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    options = arguments(argv)
    text = (ROOT / "roles" / "runtime" / "vars" / "versions.yml").read_text(encoding="utf-8")
    versions = yaml.safe_load(text)["versions"]
    go = artifact_source.Go(**versions["go"])
    archive = artifact_store.Archive(options.archive_url, options.archive_directory, options.archive_sha256)
    method: artifact_source.Go | artifact_store.Archive = go if options.method == "source" else archive
    started = time.monotonic()

    def progress(line: str) -> None:
        print("[%4d s] %s" % (time.monotonic() - started, line), file=sys.stderr, flush=True)

    try:
        if options.path:
            name, version = options.path
            target = make_target(versions, name, version, options.arch)
            found = artifact_store.find(options.cache, target, method)
            if found is None:
                raise artifact_model.ArtifactError(
                    "%s is not in %s: make it first (see --help)" % (target.label, options.cache)
                )
            print(pathlib.Path(artifact_pack.unpack(options.cache, target, found), "bin"))
            return 0
        for name, version in wanted(options, versions):
            target = make_target(versions, name, version, options.arch)
            artifact, made = artifact_store.ensure(options.cache, target, method, progress, options.timeout)
            artifact_pack.unpack(options.cache, target, artifact)
            if not made:
                progress("%s: is there" % target.label)
            print(artifact.path, flush=True)
    except artifact_model.ArtifactError as error:
        print("error: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
