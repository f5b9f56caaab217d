"""`python -m tests.cloud.crash.lives`: let drawn lives go on from a standing stack, and kill commands in them.

Each life is a fork. It draws 2 to 5 acts from its seed (`tests.cloud.crash.acts`); half of the commands are killed
at a write or while they record something. What has ended with 0 and was not superseded has to hold at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.cloud.crash.acts import DEPLOYED, EDITED, FIXED, Act, Draw, File, Now, World
from tests.cloud.crash.branches import Bounded, Branches, begin, emptied
from tests.cloud.crash.cuts import aim
from tests.cloud.crash.pool import Pool
from tests.cloud.crash.settings import left, settings
from tests.cloud.crash.verbs import MEMORY, look
from tests.cloud.lookups import NAME
from tests.cloud.project import Ended, Project, ready_image

KILLED = -signal.SIGKILL
SECONDS = 600
"""Real seconds that a command may take: a fork is killed by it, and the machine may be busy."""
WITHIN = 600
"""Seconds by which a date of expiry may differ, as time passes during a command."""
SHOWS = {
    "deploy": ("image",),
    "scale": ("worker",),
    "rollback": (),
    **dict.fromkeys(("pause", "resume", "sleep", "wake"), ("frontend", "worker", "schedule")),
    "up": ("frontend", "worker", "schedule", "image", "variable", "expires", "protected"),
}
"""The settings that AWS, or `list`, has to show as soon as a command has ended with 0."""


class Broken(Exception):
    """Tells the problem of a life."""


def shown(project: Project) -> dict[str, Any]:
    """Return the settings of a stack that stands, as AWS and `list` show them."""
    now, ecs = look(project), project.cloud.client("ecs")
    described = ecs.describe_services(cluster=NAME, services=["frontend"])["services"][0]
    revision = ecs.describe_task_definition(taskDefinition=described["taskDefinition"])["taskDefinition"]
    variables = {one["name"]: one["value"] for one in revision["containerDefinitions"][0]["environment"]}
    # where the state was moved to a bucket, an empty one is left
    (listed,) = (one for one in project.run("list", "--json").document["stacks"] if one["resources"])
    return {
        **{name: tasks for name, (tasks, _) in now.services.items()},
        "image": now.services["frontend"][1],
        "schedule": now.schedule,
        "variable": variables["LIFE"],
        "expires": listed["expires"],
        "protected": listed["protected"],
    }


def wanted(world: World, file: File) -> dict[str, Any]:
    """Return the settings that a stack shows after an `up` with this file."""
    rests, said = world.paused or world.asleep, file.image.rpartition("/")[2]
    scaled = world.tasks if world.tasks and world.tasks[1] == file.count else (file.count, 0)
    deployed = world.image if world.image and world.image[1] == file.image else None
    return {
        "frontend": 0 if rests else 1,
        "worker": 0 if rests else scaled[0],
        "image": deployed[0] if deployed else said.partition("@")[0].partition(":")[0],
        "schedule": "DISABLED" if rests else "ENABLED",
        "variable": file.variable,
        "expires": world.until,
        "protected": world.protected,
    }


def holds(shows: Mapping[str, Any], wants: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Return whether the shown settings of these names are the wanted ones."""
    for name in names:
        if name == "expires" and shows[name] and wants[name]:
            if abs(datetime.fromisoformat(shows[name]).timestamp() - wants[name]) > WITHIN:
                return False
        elif shows[name] != wants[name]:
            return False
    return True


def killed(project: Project, act: Act) -> Ended:
    """Run a command as a process that is killed where the act says, if it comes there."""
    sort, number, when = act.killed
    if sort != "write":
        return project.end(project.fork(*act.words, how=("die", sort, number, when)))
    since = project.last_call()
    process = project.fork(*act.words)
    aim(project, process, since, call=int(number), when=when)
    ended = project.end(process)
    project.cloud.control("POST", "kill")
    return ended


@dataclass
class Life:
    """One life in a fork.

    Attributes:
        empty: the settings of everything in the account before the stack.
        elsewhere: the second directory.
        worlds: the settings that the stack may have by now.
        images: the repositories whose images `frontend` may have run.
        killed: how many commands were killed.
    """

    project: Project
    elsewhere: Project
    chance: random.Random
    empty: dict[str, list[str]]
    file: File = field(default_factory=File)
    worlds: frozenset[World] = frozenset({World()})
    images: set[str] = field(default_factory=lambda: {"frontend", *DEPLOYED, *EDITED})
    killed: int = 0

    def perform(self, act: Act) -> None:
        """Let an act come, and note which settings there may be after it.

        Raises:
            Broken: it did not end as it has to.
        """
        if act.passes:
            self.project.cloud.advance(act.passes)
        self.file = act.edit(self.file)
        for place in (self.project, self.elsewhere):
            place.write(self.file.text)
        if act.loses:
            self._lose()
        now = Now(self.file, self.project.cloud.time())
        if not act.words:
            self.worlds = act.done(self.worlds, now)
            return
        if act.words[0] == "plan":
            (self.project.directory / "plan.json").unlink(missing_ok=True)
        since = self.project.last_call()
        place = self.elsewhere if act.elsewhere else self.project
        ended = killed(place, act) if act.killed else place.done(*act.words)
        self._note(act, now, ended, self._writes(since))

    def _note(self, act: Act, now: Now, ended: Ended, writes: list[str]) -> None:
        """Note which settings there may be after a command."""
        told = f"{act}: exit code {ended.code}, writes: {', '.join(writes) or 'none'}\n{ended.err}"
        if act.words[0] == "plan":
            if writes or ended.code not in (0, 1, 2, 4):
                raise Broken(told)
            return
        if ended.code == KILLED:
            self.killed += 1
            self.worlds = act.cut(self.worlds, now) | self._rolled_back(act, self.images)
            return
        if ended.code and (ended.code not in act.refusals or writes):
            raise Broken(told)
        after = act.refused(self.worlds, now) if ended.code else act.done(self.worlds, now)
        if not after:
            raise Broken(f"{'refused' if ended.code else 'not refused'}: {told}\n{self._told()}")
        self.worlds = after
        if not ended.code:
            self._check(act)

    def _check(self, act: Act) -> None:
        """Check that a command's settings are shown as soon as it has ended with 0."""
        if (names := SHOWS.get(act.words[0])) is None:
            return
        shows = shown(self.project)
        if act.words[0] == "rollback":
            self.worlds = self._rolled_back(act, {shows["image"]})
        if not any(holds(shows, wanted(world, self.file), names) for world in self.worlds):
            raise Broken(f"{act}: shown are {shows}\n{self._told()}")

    def _rolled_back(self, act: Act, images: set[str]) -> frozenset[World]:
        """Return the settings after a rollback to one of these images."""
        if act.words[0] != "rollback":
            return frozenset()
        said = self.file.image
        there = {image: None if f"/{image}:" in said or f"/{image}@" in said else (image, said) for image in images}
        return frozenset(replace(world, image=one) for world in self.worlds for one in there.values())

    def _lose(self) -> None:
        """Take the state away, with all that is beside it."""
        shutil.rmtree(self.project.state / "local" / NAME, ignore_errors=True)
        if self.file.bucket:
            s3 = self.project.cloud.client("s3")
            for one in s3.list_object_versions(Bucket=self.file.bucket).get("Versions", []):
                s3.delete_object(Bucket=self.file.bucket, Key=one["Key"], VersionId=one["VersionId"])

    def _writes(self, since: int) -> list[str]:
        """Return the writes after a call, but for the state and for the tags of the cluster."""
        return [one for one in self.project.writes(since) if one != "ecs:TagResource" and not one.startswith("s3:")]

    def _told(self) -> str:
        return "\n".join(f"allowed: {wanted(world, self.file)} {world}" for world in list(self.worlds)[:6])

    # -- its end -----------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Bring the stack to its declaration, compare, and delete it.

        Raises:
            Broken: something does not hold.
        """
        if not all(world.state for world in self.worlds) and self.chance.random() < 0.5:
            self.perform(FIXED["recover"])
        self._rise()
        self._unchanged()
        if any(world.protected for world in self.worlds):
            self.perform(FIXED["down"])
            self._unchanged()
        ended = self.project.done("down", "--yes", "--unprotect")
        if ended.code:
            raise Broken(f"down ends with exit code {ended.code}\n{ended.err}")
        records = self.project.run("state", "pull").document["records"]
        # the state's bucket outlives the stack
        aside = ["buckets"] if self.file.bucket else []
        over = [*left(self.empty, settings(self.project.inventory()), *aside), *records]
        if over:
            raise Broken("\n".join(["left:", *over]))

    def _rise(self) -> None:
        """Run `up`, and compare it with `plan`; wake the stack before, if it sleeps."""
        lost = not all(world.state and world.up for world in self.worlds)
        plan, since = self.project.done("plan"), self.project.last_call()
        was = self.worlds
        self.perform(FIXED["up"])
        wrote = bool(self._writes(since))
        if all(world.asleep for world in self.worlds):
            if plan.code not in (0, 4) or "asleep" not in plan.err + plan.out:
                raise Broken(f"up refuses, as the stack is asleep, and plan ends with {plan.code}\n{plan.err}")
            if not all(world.state for world in self.worlds):
                self.perform(FIXED["recover"])
            self.perform(FIXED["wake"])
            self._rise()
        elif plan.code != (2 if wrote else 0) and not (lost and plan.code == 2):
            raise Broken(f"plan ends with {plan.code}, and up writes {self._writes(since)}\n{plan.out}\n{was}")

    def _unchanged(self) -> None:
        """Check that neither `plan` nor `up` has anything to change."""
        if todo := self.project.planned():
            raise Broken(f"after up, the plan is not empty: {', '.join(todo)}")
        since = self.project.last_call()
        self.perform(FIXED["up"])
        if wrote := [one for one in self.project.writes(since) if not one.startswith("s3:")]:
            raise Broken(f"the second up writes {', '.join(wrote)}")


def live(acts: Sequence[Act], seed: int, empty: dict[str, list[str]], project: Project) -> str:
    """Let the acts of a life come, in a fork; return as JSON how many commands were killed, and the problem if any."""
    chance, problem = random.Random(seed), ""
    directory = project.directory / "elsewhere"
    directory.mkdir()
    life = Life(project, Bounded(project.cloud, directory, SECONDS), chance, empty)
    project.seconds = SECONDS
    project.cloud.last(chance.choice(["fast", "typical"]))
    try:
        for act in acts:
            life.perform(act)
        life.end()
    except (Broken, AssertionError) as error:
        problem = str(error) or repr(error)
    return json.dumps([life.killed, problem])


def begun(directory: Path) -> tuple[Project, dict[str, list[str]], dict[str, str]]:
    """Stand the stack up; return the project, the settings of all before it, and the digests of the edited images."""
    project = emptied(directory)
    for image in (*DEPLOYED, *EDITED):
        ready_image(project.cloud, image)
    images = project.cloud.client("ecr").describe_images
    digests = {one: images(repositoryName=one, imageIds=[{"imageTag": "1"}])["imageDetails"] for one in EDITED}
    empty = settings(project.inventory())
    project.write(File().text)
    project.up()
    return project, empty, {image: str(found[0]["imageDigest"]) for image, found in digests.items()}


def main() -> int:
    """Parse the command line and let the lives come that it chooses; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="make crash-lives ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many lives at once")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the seed of the first one")
    parser.add_argument("--lives", type=int, default=50, metavar="N", help="how many, each with the next seed")
    parser.add_argument("--stop", action="store_true", help="begin no more lives after one that does not hold")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    counts = Counter[str]()

    def heard(seed: int, acts: Sequence[Act], text: str, code: int) -> None:
        killed, problem = json.loads(text) if code == 0 else (0, f"the fork ended with exit code {code}\n{text}")
        counts.update(lives=1, bad=int(bool(problem)), killed=killed)
        print(f"{seed}: {'BAD' if problem else 'ok'}: {'; '.join(map(str, acts))}", flush=True)
        if problem:
            print(f'{problem}\nagain: make crash-lives ARGS="--first {seed} --lives 1"', flush=True)

    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, closing(Pool(chosen.j)) as pool:
        begin()
        project, empty, digests = begun(Path(directory) / "standing")
        with closing(project):
            branches = Branches(project, pool)
            for seed in range(chosen.first, chosen.first + chosen.lives):
                acts = Draw(random.Random(seed), digests).life()
                branches.begin(partial(heard, seed, acts), partial(live, acts, seed, empty))
                branches.go_on()
                if chosen.stop:
                    pool.drain()
                    if counts["bad"]:
                        break
            pool.drain()
    print(f"{counts['lives'] - counts['bad']} of {counts['lives']} lives hold, with {counts['killed']} killed commands")
    return int(bool(counts["bad"]))


if __name__ == "__main__":
    sys.exit(main())
