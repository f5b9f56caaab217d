"""All options together: a stack without them, with them, with others, without them again, and gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference
from tests.cloud.project import Project, kms_key, project, web_acl  # noqa: F401  (a fixture)
from tests.cloud.warm import ROOT

T = TypeVar("T")

NAME = "ecs-sample-dev"
TABLES = re.compile(r"^\| `([a-z0-9-]+)` \| (.*) \|$", re.MULTILINE)
OPTION = re.compile(r"\b[a-z0-9]+:[A-Z][A-Za-z0-9]+")
SERVICE = """
[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 8080
public = true
database = true
"""
ON = """
network = {{ flow_logs = true }}
load_balancer = {{ access_logs = true, waf_acl = "{acl}" }}
logs = {{ kms_key = "{key}" }}

[database]
readers = 2
iam_authentication = true
logs = ["error", "audit"]
backup_days = 14
"""
CHANGED = """
network = {{ flow_logs = true }}
load_balancer = {{ access_logs = true, waf_acl = "{acl}" }}
logs = {{ kms_key = "{key}", retention_days = 30 }}

[database]
readers = 1
logs = ["error", "slowquery"]
backup_days = 21
"""


def test_all_options_come_change_and_go(project: Project) -> None:  # noqa: F811
    keys = [kms_key(project.cloud) for _ in range(2)]
    acls = [web_acl(project.cloud, name) for name in ("first", "second")]

    called: set[str] = set()

    def made(command: Callable[[], T]) -> T:
        since = project.last_call()
        result = command()
        called.update(f"{call['service']}:{call['operation']}" for call in project.cloud.calls(since))
        return result

    def brought_up(options: str, number: int = 0) -> Inventory:
        project.write(options.format(key=keys[number], acl=acls[number]) + SERVICE)
        made(project.up)
        assert made(project.planned) == {}
        return project.inventory()

    before = project.inventory()
    plain = brought_up("")
    check_on(project, brought_up(ON), keys[0], acls[0])
    project.write(f'kms_key = "{keys[0]}"\n' + SERVICE)
    assert {address for address, item in project.planned().items() if item["action"] == "refused"} == {
        "db_cluster/main",
        "repository/web",
    }
    check_changed(project, brought_up(CHANGED, 1), keys[1], acls[1])
    off = brought_up("")
    # the name of the bucket that was logged to stays among its attributes
    assert difference(plain, off, "load_balancers") == {}
    assert off["load_balancers"][0]["attributes"]["access_logs.s3.enabled"] == "false"
    assert made(project.down).said("finished")[0]["ok"]
    assert undocumented(called) == set()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


ACTIONS = {
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
}
"""Operations whose action is called otherwise (Service Authorization Reference)."""


def undocumented(called: set[str]) -> set[str]:
    """Which of the calls are not among the actions that the document asks to be allowed, for options or in general."""
    text = (ROOT / "docs" / "security.md").read_text()
    general = {f"{service}:{action}" for service, row in TABLES.findall(text) for action in row.split(", ")}
    options = set(OPTION.findall(text.partition("### What the options need")[2].partition("\n## ")[0]))
    return {ACTIONS.get(one, one).replace("tagging:", "tag:") for one in called} - general - options


def groups(found: Inventory) -> dict[str, tuple[Any, Any]]:
    """The log groups' retention and key, by name."""
    return {group["Name"]: (group.get("retentionInDays"), group.get("kmsKeyId")) for group in found["log_groups"]}


def check_on(project: Project, found: Inventory, key: str, acl: str) -> None:  # noqa: F811
    logs = groups(found)
    assert set(logs.values()) == {(7, key)}
    assert {f"/aws/rds/cluster/{NAME}/audit", f"/aws/rds/cluster/{NAME}/error", f"/vpc/{NAME}/flow-logs"} < set(logs)
    (cluster,) = found["db_clusters"]
    assert sorted(cluster["EnabledCloudwatchLogsExports"]) == ["audit", "error"]
    assert (cluster["IAMDatabaseAuthenticationEnabled"], cluster["BackupRetentionPeriod"]) == (True, 14)
    assert len({one["AvailabilityZone"] for one in found["db_instances"]}) == len(found["db_instances"]) == 3
    (flow,) = found["flow_logs"]
    assert (flow["ResourceId"], flow["LogGroupName"]) == (found["vpcs"][0]["VpcId"], f"/vpc/{NAME}/flow-logs")
    (bucket,) = found["buckets"]
    assert bucket["objects"] == ["AWSLogs/123456789012/ELBAccessLogTestFile"]
    (balancer,) = found["load_balancers"]
    assert balancer["attributes"]["access_logs.s3.bucket"] == bucket["Name"]
    assert associated(project, balancer) == acl


def check_changed(project: Project, found: Inventory, key: str, acl: str) -> None:  # noqa: F811
    logs = groups(found)
    assert set(logs.values()) == {(30, key)}
    assert f"/aws/rds/cluster/{NAME}/slowquery" in logs
    assert f"/aws/rds/cluster/{NAME}/audit" not in logs
    (cluster,) = found["db_clusters"]
    assert sorted(cluster["EnabledCloudwatchLogsExports"]) == ["error", "slowquery"]
    assert (cluster["IAMDatabaseAuthenticationEnabled"], cluster["BackupRetentionPeriod"]) == (False, 21)
    assert len(found["db_instances"]) == 2
    (group,) = found["db_cluster_parameter_groups"]
    assert {"slow_query_log": "1"}.items() <= group["own"].items()
    assert "server_audit_logging" not in group["own"]
    (bucket,) = found["buckets"]
    (rule,) = project.cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket["Name"])["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    assert associated(project, found["load_balancers"][0]) == acl


def associated(project: Project, balancer: dict[str, Any]) -> Any:  # noqa: F811
    """The web ACL that a load balancer has."""
    answer = project.cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"])
    return answer.get("WebACL", {}).get("ARN")
