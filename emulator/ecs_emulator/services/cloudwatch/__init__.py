"""CloudWatch: alarms, which deployments of ECS watch, and what AWS's own services report."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Codes, EmulatedApi

API = EmulatedApi("cloudwatch", "monitoring", codes=Codes("ThrottlingException", **FORMS))
