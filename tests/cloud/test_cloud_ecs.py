"""ECS of the embedded cloud: what it refuses, what it keeps, and that services run tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.conftest import EmbeddedCloud, Network, refused

Answer = dict[str, Any]


@pytest.fixture
def ecs(network: Network) -> Any:
    """An ECS client in a cloud with a network and the cluster `main`, which has Fargate's two providers."""
    client = network.cloud.client("ecs")
    client.create_cluster(clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    return client


def cluster(network: Network, name: str = "main") -> Answer:
    everything = ["TAGS", "SETTINGS", "ATTACHMENTS", "CONFIGURATIONS", "STATISTICS"]
    (found,) = network.cloud.client("ecs").describe_clusters(clusters=[name], include=everything)["clusters"]
    answer: Answer = found
    return answer


def service(network: Network, name: str = "web", *, tags: bool = False) -> Answer:
    client = network.cloud.client("ecs")
    include = ["TAGS"] if tags else []
    (found,) = client.describe_services(cluster="main", services=[name], include=include)["services"]
    answer: Answer = found
    return answer


def tasks(network: Network, name: str = "web", status: str = "RUNNING") -> list[Answer]:
    client = network.cloud.client("ecs")
    arns = client.list_tasks(cluster="main", serviceName=name, desiredStatus=status)["taskArns"]
    return client.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])["tasks"] if arns else []


def create(network: Network, name: str = "web", **more: Any) -> Answer:
    request: dict[str, Any] = {
        "cluster": "main",
        "serviceName": name,
        "taskDefinition": "web",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": network.awsvpc(),
        **more,
    }
    answer: Answer = network.cloud.client("ecs").create_service(**request)["service"]
    return answer


def steady(network: Network, name: str = "web", running: int = 2) -> Answer:
    def reached() -> Answer | None:
        found = service(network, name)
        done = len(found["deployments"]) == 1 and found["deployments"][0]["rolloutState"] == "COMPLETED"
        return found if done and found["runningCount"] == running else None

    answer: Answer = network.cloud.wait(reached, f"{name} steady at {running}")
    return answer


def gone(network: Network, name: str = "web") -> None:
    network.cloud.wait(lambda: service(network, name)["status"] == "INACTIVE", f"{name} INACTIVE")


def target_group(network: Network, name: str = "web", delay: int = 20, *, listener: bool = True) -> str:
    """A target group, by default behind a load balancer's listener."""
    balancing, ec2 = network.cloud.client("elbv2"), network.cloud.client("ec2")
    arn: str = balancing.create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip", HealthCheckPath="/"
    )["TargetGroups"][0]["TargetGroupArn"]
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}]
    balancing.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)
    if listener:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
        balancer = balancing.create_load_balancer(Name=name, Subnets=network.subnets)["LoadBalancers"][0]
        balancer_arn = balancer["LoadBalancerArn"]

        def active() -> bool:
            (found,) = balancing.describe_load_balancers(LoadBalancerArns=[balancer_arn])["LoadBalancers"]
            return bool(found["State"]["Code"] == "active")

        network.cloud.wait(active, "load balancer")
        forward = [{"Type": "forward", "TargetGroupArn": arn}]
        balancing.create_listener(LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    return arn


def registry(network: Network) -> tuple[str, str]:
    """A Cloud Map service; its id and ARN."""
    discovery = network.cloud.client("servicediscovery")
    discovery.create_private_dns_namespace(Name="svc.internal", Vpc=network.vpc)
    (namespace,) = network.cloud.wait(lambda: discovery.list_namespaces()["Namespaces"], "namespace")
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    made = discovery.create_service(
        Name="web", NamespaceId=namespace["Id"], DnsConfig=dns, HealthCheckCustomConfig={"FailureThreshold": 1}
    )["Service"]
    return made["Id"], made["Arn"]


# Account settings


def test_account_setting_default_is_set_listed_and_taken_back(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    name = "awsvpcTrunking"

    def in_force() -> str:
        (setting,) = ecs.list_account_settings(name=name, effectiveSettings=True)["settings"]
        value: str = setting["value"]
        return value

    assert in_force() == "disabled"
    answer = ecs.put_account_setting_default(name=name, value="enabled")["setting"]
    assert (answer["value"], answer["principalArn"]) == ("enabled", "arn:aws:iam::123456789012:root")
    assert in_force() == "enabled"
    assert ecs.list_account_settings(name=name)["settings"] == []
    ecs.put_account_setting(name=name, value="disabled")
    assert in_force() == "disabled"
    ecs.delete_account_setting(name=name)
    assert in_force() == "enabled"
    assert len(ecs.list_account_settings(effectiveSettings=True, maxResults=100)["settings"]) > 8
    with refused("InvalidParameterException", "should be one of"):
        ecs.put_account_setting_default(name=name, value="perhaps")


# Clusters


def test_cluster_keeps_tags_settings_and_configuration(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    configuration = {"executeCommandConfiguration": {"logging": "DEFAULT"}}
    made = ecs.create_cluster(
        clusterName="main",
        tags=[{"key": "Project", "value": "p"}],
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration=configuration,
    )["cluster"]
    assert made["status"] == "ACTIVE"
    (plain,) = ecs.describe_clusters(clusters=["main"])["clusters"]
    assert (plain["tags"], plain["settings"], "configuration" in plain) == ([], [], False)
    include = ["TAGS", "SETTINGS", "CONFIGURATIONS"]
    (full,) = ecs.describe_clusters(clusters=[made["clusterArn"]], include=include)["clusters"]
    assert full["tags"] == [{"key": "Project", "value": "p"}]
    assert full["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert full["configuration"] == configuration
    changed = ecs.update_cluster_settings(
        cluster="main", settings=[{"name": "containerInsights", "value": "disabled"}]
    )["cluster"]
    assert changed["settings"] == [{"name": "containerInsights", "value": "disabled"}]
    assert ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"] == made["clusterArn"]
    with refused("InvalidParameterException", "idempotent"):
        ecs.create_cluster(clusterName="main", settings=[{"name": "containerInsights", "value": "enabled"}])


def test_deleted_cluster_is_described_but_not_listed_and_can_be_made_again(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    arn = ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"]
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []
    assert ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"] == "INACTIVE"
    assert ecs.describe_clusters(clusters=["other"])["failures"][0]["reason"] == "MISSING"
    with refused("ClusterNotFoundException"):
        ecs.delete_cluster(cluster="main")
    assert ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"
    assert ecs.list_clusters()["clusterArns"] == [arn]


def test_lists_are_paged(cloud: EmbeddedCloud) -> None:
    ecs = cloud.client("ecs")
    for number in range(5):
        ecs.create_cluster(clusterName=f"c{number}")
    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["clusterArns"]) for page in pages] == [2, 2, 1]


def test_cluster_with_a_service_or_a_task_is_not_deleted(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=0)
    with refused("ClusterContainsServicesException", "Services are active"):
        ecs.delete_cluster(cluster="main")
    ecs.delete_service(cluster="main", service="web")
    gone(network)
    (task,) = ecs.run_task(
        cluster="main", taskDefinition="web", launchType="FARGATE", networkConfiguration=network.awsvpc()
    )["tasks"]
    with refused("ClusterContainsTasksException", "Tasks are active"):
        ecs.delete_cluster(cluster="main")
    ecs.stop_task(cluster="main", task=task["taskArn"])
    network.cloud.wait(lambda: cluster(network)["pendingTasksCount"] == 0, "no task")
    network.cloud.wait(
        lambda: ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"][0]["lastStatus"] == "STOPPED",
        "task STOPPED",
    )
    network.cloud.wait(lambda: cluster(network)["attachmentsStatus"] == "UPDATE_COMPLETE", "attachments")
    assert ecs.delete_cluster(cluster="main")["cluster"]["status"] == "INACTIVE"


# Task definitions


def test_task_definition_is_returned_whole_with_defaults(network: Network) -> None:
    ecs = network.cloud.client("ecs")
    container = {
        "name": "web",
        "image": "web:1",
        "portMappings": [{"containerPort": 80}],
        "environment": [{"name": "A", "value": "b"}],
        "secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:ap-northeast-1:123456789012:parameter/s"}],
        "user": "10001:10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
        "healthCheck": {"command": ["CMD", "true"]},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/x"}},
    }
    runtime = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}
    tags = [{"key": "Project", "value": "p"}]
    volumes = [{"name": "tmp"}]
    arn = network.definition(
        "web", containerDefinitions=[container], runtimePlatform=runtime, tags=tags, volumes=volumes
    )
    assert "tags" not in ecs.describe_task_definition(taskDefinition="web")
    answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    found = answer["taskDefinition"]
    assert answer["tags"] == tags
    assert (found["revision"], found["status"], found["volumes"]) == (1, "ACTIVE", [{"name": "tmp"}])
    assert (found["cpu"], found["memory"], found["networkMode"]) == ("256", "512", "awsvpc")
    assert (found["executionRoleArn"], found["taskRoleArn"]) == (network.execution_role, network.task_role)
    assert (found["runtimePlatform"], found["compatibilities"]) == (runtime, ["EC2", "FARGATE"])
    assert found["containerDefinitions"] == [
        {
            **container,
            "cpu": 0,
            "essential": True,
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
            "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
        }
    ]


ROLE = "arn:aws:iam::123456789012:role/nobody"
CONTAINER = {"name": "web", "image": "web:1", "memory": 128}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"executionRoleArn": ROLE}, "Role is not valid"),
        ({"taskRoleArn": ROLE}, "Role is not valid"),
        ({"family": "no spaces"}, "Family"),
        ({"memory": "513"}, "No Fargate configuration exists for given values."),
        ({"cpu": "300"}, "No Fargate configuration exists for given values."),
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists for given values."),
        ({"networkMode": "bridge"}, "Fargate only supports network mode"),
        ({"containerDefinitions": []}, "should not be null or empty"),
        ({"containerDefinitions": [{**CONTAINER, "name": ""}]}, "Container.name should not be null or empty."),
        ({"containerDefinitions": [{**CONTAINER, "image": ""}]}, "Container.image should not be null or empty."),
        ({"containerDefinitions": [CONTAINER, CONTAINER]}, "unique"),
        ({"containerDefinitions": [{**CONTAINER, "essential": False}]}, "essential"),
        (
            {"containerDefinitions": [{**CONTAINER, "portMappings": [{"containerPort": 80, "hostPort": 81}]}]},
            "must match",
        ),
        (
            {"containerDefinitions": [{**CONTAINER, "dependsOn": [{"containerName": "x", "condition": "START"}]}]},
            "unknown container",
        ),
    ],
)
def test_task_definition_refusals(network: Network, change: dict[str, Any], words: str) -> None:
    with refused("ClientException", words):
        network.definition(change.pop("family", "web"), **change)


@pytest.mark.parametrize(
    ("cpu", "memory"), [("256", "2048"), ("1024", "8192"), (".25 vCPU", "1 GB"), ("4096", "30720")]
)
def test_fargate_sizes_that_exist(network: Network, cpu: str, memory: str) -> None:
    assert network.definition("web", cpu=cpu, memory=memory).endswith("web:1")


def test_ec2_container_needs_memory(network: Network) -> None:
    container = {"name": "web", "image": "web:1"}
    with refused("ClientException", "At least one of 'memory' or 'memoryReservation' must be specified."):
        network.cloud.client("ecs").register_task_definition(family="web", containerDefinitions=[container])


def test_secrets_need_an_execution_role(network: Network) -> None:
    container = {**CONTAINER, "secrets": [{"name": "S", "valueFrom": "/s"}]}
    with refused("ClientException", "executionRoleArn"):
        network.cloud.client("ecs").register_task_definition(family="web", containerDefinitions=[container])


def test_revisions_are_kept_deregistered_deleted_and_never_counted_again(network: Network) -> None:
    ecs = network.cloud.client("ecs")
    first, second = network.definition("web"), network.definition("web")
    network.definition("website")
    assert ecs.list_task_definitions(familyPrefix="web")["taskDefinitionArns"] == [first, second]
    assert ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"] == [second, first]
    assert ecs.list_task_definition_families(familyPrefix="web")["families"] == ["web", "website"]
    failure = ecs.delete_task_definitions(taskDefinitions=[first])["failures"][0]
    assert "still in ACTIVE status" in failure["reason"]
    assert ecs.deregister_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["taskDefinitionArn"] == first
    assert ecs.list_task_definitions(familyPrefix="web", status="INACTIVE")["taskDefinitionArns"] == [second]
    (deleted,) = ecs.delete_task_definitions(taskDefinitions=[second])["taskDefinitions"]
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    assert network.definition("web").endswith("web:3")
    with refused("ClientException", "Unable to describe task definition."):
        ecs.describe_task_definition(taskDefinition="other")
    with refused("ClientException", "Revision is missing."):
        ecs.deregister_task_definition(taskDefinition="web")


# Services


def test_service_keeps_every_setting(network: Network, ecs: Any) -> None:
    network.definition("web")
    group, (_, registry_arn) = target_group(network), registry(network)
    settings: dict[str, Any] = {
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}],
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 60,
        "availabilityZoneRebalancing": "DISABLED",
        "propagateTags": "SERVICE",
        "enableECSManagedTags": True,
        "loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        "serviceRegistries": [{"registryArn": registry_arn}],
    }
    breaker = {"enable": True, "rollback": True}
    request = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": 1,
        "networkConfiguration": network.awsvpc(),
        "tags": [{"key": "Project", "value": "p"}],
        "deploymentConfiguration": {"deploymentCircuitBreaker": breaker, "minimumHealthyPercent": 50},
        **settings,
    }
    ecs.create_service(**request)
    found = service(network, tags=True)
    assert {name: found[name] for name in settings} == settings
    assert "launchType" not in found
    assert found["platformVersion"] == "LATEST"
    assert found["tags"] == [{"key": "Project", "value": "p"}]
    configuration = found["deploymentConfiguration"]
    assert configuration["deploymentCircuitBreaker"] == breaker
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (50, 200)
    awsvpc = found["networkConfiguration"]["awsvpcConfiguration"]
    assert (awsvpc["subnets"], awsvpc["securityGroups"]) == (network.subnets, [network.group])
    assert awsvpc["assignPublicIp"] == "DISABLED"
    steady(network, running=1)
    (task,) = tasks(network)
    managed = {"aws:ecs:serviceName": "web", "aws:ecs:clusterName": "main", "Project": "p"}
    assert {tag["key"]: tag["value"] for tag in task["tags"]} == managed
    assert (task["capacityProviderName"], task["launchType"]) == ("FARGATE_SPOT", "FARGATE")


def test_running_tasks_hold_interfaces_targets_and_instances(network: Network, ecs: Any) -> None:
    network.definition("web")
    group, (registry_id, registry_arn) = target_group(network, delay=40), registry(network)
    create(
        network,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        serviceRegistries=[{"registryArn": registry_arn}],
    )
    seen: set[str] = set()

    def running() -> bool:
        seen.update(task["lastStatus"] for task in tasks(network))
        return bool(service(network)["runningCount"] == 2)

    network.cloud.wait(running, "2 tasks")
    assert seen & {"PROVISIONING", "PENDING", "ACTIVATING"}
    assert all(task["createdAt"] < task["pullStartedAt"] < task["startedAt"] for task in tasks(network))
    found = steady(network)
    assert found["pendingCount"] == 0
    assert any("has reached a steady state" in event["message"] for event in found["events"])
    ecs.get_waiter("services_stable").wait(cluster="main", services=["web"])
    by_address = {}
    for task in tasks(network):
        details = {detail["name"]: detail["value"] for detail in task["attachments"][0]["details"]}
        (interface,) = network.cloud.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[details["networkInterfaceId"]]
        )["NetworkInterfaces"]
        assert interface["SubnetId"] == details["subnetId"] in network.subnets
        assert [one["GroupId"] for one in interface["Groups"]] == [network.group]
        assert interface["RequesterManaged"]
        assert interface["Description"].startswith("arn:aws:ecs:ap-northeast-1:123456789012:attachment/")
        by_address[interface["PrivateIpAddress"]] = task
        assert task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] == interface["PrivateIpAddress"]
    assert len({task["availabilityZone"] for task in by_address.values()}) == 2
    health = network.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert {(one["Target"]["Id"], one["TargetHealth"]["State"]) for one in health} == {
        (address, "healthy") for address in by_address
    }
    discovery = network.cloud.client("servicediscovery")
    instances = discovery.list_instances(ServiceId=registry_id)["Instances"]
    assert {one["Attributes"]["AWS_INSTANCE_IPV4"] for one in instances} == set(by_address)
    with refused("DependencyViolation"):
        network.cloud.client("ec2").delete_security_group(GroupId=network.group)
    ecs.delete_service(cluster="main", service="web", force=True)
    # Connections get the deregistration delay; the targets are out at once.
    network.cloud.wait(
        lambda: {one["lastStatus"] for one in tasks(network, status="STOPPED")} == {"DEACTIVATING"}, "stop"
    )
    health = network.cloud.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert [one for one in health if one["TargetHealth"]["State"] == "healthy"] == []
    assert discovery.list_instances(ServiceId=registry_id)["Instances"] == []
    assert service(network)["status"] == "DRAINING"
    gone(network)
    (stopped, _) = tasks(network, status="STOPPED")
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
    assert (stopped["stoppedAt"] - stopped["stoppingAt"]).total_seconds() >= 40 * network.cloud.process.time_scale
    ec2 = network.cloud.client("ec2")
    managed = [{"Name": "description", "Values": ["arn:aws:ecs:*"]}]
    network.cloud.wait(
        lambda: not ec2.describe_network_interfaces(Filters=managed)["NetworkInterfaces"], "interfaces gone"
    )


def test_rolling_replacement_keeps_the_service_up(network: Network, ecs: Any) -> None:
    first = network.definition("web")
    create(network)
    steady(network)
    second = network.definition("web")
    answer = ecs.update_service(cluster="main", service="web", taskDefinition="web")["service"]
    assert [one["status"] for one in answer["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert [one["taskDefinition"] for one in answer["deployments"]] == [second, first]
    assert answer["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    least, most = [2], [0]

    def rolled() -> bool:
        found = service(network)
        least.append(found["runningCount"])
        most.append(found["runningCount"] + found["pendingCount"])
        return len(found["deployments"]) == 1

    network.cloud.wait(rolled, "one deployment")
    assert min(least) == 2
    assert 2 < max(most) <= 4
    found = steady(network)
    assert found["taskDefinition"] == second
    assert {task["taskDefinitionArn"] for task in tasks(network)} == {second}
    (listed,) = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    assert listed["status"] == "SUCCESSFUL"
    described = ecs.describe_service_deployments(serviceDeploymentArns=[listed["serviceDeploymentArn"]])
    assert described["serviceDeployments"][0]["status"] == "SUCCESSFUL"


def test_force_new_deployment_replaces_tasks_and_the_same_update_does_not(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    before = steady(network, running=1)
    (old,) = tasks(network)
    ecs.update_service(cluster="main", service="web", taskDefinition="web", networkConfiguration=network.awsvpc())
    assert service(network)["deployments"][0]["id"] == before["deployments"][0]["id"]
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    assert service(network)["deployments"][0]["id"] != before["deployments"][0]["id"]
    steady(network, running=1)
    (new,) = tasks(network)
    assert new["taskArn"] != old["taskArn"]


def test_scaling_in_and_out_and_a_stopped_task_is_replaced(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network)
    steady(network)
    ecs.update_service(cluster="main", service="web", desiredCount=3)
    steady(network, running=3)
    ecs.update_service(cluster="main", service="web", desiredCount=1)
    steady(network, running=1)
    (task,) = tasks(network)
    stopped = ecs.stop_task(cluster="main", task=task["taskArn"], reason="for a test")["task"]
    assert stopped["desiredStatus"] == "STOPPED"

    def replaced() -> bool:
        return [one["lastStatus"] for one in tasks(network) if one["taskArn"] != task["taskArn"]] == ["RUNNING"]

    network.cloud.wait(replaced, "a new task")
    (found,) = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
    assert (found["stopCode"], found["stoppedReason"]) == ("UserInitiated", "for a test")


def test_same_name_is_refused_unless_token_and_content_are_the_same(network: Network, ecs: Any) -> None:
    network.definition("web")
    made = create(network, desiredCount=0, clientToken="one")
    assert create(network, desiredCount=0, clientToken="one")["serviceArn"] == made["serviceArn"]
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=1, clientToken="one")
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=0, clientToken="two")
    with refused("InvalidParameterException", "Creation of service was not idempotent."):
        create(network, desiredCount=0)
    assert ecs.list_services(cluster="main")["serviceArns"] == [made["serviceArn"]]


def test_delete_refused_above_zero_and_a_draining_name_is_taken(network: Network, ecs: Any) -> None:
    network.definition("web")
    create(network, desiredCount=1)
    steady(network, running=1)
    with refused("InvalidParameterException", "The service cannot be stopped while it is scaled above 0."):
        ecs.delete_service(cluster="main", service="web")
    ecs.update_service(cluster="main", service="web", desiredCount=0)
    assert ecs.delete_service(cluster="main", service="web")["service"]["status"] == "DRAINING"
    with refused("InvalidParameterException", "Unable to Start a service that is still Draining."):
        create(network)
    with refused("ServiceNotActiveException"):
        ecs.update_service(cluster="main", service="web", desiredCount=1)
    gone(network)
    assert ecs.list_services(cluster="main")["serviceArns"] == []
    with refused("ServiceNotFoundException"):
        ecs.delete_service(cluster="main", service="web")
    assert create(network, desiredCount=0)["status"] == "ACTIVE"


def test_target_group_without_listener_is_refused(network: Network, ecs: Any) -> None:
    network.definition("web")
    balancers = [{"targetGroupArn": target_group(network, listener=False), "containerName": "web", "containerPort": 80}]
    with refused("InvalidParameterException", "does not have an associated load balancer."):
        create(network, loadBalancers=balancers)
    group = target_group(network, "other")
    with refused("InvalidParameterException", "The container api does not exist in the task definition."):
        create(network, loadBalancers=[{"targetGroupArn": group, "containerName": "api", "containerPort": 80}])
    with refused("InvalidParameterException", "did not have a container port 81"):
        create(network, loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 81}])


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"cluster": "other"}, "ClusterNotFoundException", ""),
        ({"taskDefinition": "other"}, "ClientException", "TaskDefinition not found."),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0"]}}},
            "InvalidParameterException",
            "InvalidSubnetID.NotFound",
        ),
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"securityGroups": ["sg-0"]}}},
            "InvalidParameterException",
            "InvalidGroup.NotFound",
        ),
        ({"networkConfiguration": {}}, "InvalidParameterException", "Network Configuration must be provided"),
        (
            {"loadBalancers": [{"targetGroupArn": "arn:nothing", "containerName": "web", "containerPort": 80}]},
            "InvalidParameterException",
            "validate the specified targetGroupArn",
        ),
        ({"serviceRegistries": [{"registryArn": "arn:nothing"}]}, "InvalidParameterException", "registry"),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]},
            "InvalidParameterException",
            "both a launch type and capacity provider strategy",
        ),
    ],
)
def test_service_refusals(network: Network, ecs: Any, change: dict[str, Any], code: str, words: str) -> None:
    network.definition("web")
    awsvpc = change.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if awsvpc:
        awsvpc.setdefault("subnets", network.subnets)
    with refused(code, words):
        create(network, **change)
    assert ecs.list_services(cluster="main")["serviceArns"] == []


def test_describe_services_takes_ten_at_most(network: Network, ecs: Any) -> None:
    with refused("InvalidParameterException", "Services cannot be more than 10."):
        ecs.describe_services(cluster="main", services=[f"s{number}" for number in range(11)])
    answer = ecs.describe_services(cluster="main", services=["nobody"])
    assert (answer["services"], answer["failures"][0]["reason"]) == ([], "MISSING")


# Standalone tasks, tags, exec


def test_run_task_runs_and_stops(network: Network, ecs: Any) -> None:
    network.definition("job", tags=[{"key": "From", "value": "definition"}])
    answer = ecs.run_task(
        cluster="main",
        taskDefinition="job",
        count=2,
        launchType="FARGATE",
        networkConfiguration=network.awsvpc(),
        startedBy="me",
        propagateTags="TASK_DEFINITION",
        overrides={"containerOverrides": [{"name": "web", "command": ["true"]}]},
    )
    arns = [task["taskArn"] for task in answer["tasks"]]
    assert (len(arns), answer["failures"]) == (2, [])
    assert answer["tasks"][0]["overrides"]["containerOverrides"] == [{"name": "web", "command": ["true"]}]
    network.cloud.wait(
        lambda: {one["lastStatus"] for one in ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]} == {"RUNNING"},
        "tasks RUNNING",
    )
    assert sorted(ecs.list_tasks(cluster="main", startedBy="me")["taskArns"]) == sorted(arns)
    assert ecs.list_tasks(cluster="main", family="other")["taskArns"] == []
    (first,) = ecs.describe_tasks(cluster="main", tasks=arns[:1], include=["TAGS"])["tasks"]
    assert (first["group"], first["tags"]) == ("family:job", [{"key": "From", "value": "definition"}])
    with refused("InvalidParameterException", "execute command was not enabled"):
        ecs.execute_command(cluster="main", task=arns[0], command="sh", interactive=True)
    ecs.stop_task(cluster="main", task=arns[0])
    assert ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"] == arns[:1]
    with refused("InvalidParameterException", "The referenced task was not found."):
        ecs.stop_task(cluster="main", task="nothing")
    assert ecs.describe_tasks(cluster="main", tasks=["nothing"])["failures"][0]["reason"] == "MISSING"
    with refused("InvalidParameterException", "No Container Instances were found in your cluster."):
        network.definition("ec2", "EC2")
        ecs.run_task(cluster="main", taskDefinition="ec2", launchType="EC2", networkConfiguration=network.awsvpc())


def test_tags_of_everything(network: Network, ecs: Any) -> None:
    definition = network.definition("web")
    made = create(network, desiredCount=1)
    steady(network, running=1)
    arns = [cluster(network)["clusterArn"], definition, made["serviceArn"], tasks(network)[0]["taskArn"]]
    for arn in arns:
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}], arn
    with refused("InvalidParameterException"):
        ecs.tag_resource(resourceArn=made["serviceArn"] + "x", tags=[{"key": "a", "value": "1"}])


def test_weights_and_bases_share_tasks_between_providers(network: Network, ecs: Any) -> None:
    network.definition("web")
    request = {
        "cluster": "main",
        "serviceName": "web",
        "taskDefinition": "web",
        "desiredCount": 7,
        "networkConfiguration": network.awsvpc(),
        "capacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 2},
        ],
    }
    ecs.create_service(**request)
    steady(network, running=7)
    used = [task["capacityProviderName"] for task in tasks(network)]
    assert (used.count("FARGATE"), used.count("FARGATE_SPOT")) == (3, 4)
