# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images: made once, small, harmless, published and found again by their digest."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path

import pytest
from container_testing import COMPONENTS, changed, docker, inspect, playbook, run, wait_for

MEGABYTE = 10**6
# buildx is not needed, and not asked for.
CLASSIC = {**os.environ, "DOCKER_BUILDKIT": "0"}
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp", "--network=none"]


def test_a_second_run_changes_nothing(made, variables):
    assert sorted(made) == sorted(COMPONENTS)
    assert changed(playbook("images", variables=variables)) == 0
    assert changed(playbook("images", "--check", variables=variables)) == 0


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_image_says_what_it_is(made, component):
    config = inspect(made[component])["Config"]
    assert re.fullmatch(r"\d+:\d+", config["User"])
    assert not config["User"].startswith("0")
    assert config["Healthcheck"]["Test"][0] == "CMD-SHELL"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == made[component].split(":")[1]
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.licenses"]


@pytest.mark.parametrize(("component", "most"), [("server", 200), ("ui", 60), ("worker", 150), ("postgres", 350)])
def test_an_image_adds_little_to_its_base(made, base, component, most):
    assert inspect(made[component])["Size"] - inspect(base)["Size"] < most * MEGABYTE


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_key_and_no_password_is_inside(made, component):
    script = "grep -rlsI --exclude-dir=proc --exclude-dir=sys -e '-----BEGIN.*PRIVATE KEY' / || test $? -le 2"
    found = docker("run", "--rm", "--user=0", "--network=none", made[component], "sh", "-c", script)
    # Programs and manuals that write or describe keys name the line; a key has it at its beginning.
    assert [line for line in found.splitlines() if line.startswith("/etc")] == []
    assert not re.search(r"(?i)password=", str(inspect(made[component])["Config"]["Env"]))


@pytest.mark.parametrize(
    ("component", "command", "answer"),
    [
        ("server", ["temporal-server", "--version"], "temporal version 1."),
        ("server", ["temporal-sql-tool", "--version"], "1."),
        ("server", ["grpc_health_probe", "--version"], ""),
        ("ui", ["temporal-ui", "--version"], "version"),
        (
            "worker",
            ["python", "-c", "import aegis_temporal_worker, temporalio.worker, uvloop; print('imported')"],
            "imported",
        ),
        ("postgres", ["postgres", "--version"], "postgres (PostgreSQL) 1"),
    ],
)
def test_a_program_starts_without_any_right(made, component, command, answer):
    # The entrypoint takes `postgres` for the server.
    entry = [f"--entrypoint={command[0]}", made[component], *command[1:]]
    assert answer in docker("run", "--rm", *HARDENED, "--user=12345:12345", *entry)


def test_the_workers_image_has_neither_pip_nor_a_compiler(made):
    for word in ("pip", "pip3", "gcc", "strip"):
        assert run("docker", "run", "--rm", made["worker"], "sh", "-c", f"command -v {word}", check=False).stdout == ""
    assert run("docker", "run", "--rm", made["worker"], "python", "-c", "import pip", check=False).returncode == 1
    missing = run("docker", "run", "--rm", *HARDENED, made["worker"], check=False)
    assert "DATABASE_URL is not set" in missing.stderr


@pytest.fixture
def database(made, unique, tmp_path):
    """An empty volume, set up by a user whom the image does not know."""
    name = f"{unique}-postgres"
    secret = tmp_path / "password"
    secret.write_text("test-only-password")
    secret.chmod(0o600)
    run("chown", "12345:12345", secret)
    options = ["--detach", "--name", name, "--user=12345:12345", *HARDENED, "--tmpfs=/var/run/postgresql:mode=1777"]
    options += ["--volume", f"{secret}:/run/secrets/password:ro", "--volume", f"{name}:/var/lib/postgresql/data"]
    options += ["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/password", "--health-interval=1s"]
    script = tmp_path / "first.sql"
    script.write_text("CREATE TABLE first AS SELECT 'of all' AS word;")
    options += ["--volume", f"{script}:/docker-entrypoint-initdb.d/first.sql:ro"]
    # What a container that was killed during its first start leaves.
    killed = ["run", "--rm", "--user=12345:12345", "--volume", f"{name}:/var/lib/postgresql/data", made["postgres"]]
    docker(*killed, "sh", "-c", "mkdir $PGDATA.draft && echo half >$PGDATA.draft/PG_VERSION")
    docker("run", *options, made["postgres"])
    yield name, options
    docker("rm", "--force", name)
    docker("volume", "rm", name)


def test_postgres_keeps_its_data_and_its_password(made, database):
    name, options = database

    def ready():
        return inspect(name)["State"]["Health"]["Status"] == "healthy"

    def ask(query, password="test-only-password"):
        return run(
            *("docker", "exec", "--env", f"PGPASSWORD={password}", name, "psql", "--host=127.0.0.1"),
            *("--username=postgres", "--no-align", "--tuples-only", "--command", query),
            check=False,
        )

    wait_for(ready)
    assert ask("SHOW data_checksums").stdout.strip() == "on"
    assert ask("SELECT word FROM first").stdout.strip() == "of all"
    assert ask("CREATE TABLE kept AS SELECT 42 AS answer").returncode == 0
    assert "password authentication failed" in ask("SELECT 1", "wrong").stderr
    assert run("docker", "exec", name, "psql", "--username=postgres", check=False).returncode == 2
    docker("stop", "--time=30", name)
    assert inspect(name)["State"]["ExitCode"] == 0
    docker("rm", name)
    docker("run", *options, made["postgres"])
    wait_for(ready)
    assert ask("SELECT answer FROM kept").stdout.strip() == "42"


def test_an_archive_holds_its_image_under_its_name(made, variables):
    names = sorted(path.name for path in Path(variables["images_archive_directory"]).iterdir())
    assert [name.split("-")[0] for name in names] == sorted(COMPONENTS)
    assert all(re.fullmatch(r"\w+-[0-9.]+-(amd64|arm64)\.tar", name) for name in names)
    archive = f"{variables['images_archive_directory']}/{names[1]}"
    with tarfile.open(archive) as content:
        assert "manifest.json" in content.getnames()
    docker("rmi", made["server"])
    assert made["server"] in docker("load", "--input", archive)


@pytest.fixture(scope="module")
def registry(base, unique):
    name = f"{unique}-registry"
    directory = Path(__file__).parent / "registry"
    run("docker", "build", "--build-arg", f"BASE={base}", "--tag", name, directory, env=CLASSIC)
    docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::5000", name)
    address = docker("port", name, "5000/tcp").splitlines()[0]
    wait_for(lambda: run("curl", "--silent", "--fail-with-body", f"http://{address}/v2/", check=False).stdout)
    yield address
    docker("rm", "--force", "--volumes", name)
    docker("rmi", name)


def test_an_image_is_published_and_found_by_its_digest(made, variables, registry, tmp_path):
    published = {
        **variables,
        "images_components": ["ui", "worker"],
        "images_registry": registry,
        "images_registry_username": "publisher",
        "images_registry_password": "test-only-password",
    }
    output = playbook("images", variables=published)
    assert "test-only-password" not in output
    assert changed(playbook("images", variables=published)) == 0
    digests = dict(re.findall(rf"- ({re.escape(registry)}/\S+)@(sha256:[0-9a-f]{{64}})", output))
    assert len(digests) == 2
    (name, digest) = next(item for item in digests.items() if item[0].endswith("/ui"))
    docker("rmi", "--force", made["ui"], f"{registry}/{made['ui']}")
    assert run("docker", "image", "inspect", made["ui"], check=False).returncode != 0
    login = {**os.environ, "DOCKER_CONFIG": str(tmp_path)}
    secret = "test-only-password"
    run("docker", "login", "--username=publisher", "--password-stdin", registry, input=secret, env=login)
    run("docker", "pull", f"{name}@{digest}", env=login)
    assert "version" in docker("run", "--rm", *HARDENED, f"{name}@{digest}", "temporal-ui", "--version")
    docker("rmi", f"{name}@{digest}")


def test_a_wrong_login_is_refused_and_leaves_nothing(made, variables, registry):
    wrong = {
        **variables,
        "images_components": ["ui"],
        "images_registry": registry,
        "images_registry_username": "publisher",
        "images_registry_password": "not-the-password",
    }
    output = playbook("images", variables=wrong, check=False)
    assert "failed=1" in output
    assert "not-the-password" not in output


def test_wrong_variables_are_told_all_at_once(variables):
    wrong = {**variables, "images_components": ["admin"], "images_registry": "https://r.example.com"}
    output = playbook("images", variables=wrong, check=False)
    assert "images_components is ['admin']" in output
    assert "images_registry is 'https://r.example.com'" in output
