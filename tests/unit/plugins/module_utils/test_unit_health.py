# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about health: a command's exit code, and a real HTTP server's answer."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import unit_health, unit_systemd
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError


@pytest.fixture
def server():
    """A server on loopback that answers with the status that is the path; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path.strip("/")))
            self.send_header("Location", "/200")
            self.end_headers()
            self.wfile.write(b"postgres://user:hunter2@db is down")

        def log_message(self, *_words):
            """Keep the test's output clean."""

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running.server_port
    running.shutdown()
    running.server_close()
    thread.join()


def ask(check, instance=""):
    return unit_health.ask(check, instance, unit_systemd.run)


def test_http(server):
    url = "http://127.0.0.1:%d/%d"
    assert ask({"url": url % (server, 200)}) == ""
    assert ask({"url": url % (server, 404), "status": 404}) == ""
    refused = ask({"url": url % (server, 503)})
    assert "answered 503, not 200: postgres://user:********@db is down" in refused
    assert "answered 302, not 200" in ask({"url": url % (server, 302)}), "redirects are not followed"


def test_nobody_answers(server):
    assert "http://127.0.0.1:1/" in ask({"url": "http://127.0.0.1:1/"})


def test_something_else_than_http_answers():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _address = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        assert "220 mail.example.org" in ask({"url": "http://127.0.0.1:%d/" % port})
        thread.join()


def test_instances_have_their_own_port(server):
    assert ask({"url": "http://127.0.0.1:{instance+%d}/200" % (server - 7)}, "7") == ""
    assert unit_health.for_instance("{instance}/{instance+3000}", "12") == "12/3012"
    with pytest.raises(UnitError, match="needs a number as instance, not 'blue'"):
        unit_health.for_instance("{instance+3000}", "blue")


def test_commands():
    assert ask({"argv": ["true"]}) == ""
    assert ask({"argv": ["sh", "-c", "echo why >&2; exit 4"]}).endswith("ended with code 4: why")
    assert ask({"argv": ["/nowhere/probe"]}) == "/nowhere/probe is not on this host"


def test_command_that_hangs(monkeypatch):
    monkeypatch.setattr(unit_health, "ANSWER", 0.1)
    assert "did not end within" in ask({"argv": ["sleep", "60"]})


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgres://temporal:pa:ss@db:5432/x", "postgres://temporal:********@db:5432/x"),
        ("password=abc, next", "password=********, next"),
        ('"db_password": "abc"', '"db_password": "********"'),
        ("client_secret: abc", "client_secret: ********"),
        ("nothing to hide: tokens are tokens", "nothing to hide: tokens are tokens"),
    ],
)
def test_what_looks_secret_is_blanked(text, clean):
    assert unit_systemd.redact(text) == clean


def test_systemctl_without_an_answer():
    systemd = unit_systemd.Systemd(lambda _argv, _timeout: (1, "", "Failed to connect to bus"))
    with pytest.raises(UnitError, match="systemd does not answer: Failed to connect to bus"):
        systemd.states(["demo.service"])
    with pytest.raises(UnitError, match="systemd does not answer"):
        systemd.instances("demo@")
    assert systemd.states([]) == {}
