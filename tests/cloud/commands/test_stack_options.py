"""All options together: a stack without them, with them, with others, without them again, and gone.

Each command runs under the policies that `provision policy` prints, those of the configuration before included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ecs_emulator.authorization.policy import Check, Decision, decide
from provisioner.aws.permissions import Permission
from provisioner.config import stack_file
from provisioner.config.models import Config
from provisioner.permissions.table import needed
from tests.cloud.inventory import NEVER_REMOVED, Inventory, difference
from tests.cloud.policies import Asked, Stack, as_read, asked, denied, enforce, policies, unproven
from tests.cloud.project import Project, kms_key, project, web_acl  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

NAME = "ecs-sample-dev"
DATABASE = "\n[database]\n"
ALIAS, LOGS_ALIAS = "alias/example", "alias/logs"
KEYED = f'kms_key = "{ALIAS}"\n'
SERVICE = """
[dns]
domain = "example.com"

[account]
role_path = "/team/"

[services.web]
launch = "ec2"
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

AUDIT = "log_group/database-audit"
SWITCHED_OFF = ("bucket/access-logs", "log_group/database-error", "log_group/database-slowquery", "log_group/flow-logs")
"""Resources with data of options that are switched off."""


@dataclass
class Policed:
    """A project whose commands run under printed policies.

    Attributes:
        before: the policies of the former configuration, by which `up` removes the options that are switched off.
        asked: all permission checks made under policies so far.
    """

    project: Project
    before: Sequence[Any] = ()
    asked: list[Asked] = field(default_factory=list)

    def write(self, options: str) -> None:
        """Write a configuration, and put its policies in force beside the former ones, with its boundary."""
        self.before = policies(self.project.config)
        self.project.write(options + SERVICE)
        # an administrator brings the boundary up to date before
        self.free()
        self.project.run("policy", "--create-boundary")
        self.allow()

    def allow(self, *, read_only: bool = False) -> None:
        """Put the printed policies in force; keep the checks made under the former ones."""
        self.free()
        now = policies(self.project.config, read_only=read_only)
        enforce(self.project.cloud, *now, *(() if read_only else self.before))

    def free(self) -> None:
        """Allow everything, as the tests' own calls need it; keep the checks made so far."""
        self.asked += asked(self.project.cloud)
        enforce(self.project.cloud)

    def brought_up(self, options: str, *let_go: str) -> Inventory:
        """Bring the stack up and delete the named data; a reader then finds nothing to do. Return the inventory.

        Resources with data are kept until they are named: the plan must list exactly these.
        """
        self.write(options)
        kept = self.project.end(self.project.begin("plan", "--json")).document["kept"]
        assert kept == [*let_go]
        self.project.up(*(word for address in let_go for word in ("--delete", address)))
        self.allow(read_only=True)
        assert self.project.planned() == {}
        assert self.project.run("status", "--json").document
        self.free()
        return self.project.inventory()

    def refused(self) -> set[str]:
        """Return the addresses that the plan refuses; `up` must write nothing at all."""
        found = {address for address, item in self.project.planned().items() if item["action"] == "refused"}
        since = self.project.last_call()
        self.project.up(code=1)
        assert self.project.writes(since) == []
        return found


def test_all_options_come_change_and_go(project: Project) -> None:  # noqa: F811
    keys = [kms_key(project.cloud) for _ in range(3)]
    for alias, key in ((ALIAS, keys[2]), (LOGS_ALIAS, keys[0])):
        project.cloud.client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    acls = [web_acl(project.cloud, name) for name in ("first", "second")]
    on, changed = (KEYED + it.format(key=keys[n], acl=acls[n]) for n, it in enumerate((ON, CHANGED)))
    policed = Policed(project)
    project.write(KEYED + DATABASE + SERVICE)
    before = project.inventory()

    plain = policed.brought_up(KEYED + DATABASE)
    check_roles(plain)
    assert {key for _, key in groups(plain).values()} == {keys[2]}
    check_on(project, both := policed.brought_up(on), keys[0], acls[0])
    check_roles(both)
    policed.allow()
    other_calls(project)
    for other in ("", f'kms_key = "{keys[1]}"\n'):
        policed.write(on.replace(KEYED, other))
        assert policed.refused() == {"db_cluster/main", "repository/web"}
    project.write(on + SERVICE)
    check_changed(project, policed.brought_up(changed, AUDIT), keys[1], acls[1])
    off = policed.brought_up(KEYED + DATABASE, *SWITCHED_OFF)
    # the name of the bucket that was logged to stays among its attributes; the boundary follows the options
    assert difference(plain, off, "load_balancers", "policies") == {}
    assert off["load_balancers"][0]["attributes"]["access_logs.s3.enabled"] == "false"
    policed.allow()
    assert project.down().said("run_finished")[0]["ok"]
    policed.free()
    (boundary,) = project.inventory()["policies"]
    assert boundary["AttachmentCount"] == 0
    delete_policy(project, boundary["Arn"])
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}

    assert denied(policed.asked) == []
    checks = [it.check for it in policed.asked]
    otherwise = on.replace(ALIAS, keys[2]).replace(keys[0], LOGS_ALIAS)
    for options in (on, otherwise):
        project.write(options + SERVICE)
        check_needed(stack_file.load(project.config), checks)


def delete_policy(project: Project, arn: str) -> None:  # noqa: F811
    """Delete a managed policy with all its versions, as an administrator does when no stack needs it any more."""
    iam = project.cloud.client("iam")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def check_roles(found: Inventory) -> None:
    """All roles have the path and the boundary of the stack, and a service's execution role its own parameter."""
    assert {role["Path"] for role in (*found["roles"], *found["instance_profiles"])} == {"/team/"}
    boundaries = {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in found["roles"]}
    assert boundaries == {f"arn:aws:iam::123456789012:policy/{NAME}-boundary"}
    names = {role["RoleName"].removeprefix(f"{NAME}-") for role in found["roles"]}
    assert names >= {"instance", "execution-web", "task-web"}


def other_calls(project: Project) -> None:  # noqa: F811
    """Make the calls of the options that this life does not come to, as the tool makes them and without effect."""
    cloud, bucket = project.cloud, {"Bucket": f"{NAME}-123456789012-ap-northeast-1-logs"}
    stack = Stack(cloud, NAME, {}, {})
    logs = "arn:aws:logs:ap-northeast-1:123456789012:log-group:"
    for group in (f"/vpc/{NAME}/flow-logs", f"/aws/rds/cluster/{NAME}/error"):
        stack.call("logs", "list_tags_for_resource", resourceArn=logs + group)
    stack.call("logs", "disassociate_kms_key", logGroupName=f"/ecs/{NAME}/none")
    # a value of more than 4 KB is encrypted otherwise (KMS developer guide, services-parameter-store)
    parameter = {"Name": f"/{NAME}/secrets/LONG", "Value": "x" * 5000, "Type": "SecureString", "Tier": "Advanced"}
    owner = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}
    tags = [{"Key": key, "Value": value} for key, value in owner.items()]
    stack.call("ssm", "put_parameter", **parameter, KeyId=ALIAS, Tags=tags)
    cloud.client("ssm").delete_parameter(Name=parameter["Name"])
    (flow_log,) = cloud.client("ec2").describe_flow_logs()["FlowLogs"]
    stack.call("ec2", "create_tags", Resources=[flow_log["FlowLogId"]], Tags=flow_log["Tags"])
    s3 = cloud.client("s3")
    tags, block = s3.get_bucket_tagging(**bucket)["TagSet"], s3.get_public_access_block(**bucket)
    rules = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]
    stack.call("s3", "put_bucket_tagging", **bucket, Tagging={"TagSet": tags})
    stack.call("s3", "put_bucket_encryption", **bucket, ServerSideEncryptionConfiguration=rules)
    blocked = block["PublicAccessBlockConfiguration"]
    stack.call("s3", "put_public_access_block", **bucket, PublicAccessBlockConfiguration=blocked)


def check_needed(configured: Config, checks: Sequence[Check]) -> None:
    """Each permission that is there for an option is needed: without it some check is not allowed any more."""
    permissions = needed(configured)
    own = configured.model_dump(exclude_unset=True)
    without = Config.model_validate({"database": {}} | {name: own[name] for name in ("dns", "services", "account")})
    options = set(map(shown, permissions)) - set(map(shown, needed(without)))
    assert len(options) > 40
    whole = as_read(permissions)
    allowed = [it for it in checks if decide(whole, it) is Decision.ALLOWED]
    assert [one for it in unproven(permissions, allowed) if (one := shown(it)) in options] == []


def shown(permission: Permission) -> tuple[Any, ...]:
    """Return a permission's name, resources and conditions."""
    return (permission.name, permission.resources, permission.conditions)


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
