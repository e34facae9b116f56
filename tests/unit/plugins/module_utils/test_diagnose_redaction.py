# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret survives, whatever it stands behind or looks like, and what is harmless stays."""

from __future__ import annotations

import base64
import json
import subprocess
from urllib.parse import quote

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_redaction import (
    MARK,
    SHORTEST,
    redact,
    secrets_in,
)
from hypothesis import given
from hypothesis import strategies as st

# Not a part of anything that the tests write around it.
SECRET = "hunter2-Zq8"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZWdpcyJ9.c2lnbmF0dXJl"

LINES = [
    f"password: {SECRET}",
    f"  password: '{SECRET}'",
    f'- clientSecret: "{SECRET}"',
    f"  keyData: {SECRET}",
    f"sql: {{user: temporal, password: {SECRET}, maxConns: 20}}",
    f'{{"level":"error","api_token":"{SECRET}","msg":"x"}}',
    f'{{"msg":"body: {{\\"password\\":\\"{SECRET}\\"}}"}}',
    f"PGPASSWORD={SECRET}",
    f'Environment="API_TOKEN={SECRET}"',
    f"host=db user=temporal password={SECRET} dbname=x",
    f"postgresql://temporal:{SECRET}@db:5432/temporal",
    f"postgres://temporal:a@{SECRET}@db/temporal",
    f"Authorization: Bearer {SECRET}",
    f"authorization: Basic {base64.b64encode(SECRET.encode()).decode()}",
    f'"Authorization": "{SECRET}"',
    f"sent Bearer {SECRET}xyz",
    f"Cookie: session={SECRET}",
    f"program --password {SECRET} --port 5432",
    f"program --api-key={SECRET}",
    f"password: |\n  {SECRET}\n  {SECRET}",
    f"password: >-\n  {SECRET}\n",
    f'password: "one\n  {SECRET}"',
    f"tokens:\n  - {SECRET}\n  - {SECRET}",
    f"SetCredential=pgpass:{SECRET}",
    JWT,
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}",
]
HARMLESS = """\
persistence:
  numHistoryShards: 512
  datastores:
    default:
      sql:
        pluginName: postgres12
        connectAddr: 10.0.0.10:5432
        maxConns: 20
        tls: {enabled: true, keyFile: /etc/temporal/tls/key.pem}
global:
  authorization:
    authorizer: default
    permissionsClaimName: permissions
API_TOKEN_FILE: '%d/api-token'
LoadCredential: temporal.yaml:/etc/temporal/config.yaml
sha: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
"""


@pytest.mark.parametrize("line", LINES)
def test_by_name_and_by_looks(line):
    said = redact("before\n" + line + "\nafter: 1")
    for part in (SECRET, JWT, base64.b64encode(SECRET.encode()).decode()):
        assert part not in said, said
    assert said.startswith("before\n")
    assert MARK in said
    if "-----BEGIN EC" not in line:
        assert said.endswith("after: 1")


def test_what_is_harmless_stays():
    assert redact(HARMLESS) == HARMLESS


def test_what_remains_is_yaml_of_the_same_shape():
    config = {"sql": {"user": "u", "password": SECRET, "list": [{"token": SECRET, "port": 1}]}, "after": {"x": 1}}
    said = yaml.safe_load(redact(yaml.safe_dump(config)))
    assert said == {"sql": {"user": "u", "password": MARK, "list": [{"token": MARK, "port": 1}]}, "after": {"x": 1}}


def test_a_block_that_was_cut_off_at_its_beginning(tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    tail = key.read_text().splitlines()[3:]
    said = redact("\n".join(tail))
    assert not any(line in said for line in tail if len(line) == 64)


# Values that could be a password: anything printable that is not a part of the mark itself.
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=SHORTEST, max_size=40).filter(
    lambda value: value not in MARK and MARK not in value and value.strip() == value
)


@given(VALUES, st.text(max_size=60))
def test_a_known_value_never_survives(secret, around):
    for written in (secret, quote(secret, safe=""), json.dumps(secret), yaml.safe_dump({"x": secret}, width=10**6)):
        said = redact(f"{around} {written} {around}", [secret])
        # The mark and the text around may happen to spell it together.
        assert written not in said or secret in around or secret in f"{around} {MARK} {around}"


@given(VALUES)
def test_a_value_behind_a_telling_name_never_survives_yaml(secret):
    text = yaml.safe_dump({"before": 1, "sql": {"password": secret, "port": 5432}, "after": 2}, allow_unicode=True)
    assert yaml.safe_load(redact(text)) == {"before": 1, "sql": {"password": MARK, "port": 5432}, "after": 2}


@given(VALUES)
def test_redacting_twice_changes_nothing(secret):
    for text in (f"password: {secret}\nplain {secret}", *LINES):
        once = redact(text, [secret])
        assert redact(once, [secret]) == once


def test_secrets_are_found_below_telling_names():
    variables = {
        "temporal_database_password": "one",
        "temporal_config_overrides": {"global": {"authorization": {"token": "two", "authorizer": "default"}}},
        "topology_passwords": {"temporal": "three", "list": ["four"]},
        "temporal_database_name": "temporal",
        "postgres_databases": [{"name": "x", "password": "five"}],
        "token_file": "/etc/token",
        "ansible_become_pass": "six",
        "api_token": "",
    }
    assert sorted(secrets_in(variables)) == sorted(["one", "two", "three", "four", "five", "six"])
