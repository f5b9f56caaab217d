"""Manifests of Copilot's services and jobs, as `[services.NAME]` and `[jobs.NAME]`."""

from __future__ import annotations

import os.path
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.config import validators as values
from provisioner.config.foreign import copilot_http
from provisioner.config.foreign.copilot_keys import HANDLERS, JOB, SHELL
from provisioner.config.foreign.draft import Draft, Left, ordered
from provisioner.config.foreign.tree import Value

SERVICES = frozenset({"Load Balanced Web Service", "Backend Service", "Worker Service", "Request-Driven Web Service"})
LEFT_OUT = {"Static Site": "files in S3 behind CloudFront are no service: keep it there"}
WHY = {
    "env_file": "its variables are in a file: write them into environment, and secrets by `provision secret set NAME`",
    "logging": "services write to CloudWatch Logs; how long it keeps them is logs.retention_days, for the whole stack",
    "nlb": "a Network Load Balancer is not made here",
    "observability": "no tracing sidecar is added here: add it to the image",
    "publish": "topics are not made here: they stay where they are, with policies and their ARN in environment",
    "retries": "a job is not run again by itself",
    "sidecars": "a task has one container here",
    "subscribe": "queues are not made here: they stay where they are, with policies and their URL in environment",
    "taskdef_overrides": "the task definition follows from the keys of the service: look for one that says the same",
    "timeout": "a job has no longest time",
}
"""Keys of a manifest that have no counterpart, and what to do."""


@dataclass
class Stack:
    """One environment's services and jobs.

    Attributes:
        table: all of the environment.
        found: the whole draft.
        placements: where Copilot puts the tasks of each service and job: `public` or `private`.
        hosts: the aliases of public services, and where they stand.
        public: what each public service's manifest says of how it is reached.
        variables: each variable with its service or job.
    """

    table: dict[str, Any]
    found: Draft
    placements: dict[str, str] = field(default_factory=dict)
    hosts: list[tuple[str, Value]] = field(default_factory=list)
    public: dict[str, Value] = field(default_factory=dict)
    variables: list[tuple[str, str, Value]] = field(default_factory=list)

    def add(self, name: str, manifest: Value) -> None:
        """Add a service or a job."""
        kind = manifest.at("type")
        sort = kind.text if kind and kind.text else ""
        if sort not in SERVICES and sort != JOB:
            why = LEFT_OUT.get(sort, "is of no type that is known here")
            self.found.leave(kind or manifest, "type", f"{sort or 'there is none'}: {why}")
            return
        workload = Workload(name, sort, {}, self)
        if not workload.fill(manifest):
            return
        self.table.setdefault("jobs" if sort == JOB else "services", {})[name] = workload.table
        if workload.table.get("public"):
            self.public[name] = manifest.at("http") or manifest
            self.hosts += workload.aliases

    def finish(self) -> None:
        """Add what follows from all workloads together: the way out, the host name, one service a path."""
        self._egress()
        self._host()
        self._callers()
        paths: dict[str, str] = {}
        for name, http in self.public.items():
            service = self.table["services"][name]
            first = paths.setdefault(service.get("path", "/*"), name)
            if first != name:
                for key in ("public", "path", "deregistration_delay"):
                    service.pop(key, None)
                if not isinstance(service.get("health"), Mapping) or "command" not in service["health"]:
                    service.pop("health", None)
                why = f"services.{first} has this path already, and a stack has one host name: {name} is not public"
                self.found.leave(http, "http", why)
        for kind in ("services", "jobs"):
            if kind in self.table:
                # behind what is of the whole stack
                self.table[kind] = {name: ordered(one) for name, one in self.table.pop(kind).items()}

    def _callers(self) -> None:
        """Note variables with the address of another service, which is another one here."""
        services = self.table.get("services", {})
        for workload, name, value in self.variables:
            host = re.match(r"\w+://([a-z0-9-]+)(?=[.:/]|$)", value.text or "")
            if host and host[1] != workload and "port" in services.get(host[1], {}):
                url = f"{host[1].upper().replace('-', '_')}_URL"
                why = f'{host[1]} has another address here: write calls = ["{host[1]}"], and use {url} instead'
                self.found.leave(value, f"variables.{name}", why)

    def _egress(self) -> None:
        network = self.table.setdefault("network", {})
        if "vpc" not in network and self.placements:
            outside = [name for name, placement in self.placements.items() if placement == "public"]
            network["egress"] = "public" if len(outside) == len(self.placements) else "nat"
            if outside and network["egress"] == "nat":
                why = f"{', '.join(outside)}: public there; here all tasks of a stack with a NAT gateway are private"
                self.found.note(Left("copilot", 0, "network.vpc.placement", why))
        if not network:
            del self.table["network"]

    def _host(self) -> None:
        names = list(dict.fromkeys(name for name, _ in self.hosts))
        if self.public and not names:
            first = next(iter(self.public.values()))
            self.found.leave(first, "http", "has no alias, so the domain is not known: write dns.domain and dns.host")
        if self.public and "allow" not in self.table.get("network", {}):
            first = next(iter(self.public.values()))
            why = 'is open to everybody; here only to your own address, until you write network.allow = ["0.0.0.0/0"]'
            self.found.leave(first, "http", why)
        for name, where in self.hosts:
            label, _, domain = name.partition(".")
            if name == names[0] and "." in domain and not SHELL.search(name) and re.fullmatch(values.LABEL, label):
                self.table["dns"] = {"domain": domain, "host": label}
            elif name == names[0]:
                self.found.leave(
                    where, "http.alias", f"{name} is no host below a domain: write dns.domain and dns.host"
                )
            else:
                self.found.leave(where, "http.alias", f"{name}: a stack has one host name, which is {names[0]}")


@dataclass
class Workload:
    """One service or job of one environment."""

    name: str
    sort: str
    table: dict[str, Any]
    stack: Stack
    aliases: list[tuple[str, Value]] = field(default_factory=list)

    def leave(self, value: Value, key: str, why: str) -> None:
        """Note a value that is not carried over."""
        self.stack.found.leave(value, key, why)

    def fill(self, manifest: Value) -> bool:
        """Put what a manifest says into the table, and note the rest; False: it is no workload without that."""
        image = manifest.at("image")
        if not image or not self._image(image) or not self._on_linux(manifest.at("platform")):
            return False
        public = self._public(manifest)
        if public:
            self.table["public"] = True
            copilot_http.fill(self, manifest.at("http"))
        elif (http := manifest.at("http")) and http.flag is not False:
            self.leave(http, "http", "an internal load balancer is not made here: callers find the service by name")
        copilot_http.container(self, image.at("healthcheck"), public=public)
        for key, value in manifest.table.items():
            if handler := HANDLERS.get(key):
                handler(self, value)
            elif key in WHY:
                self.leave(value, key, WHY[key])
            elif key not in ("name", "type", "http", "image", "environments", "cpu", "memory"):
                self.leave(value, key, "is not known here")
        if manifest.at("network", "vpc", "placement") is None:
            self.stack.placements[self.name] = "public"
        if "count" not in manifest.table and self.sort != JOB:
            self.table.setdefault("on_demand", {"percent": 100})
        self._size(manifest)
        return True

    def _on_linux(self, platform: Value | None) -> bool:
        system = (platform.at("osfamily") or platform).text if platform else "linux"
        if platform and not (system or "").lower().startswith("linux"):
            self.leave(platform, "platform", f"only Linux runs here: {self.name} is left out")
            return False
        return True

    def _public(self, manifest: Value) -> bool:
        http = manifest.at("http")
        if self.sort == "Request-Driven Web Service":
            return not (http and http.at("private"))
        return self.sort == "Load Balanced Web Service" and not (http and http.flag is False) and "port" in self.table

    # -- the image ----------------------------------------------------------------------------------------------------

    def _image(self, image: Value) -> bool:
        for key, value in image.table.items():
            if key == "port":
                if value.number and self.sort != JOB:
                    self.table["port"] = value.number
                elif self.sort != JOB:
                    self.leave(value, "image.port", "is no number: write services." + f"{self.name}.port")
            elif key in ("labels", "depends_on"):
                self.leave(value, f"image.{key}", "has no counterpart here")
            elif key == "credentials":
                self.leave(value, "image.credentials", "log in to the registry with docker: its credentials are used")
            elif key not in ("build", "location", "healthcheck"):
                self.leave(value, f"image.{key}", "is not known here")
        build, location = image.at("build"), image.at("location")
        if location:
            return self._location(location)
        if build is None:
            self.leave(image, "image", f"has neither build nor location: {self.name} is left out")
            return False
        return self._build(build)

    def _location(self, location: Value) -> bool:
        try:
            self.table["image"] = values.image(location.text or "")
        except ValueError:
            why = "is filled in from the shell" if SHELL.search(location.text or "") else "is not an image here"
            self.leave(location, "image.location", f"{why}: {self.name} is left out; add it with its image")
            return False
        return True

    def _build(self, build: Value) -> bool:
        dockerfile = build.text or (build.at("dockerfile") or build).text
        context = build.at("context")
        directory = context.text if context and context.text else posixpath.dirname(dockerfile or "")
        directory = posixpath.normpath(directory or ".")
        dockerfile = posixpath.normpath(dockerfile or posixpath.join(directory, "Dockerfile"))
        path = os.path.relpath(dockerfile, directory)
        try:
            self.table["build"] = values.inside(directory)
            if path != "Dockerfile":
                self.table["dockerfile"] = values.dockerfile(path)
        except ValueError as error:
            self.leave(build, "image.build", f"{error}: {self.name} is left out")
            return False
        for key, value in build.table.items():
            if key == "target" and value.text:
                self.table["target"] = value.text
            elif key == "args":
                arguments = {name: one.text for name, one in value.table.items() if one.text is not None}
                if arguments:
                    self.table["build_args"] = arguments
            elif key not in ("dockerfile", "context"):
                self.leave(value, f"image.build.{key}", "has no counterpart here")
        return True

    def _size(self, manifest: Value) -> None:
        named = {key: one for key in ("cpu", "memory") if (one := manifest.at(key))}
        size = {"cpu": 256, "memory": 512} | {key: one.number or 0 for key, one in named.items()}
        for key, why in values.fargate_size(size["cpu"], size["memory"]):
            self.leave(named.get(key) or next(iter(named.values())), key, why)
            return
        self.table |= {key: size[key] for key in named}
