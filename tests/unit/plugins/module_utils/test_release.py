# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases are complete or not there, the switch is atomic, and what is broken is made good."""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import io
import os
import stat
import sys
import tarfile
import zipfile

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import release_install, release_manager
from ansible_collections.aegis.temporal.plugins.module_utils.release_store import ReleaseError, Store, file_sha256


def tarball(path, files, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the time in gzip's header the same files have the same sha256 a second later, too.
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = mode
            tar.addfile(entry, io.BytesIO(data))
    return str(path), file_sha256(str(path))


class Host:
    """A component's directory on a host, and the calls that a role makes."""

    def __init__(self, root):
        self.root = root
        self.home = root / "opt" / "tool"

    def wish(self, version, sha256="", **changes):
        values = {
            "store": Store(str(self.root / "opt"), "tool"),
            "version": version,
            "kind": "binaries",
            "sha256": sha256,
            "archive": "",
            "preinstalled_path": "",
            "binaries": {},
            "activate": True,
            "python": sys.executable,
            "timeout": 120,
        }
        return release_manager.Wish(**{**values, **changes})

    def install(self, version, content=b"tool", **changes):
        archive, sha256 = tarball(self.root / "in" / (version + ".tar.gz"), {"bin/tool": content})
        wish = self.wish(version, sha256, archive=archive, **changes)
        return release_manager.present(wish, check_mode=False), sha256

    def ask(self, version, sha256, check_mode=False, **changes):
        return release_manager.present(self.wish(version, sha256, **changes), check_mode)

    def names(self):
        return sorted(path.name for path in self.home.iterdir())


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_first_asked_then_installed_then_left_alone(host):
    _archive, sha256 = tarball(host.root / "in" / "1.0.tar.gz", {"bin/tool": b"tool"})
    asked = host.ask("1.0", sha256)
    assert (asked["changed"], asked["archive_needed"], asked["problems"]) == (False, True, ["is not installed"])
    assert stat.S_IMODE(os.stat(asked["incoming"]).st_mode) == 0o700
    result, sha256 = host.install("1.0")
    assert (result["changed"], result["archive_needed"]) == (True, False)
    assert (host.home / "current" / "bin" / "tool").read_bytes() == b"tool"
    assert os.readlink(host.home / "current") == "1.0-" + sha256[:8]
    assert not (host.root / "in" / "1.0.tar.gz").exists(), "the tarball is removed"
    again = host.ask("1.0", sha256)
    assert (again["changed"], again["archive_needed"], again["problems"]) == (False, False, [])


def test_modes_do_not_depend_on_the_archive(host):
    archive, sha256 = tarball(host.root / "a.tar.gz", {"bin/tool": b"x", "deep/er/data": b"y"}, mode=0o600)
    release_manager.present(host.wish("1.0", sha256, archive=archive), check_mode=False)
    modes = {
        name: stat.S_IMODE(os.stat(host.home / "current" / name).st_mode) for name in ("bin", "deep/er", "deep/er/data")
    }
    assert modes == {"bin": 0o755, "deep/er": 0o755, "deep/er/data": 0o644}


def test_previous_is_kept_older_ones_go_and_rolling_back_needs_no_tarball(host):
    hashes = {version: host.install(version, version.encode())[1] for version in ("1.0", "2.0", "3.0")}
    names = {version: "%s-%s" % (version, hashes[version][:8]) for version in hashes}
    assert host.names() == sorted([names["2.0"], names["3.0"], "current", "previous"])
    back = host.ask("2.0", hashes["2.0"])
    assert (back["changed"], back["archive_needed"], back["previous"]) == (True, False, names["3.0"])
    assert (host.home / "current" / "bin" / "tool").read_bytes() == b"2.0"


def test_prepared_release_is_not_activated(host):
    _result, first = host.install("1.0")
    host.install("2.0", b"new", activate=False)
    assert os.readlink(host.home / "current") == "1.0-" + first[:8]
    assert len([name for name in host.names() if name.startswith("2.0-")]) == 1


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda home: (home / "current/bin/tool").write_bytes(b"evil"), "bin/tool was changed"),
        (lambda home: (home / "current/bin/tool").unlink(), "bin/tool is missing"),
        (lambda home: (home / "current/.manifest.json").unlink(), "is half installed (no manifest)"),
        (lambda home: (home / "current/.manifest.json").write_text("{"), "is half installed (no manifest)"),
    ],
)
def test_damage_is_seen_and_repaired(host, damage, problem):
    _result, sha256 = host.install("1.0")
    damage(host.home)
    asked = host.ask("1.0", sha256)
    assert (asked["archive_needed"], asked["problems"]) == (True, [problem])
    result, _sha256 = host.install("1.0")
    assert result["changed"]
    assert (host.home / "current/bin/tool").read_bytes() == b"tool"
    assert host.names() == ["1.0-" + sha256[:8], "current"]


def test_wrong_tarball_is_refused_and_what_runs_is_untouched(host):
    host.install("1.0")
    before = host.names()
    archive, _sha256 = tarball(host.root / "in" / "2.0.tar.gz", {"bin/tool": b"evil"})
    with pytest.raises(ReleaseError, match="It was not unpacked"):
        release_manager.present(host.wish("2.0", "a" * 64, archive=archive), check_mode=False)
    assert host.names() == before


@pytest.mark.parametrize("name", ["../evil", "/evil", "bin/../../evil"])
def test_paths_that_leave_are_refused(host, name):
    archive, sha256 = tarball(host.root / "evil.tar.gz", {name: b"x"})
    with pytest.raises(ReleaseError, match="neither a plain file nor a directory"):
        release_manager.present(host.wish("1.0", sha256, archive=archive), check_mode=False)
    assert host.names() == []


def test_links_in_a_tarball_are_refused(host):
    path = host.root / "link.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        entry = tarfile.TarInfo("bin")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(entry)
    with pytest.raises(ReleaseError, match="neither a plain file nor a directory"):
        release_manager.present(host.wish("1.0", file_sha256(str(path)), archive=str(path)), check_mode=False)


def test_check_mode_predicts_and_changes_nothing(host):
    asked = host.ask("1.0", "", check_mode=True)
    assert (asked["changed"], asked["directory"]) == (True, "")
    assert not (host.root / "opt").exists()
    _result, first = host.install("1.0")
    before = host.names()
    assert not host.ask("1.0", first, check_mode=True)["changed"]
    planned = host.ask("2.0", "b" * 64, check_mode=True)
    assert planned["changed"]
    assert planned["diff"] == {
        "before": "current: 1.0-%s\n2.0-bbbbbbbb: is not installed\n" % first[:8],
        "after": "current: 2.0-bbbbbbbb\n2.0-bbbbbbbb: complete\n",
    }
    assert host.names() == before


@pytest.mark.parametrize(
    ("version", "sha256", "message"), [("1.0", "12", "64 hexadecimal digits"), ("../1", "a" * 64, "letters, digits")]
)
def test_useless_wishes_are_named(host, version, sha256, message):
    with pytest.raises(ReleaseError, match=message):
        host.ask(version, sha256)


def test_full_disk_leaves_what_is_current(host, monkeypatch):
    _result, first = host.install("1.0")

    def full(*_words):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(ReleaseError, match="no space left under"):
        patch.setattr(release_install.shutil, "copyfileobj", full)
        host.install("2.0")
    assert host.names() == ["1.0-" + first[:8], "current"]


def test_preinstalled_binaries_are_linked_and_followed(host):
    there = host.root / "usr"
    there.mkdir()
    (there / "upstream-tool").write_text("one")
    (there / "upstream-tool").chmod(0o755)
    changes = {"kind": "preinstalled", "preinstalled_path": str(there), "binaries": {"tool": "upstream-tool"}}
    assert host.ask("1.0", "", **changes)["changed"]
    assert not host.ask("1.0", "", **changes)["changed"]
    assert (host.home / "current/bin/tool").read_text() == "one"
    first = os.readlink(host.home / "current")
    (there / "upstream-tool").write_text("two")
    assert host.ask("1.0", "", **changes)["changed"]
    assert os.readlink(host.home / "current") != first
    with pytest.raises(ReleaseError, match="has no executable missing"):
        host.ask("1.0", "", **{**changes, "binaries": {"missing": "missing"}})


def test_absent(host):
    host.install("1.0")
    wish = host.wish("1.0")
    assert release_manager.absent(wish, check_mode=True)["changed"]
    assert host.home.exists()
    assert release_manager.absent(wish, check_mode=False)["changed"]
    assert not host.home.exists()
    assert not release_manager.absent(wish, check_mode=False)["changed"]


def wheel(text):
    """Return (file name, bytes) of a wheel with the console script `hello`."""
    files = {
        "hello.py": "def main():\n    print(%r)\n" % text,
        "hello-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n",
        "hello-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "hello-1.0.dist-info/entry_points.txt": "[console_scripts]\nhello = hello:main\n",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        record = ""
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
            record += "%s,sha256=%s,%d\n" % (name, digest, len(content))
        archive.writestr("hello-1.0.dist-info/RECORD", record + "hello-1.0.dist-info/RECORD,,\n")
    return "hello-1.0-py3-none-any.whl", out.getvalue()


def wheelhouse(host, text, sha256=""):
    name, data = wheel(text)
    lock = "hello==1.0 --hash=sha256:%s\n" % (sha256 or hashlib.sha256(data).hexdigest())
    return tarball(host.root / "in" / "wheelhouse.tar", {"wheels/" + name: data, "requirements.txt": lock.encode()})


def test_wheelhouse_becomes_an_environment_with_its_scripts(host):
    archive, sha256 = wheelhouse(host, "hello from the wheel")
    wish = host.wish("1.0", sha256, kind="wheelhouse", archive=archive)
    assert release_manager.present(wish, check_mode=False)["changed"]
    assert os.listdir(host.home / "current/bin") == ["hello"]
    assert os.popen(str(host.home / "current/bin/hello")).read() == "hello from the wheel\n"
    assert not host.ask("1.0", sha256, kind="wheelhouse")["changed"], "bytecode that was written since is no change"
    assert host.names() == ["1.0-" + sha256[:8], "current"]


def test_wheel_with_another_hash_is_refused_and_the_broken_release_stays(host):
    archive, sha256 = wheelhouse(host, "x", sha256="c" * 64)
    broken = host.home / ("1.0-" + sha256[:8])
    broken.mkdir(parents=True)
    (broken / "evidence").write_text("half installed")
    with pytest.raises(ReleaseError, match="ended with code 1"):
        release_manager.present(host.wish("1.0", sha256, kind="wheelhouse", archive=archive), check_mode=False)
    assert (broken / "evidence").read_text() == "half installed"
    assert host.names() == [broken.name]


@pytest.mark.parametrize(
    ("files", "message"),
    [({"x": b""}, "no requirements.txt"), ({"requirements.txt": b"a==1\n"}, "contains no wheel")],
)
def test_other_tarballs_are_no_wheelhouse(host, files, message):
    archive, sha256 = tarball(host.root / "in" / "other.tar", files)
    with pytest.raises(ReleaseError, match=message):
        release_manager.present(host.wish("1.0", sha256, kind="wheelhouse", archive=archive), check_mode=False)
    assert host.names() == []


def test_a_release_that_does_not_work_makes_room_for_the_one_that_did(tmp_path):
    host = Host(tmp_path)
    with pytest.raises(ReleaseError, match="no current release that could be confirmed"):
        release_manager.confirmed(host.wish(None), False)
    host.install("1.0", b"old")
    with pytest.raises(ReleaseError, match=r"no confirmed release to return to from 1\.0-"):
        release_manager.returned(host.wish(None), False)
    old = os.readlink(host.home / "current")
    assert release_manager.confirmed(host.wish(None), True)["changed"]
    assert "confirmed" not in host.names()
    assert release_manager.confirmed(host.wish(None), False)["confirmed"] == old
    assert not release_manager.confirmed(host.wish(None), False)["changed"]

    new, sha256 = host.install("2.0", b"new", activate=False)
    assert (new["active"], new["confirmed"], os.readlink(host.home / "current")) == (False, old, old)
    active = host.ask("2.0", sha256)
    assert (active["active"], active["previous"], active["confirmed"]) == (True, old, old)
    assert release_manager.returned(host.wish(None), True)["changed"]
    assert os.readlink(host.home / "current") == os.path.basename(active["directory"])
    back = release_manager.returned(host.wish(None), False)
    assert (os.readlink(host.home / "current"), os.path.basename(back["directory"])) == (old, old)
    assert (host.home / "current" / "bin" / "tool").read_bytes() == b"old"
    # Going back twice does not go forth again.
    assert not release_manager.returned(host.wish(None), False)["changed"]
    assert os.readlink(host.home / "current") == old


def test_what_was_confirmed_stays_however_many_came_after_it(tmp_path):
    host = Host(tmp_path)
    host.install("1.0", b"good")
    good = release_manager.confirmed(host.wish(None), False)["confirmed"]
    for version in ("2.0", "3.0", "4.0"):
        host.install(version, version.encode())
    assert sorted(name.partition("-")[0] for name in host.names()) == [
        "1.0",
        "3.0",
        "4.0",
        "confirmed",
        "current",
        "previous",
    ]
    release_manager.returned(host.wish(None), False)
    assert os.readlink(host.home / "current") == good


def test_the_directory_of_all_components_goes_with_the_last(tmp_path):
    host = Host(tmp_path)
    host.install("1.0")
    (host.root / "opt" / "other").mkdir()
    release_manager.absent(host.wish(None), False)
    assert "other" in os.listdir(host.root / "opt")
    (host.root / "opt" / "other").rmdir()
    host.install("1.0")
    release_manager.absent(host.wish(None), False)
    assert not (host.root / "opt").exists()
