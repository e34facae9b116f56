# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered from a host: certificates by the real openssl, spans of time, files, and the bundle's archive."""

from __future__ import annotations

import subprocess
import tarfile
import time

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_bundle, diagnose_facts, diagnose_tls
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_certificates import examine
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_gather import Gatherer, disks, memory, span
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import run


def command(argv):
    # Tests need not be root, so nobody becomes another user.
    return run(argv[4:] if argv[0] == "runuser" else argv, 20)


@pytest.fixture
def pair(tmp_path):
    def make(name, usage, days="90"):
        cert, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        argv += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:10.0.0.1", "-days", days]
        argv += ["-addext", f"extendedKeyUsage={usage}", "-keyout", str(key), "-out", str(cert)]
        subprocess.run(argv, check=True, capture_output=True)
        return {"label": "internode", "cert": str(cert), "key": str(key), "usages": ["serverAuth", "clientAuth"]}

    return make


def ids(found, soon=30):
    facts = {"hosts": {"one": {"time": 1.0, "certificates": [found]}}, "expected": {"certificate_days": soon}}
    return [finding.id for finding in diagnose_tls.detect(facts)]


def test_a_good_certificate_has_no_finding(pair):
    found = examine({**pair("a.test", "serverAuth,clientAuth"), "name": "a.test"}, "temporal", time.time(), command)
    assert found["names"] == ["a.test", "10.0.0.1"]
    assert found["key_matches"] is True
    assert ids(found) == []
    assert ids({**found, "name": "10.0.0.1"}) == []


def test_each_defect_of_a_certificate_is_seen(pair):
    one, other = pair("a.test", "serverAuth"), pair("b.test", "serverAuth,clientAuth", "9")
    now = time.time()

    def look(item, at=now):
        return ids(examine({"name": "", **item}, "temporal", at, command))

    assert look(one) == ["certificate_wrong_usage"]
    assert look(other) == ["certificate_expires_soon"]
    assert look(other, now + 10 * 86400) == ["certificate_expired"]
    assert look({**one, "usages": [], "name": "c.test"}) == ["certificate_wrong_name"]
    assert look({**one, "usages": [], "key": other["key"]}) == ["certificate_key_mismatch"]
    assert look({**one, "usages": [], "key": "/nowhere.key"}) == ["certificate_unreadable"]
    assert look({**one, "cert": one["key"], "key": ""}) == ["certificate_not_examined"]


def test_who_may_read_is_told_apart_from_who_cannot_be_asked(pair):
    item = {**pair("a.test", "serverAuth,clientAuth"), "name": ""}

    def look(code, error):
        def answer(argv):
            return (code, "", error) if argv[0] == "runuser" else command(argv)

        return ids(examine(item, "temporal", time.time(), answer))

    assert look(1, "") == ["certificate_unreadable"] * 2
    assert look(1, "runuser: user temporal does not exist") == ["certificate_not_examined"]


def test_a_wildcard_stands_for_one_label():
    assert diagnose_tls.covers(["*.a.test"], "x.a.test")
    assert not diagnose_tls.covers(["*.a.test"], "x.y.a.test")
    assert not diagnose_tls.covers(["*.a.test"], "a.test")


def test_files_of_a_configuration():
    server = {"certFile": "/s.pem", "keyFile": "/s.key", "clientCaFiles": ["/ca.pem"]}
    config = {"global": {"tls": {"internode": {"server": server, "client": {"serverName": "x"}}}}}
    first, authority = diagnose_tls.files(config, "server")
    assert (first["cert"], first["usages"], first["name"]) == ("/s.pem", ["serverAuth", "clientAuth"], "x")
    assert (authority["cert"], authority["key"]) == ("/ca.pem", "")
    assert [item["cert"] for item in diagnose_tls.files({"uiServerTLS": {"certFile": "/u.pem"}}, "ui")] == ["/u.pem"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("1min 30s", 90), ("30s", 30), ("2h", 7200), ("500ms", 0.5), ("infinity", None), ("", None)]
)
def test_spans_as_systemd_writes_them(text, seconds):
    assert span(text) == seconds


def test_disks_and_memory(tmp_path):
    (only,) = disks([str(tmp_path), str(tmp_path), "/does/not/exist"])
    assert 0 < only["free"] <= only["size"]
    assert memory("MemTotal:  10 kB\nMemAvailable: 5 kB\nBuffers: 1 kB\n") == {"MemTotal": 10240, "MemAvailable": 5120}


def test_a_file_leaves_the_host_without_its_secrets(tmp_path):
    gatherer = Gatherer(command, ["value-of-a-variable"], 5, 10)
    path = tmp_path / "config.yaml"
    path.write_text("user: value-of-a-variable\npassword: other\nport: 1\n")
    assert gatherer.file(str(path)) == {"text": "user: [redacted]\npassword: '[redacted]'\nport: 1\n", "error": None}
    assert gatherer.file("/does/not/exist")["error"] == "No such file or directory"
    assert "(exit status 1)" in gatherer.said("false")
    assert "is not on this host" in gatherer.said("no-such-program")


def test_files_that_are_no_yaml_become_an_error():
    def load(_text):
        raise ValueError("line 1")

    host = {"files": {diagnose_facts.SERVER_CONFIG: {"text": "{", "error": None}}}
    assert "no YAML: line 1" in diagnose_facts.parsed(host, load)["files"][diagnose_facts.SERVER_CONFIG]["error"]


def test_the_archive_is_for_its_owner_and_stays_in_its_directory(tmp_path):
    draft = tmp_path / "draft"
    diagnose_bundle.write("/x/mine.tar.gz", {"../../etc/passwd": "text", "host/a.txt": "ä"}, 1.0, str(draft))
    assert draft.stat().st_mode & 0o777 == 0o600
    with tarfile.open(draft) as archive:
        assert archive.getnames() == ["mine/etc/passwd", "mine/host/a.txt"]
    with pytest.raises(FileExistsError):
        diagnose_bundle.write("/x/mine.tar.gz", {}, 1.0, str(draft))


def test_an_answer_of_openssl_without_dates_is_an_error_of_the_certificate():
    item = {"cert": "/a.pem", "key": "", "name": ""}
    found = examine(item, "temporal", 0, lambda argv: (0, "nothing of use" if argv[0] == "openssl" else "", ""))
    assert found["error"] == "openssl tells no dates of it: 'nothing of use'"
