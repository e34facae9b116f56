# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wheelhouse is built once for its inputs, whole or not at all. A program stands in for pip here."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import textwrap

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.aegis.temporal.plugins.module_utils.wheel_pip import WheelhouseError, platforms
from ansible_collections.aegis.temporal.plugins.module_utils.wheelhouse import (
    Source,
    build,
    default_cache,
    locate,
    lock_path,
    project_files,
)
from ansible_collections.aegis.temporal.plugins.modules import wheelhouse as module

# Writes down how it is called, and makes the files that pip would make.
PIP = """\
    #!{python}
    import json, os, sys, time, zipfile
    arguments = sys.argv[1:]
    assert arguments[:2] == ["-m", "pip"], arguments
    command = next(word for word in arguments[2:] if not word.startswith("-"))
    with open({log!r}, "a") as log:
        log.write(json.dumps({{"arguments": arguments, "path": os.environ.get("PYTHONPATH", "")}}) + "\\n")

    def after(option):
        return arguments[arguments.index(option) + 1]

    def wheel(directory, name, content):
        os.makedirs(directory, exist_ok=True)
        with zipfile.ZipFile(os.path.join(directory, name), "w") as file:
            file.writestr(zipfile.ZipInfo("content"), content)

    {behaviour}
    print("pip " + command)
    if command == "install":
        os.makedirs(after("--target"))
    elif command == "wheel":
        with open(os.path.join(arguments[-1], "src", "a_worker", "main.py")) as main:
            wheel(after("--wheel-dir"), "a_worker-1.0-py3-none-any.whl", main.read())
    elif command == "download":
        with open(after("--requirement")) as lock:
            for line in lock:
                if "==" in line:
                    name, version = line.split()[0].split("==")
                    wheel(after("--dest"), name.replace("-", "_") + "-" + version + "-py3-none-any.whl", name)
"""


@pytest.fixture
def place(tmp_path):
    """A project, its locks, a cache directory and a stand-in for pip with a log of its calls."""

    class Place:
        source = Source(str(tmp_path / "project"), str(tmp_path / "locks"))
        cache = str(tmp_path / "cache")
        interpreter = str(tmp_path / "python")
        log = tmp_path / "log"

        def pip(self, behaviour="pass"):
            text = textwrap.dedent(PIP).format(python=sys.executable, log=str(self.log), behaviour=behaviour)
            (tmp_path / "python").write_text(text, encoding="utf-8")
            (tmp_path / "python").chmod(0o755)

        def calls(self):
            return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

        def build(self, python="3.11", timeout=60, lines=None):
            progress = (lambda line: None) if lines is None else lines.append
            return build(self.source, python, "x86_64", self.cache, self.interpreter, timeout, progress)

        def left_behind(self):
            directory = os.path.join(self.cache, "wheelhouse")
            return [name for name in os.listdir(directory) if name.startswith(".build-")]

    package = tmp_path / "project" / "src" / "a_worker"
    package.mkdir(parents=True)
    (package / "main.py").write_text("print(1)\n")
    (tmp_path / "project" / "pyproject.toml").write_text('[project]\nname = "a-worker"\nversion = "1.0"\n')
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "requirements-build.txt").write_text("backend==1 --hash=sha256:00\n")
    for minor in ("311", "313"):
        (tmp_path / "locks" / f"requirements-py{minor}.txt").write_text(
            "one-lib==1.2 \\\n    --hash=sha256:00\nother==3 \\\n    --hash=sha256:11\n"
        )
    made = Place()
    made.pip()
    return made


def test_holds_all_wheels_and_pins_them_by_hash(place):
    lines = []
    wheelhouse, built = place.build(lines=lines)
    assert built
    assert wheelhouse.version == "1.0"
    with tarfile.open(wheelhouse.path) as archive:
        names = archive.getnames()
        requirements = archive.extractfile("requirements.txt").read().decode()
    assert names == [
        "a_worker-1.0-py3-none-any.whl",
        "one_lib-1.2-py3-none-any.whl",
        "other-3-py3-none-any.whl",
        "requirements.txt",
    ]
    pins = [line.split(" --hash=sha256:") for line in requirements.splitlines()]
    assert [pin[0] for pin in pins] == ["a-worker==1.0", "one-lib==1.2", "other==3"]
    assert all(len(pin[1]) == 64 for pin in pins)
    assert "pip download" in lines
    assert place.left_behind() == []


def test_pip_is_held_to_hashes_and_to_the_target(place):
    place.build()
    install, wheel, download = (call["arguments"] for call in place.calls())
    for arguments in (install, download):
        assert "--require-hashes" in arguments
        assert arguments[arguments.index("--only-binary") + 1] == ":all:"
    assert {"--no-build-isolation", "--no-deps", "--no-index"} <= set(wheel)
    assert place.calls()[1]["path"].endswith("/backend")
    assert download[download.index("--python-version") + 1] == "3.11"
    assert download[download.index("--abi") + 1] == "cp311"


def test_what_is_there_is_not_built_again(place):
    first, _built = place.build()
    calls = len(place.calls())
    assert place.build() == (first, False)
    assert len(place.calls()) == calls


def test_two_builds_of_the_same_inputs_are_the_same(place, tmp_path):
    first, _built = place.build()
    place.cache = str(tmp_path / "another")
    second, built = place.build()
    assert built
    assert second.sha256 == first.sha256
    assert os.path.basename(second.path) == os.path.basename(first.path)


@pytest.mark.parametrize(
    "change",
    [
        "project/src/a_worker/main.py",
        "project/pyproject.toml",
        "locks/requirements-py311.txt",
        "locks/requirements-build.txt",
    ],
)
def test_a_changed_input_makes_another_wheelhouse(place, tmp_path, change):
    first, _built = place.build()
    with open(tmp_path / change, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    second, built = place.build()
    assert built
    assert second.path != first.path


def test_what_does_not_go_into_the_wheel_does_not_count(place, tmp_path):
    first, _built = place.build()
    for name in ("tests/test_main.py", "src/a_worker/__pycache__/main.pyc", "src/a.egg-info/PKG-INFO", ".env"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert place.build() == (first, False)
    assert project_files(place.source.project) == ["pyproject.toml", "src/a_worker/main.py"]


def test_each_python_and_architecture_has_its_own(place):
    paths = {locate(place.source, python, "x86_64", place.cache).path for python in ("3.11", "3.13")}
    paths.add(locate(place.source, "3.13", "aarch64", place.cache).path)
    assert len(paths) == 3


@pytest.mark.parametrize("harm", ["archive", "record"])
def test_a_harmed_archive_is_built_again(place, harm):
    first, _built = place.build()
    path = first.path if harm == "archive" else first.path + ".sha256"
    with open(path, "r+b") as file:
        file.write(b"x")
    second, built = place.build()
    assert built
    assert second == first


@pytest.mark.parametrize(
    ("behaviour", "timeout", "words"),
    [
        ("sys.exit('ERROR: no matching distribution')", 60, "no matching distribution"),
        ("sys.exit('/usr/bin/python3: No module named pip')", 60, "has no pip. Install it"),
        ("time.sleep(60)", 1, "took longer than 1 seconds"),
        ("command = 'skip' if command == 'download' else command", 60, "Missing: one-lib==1.2, other==3"),
        (
            "command == 'download' and wheel(after('--dest'), 'extra-9-py3-none-any.whl', '')",
            60,
            "Not asked for: extra==9",
        ),
        ("command == 'wheel' and wheel(after('--wheel-dir'), 'b-1-py3-none-any.whl', '')", 60, "2 wheels"),
    ],
)
def test_a_failure_is_told_and_leaves_nothing(place, behaviour, timeout, words):
    place.pip(behaviour)
    with pytest.raises(WheelhouseError) as failure:
        place.build(timeout=timeout)
    assert words in str(failure.value)
    assert place.left_behind() == []
    assert locate(place.source, "3.11", "x86_64", place.cache).sha256 == ""


def test_an_interpreter_that_is_not_there(place):
    place.interpreter = "/nonexistent/python"
    with pytest.raises(WheelhouseError, match="/nonexistent/python cannot be started"):
        place.build()


@pytest.mark.parametrize(
    ("python", "architecture", "words"),
    [
        ("3.9", "x86_64", "no hash lock for Python 3.9 \\(there is for 3.11, 3.13\\)"),
        ("three", "x86_64", "python is 'three'"),
        ("3.11", "riscv64", "architecture is 'riscv64'"),
    ],
)
def test_targets_that_nobody_locked(place, python, architecture, words):
    with pytest.raises(WheelhouseError, match=words):
        locate(place.source, python, architecture, place.cache)


def test_project_without_a_version(place, tmp_path):
    (tmp_path / "project" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(WheelhouseError, match=r"does not name project\.name and project\.version"):
        locate(place.source, "3.11", "x86_64", place.cache)


def test_lock_path(place):
    assert lock_path(place.source.locks, "3.13") == os.path.join(place.source.locks, "requirements-py313.txt")


@pytest.mark.parametrize(
    ("architecture", "first", "last"),
    [
        ("x86_64", "manylinux_2_28_x86_64", "manylinux1_x86_64"),
        ("aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64"),
    ],
)
def test_platforms_go_from_new_to_old(architecture, first, last):
    tags = platforms(architecture)
    assert (tags[0], tags[-1]) == (first, last)


def test_default_cache(monkeypatch):
    monkeypatch.delenv("AEGIS_TEMPORAL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert default_cache() == "/x/aegis-temporal"
    monkeypatch.setenv("AEGIS_TEMPORAL_CACHE", "/y")
    assert default_cache() == "/y"


def run_module(capsys, place, check_mode=False, **options):
    arguments = {
        "project": place.source.project,
        "locks": place.source.locks,
        "cache": place.cache,
        "interpreter": place.interpreter,
        "targets": ["3.11-x86_64"],
        "_ansible_check_mode": check_mode,
        **options,
    }
    with patch_module_args(arguments), pytest.raises(SystemExit) as end:
        module.main()
    return end.value.code, json.loads(capsys.readouterr().out)


def test_module_builds_once(place, capsys):
    code, result = run_module(capsys, place, targets=["3.11-x86_64", "3.13-aarch64"])
    assert (code, result["changed"]) == (0, True)
    assert set(result["wheelhouses"]) == {"3.11-x86_64", "3.13-aarch64"}
    assert all(len(item["sha256"]) == 64 and item["built"] for item in result["wheelhouses"].values())
    code, result = run_module(capsys, place)
    assert (code, result["changed"]) == (0, False)


def test_module_in_check_mode_builds_nothing(place, capsys):
    code, result = run_module(capsys, place, check_mode=True)
    assert (code, result["changed"]) == (0, True)
    assert result["wheelhouses"]["3.11-x86_64"]["sha256"] == ""
    assert place.calls() == []
    assert not os.path.exists(place.cache)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"targets": ["3.9-x86_64"]}, "no hash lock for Python 3.9"),
        ({"targets": ["3.11"]}, "architecture is ''"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_module_fails_in_words(place, capsys, options, words):
    code, result = run_module(capsys, place, **options)
    assert code == 1
    assert words in result["msg"]
