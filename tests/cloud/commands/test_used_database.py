"""A database that somebody else owns: the stack reads it and hands it to its tasks, and touches nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.shared_database import PLACES, STACK, USED, shared
from tests.cloud.vpcs import make

pytestmark = [pytest.mark.slow, world.EMPTY]

JOB = """
[jobs.nightly]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
database = true
schedule = "rate(1 day)"
environment = { PGHOST = "{database.host}" }
secrets = { PGPASSWORD = "database.password" }
"""


def test_a_stack_lives_with_a_cluster_of_others(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    before, account = theirs.seen(), project.inventory()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    made = project.up().results
    assert not {one for one in made if one.startswith(("db_", "single_db", "secure_parameter", "connection_url"))}
    ecs, ec2 = project.cloud.client("ecs"), project.cloud.client("ec2")
    [container] = ecs.describe_task_definition(taskDefinition="ecs-sample-dev-web")["taskDefinition"][
        "containerDefinitions"
    ]
    values = {one["name"]: one["value"] for one in container["environment"]}
    assert values["DB_HOST"] == before[0]["Endpoint"]
    assert (values["DB_PORT"], values["DB_NAME"], values["DB_USER"]) == ("5432", "shop", "shop_app")
    places = {one["name"]: one["valueFrom"].partition("shared/shop")[2][7:] for one in container["secrets"]}
    assert places == {"DB_PASSWORD": ":password::", "DATABASE_URL": ":url::"}
    [service] = ecs.describe_services(cluster="ecs-sample-dev", services=["web"])["services"]
    ids = service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
    groups = ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]
    assert {one["GroupName"] for one in groups} == {"ecs-sample-dev-web", "ecs-sample-dev-database-clients"}
    assert theirs.seen() == before
    assert project.planned() == {}
    assert "a database of somebody else" in project.run("rehearse", code=4).err
    assert "a database of somebody else" in project.run("tunnel", "database", code=4).err

    down = project.last_call()
    project.down()
    assert [one for one in project.writes(down) if one.startswith("rds:")] == []
    assert theirs.seen() == before
    assert difference(account, project.inventory(), *NEVER_REMOVED) == {}


def test_the_stack_makes_one_rule_in_a_group_of_others(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    ec2 = project.cloud.client("ec2")
    from_office = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=theirs.group, IpPermissions=[from_office])
    before = project.inventory()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED + f'security_group = "{theirs.group}"'))
    up = project.up()
    address = f"security_group_rule/{theirs.group}-5432"
    assert (up.results[address], "lets" in up.err) == ("created", False)

    def rules() -> list[Any]:
        shown = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [theirs.group]}])
        return [one for one in shown["SecurityGroupRules"] if not one["IsEgress"] and "CidrIpv4" not in one]

    [rule] = rules()
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (5432, 5432, "tcp")
    clients = rule["ReferencedGroupInfo"]["GroupId"]
    assert {"Key": "provisioner:address", "Value": address} in rule["Tags"]
    [service] = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=["web"])["services"]
    assert clients in service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
    assert project.planned() == {}

    ec2.revoke_security_group_ingress(GroupId=theirs.group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert [*project.planned()] == [address]
    project.up()
    project.lose_state()
    project.run("recover", "--yes")
    assert project.planned() == {}

    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    assert address in project.planned()
    project.up()
    assert rules() == []
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED + f'security_group = "{theirs.group}"'))
    project.up()
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_cluster_in_another_vpc_is_refused(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    other = make(project.cloud, PLACES)
    project.write(STACK.format(vpc=other.id, database=USED))
    said = project.run("up", "--yes", code=4)
    assert f"database.cluster is shared-prod, which is in {theirs.vpc.id}, and network.vpc is {other.id}" in said.err
    assert not project.cloud.client("ecs").list_clusters()["clusterArns"]


def test_an_own_database_stays_with_its_data(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    project.write(STACK.format(vpc=theirs.vpc.id, database=""))
    project.up()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    assert "this stack has a database of its own (db_cluster/main)" in project.run("up", "--yes", code=4).err
    [own] = project.cloud.client("rds").describe_db_clusters(DBClusterIdentifier="ecs-sample-dev")["DBClusters"]
    assert own["Status"] == "available"


def test_other_commands_leave_it_alone(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED) + JOB)
    first = project.run("plan", code=2).out
    assert "lets service web and job nightly in: ask its owner for an incoming rule by TCP 5432" in first
    assert "from the security group ecs-sample-dev-database-clients, which `up` creates" in first
    project.up()
    ec2, ecs = project.cloud.client("ec2"), project.cloud.client("ecs")
    nightly = ecs.describe_task_definition(taskDefinition="ecs-sample-dev-nightly")["taskDefinition"]
    [container] = nightly["containerDefinitions"]
    values = {one["name"]: one["value"] for one in container["environment"]}
    secrets = {one["name"]: one["valueFrom"] for one in container["secrets"]}
    assert values["PGHOST"] == values["DB_HOST"]
    assert secrets["PGPASSWORD"] == secrets["DB_PASSWORD"]
    [clients] = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["ecs-sample-dev-database-clients"]}]
    )["SecurityGroups"]
    assert f"ecs-sample-dev-database-clients ({clients['GroupId']})" in project.run("plan").out
    checks = {one["check"]: one for one in project.run("doctor", "--json", code=1).document["checks"]}
    assert checks["database"]["verdict"] == "warning"
    assert "ask its owner for an incoming rule by TCP 5432" in checks["database"]["fix"]
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
        "UserIdGroupPairs": [{"GroupId": clients["GroupId"]}],
    }
    ec2.authorize_security_group_ingress(GroupId=theirs.group, IpPermissions=[rule])
    assert "ask its owner" not in project.run("plan").out
    before = theirs.seen()

    price = project.run("cost").out
    assert "Aurora" not in price
    assert "somebody else owns and pays it: database shared-prod." in price
    schedule = project.cloud.client("scheduler").get_schedule(GroupName="ecs-sample-dev", Name="nightly")
    place = schedule["Target"]["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"]
    assert clients["GroupId"] in place["SecurityGroups"]
    [definition] = ecs.list_task_definitions(familyPrefix="ecs-sample-dev-nightly")["taskDefinitionArns"]
    secrets = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"][0]
    assert {one["name"] for one in secrets["secrets"]} == {"DATABASE_URL", "DB_PASSWORD", "PGPASSWORD"}
    assert "database" not in project.run("sleep", "--yes").err
    project.run("wake", "--yes")
    project.run("status")
    assert theirs.seen() == before
    # a new version of the secret of others reaches tasks by a new revision
    project.cloud.client("secretsmanager").put_secret_value(
        SecretId="shared/shop", SecretString='{"password": "y", "url": "postgresql://y"}'
    )
    assert {one for one in project.planned() if one.startswith("task_definition/")} == {
        "task_definition/nightly",
        "task_definition/web",
    }


def test_an_unusable_database_is_refused_before_any_write(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    text = STACK.format(vpc=theirs.vpc.id, database=USED)

    def said(written: str) -> str:
        project.write(written)
        before = project.last_call()
        error = project.run("up", "--yes", code=4).err
        assert project.writes(before) == []
        return error

    assert "has no such database in ap-northeast-1" in said(text.replace("shared-prod", "gone"))
    single = said(text.replace("cluster =", "instance_id =").replace("shared-prod", "shared-prod-1"))
    assert 'write cluster = "shared-prod" instead' in single
    outside = said(text.replace("url =", 'security_group = "sg-0123456789abcdef0"\nurl ='))
    assert (
        f"which is no group of the database shared-prod, so that a rule there lets nobody in: use one of {theirs.group}"
        in outside
    )
    project.cloud.client("ec2").create_tags(
        Resources=[theirs.group],
        Tags=[{"Key": "ManagedBy", "Value": "provisioner"}, {"Key": "Project", "Value": "shop"}],
    )
    taken = said(text.replace("url =", f'security_group = "{theirs.group}"\nurl ='))
    assert "belongs to the stack of project shop" in taken
    rds = project.cloud.client("rds")
    rds.delete_db_instance(DBInstanceIdentifier="shared-prod-1")
    rds.delete_db_cluster(DBClusterIdentifier="shared-prod", SkipFinalSnapshot=True)
    assert "database.cluster is shared-prod, which its owner is deleting: name another" in said(text)


@pytest.mark.parametrize("key", ["cluster", "instance_id"])
def test_on_this_machine_a_stand_in_takes_its_place(
    project: Project,  # noqa: F811
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PROVISION_STAND_INS")
    group = 'security_group = "sg-0a1b2c3d4e5f67890"'
    project.write(STACK.format(vpc="vpc-0a1b2c3d4e5f67890", database=USED.replace("cluster", key) + group))
    up = project.up()
    assert "database shared-prod" in up.out + up.err
    assert up.results["security_group_rule/sg-0a1b2c3d4e5f67890-3306"] == "created"
    assert project.planned() == {}
    project.down()
    rds = project.cloud.client("rds")
    if key == "cluster":
        assert rds.describe_db_clusters(DBClusterIdentifier="shared-prod")["DBClusters"][0]["Status"] == "available"
    else:
        [one] = rds.describe_db_instances(DBInstanceIdentifier="shared-prod")["DBInstances"]
        assert one["DBInstanceStatus"] == "available"
