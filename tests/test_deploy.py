"""What `deploy/` holds fits the project: its commands, paths, times and packages."""

from __future__ import annotations

import configparser
import fnmatch
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import base
from tests.server.crawl import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
INSTALLED = "/opt/newswarc/"


def unit(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)  # a list may be given in several lines
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return {name: dict(parser[name]) for name in parser.sections()}


def options(command: list[str]) -> Any:
    """What ``scrapy ARGS`` makes of its arguments; exits on what it doesn't know."""
    from scrapy.cmdline import ScrapyArgumentParser, ScrapyHelpFormatter, _get_commands_dict
    from scrapy.settings import Settings

    settings = Settings({"COMMANDS_MODULE": "crawler.commands"})
    found = _get_commands_dict(settings, True)[command[0]]
    parser = ScrapyArgumentParser(formatter_class=ScrapyHelpFormatter, conflict_handler="resolve")
    found.settings = settings
    found.add_options(parser)
    return parser.parse_known_args(command[1:])


def scrapy_arguments(words: list[str]) -> list[str]:
    (at,) = [i for i, word in enumerate(words) if word.split("/")[-1] == "scrapy"]
    return words[at + 1 :]


def check(arguments: list[str]) -> Any:
    found, unknown = options(arguments)
    assert unknown == []
    return found


def test_units_run_what_there_is() -> None:
    once = {
        path.stem: check(scrapy_arguments(shlex.split(unit(path)["Service"]["ExecStart"]))).once for path in SERVICES
    }
    assert once == {"newswarc": False, "newswarc-once": True}
    for path in SERVICES:
        about = unit(path)
        assert (ROOT / about["Unit"]["Documentation"].removeprefix(f"file:{INSTALLED}")).exists()
        service = about["Service"]
        assert service["ExecStart"].startswith(INSTALLED + ".venv/bin/scrapy ")
        assert f"ARCHIVE_STORE={service['ReadWritePaths']}" in service["ExecStart"]
        assert int(service["TimeoutStopSec"]) > base.SCHEDULE_GRACE
        assert service["KillMode"] == "mixed"


def test_both_services_are_hardened_alike() -> None:
    differ = {"Type", "ExecStart", "Restart", "RestartSec", "TimeoutStartSec"}
    one, other = ({k: v for k, v in unit(path)["Service"].items() if k not in differ} for path in SERVICES)
    assert one == other
    assert (one["NoNewPrivileges"], one["ProtectSystem"], one["CapabilityBoundingSet"]) == ("true", "strict", "")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_service_has_no_more_rights_than_it_needs(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == service["Group"] == "newswarc"
    assert service["ReadWritePaths"] == "/var/lib/newswarc"
    protected = [
        *("ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectClock", "ProtectControlGroups"),
        *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables"),
        *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "NoNewPrivileges"),
    ]
    assert {name: service.get(name) for name in protected} == dict.fromkeys(protected, "true")
    assert "AF_PACKET" not in service["RestrictAddressFamilies"]
    filters = [line for line in path.read_text().splitlines() if line.startswith("SystemCallFilter=")]
    allowed = " ".join(line for line in filters if "~" not in line)
    needed = ("@system-service", "landlock_create_ruleset", "landlock_restrict_self", "seccomp")
    assert all(name in allowed for name in needed), "the workers confine themselves with these"
    assert not any("resources" in line for line in filters if "~" in line), "the workers set limits"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_systemd_finds_the_services_little_exposed(path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd-analyze judges no files")
    (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(level) < 2.0, done.stdout


LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-pywb.lock", DEPLOY / "requirements.lock")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_package_is_locked_by_its_digest(lock: Path) -> None:
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()).strip())
    assert len(requirements) > 20
    for requirement in requirements:
        name, *hashes = requirement.replace("\\\n", " ").split("--hash=")
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[^\s;]+", name), f"{name}: no exact version, or not from the index"
        assert hashes, f"{name}: no digest"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", digest) for digest in hashes), name


def test_what_is_installed_is_checked_against_the_digests() -> None:
    for path in (ROOT / "Makefile", DEPLOY / "Dockerfile", ROOT / "archive" / "serving" / "environment.py"):
        text = path.read_text().replace("\\\n", " ")
        installs = [
            line for line in text.splitlines() if "-r requirements" in line or (".lock" in line and "install" in line)
        ]
        assert all("--require-hashes" in line for line in installs), path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text().replace(f"{INSTALLED}.venv/bin/scrapy", "/bin/true").replace(INSTALLED[:-1], str(ROOT))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert not any(path.stem in done.stderr for path in UNITS), done.stderr
    assert done.returncode == 0, done.stderr


def test_crontab() -> None:
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    *_, line = lines
    assert re.match(r"(\S+ ){5}cd /opt/newswarc && flock ", line)
    assert "%" not in line  # cron would end the line there
    command = line.split("flock", 1)[1].split("2>&1")[0]
    assert check(scrapy_arguments(shlex.split(command))).once


def test_compose_file() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"schedule", "serve"}
    for service in services.values():
        check(service["command"])
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")
        named, bound = (volume.split(":") for volume in service["volumes"])
        assert named[0] in compose["volumes"]
        assert f"ARCHIVE_STORE={named[1]}" in service["command"]
        assert (DEPLOY / bound[0]).samefile(ROOT / "settings")
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices", "user"} & set(service)
        assert not any("docker.sock" in volume for volume in service["volumes"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert int(services["schedule"]["stop_grace_period"].removesuffix("s")) > base.SCHEDULE_GRACE


def test_dockerfile() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    kept = [line[1:] for line in ignored if line.startswith("!")]
    copied = [w for line in lines if line.startswith("COPY ") and "--from" not in line for w in line.split()[1:-1]]
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / name).exists() for name in copied)
    assert any("--require-hashes" in line for line in lines)
    assert [line for line in lines if line.startswith("USER ")] == ["USER newswarc"]
    assert all(fnmatch.fnmatch(line, "FROM python:3.11-*") for line in lines if line.startswith("FROM "))
    (command,) = [yaml.safe_load(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")]
    check(command)


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


def test_the_image_has_the_packages_of_the_project() -> None:
    image, here = locked(DEPLOY / "requirements.lock"), locked(ROOT / "requirements.lock")
    assert {name: version for name, version in image.items() if here.get(name, version) != version} == {}
    assert "pytest" not in image
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(w for extra in project["optional-dependencies"].values() for w in extra)]
    names = {re.split(r"[^\w.-]", w)[0].lower().replace("_", "-") for w in wanted}
    assert names <= set(image)
