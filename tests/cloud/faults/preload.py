"""What the process imports and reads that all commands are forked from: what each of them would again."""

from __future__ import annotations

from importlib import import_module

import boto3

from provisioner.cloud.speed import read_botocore_data_once
from provisioner.engine.kind import KINDS

for module in ("cli", "inspection", "operate", "preflight", "session"):
    import_module(f"provisioner.{module}")
for module in ("state.local", "tests.cloud.faults.warm"):
    import_module(module)
read_botocore_data_once()
for service in {kind.service for kind in KINDS.values()} | {"sts", "resourcegroupstaggingapi"}:
    boto3.Session("warm", "up", region_name="ap-northeast-1").client(service)
