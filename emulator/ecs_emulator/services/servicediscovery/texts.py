"""Error messages of Cloud Map that several rules use; `{}` stands for a name."""

from __future__ import annotations

NAMESPACE_HAS_SERVICES = "Namespace contains registered services; delete the services before deleting the namespace"
SERVICE_HAS_INSTANCES = "Service contains registered instances; delete the instances before deleting the service"
