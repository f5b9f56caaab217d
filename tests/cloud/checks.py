"""Checks of the resources that `up` creates: each reads one setting from an inventory, and names it."""

from __future__ import annotations

from tests.cloud.checks_security import SECURITY, Check
from tests.cloud.lookups import (
    NAME,
    PROVIDER,
    REGION,
    balancer,
    cluster,
    container,
    database,
    database_subnets,
    definition,
    each,
    endpoints,
    environment,
    group,
    group_names,
    lifecycle,
    listener,
    one,
    pick,
    policy,
    provider,
    record,
    routes,
    service,
    subnets,
    template,
    untagged,
    user_data,
)

PUBLIC = ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]
PRIVATE = ["10.0.64.0/20", "10.0.80.0/20", "10.0.96.0/20"]
DATABASE = ["10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20"]
INTERFACES = ["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs", "ssm", "ssmmessages"]
FRONTEND = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
SHARED_ROLES = {
    "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "AWSServiceRoleForAutoScaling",
    "AWSServiceRoleForEC2Spot",
    "AWSServiceRoleForECS",
    "AWSServiceRoleForElasticLoadBalancing",
    "AWSServiceRoleForRDS",
}


CHECKS = (
    # -- network ---------------------------------------------------------------------------------------------------
    Check("VPC", "one VPC", lambda m: each(m["vpcs"], "CidrBlock"), {"10.0.0.0/16"}),
    Check("VPC", "DNS support", lambda m: each(m["vpcs"], "enableDnsSupport"), {True}),
    Check("VPC", "DNS hostnames", lambda m: each(m["vpcs"], "enableDnsHostnames"), {True}),
    Check(
        "VPC",
        "an internet gateway, attached",
        lambda m: [[a["VpcId"] for a in g["Attachments"]] == [m["vpcs"][0]["VpcId"]] for g in m["internet_gateways"]],
        [True],
    ),
    Check(
        "VPC",
        "the default group emptied",
        lambda m: pick(one(m["security_groups"], GroupName="default"), "IpPermissions", "IpPermissionsEgress"),
        {"IpPermissions": [], "IpPermissionsEgress": []},
    ),
    Check("VPC", "no NAT gateway", lambda m: m["nat_gateways"], []),
    Check("VPC", "no flow logs", lambda m: m["flow_logs"], []),
    Check(
        "subnets",
        "three tiers",
        lambda m: subnets(m, each(m["subnets"], "SubnetId")),
        [*PUBLIC, *PRIVATE, *DATABASE],
    ),
    Check(
        "subnets",
        "each tier in three zones",
        lambda m: [
            len({s["AvailabilityZone"] for s in m["subnets"] if s["CidrBlock"] in tier})
            for tier in (PUBLIC, PRIVATE, DATABASE)
        ],
        [3, 3, 3],
    ),
    Check("subnets", "no public address on launch", lambda m: each(m["subnets"], "MapPublicIpOnLaunch"), {False}),
    Check("routes", "only the public tier has a way out", routes, {
        ",".join(PUBLIC): {"0.0.0.0/0": "igw"},
        ",".join(PRIVATE): {"prefix list": "vpce"},
        ",".join(DATABASE): {},
    }),
    # -- endpoints -------------------------------------------------------------------------------------------------
    Check(
        "endpoints",
        "interface endpoints",
        lambda m: sorted(endpoints(m, "Interface")),
        INTERFACES,
    ),
    Check(
        "endpoints",
        "gateway endpoints",
        lambda m: endpoints(m, "Gateway"),
        ["s3"],
    ),
    Check("endpoints", "available", lambda m: {s.lower() for s in each(m["endpoints"], "State")}, {"available"}),
    Check(
        "endpoints",
        "private DNS, private subnets, one group",
        lambda m: {
            (e["PrivateDnsEnabled"], *subnets(m, e["SubnetIds"]), *group_names(m, [g["GroupId"] for g in e["Groups"]]))
            for e in m["endpoints"]
            if e["VpcEndpointType"] == "Interface"
        },
        {(True, *PRIVATE, "endpoints")},
    ),
    Check(
        "endpoints",
        "the gateway on the private table only",
        lambda m: [
            subnets(m, [a["SubnetId"] for t in m["route_tables"] if t["RouteTableId"] in e["RouteTableIds"]
                        for a in t["Associations"] if "SubnetId" in a])
            for e in m["endpoints"]
            if e["VpcEndpointType"] == "Gateway"
        ],
        [PRIVATE],
    ),
    # -- identity --------------------------------------------------------------------------------------------------
    Check(
        "IAM",
        "the instance profile",
        lambda m: [[r["RoleName"] for r in p["Roles"]] for p in m["instance_profiles"]],
        [[f"{NAME}-instance"]],
    ),
    Check(
        "IAM",
        "service-linked roles made up front",
        lambda m: SHARED_ROLES - each(m["service_linked_roles"], "RoleName"),
        set(),
    ),
    Check(
        "account",
        "trunking enabled",
        lambda m: [s["value"] for s in m["account_settings"] if s["name"] == "awsvpcTrunking"],
        ["enabled"],
    ),
    # -- names -----------------------------------------------------------------------------------------------------
    Check("Route53", "two private zones, seen in the VPC only", lambda m: {
        z["Name"]: [v["VPCId"] for v in z["VPCs"]] == [m["vpcs"][0]["VpcId"]]
        for z in m["zones"]
        if z["Config"]["PrivateZone"]
    }, {"db.internal.": True, "svc.internal.": True}),
    Check("Route53", "no second public zone", lambda m: [
        z["Name"] for z in m["zones"] if not z["Config"]["PrivateZone"]
    ], ["example.com."]),
    Check(
        "Route53",
        "the alias of the load balancer",
        lambda m: record(m, "app.example.com.", "A")["AliasTarget"]["DNSName"].rstrip(".").removeprefix("dualstack.")
        == balancer(m)["DNSName"].lower(),
        True,
    ),
    Check("ACM", "one certificate, issued", lambda m: [
        pick(c, "DomainName", "Status", "Type") for c in m["certificates"]
    ], [{"DomainName": "app.example.com", "Status": "ISSUED", "Type": "AMAZON_ISSUED"}]),
    Check(
        "ACM",
        "for the public name alone",
        lambda m: sorted(m["certificates"][0]["SubjectAlternativeNames"]),
        ["app.example.com"],
    ),
    Check("ACM", "validated by DNS through the public zone", lambda m: {
        (o["ValidationMethod"], record(m, o["ResourceRecord"]["Name"], "CNAME")["ResourceRecords"][0]["Value"]
         == o["ResourceRecord"]["Value"])
        for o in m["certificates"][0]["DomainValidationOptions"]
    }, {("DNS", True)}),
    # -- logs and discovery ----------------------------------------------------------------------------------------
    Check("logs", "a group a service", lambda m: {
        g["logGroupName"]: g["retentionInDays"] for g in m["log_groups"]
    }, {
        f"/ecs/{NAME}/frontend": 7,
        f"/ecs/{NAME}/backend": 7,
    }),
    Check("Cloud Map", "a private namespace", lambda m: [
        pick(n, "Name", "Type") for n in m["namespaces"]
    ], [{"Name": "svc.internal", "Type": "DNS_PRIVATE"}]),
    Check("Cloud Map", "an entry of what is called", lambda m: {
        s["Name"]: (s["DnsConfig"]["RoutingPolicy"], s["DnsConfig"]["DnsRecords"], "HealthCheckCustomConfig" in s)
        for s in m["discovery_services"]
    }, {"backend": ("MULTIVALUE", [{"Type": "A", "TTL": 10}], True)}),
    Check(
        "Cloud Map",
        "the tasks found through it",
        lambda m: each(m["discovery_instances"], "ServiceName"),
        {"backend"},
    ),
    # -- images ----------------------------------------------------------------------------------------------------
    Check(
        "ECR",
        "a repository a service",
        lambda m: each(m["repositories"], "repositoryName"),
        {f"{NAME}/frontend", f"{NAME}/backend"},
    ),
    Check("ECR", "scanned on push", lambda m: each(m["repositories"], "imageScanningConfiguration", "scanOnPush"),
          {True}),
    Check("ECR", "immutable tags", lambda m: each(m["repositories"], "imageTagMutability"), {"IMMUTABLE"}),
    Check(
        "ECR",
        "untagged beyond 10 expire, the last 20 tagged are kept, and whatever a service runs",
        lifecycle,
        [
            ("in-use-*", "imageCountMoreThan", 9999),
            ("untagged", "imageCountMoreThan", 10),
            ("*", "imageCountMoreThan", 20),
        ],
    ),
    # -- load balancer ---------------------------------------------------------------------------------------------
    Check("ALB", "internet-facing and active", lambda m: (
        balancer(m)["Scheme"], balancer(m)["State"]["Code"], balancer(m)["Type"]
    ), ("internet-facing", "active", "application")),
    Check(
        "ALB",
        "in the public subnets",
        lambda m: subnets(m, [z["SubnetId"] for z in balancer(m)["AvailabilityZones"]]),
        PUBLIC,
    ),
    Check("ALB", "its group", lambda m: group_names(m, balancer(m)["SecurityGroups"]), ["alb"]),
    Check(
        "ALB",
        "invalid headers dropped",
        lambda m: balancer(m)["attributes"]["routing.http.drop_invalid_header_fields.enabled"],
        "true",
    ),
    Check(
        "ALB",
        "the certificate",
        lambda m: each(listener(m, 443)["Certificates"], "CertificateArn") == each(m["certificates"], "CertificateArn"),
        True,
    ),
    Check(
        "ALB",
        "requests go to the frontend",
        lambda m: [a["Type"] for a in listener(m, 443)["DefaultActions"]],
        ["forward"],
    ),
    Check("ALB", "HTTP is redirected", lambda m: [
        pick(a["RedirectConfig"], "Protocol", "Port", "StatusCode") for a in listener(m, 80)["DefaultActions"]
    ], [{"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}]),
    Check("ALB", "the target group", lambda m: [
        pick(g, "TargetType", "Protocol", "Port", "HealthCheckPath") for g in m["target_groups"]
    ], [{"TargetType": "ip", "Protocol": "HTTP", "Port": 80, "HealthCheckPath": "/health"}]),
    Check("ALB", "deregistration delay", lambda m: [
        g["attributes"]["deregistration_delay.timeout_seconds"] for g in m["target_groups"]
    ], ["30"]),
    Check("ALB", "a healthy target", lambda m: [
        t["TargetHealth"]["State"] for g in m["target_groups"] for t in g["targets"]
    ], ["healthy"]),
    # -- capacity --------------------------------------------------------------------------------------------------
    Check("capacity", "IMDSv2 required", lambda m: template(m)["MetadataOptions"]["HttpTokens"], "required"),
    Check("capacity", "the disk", lambda m: [
        pick(d["Ebs"], "VolumeSize", "VolumeType", "Encrypted") for d in template(m)["BlockDeviceMappings"]
    ], [{"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True}]),
    Check("capacity", "the agent's settings", lambda m: set(user_data(m)), {
        f"ECS_CLUSTER={NAME}", "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true", "ECS_AWSVPC_BLOCK_IMDS=true"
    }),
    Check("capacity", "an ECS-optimised image", lambda m: template(m)["ImageId"].startswith("ami-"), True),
    Check("capacity", "the instances' group", lambda m: group_names(m, template(m)["SecurityGroupIds"]),
          ["ecs-instance"]),
    Check("capacity", "no key pair", lambda m: ("KeyName" in template(m), m["key_pairs"]), (False, [])),
    Check("capacity", "the types", lambda m: [
        o["InstanceType"] for o in policy(m)["LaunchTemplate"]["Overrides"]
    ], ["c5.large", "c5a.large"]),
    Check("capacity", "all Spot", lambda m: pick(
        policy(m)["InstancesDistribution"], "OnDemandBaseCapacity", "OnDemandPercentageAboveBaseCapacity"
    ), {"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0}),
    Check("capacity", "size and protection", lambda m: pick(
        group(m), "MinSize", "MaxSize", "NewInstancesProtectedFromScaleIn"
    ), {"MinSize": 0, "MaxSize": 5, "NewInstancesProtectedFromScaleIn": True}),
    Check("capacity", "in the private subnets", lambda m: subnets(m, group(m)["VPCZoneIdentifier"].split(",")),
          PRIVATE),
    Check("capacity", "instances have joined", lambda m: (
        len(m["instances"]) > 0 and len(m["instances"]) == len(m["container_instances"]),
        each(m["container_instances"], "status"),
    ), (True, {"ACTIVE"})),
    # -- cluster ---------------------------------------------------------------------------------------------------
    Check("cluster", "no Container Insights", lambda m: cluster(m)["settings"], [
        {"name": "containerInsights", "value": "disabled"}
    ]),
    Check("cluster", "its capacity providers", lambda m: sorted(cluster(m)["capacityProviders"]),
          ["FARGATE", "FARGATE_SPOT", PROVIDER]),
    Check("cluster", "the default is the group's", lambda m: [
        s["capacityProvider"] for s in cluster(m)["defaultCapacityProviderStrategy"]
    ], [PROVIDER]),
    Check("cluster", "managed scaling", lambda m: pick(provider(m)["managedScaling"], "status", "targetCapacity"), {
        "status": "ENABLED", "targetCapacity": 100
    }),
    Check("cluster", "managed termination protection and draining", lambda m: pick(
        provider(m), "managedTerminationProtection", "managedDraining"
    ), {"managedTerminationProtection": "ENABLED", "managedDraining": "ENABLED"}),
    # -- tasks -----------------------------------------------------------------------------------------------------
    Check("task definitions", "frontend", lambda m: pick(
        definition(m, "frontend"), "networkMode", "requiresCompatibilities"
    ), {"networkMode": "awsvpc", "requiresCompatibilities": ["EC2"]}),
    Check("task definitions", "backend", lambda m: pick(
        definition(m, "backend"), "networkMode", "requiresCompatibilities", "cpu", "memory"
    ), {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}),
    Check("task definitions", "each with its own roles", lambda m: {
        name: tuple(definition(m, name)[role].rpartition("/")[2] for role in ("executionRoleArn", "taskRoleArn"))
        for name in ("frontend", "backend")
    }, {
        "frontend": (f"{NAME}-execution", f"{NAME}-task-frontend"),
        "backend": (f"{NAME}-execution-backend", f"{NAME}-task-backend"),
    }),
    Check("task definitions", "awslogs", lambda m: {
        name: pick(container(m, name)["logConfiguration"]["options"], "awslogs-group", "awslogs-region")
        for name in ("frontend", "backend")
    }, {
        name: {"awslogs-group": f"/ecs/{NAME}/{name}", "awslogs-region": REGION} for name in ("frontend", "backend")
    }),
    Check("task definitions", "non-root, read-only, what is built", lambda m: [
        (one.get("user"), one["readonlyRootFilesystem"]) for one in (container(m, n) for n in ("frontend", "backend"))
    ], [(None, False), ("10001:10001", True)]),
    Check("task definitions", "no capabilities but those of an image that begins as root", lambda m: [
        container(m, name)["linuxParameters"]["capabilities"] for name in ("frontend", "backend")
    ], [{"drop": ["AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"]}, {"drop": ["ALL"]}]),
    Check("task definitions", "no privileges", lambda m: {
        container(m, name).get("privileged", False) for name in ("frontend", "backend")
    }, {False}),
    Check("task definitions", "a health check where one is asked for", lambda m: [
        container(m, name).get("healthCheck", {}).get("command") for name in ("frontend", "backend")
    ], [None, ["CMD", "python3", "-m", "service.check"]]),
    Check("task definitions", "an image that is built is tagged by its content", lambda m: container(m, "backend")[
        "image"
    ].partition(f"{NAME}/")[2], "backend:25a0bc9a5d7ff4fc"),
    Check("task definitions", "a ready image as it is given", lambda m: container(m, "frontend")["image"], FRONTEND),
    Check("task definitions", "the password by reference", lambda m: {
        s["name"]: s["valueFrom"].partition(":parameter")[2] for s in container(m, "backend")["secrets"]
    }, {"DB_PASSWORD": f"/{NAME}/database/password", "DATABASE_URL": f"/{NAME}/database/url"}),
    Check("task definitions", "no secret for whom it is not", lambda m: container(m, "frontend").get("secrets", []),
          []),
    Check("task definitions", "where the backend is", lambda m: environment(m, "frontend")["BACKEND_URL"],
          "http://backend.svc.internal:8080"),
    Check("task definitions", "where the database is", lambda m: pick(
        environment(m, "backend"), "DB_PORT", "DB_NAME", "DB_USER"
    ), {"DB_PORT": "3306", "DB_NAME": "sample", "DB_USER": "dbadmin"}),
    # -- services --------------------------------------------------------------------------------------------------
    Check("services", "where they run", lambda m: {
        name: [s["capacityProvider"] for s in service(m, name)["capacityProviderStrategy"]]
        for name in ("frontend", "backend")
    }, {"frontend": [PROVIDER], "backend": ["FARGATE_SPOT"]}),
    Check("services", "all tasks run", lambda m: {
        name: pick(service(m, name), "desiredCount", "runningCount", "pendingCount") for name in ("frontend", "backend")
    }, {name: {"desiredCount": 1, "runningCount": 1, "pendingCount": 0} for name in ("frontend", "backend")}),
    Check("services", "the circuit breaker", lambda m: [
        s["deploymentConfiguration"]["deploymentCircuitBreaker"] for s in m["ecs_services"]
    ], [{"enable": True, "rollback": True, "resetOnHealthyTask": True,
         "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50}}] * 2),
    Check("services", "behind the load balancer", lambda m: {
        s["serviceName"]: [b["containerPort"] for b in s["loadBalancers"]]
        for s in m["ecs_services"]
    }, {"frontend": [80], "backend": []}),
    Check("services", "registered in Cloud Map if others call them", lambda m: {
        s["serviceName"]: len(s["serviceRegistries"]) for s in m["ecs_services"]
    }, {"frontend": 0, "backend": 1}),
    Check("services", "in the private subnets, each in its group, no public address", lambda m: {
        name: (subnets(m, c["subnets"]), group_names(m, c["securityGroups"]), c["assignPublicIp"])
        for name in ("frontend", "backend")
        for c in [service(m, name)["networkConfiguration"]["awsvpcConfiguration"]]
    }, {name: (PRIVATE, [name], "DISABLED") for name in ("frontend", "backend")}),
    # -- autoscaling -----------------------------------------------------------------------------------------------
    Check("autoscaling", "1 to 10 tasks", lambda m: {
        t["ResourceId"]: (t["MinCapacity"], t["MaxCapacity"]) for t in m["scalable_targets"]
    }, {f"service/{NAME}/{name}": (1, 10) for name in ("frontend", "backend")}),
    Check("autoscaling", "by average CPU", lambda m: {
        p["ResourceId"].rpartition("/")[2]: (
            p["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
            p["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"],
        )
        for p in m["scaling_policies"]
    }, dict.fromkeys(("frontend", "backend"), (70.0, "ECSServiceAverageCPUUtilization"))),
    # -- database --------------------------------------------------------------------------------------------------
    Check("database", "Aurora MySQL, available", lambda m: pick(
        database(m), "Engine", "EngineMode", "Status", "Port"
    ), {
        "Engine": "aurora-mysql", "EngineMode": "provisioned", "Status": "available", "Port": 3306
    }),
    Check("database", "0 to 4 ACU", lambda m: pick(
        database(m)["ServerlessV2ScalingConfiguration"], "MinCapacity", "MaxCapacity"
    ), {"MinCapacity": 0.0, "MaxCapacity": 4.0}),
    Check("database", "pauses by itself", lambda m: database(m)["ServerlessV2ScalingConfiguration"].get(
        "SecondsUntilAutoPause", 0
    ) > 0, True),
    Check("database", "encrypted", lambda m: database(m)["StorageEncrypted"], True),
    Check("database", "its name and user", lambda m: pick(database(m), "DatabaseName", "MasterUsername"), {
        "DatabaseName": "sample", "MasterUsername": "dbadmin"
    }),
    Check("database", "a serverless instance, not public", lambda m: [
        pick(i, "DBInstanceClass", "PubliclyAccessible", "DBInstanceStatus") for i in m["db_instances"]
    ], [{"DBInstanceClass": "db.serverless", "PubliclyAccessible": False, "DBInstanceStatus": "available"}]),
    Check("database", "in the database subnets", database_subnets, DATABASE),
    Check("database", "its group", lambda m: group_names(m, [
        g["VpcSecurityGroupId"] for g in database(m)["VpcSecurityGroups"]
    ]), ["database"]),
    Check("database", "utf8mb4", lambda m: [
        g["own"].get("character_set_server") for g in m["db_cluster_parameter_groups"] if g["own"]
    ], ["utf8mb4"]),
    Check("database", "its name in the private zone", lambda m: [
        r["ResourceRecords"][0]["Value"].rstrip(".") == database(m)["Endpoint"]
        for r in m["records"]
        if r["Type"] == "CNAME" and r["Name"].endswith(".db.internal.")
    ], [True]),
    Check("secrets", "the password", lambda m: [
        pick(p, "Name", "Type") for p in m["parameters"]
    ], [{"Name": f"/{NAME}/database/{name}", "Type": "SecureString"} for name in ("password", "url")]),
    Check("tags", "on everything that takes tags", untagged, []),
    *SECURITY,
)  # fmt: skip
