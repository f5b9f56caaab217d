"""The stack of the test: the smallest one with everything in it, and the two changes to it."""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

PROJECT, ENV = "provision-test", "aws"
NAME = f"{PROJECT}-{ENV}"
"""The name of everything on AWS, and its tags."""
APP = Path(__file__).parents[2] / "app"
FRONTENDS = 3
"""Tasks of the frontend after the scale-out."""
INSTANCES = 2
"""The instances that these need: two tasks fill one."""
SETTING = "PROVISION_TEST"
"""The variable that the deployment changes."""

TEXT = """\
# Written by `python -m tests.aws`, see docs/developers/aws.md.
project = "{project}"
env = "{env}"
region = "{region}"
target = "{target}"

[network]
zones = 2

[dns]
domain = "{domain}"
host = "{project}"

[capacity]
max = 2

[database]
max_acu = 1

[services.frontend]
launch = "ec2"
build = "app"
dockerfile = "frontend/Dockerfile"
port = 80
public = true
calls = ["backend"]
cpu = 1024
memory = 1024
scaling = {{ min = 1, max = 1 }}
environment = {{ {setting} = "1" }}

[services.backend]
launch = "fargate"
build = "app"
dockerfile = "backend/Dockerfile"
port = 8080
database = true
scaling = {{ min = 1, max = 2 }}
environment = {{ {setting} = "1" }}
"""


@dataclass(frozen=True)
class Stack:
    """The directory that the commands are run in: configuration, images, state, and the log of calls.

    Attributes:
        domain: a public hosted zone of the account.
        target: `aws` or `local`.
    """

    directory: Path
    region: str
    domain: str
    target: str

    @classmethod
    def found(cls, directory: Path) -> Stack | None:
        """Return the stack that an earlier run wrote into a directory, if there is one."""
        if not (directory / "stack.toml").exists():
            return None
        config = tomllib.loads((directory / "stack.toml").read_text())
        return cls(directory, config["region"], config["dns"]["domain"], config["target"])

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.directory / "stack.toml"

    @property
    def log(self) -> Path:
        """The file with the calls of all commands."""
        return self.directory / "calls.log"

    def write(self) -> None:
        """Create the directory with the configuration and the sample application."""
        self.directory.mkdir(exist_ok=True)
        settings = {"region": self.region, "target": self.target, "domain": self.domain}
        self.config.write_text(TEXT.format(project=PROJECT, env=ENV, setting=SETTING, **settings))
        shutil.copytree(APP, self.directory / "app", dirs_exist_ok=True)
        self.log.unlink(missing_ok=True)

    def deploy(self) -> None:
        """Change the environment of both services."""
        self._change(rf'{SETTING} = "1"', f'{SETTING} = "2"', 2)

    def scale_out(self) -> None:
        """Raise the number of frontend tasks."""
        self._change(r"min = 1, max = 1", f"min = {FRONTENDS}, max = {FRONTENDS}", 1)

    def _change(self, pattern: str, replacement: str, times: int) -> None:
        text, count = re.subn(pattern, replacement, self.config.read_text())
        if count != times:
            raise ValueError(f"{pattern} stands {count} times in {self.config}, not {times}")
        self.config.write_text(text)
