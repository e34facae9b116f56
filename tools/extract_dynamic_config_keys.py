#!/usr/bin/env python3
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from the sources of Temporal Server which keys of dynamic configuration each version knows.

    python tools/extract_dynamic_config_keys.py

For every server version of roles/runtime/vars/versions.yml the Go module is fetched (and verified, as for a build) into
the project's cache, and roles/runtime/files/dynamic_config_keys.json is written anew: facts only, one line per key with
its type, the constraints that it takes, and the versions that know it. A new version is one more run.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import tempfile
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.aegis.temporal.plugins.module_utils import artifact_model, artifact_source

OUTPUT = ROOT / "roles" / "runtime" / "files" / "dynamic_config_keys.json"
# Key → (type, scope).
Keys = dict[str, tuple[str, str]]

# From 1.25 on every setting registers itself: NewNamespaceIntSetting("limit.x", …), in whatever package.
_SETTING = re.compile(
    r"\bNew(Global|NamespaceID|Namespace|TaskQueue|ShardID|TaskType|Destination|ChasmTaskType)"
    r"(Bool|Int|Float|String|Duration|Map|Typed)Setting(?:With\w+)?(?:\[[^\n(]*\])?\(\s*\"([\w.-]+)\""
)
# 1.24 names its keys as constants, and says type and scope where it reads them.
_CONSTANT = re.compile(r"^\t(\w+)\s*=\s*\"([\w.-]+)\"", re.MULTILINE)
_READ = re.compile(
    r"\.Get(Bool|Int|Float64|Float|String|Duration|Map|TaskQueuePartitions)Property"
    r"(?:Fn)?(?:FilteredBy|With)?(TaskQueueInfo|NamespaceID|Namespace|ShardID|TaskType|Destination)?(?:Filter)?"
    r"\(\s*dynamicconfig\.(\w+)"
)
_ANY = "any"
_SCOPES = {"TaskQueueInfo": "TaskQueue", "": "Global"}
_LEAST_KEYS = 300
_FETCH_SECONDS = 600


def sources(directory: pathlib.Path) -> t.Iterator[str]:
    """Yield the text of every Go file that is part of the server."""
    for path in sorted(directory.rglob("*.go")):
        relative = path.relative_to(directory)
        if relative.parts[0] != "tests" and not path.name.endswith("_test.go") and path.name != "setting_gen.go":
            yield path.read_text(encoding="utf-8")


def registered(texts: t.Iterable[str]) -> Keys:
    """Return the keys that register themselves (1.25 and newer).

    Raises:
        ValueError: One key with two meanings.
    """
    found: Keys = {}
    for text in texts:
        for scope, kind, key in _SETTING.findall(text):
            fact = (kind.lower(), scope)
            if found.setdefault(key, fact) != fact:
                raise ValueError("%s is %s and %s" % (key, found[key], fact))
    return found


def named(constants: str, texts: t.Iterable[str]) -> Keys:
    """Return the keys of 1.24: constants, with type and scope from where they are read.

    A key that is read in no way known here, or in two, can have any type or scope.
    """
    reads: dict[str, set[tuple[str, str]]] = {}
    for text in texts:
        for kind, scope, name in _READ.findall(text):
            if kind == "TaskQueuePartitions":
                kind, scope = "Int", "TaskQueue"
            fact = (kind.replace("64", "").lower(), _SCOPES.get(scope, scope))
            reads.setdefault(name, set()).add(fact)
    found: Keys = {}
    for name, key in _CONSTANT.findall(constants):
        kinds = {kind for kind, _scope in reads.get(name, set())}
        scopes = {scope for _kind, scope in reads.get(name, set())}
        found[key] = (kinds.pop() if len(kinds) == 1 else _ANY, scopes.pop() if len(scopes) == 1 else _ANY)
    return found


def keys_of(directory: pathlib.Path) -> Keys:
    """Return the keys that the server in ``directory`` knows.

    Raises:
        ValueError: So few that the sources must have another form than expected.
    """
    found = registered(sources(directory))
    if not found:
        constants = (directory / "common" / "dynamicconfig" / "constants.go").read_text(encoding="utf-8")
        found = named(constants, sources(directory))
    if len(found) < _LEAST_KEYS:
        raise ValueError("only %d keys in %s: the sources have changed their form" % (len(found), directory))
    return found


def table(by_version: t.Mapping[str, Keys]) -> str:
    """Return the data file. ``by_version`` is in order, oldest first."""
    rows: dict[str, list[list[str]]] = {}
    previous = ""
    for version, keys in by_version.items():
        for key, (kind, scope) in keys.items():
            ranges = rows.setdefault(key, [])
            if ranges and ranges[-1][:2] == [kind, scope] and ranges[-1][3] == previous:
                ranges[-1][3] = version
            else:
                ranges.append([kind, scope, version, version])
        previous = version
    lines = ",\n".join("    %s: %s" % (json.dumps(key), json.dumps(rows[key])) for key in sorted(rows, key=str.lower))
    return '{\n  "versions": %s,\n  "keys": {\n%s\n  }\n}\n' % (json.dumps(list(by_version)), lines)


def main() -> int:
    """Fetch the modules, read them and write the file; return the exit code."""
    versions = yaml.safe_load((ROOT / "roles/runtime/vars/versions.yml").read_text(encoding="utf-8"))["versions"]
    component = artifact_model.Component.from_row("temporal_server", versions["components"]["temporal_server"])
    go = artifact_source.Go(**versions["go"])
    cache, by_version = artifact_model.default_cache(), dict[str, Keys]()

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        for version in reversed(list(versions["server"])):
            target = artifact_model.Target(component, version, artifact_model.architecture())
            with tempfile.TemporaryDirectory() as directory:
                module = artifact_source.fetch(cache, target, go, directory, progress, _FETCH_SECONDS)
            by_version[version] = keys_of(pathlib.Path(module.facts["Dir"]))
            print("%s: %d keys" % (version, len(by_version[version])))
    except (artifact_model.ArtifactError, ValueError) as error:
        print("error: %s" % error, file=sys.stderr)
        return 1
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(table(by_version), encoding="utf-8")
    print("written: %s" % OUTPUT.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
