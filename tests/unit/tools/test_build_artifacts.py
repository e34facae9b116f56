# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that makes artifacts: what it makes, where it says they are, and how it fails."""

from __future__ import annotations

import hashlib
import importlib.util
import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("build_artifacts", ROOT / "tools" / "build_artifacts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def versions():
    return yaml.safe_load((ROOT / "roles" / "runtime" / "vars" / "versions.yml").read_text())["versions"]


@pytest.fixture
def probe(tmp_path):
    """Options that make the health probe from a directory of archives."""
    (tmp_path / "grpc_health_probe-linux-arm64").write_bytes(b"probe")
    sha256 = hashlib.sha256(b"probe").hexdigest()
    cache = ["--cache", str(tmp_path / "cache"), "--arch", "arm64", "--method", "archive"]
    return [*cache, "--archive-directory", str(tmp_path), "--archive-sha256", sha256]


def test_defaults_and_repeated_versions(tool, versions):
    default = versions["default"]
    every = [
        ("temporal_server", default["server"]),
        ("temporal_ui", default["ui"]),
        ("grpc_health_probe", default["probe"]),
    ]
    assert tool.wanted(tool.arguments([]), versions) == every
    assert tool.wanted(tool.arguments(["--server", "1.24.2", "--server", "--probe"]), versions) == [
        ("temporal_server", "1.24.2"),
        ("temporal_server", default["server"]),
        ("grpc_health_probe", default["probe"]),
    ]


def test_paths_on_standard_output_and_progress_beside_it(tool, probe, capsys, tmp_path):
    assert tool.main(["--probe", "9.9", *probe]) == 0
    said = capsys.readouterr()
    path = pathlib.Path(said.out.strip())
    assert path.parent == tmp_path / "cache" / "artifacts"
    assert path.name.startswith("grpc_health_probe-9.9-linux-arm64-")
    assert "made in" in said.err
    assert tool.main(["--path", "grpc_health_probe", "9.9", *probe]) == 0
    place = pathlib.Path(capsys.readouterr().out.strip())
    assert place == tmp_path / "cache/artifacts/unpacked/grpc_health_probe-9.9-linux-arm64/bin"
    assert (place / "grpc_health_probe").read_bytes() == b"probe"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--path", "grpc_health_probe", "9.8"], "make it first"),
        (["--path", "abacus", "1"], "component is 'abacus'"),
        (["--server", "1.0"], "there is no file"),
    ],
)
def test_errors_in_one_line(tool, probe, capsys, words, message):
    assert tool.main([*words, *probe]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err


def test_every_version_has_what_others_read(versions):
    assert versions["default"]["server"] in versions["server"]
    assert versions["default"]["ui"] in versions["ui"]
    assert versions["default"]["probe"] in versions["probe"]
    minors = [row["minor"] for row in versions["server"].values()]
    assert minors == versions["minors"][::-1], "one row per minor, newest first, and none skipped"
    for version, row in versions["server"].items():
        assert version.startswith(row["minor"] + ".")
        assert set(row) == {"minor", "schema", "visibility_schema", "go_minimum", "tested"}
    assert not set(versions["retracted"]) & set(versions["server"])


def test_the_pinned_go_is_new_enough_for_every_version(versions):
    def number(text):
        return tuple(int(part) for part in text.split("."))

    rows = [*versions["server"].values(), *versions["ui"].values(), *versions["probe"].values()]
    assert all(number(row["go_minimum"]) <= number(versions["go"]["version"]) for row in rows)
