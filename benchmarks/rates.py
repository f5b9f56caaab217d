"""AWS's documented rates in force: `up` with many services, with this tool's token buckets and without."""

from __future__ import annotations

import sys
from collections import Counter

from benchmarks.many import SERVICES, stack
from benchmarks.project import PROVISION, Measured, project
from provisioner.aws.errors import throttled

SETTINGS = {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0"}
"""No images: work of a Docker engine takes real seconds."""
_EMPTIED = """
from provisioner.aws import rate_limits
from provisioner.cli.main import main
rate_limits.limits_of = lambda *_: ()
raise SystemExit(main())
"""
WITHOUT = [sys.executable, "-c", _EMPTIED]
"""The tool in a process without known rates: only boto3's retries are left."""


def main() -> None:
    """Measure a first and a second `up` of each, and print the throttled calls."""
    print(f"{SERVICES} services; AWS's seconds, on a virtual clock; a round trip takes 0.1 s")
    print(f"{'':36}{'seconds':>10}{'calls':>8}{'throttled':>11}")
    for buckets, program in (("with buckets", PROVISION), ("without", WITHOUT)):
        with project(SETTINGS, stack(SERVICES)) as life:
            life.start_cloud()
            life.run("cloud", "start", "--faults", "rate-limits")
            for what in ("first up", "up, nothing to do"):
                _row(f"{what}, {buckets}", life.run("up", "--yes", "--json", program=program))


def _row(what: str, measured: Measured) -> None:
    refused = Counter(call["operation"] for call in measured.calls if throttled(call["error"]))
    most = ", ".join(f"{operation} {count}" for operation, count in refused.most_common(3))
    print(f"{what:36}{measured.on_aws:10.1f}{len(measured.calls):8}{refused.total():11}  {most}", flush=True)
