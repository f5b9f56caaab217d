"""The embedded cloud's process: start, find, stop, control paths, the call log, and calls from many threads."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from ecs_emulator import control, manage
from ecs_emulator.control import CloudError, CloudProcess
from provisioner.config import sample
from tests.cloud.conftest import HANGS, EmbeddedCloud, Network, refused
from tests.ports import free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """A cloud of its own for one test, in `tmp_path`."""
    yield manage.start(tmp_path, "example.com")
    manage.stop(tmp_path)


def get(url: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=120) as answer:
        return json.loads(answer.read())


def test_starts_once_and_is_found_and_stops(tmp_path: Path, own: CloudProcess) -> None:
    assert manage.start(tmp_path, "example.com") == own
    assert manage.find(tmp_path) == own
    record = tmp_path / "cloud.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_text())["pid"] == own.pid
    assert os.getsid(own.pid) == own.pid != os.getsid(0)
    assert manage.stop(tmp_path)
    assert manage.find(tmp_path) is None
    assert not record.exists()
    assert not manage.stop(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(own.pid, 0)


def test_it_ends_with_its_directory_but_not_when_that_is_renamed(tmp_path: Path) -> None:
    cloud = manage.start(tmp_path / "state", "example.com")
    (tmp_path / "state").rename(tmp_path / "renamed")
    time.sleep(2.5)
    assert manage.find(tmp_path / "renamed") == cloud
    shutil.rmtree(tmp_path / "renamed")
    deadline = time.monotonic() + HANGS
    while Path(f"/proc/{cloud.pid}").exists() and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(cloud.pid, os.WNOHANG)
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(cloud.pid, 0)


def test_a_delegation_of_nothing_is_refused(cloud: EmbeddedCloud) -> None:
    with pytest.raises(HTTPError) as caught:
        cloud.control("POST", "delegate")
    assert caught.value.code == 400
    assert "no domain is given" in json.loads(caught.value.read())["error"]


def test_two_starts_at_once_yield_one(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from ecs_emulator import manage; "
    code += "print(manage.start(Path(sys.argv[1]), 'example.com').pid)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {starter.communicate(timeout=120)[0].strip() for starter in starters}
    found = manage.find(tmp_path)
    manage.stop(tmp_path)
    assert found is not None
    assert pids == {str(found.pid)}


def test_a_foreign_process_is_spared_and_a_hung_cloud_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: CloudProcess
) -> None:
    record = tmp_path / "cloud.json"
    kept = record.read_text()
    record.write_text(json.dumps({**json.loads(kept), "key": control.new_key()}))
    assert manage.find(tmp_path) is None
    record.write_text(kept)
    monkeypatch.setattr(manage, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.3)
    os.kill(own.pid, signal.SIGSTOP)
    assert manage.find(tmp_path) is None
    assert manage.stop(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(own.pid, 0)
    # The process id is somebody else's by now: it must be left alone.
    record.write_text(json.dumps({**json.loads(kept), "pid": os.getpid()}))
    assert manage.find(tmp_path) is None
    assert not manage.stop(tmp_path)


def test_port_in_use_is_one_clear_message(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CloudError, match=f"port {port} on 127.0.0.1 cannot be used.*choose another port"):
            manage.start(tmp_path, "example.com", port=port)
    assert not (tmp_path / "cloud.json").exists()


def test_the_cloud_takes_its_arguments_and_nothing_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-the-cloud")
    monkeypatch.setenv("AWS_PROFILE", "work")
    port = free_port()
    cloud = manage.start(tmp_path, "example.org", port=port)
    health = get(cloud.endpoint + "/_cloud/health")
    environment = Path(f"/proc/{cloud.pid}/environ").read_bytes()
    listening = Path(f"/proc/{cloud.pid}/net/tcp").read_text()
    manage.stop(tmp_path)
    assert cloud.endpoint == f"http://127.0.0.1:{port}"
    assert f"0100007F:{port:04X}" in listening
    assert (health["domain"], health["ready"], health["pid"]) == ("example.org", True, cloud.pid)
    assert health["clock"] == "virtual"
    assert b"not-for-the-cloud" not in environment
    assert b"AWS_PROFILE" not in environment


FOREGROUND = (sys.executable, "-m", "ecs_emulator")


def test_in_the_foreground_it_says_how_to_reach_it_and_ends(tmp_path: Path) -> None:
    place = tmp_path / "place"
    command = [*FOREGROUND, "--directory", str(place), "--region", "eu-west-1", "--clock", "frozen"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        said = [process.stdout.readline()]
        running = manage.find(place)
        wanted = manage.variables(running, "eu-west-1") if running else {}
        said += [process.stdout.readline() for _ in range(len(wanted) - 1)]
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        shown = control.clock(running) if running else {}
        process.send_signal(signal.SIGTERM)
        told = process.stderr.read()
    assert running
    names = dict(line.removeprefix("export ").strip().split("=", 1) for line in said)
    assert names == wanted
    assert "[profile ecs-emulator]\nendpoint_url = " + running.endpoint in told
    assert told.endswith("Ctrl-C stops it and deletes everything in it.\n")
    assert shown["clock"] == "frozen"
    assert again.returncode == 1
    assert again.stderr == f"error: an embedded cloud is already running in {place}, at {running.endpoint}\n"
    assert process.returncode == 130
    assert {path.name for path in place.iterdir()} == {"cloud.lock"}


def test_in_the_foreground_it_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    for option, words in (("--clock=slow", "no such clock"), ("--durations=long", "choose"), ("--port=99999", "port")):
        answer = subprocess.run(
            [*FOREGROUND, option], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert answer.returncode == 1
        assert answer.stderr.startswith("error: ")
        assert words in answer.stderr


@pytest.mark.parametrize("command", ["up", "cloud status", "cloud start", "rehearse"])
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, command: str) -> None:
    script = (
        "import sys; sys.modules['ecs_emulator'] = None  # as where it is not installed\n"
        "from provisioner.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    (tmp_path / "stack.toml").write_text(sample.text())
    answer = subprocess.run(
        [sys.executable, "-c", script, *command.split()],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 4, answer.stderr
    assert "the embedded cloud, which" in answer.stderr
    assert "is not installed: install this tool with its extra, `ecs-provision[local]`" in answer.stderr


def test_a_process_that_dies_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    (broken / "moto").mkdir(parents=True)
    (broken / "moto" / "__init__.py").write_text("raise RuntimeError('this moto is broken')")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    with pytest.raises(CloudError, match=r"ended while starting[\s\S]*this moto is broken"):
        manage.start(tmp_path, "example.com")
    assert manage.find(tmp_path) is None


def test_importing_manage_needs_no_moto_and_no_boto3() -> None:
    code = "import sys, ecs_emulator.manage; print([m for m in ('moto', 'boto3', 'botocore') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert answer.stdout.strip() == "[]"


def test_the_domain_has_its_zone_before_and_after_a_reset(cloud: EmbeddedCloud) -> None:
    route53 = cloud.client("route53")
    route53.create_hosted_zone(Name="other.example", CallerReference="once")
    cloud.reset()
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    assert (zone["Name"], zone["Config"]["PrivateZone"], zone["ResourceRecordSetCount"]) == ("example.com.", False, 2)
    records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert sorted(record["Type"] for record in records) == ["NS", "SOA"]


def test_reset_empties_our_layer_too(network: Network) -> None:
    ecs = network.cloud.client("ecs")
    ecs.create_cluster(clusterName="main")
    network.definition("web")
    ecs.put_account_setting_default(name="awsvpcTrunking", value="enabled")
    network.cloud.reset()
    assert ecs.list_clusters()["clusterArns"] == []
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []
    (setting,) = ecs.list_account_settings(name="awsvpcTrunking", effectiveSettings=True)["settings"]
    assert setting["value"] == "disabled"


def test_the_call_log_counts_writes(cloud: EmbeddedCloud) -> None:
    before = max((call["number"] for call in cloud.calls()), default=0)
    cloud.client("ecs").create_cluster(clusterName="main")
    cloud.client("ec2").describe_vpcs()
    cloud.client("route53").list_hosted_zones()
    cloud.client("route53").create_hosted_zone(Name="zone.example", CallerReference="log")
    cloud.client("servicediscovery").list_namespaces()
    with refused("ClusterNotFoundException"):
        cloud.client("ecs").delete_cluster(cluster="other")
    with refused("NoSuchEntity"):
        cloud.client("iam").get_role(RoleName="nobody")
    with refused("InvalidVpcID.NotFound"):
        cloud.client("ec2").describe_vpcs(VpcIds=["vpc-0000"])
    seen = [
        (call["service"], call["operation"], call["write"], call["status"] < 300, call["error"])
        for call in cloud.calls(before)
    ]
    assert seen == [
        ("ecs", "CreateCluster", True, True, ""),
        ("ec2", "DescribeVpcs", False, True, ""),
        ("route53", "ListHostedZones", False, True, ""),
        ("route53", "CreateHostedZone", True, True, ""),
        ("servicediscovery", "ListNamespaces", False, True, ""),
        ("ecs", "DeleteCluster", True, False, "ClusterNotFoundException"),
        ("iam", "GetRole", False, False, "NoSuchEntity"),
        ("ec2", "DescribeVpcs", False, False, "InvalidVpcID.NotFound"),
    ]
    assert [call["number"] for call in cloud.calls(before)] == list(range(before + 1, before + 9))


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("ec2", "describe_instance_topology", {}, "InvalidAction"),
        (
            "iam",
            "list_policies_granting_service_access",
            {"Arn": "arn:aws:iam::1:role/x", "ServiceNamespaces": ["ecs"]},
            "InvalidAction",
        ),
        ("ecs", "list_daemons", {}, "UnknownOperationException"),
        ("route53", "get_checker_ip_ranges", {}, "UnknownOperationException"),
        # of services of which moto has nothing
        ("globalaccelerator", "list_accelerators", {}, "UnknownOperationException"),
        ("accessanalyzer", "list_analyzers", {}, "UnknownOperationException"),
    ],
)
def test_a_missing_operation_is_a_client_error(
    cloud: EmbeddedCloud, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    with refused(code, "does not offer"):
        getattr(cloud.client(service), operation)(**arguments)


def test_connections_are_kept_alive(cloud: EmbeddedCloud) -> None:
    connection = http.client.HTTPConnection(cloud.endpoint.removeprefix("http://"), timeout=120)
    for _ in range(3):
        connection.request("GET", "/_cloud/health")
        answer = connection.getresponse()
        assert answer.version == 11
        assert json.loads(answer.read())["ready"] is True
        assert connection.sock is not None
    connection.request("GET", "/_cloud/nothing", headers={"Authorization": f"Bearer {cloud.process.key}"})
    assert connection.getresponse().status == 404
    connection.close()


def test_sixteen_clients_read_while_others_write(network: Network) -> None:
    """No HTTP 500, and enough calls a second on one core."""
    cloud = network.cloud
    ecs, ec2 = cloud.client("ecs"), cloud.client("ec2")
    ecs.create_cluster(clusterName="main")
    reads: list[tuple[str, str, dict[str, Any]]] = [
        ("ec2", "describe_security_groups", {}),
        ("ec2", "describe_network_interfaces", {}),
        ("ecs", "describe_clusters", {"clusters": ["main"], "include": ["TAGS"]}),
        ("elbv2", "describe_load_balancers", {}),
        ("resourcegroupstaggingapi", "get_resources", {}),
        ("autoscaling", "describe_auto_scaling_groups", {}),
        ("iam", "list_roles", {}),
        ("logs", "describe_log_groups", {}),
    ]
    for service, _, _ in reads:
        cloud.client(service)
    before = max(call["number"] for call in cloud.calls())
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            group = ec2.create_security_group(GroupName=f"w{number}", Description="w", VpcId=network.vpc)["GroupId"]
            ec2.create_tags(Resources=[group], Tags=[{"Key": "n", "Value": str(number)}])
            ecs.tag_resource(
                resourceArn=ecs.describe_clusters(clusters=["main"])["clusters"][0]["clusterArn"],
                tags=[{"key": f"k{number % 20}", "value": "v"}],
            )
            ec2.delete_security_group(GroupId=group)

    def read(number: int) -> None:
        for turn in range(40):
            service, operation, arguments = reads[(number + turn) % len(reads)]
            getattr(cloud.client(service), operation)(**arguments)

    with ThreadPoolExecutor(18) as pool:
        writers = [pool.submit(write)]
        readers = [pool.submit(read, number) for number in range(16)]
        for reader in readers:
            reader.result(timeout=120)
        stop.set()
        for writer in writers:
            writer.result(timeout=120)
    calls = cloud.calls(before)
    assert [call for call in calls if call["status"] >= 500] == []
