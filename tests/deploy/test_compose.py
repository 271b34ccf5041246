"""What compose.yaml promises of every service, read from the file itself; no container engine is needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dfsweb.launcher import environment

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NODES = {name: service for name, service in SERVICES.items() if service.get("command") == ["node"]}
NOT_FOR_NODES = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CLUSTER_SECRET", "ADMIN_PASSWORD"}
OURS = re.compile(r"dfsweb(-tls)?:local")

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_node = pytest.mark.parametrize("node", NODES.values(), ids=NODES)


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Which volume lies where."""
    return {volume.split(":")[1]: volume.split(":")[0] for volume in service.get("volumes", [])}


def test_the_whole_system_is_there():
    assert {"postgres", "redis", "gateway", "worker", "beat", "node-a", "node-b", "node-c", "caddy"} == set(
        SERVICES
    )
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["caddy"]


@each_service
def test_every_service_has_a_health_check_and_an_account_that_is_not_root(service):
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["user"] not in ("", "0", "root", "0:0")


@each_service
def test_every_service_is_confined(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")


@each_service
def test_every_image_has_a_version(service):
    _, _, tag = service["image"].partition(":")

    assert tag
    assert tag != "latest"


def test_every_base_image_has_a_version():
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert bases
    assert all(":" in base and not base.endswith(":latest") for base in bases)


def test_one_image_serves_all_parts():
    ours = {name for name, service in SERVICES.items() if service["image"] == "dfsweb:local"}

    assert ours == {"gateway", "worker", "beat", *NODES}
    assert [name for name in ours if "build" in SERVICES[name]] == ["gateway"]


@each_service
def test_what_is_kept_lies_in_named_volumes(service):
    assert set(mounts(service).values()) <= set(COMPOSE["volumes"])


def test_no_two_services_share_what_only_one_may_write():
    for volume in ("postgres-data", "node-a", "node-b", "node-c", "caddy-data"):
        assert len([s for s in SERVICES.values() if volume in mounts(s).values()]) == 1


def test_only_the_gateway_is_published_and_only_on_loopback():
    published = {
        name: service["ports"]
        for name, service in SERVICES.items()
        if "ports" in service and "profiles" not in service
    }

    assert published == {"gateway": ["${PUBLISH:-127.0.0.1:8000}:8000"]}


def test_database_and_queue_have_no_network():
    assert SERVICES["postgres"]["network_mode"] == SERVICES["redis"]["network_mode"] == "none"


@each_node
def test_a_node_learns_no_secret_but_the_tokens(node):
    assert not NOT_FOR_NODES & set(node["environment"])
    assert set(mounts(node)) == {"/data", "/secrets/shared"}


@each_node
def test_a_node_refuses_a_folder_that_is_no_mount(node):
    assert node["environment"]["REQUIRE_MOUNT"] == "1"


def test_the_nodes_are_in_three_zones():
    assert len({node["environment"]["NODE_ZONE"] for node in NODES.values()}) == 3


def names_read_by(settings: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (ROOT / settings).read_text()))


def test_every_setting_of_dfsweb_can_be_given():
    known = environment.settings_of_django()
    fixed_in_the_image = {"STATIC_ROOT"}
    not_for_production = {"DEBUG"}

    assert known - fixed_in_the_image - not_for_production <= set(SERVICES["gateway"]["environment"])


def test_every_setting_that_can_be_given_is_in_the_example():
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    passed_on = {
        name
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }
    example = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert used | passed_on | {"COMPOSE_PROFILES"} == example


def test_what_is_copied_into_the_image_leaves_data_and_secrets_out():
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in lines
    assert not {"!.env", "!var", "!.git", "!tests"} & set(lines)


def test_the_image_speaks_every_language_there_is():
    assert "!locale" in (ROOT / ".dockerignore").read_text().splitlines()
    assert re.search(r"^COPY\b.* (\.|locale) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_every_setting_is_explained():
    explained = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/operations.md").read_text()))
    of_the_gateway = environment.settings_of_django()
    of_nodes = names_read_by("storagenode/settings.py", r'environ(?:\.get\(|\[)"(\w+)"')
    of_compose = names_read_by("compose.yaml", r"\$\{(\w+)")

    assert of_the_gateway | of_nodes | of_compose <= explained
