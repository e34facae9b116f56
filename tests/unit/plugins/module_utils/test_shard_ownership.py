# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every shard has exactly one owner, or it is said what is missing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.shard_ownership import missing, owned_shards, read_owned

METRICS = """# TYPE numshards_gauge gauge
numshards_gauge{operation="ShardController",service_name="history"} 287
# TYPE other_gauge gauge
other_numshards_gauge_total 5
"""


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METRICS.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def url():
    server = HTTPServer(("127.0.0.1", 0), _Metrics)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "http://127.0.0.1:%d/metrics" % server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_gauge_is_read_with_labels_without_and_with_a_prefix():
    assert owned_shards(METRICS) == 287
    assert owned_shards("numshards_gauge 12\n") == 12
    assert owned_shards('temporal_numshards_gauge{a="b"} 5.12e+02\n') == 512
    assert owned_shards("nothing_yet 1\n") == 0


def test_a_process_is_asked_over_http(url):
    assert read_owned(url, 5) == (287, "")


def test_a_process_that_does_not_answer_is_told():
    count, trouble = read_owned("http://127.0.0.1:1/metrics", 2)
    assert count is None
    assert "refused" in trouble


@pytest.mark.parametrize(
    ("owned", "said"),
    [
        ({"a": 225, "b": 287}, []),
        ({"a": 512}, []),
        ({"a": 225, "b": 286}, ["511 of 512 are owned"]),
        ({"a": 300, "b": 287}, ["587 of 512 are owned"]),
        # The sum is right while the host that joins has none yet.
        ({"a": 512, "b": 0}, ["b owns none"]),
        ({"a": 512, "b": None}, ["b does not answer: refused"]),
    ],
)
def test_what_is_missing(owned, said):
    assert missing(owned, {"a": "", "b": "refused"}, 512) == said
