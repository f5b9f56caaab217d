"""A program by somebody with boto3 and without the tool: a network, a cluster, a service, and a refusal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import boto3
from botocore.exceptions import ClientError


def main() -> None:
    """Start the emulator as its README says, use it, and stop it."""
    command = [sys.executable, "-m", "ecs_emulator", "--clock", "real:100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as cloud:
        try:
            _use(cloud)
        finally:
            cloud.send_signal(signal.SIGINT)
        print(f"ended: {cloud.wait()}")


def _use(cloud: subprocess.Popen[str]) -> None:
    assert cloud.stdout is not None
    for _ in range(4):
        name, value = cloud.stdout.readline().removeprefix("export ").strip().split("=", 1)
        os.environ[name] = value
    ec2, ecs = boto3.client("ec2"), boto3.client("ecs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ecs.create_cluster(clusterName="demo")
    ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "nginx:1", "essential": True}],
    )
    ecs.create_service(
        cluster="demo",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )
    # a task takes about a minute and a half of the emulator's clock, which runs 100 times as fast
    while not (service := ecs.describe_services(cluster="demo", services=["web"])["services"][0])["runningCount"]:
        time.sleep(0.1)
    print(f"service: {service['runningCount']} of {service['desiredCount']} running")
    try:
        ec2.delete_vpc(VpcId=vpc)
    except ClientError as error:
        print(f"DeleteVpc: {error.response['Error']['Code']}")
    try:
        boto3.client("ecs", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="none").list_clusters()
    except ClientError as error:
        print(f"another key: {error.response['Error']['Code']}")


if __name__ == "__main__":
    main()
