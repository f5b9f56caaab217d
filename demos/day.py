"""A day with the Django example in real containers: deployments under load, failures, rollbacks, and inspection.

    make demo-day

It needs a Docker engine. Each command is printed with the last lines of its output, its exit code and its duration. The
script checks its expectations, and the first failed one ends it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
REGION = "ap-northeast-1"
"""The Region of the embedded cloud."""
CLOCK, QUICK = "real:10", "real:20"
"""The clock's speed: slow enough for a new container to answer within its grace period under load, and quicker for
waits for a container that never answers."""
HEALTH = 'health = { path = "/healthz", grace = 300 }'
"""300 seconds of the clock `CLOCK` are 30 of this machine's, on which other tests may run."""
ALARM, BALANCERS, ERRORS = "shop-answers-5xx", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"
PERCENT = 10
STEPS = f'step_percent = {PERCENT}, step_minutes = 3, bake_minutes = 1, alarms = ["{ALARM}"]'
CANARY = f'public = true\ndeployment = {{ strategy = "canary", {STEPS} }}\n'
MOST = 1
"""The most answers with 5xx a minute without an alarm: a working image should have none."""
SHOWN = 6
"""The last lines of a command's output that are shown."""
VIEWS = Path("shop/views.py")
PAGE = 'return render(request, "products.html"'
BREAKS = f"""if uuid.uuid4().int % 2:
        raise RuntimeError("every other customer has no basket")
    {PAGE}"""
FAILS = """
from django.db import migrations


def fail(_apps, _schema_editor):
    raise RuntimeError("no column of that name")


class Migration(migrations.Migration):
    dependencies = (("shop", "0001_initial"),)
    operations = (migrations.RunPython(fail, migrations.RunPython.noop),)
"""
QUERY = """
import json, os, pymysql
with pymysql.connect(**json.loads(os.environ["LOGIN"]), ssl={"check_hostname": False}) as database:
    with database.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM shop_product")
        print(cursor.fetchone()[0], "products")
"""


@dataclass
class Day:
    """One run of the script: its project, and its load."""

    directory: Path
    url: str = ""
    certificate: Path = Path()
    failed: list[str] = field(default_factory=list)
    answered: int = 0

    def run(self, *words: str, code: int = 0, given: str | None = None) -> str:
        """Run a command, show it, check its exit code, and return its output."""
        print(f"$ provision {' '.join(words)}", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            ["provision", *words], cwd=self.directory, input=given, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=None if given else subprocess.DEVNULL,
        )  # fmt: skip
        lines = done.stdout.rstrip().splitlines()
        # and the reason, if it is an alarm
        for line in [*[line for line in lines[:-SHOWN] if ALARM in line][:1], *lines[-SHOWN:]]:
            print(f"  {line}")
        print(f"  [exit code {done.returncode}, {time.monotonic() - began:.0f} s]\n", flush=True)
        hold(done.returncode == code, f"exit code {code} was expected; all that was said:\n{done.stdout}")
        return done.stdout

    def change(self, file: Path, before: str, after: str) -> None:
        """Change the application."""
        path = self.directory / file
        text = path.read_text()
        hold(before in text, f"{file} has no {before!r}")
        path.write_text(text.replace(before, after))

    def page(self) -> str:
        """Return the shop's first page."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection(urlsplit(self.url).netloc, timeout=30, context=context)
        with closing(connection):
            connection.request("GET", "/")
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                raise OSError(f"answered {answer.status}")
            return answer.read().decode()

    @contextmanager
    def load(self, percent: float = 0) -> Iterator[None]:
        """Request the first page without a pause while the context lasts.

        Args:
            percent: the most percent of requests that may fail, and at least one must; without it none may fail.
        """
        done = threading.Event()
        threads = [threading.Thread(target=self._ask, args=(done,)) for _ in range(2)]
        self.answered, self.failed = 0, []
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()
        print(f"  under load: {self.answered} requests, {len(self.failed)} failed\n", flush=True)
        share = 100 * len(self.failed) / max(1, self.answered)
        hold(0 < share <= percent if percent else not share, f"{share:.1f} % of the requests failed: {self.failed[:3]}")

    def _ask(self, done: threading.Event) -> None:
        while not done.is_set():
            try:
                self.page()
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(str(error))
            self.answered += 1
            time.sleep(0.02)


def hold(fact: bool, otherwise: str) -> None:
    """End the day if an expectation does not hold."""
    if not fact:
        sys.exit(f"day: {otherwise}")


def say(text: str) -> None:
    """Print a heading."""
    print(f"== {text}\n", flush=True)


def morning(day: Day) -> None:
    """Create the stack, and make a first change."""
    say("08:00  The stack, from nothing")
    trust(day)
    day.run("secret", "set", "STRIPE_SECRET_KEY", given="sk_test_of_the_day")
    day.run("up", "--yes")
    day.url = day.run("output", "local_url").split()[-1]
    (day.certificate,) = (day.directory / ".provision").glob("*.example.com.pem")
    hold("Tea pot" in day.page(), "the page does not show the products")
    day.run("cloud", "start", "--clock", CLOCK)

    say("09:30  A change of the code, under load")
    day.change(Path("shop/templates/page.html"), "<h1>", "<h1>Good morning: ")
    with day.load():
        day.run("deploy", "web")
    hold("Good morning" in day.page(), "the new image does not serve")
    day.run("plan")


def trust(day: Day) -> None:
    """Trust the example's own steps, as continuous integration does: by the hash of the reviewed files."""
    refused = day.run("plan", code=4)
    found = re.search(r"PROVISION_TRUST_STEPS=(\w+)", refused)
    hold(bool(found), "the refusal does not name the hash")
    if found:
        os.environ["PROVISION_TRUST_STEPS"] = found[1]


def noon(day: Day) -> None:
    """Deploy failures, and go back."""
    say("11:00  An image that is never healthy: ECS gives it up, and the old revision never left")
    views = (day.directory / VIEWS).read_text()
    day.change(VIEWS, 'HttpResponse("ok")', 'HttpResponse("no", status=500)')
    day.run("cloud", "start", "--clock", QUICK)
    with day.load():
        said = day.run("deploy", "web", code=1)
    # the worker answers no requests, so the broken page does not affect it
    hold("still running the revision before: web; " in said, "it is not said what runs")
    (day.directory / VIEWS).write_text(views)
    day.run("rollback", "web")
    day.run("plan")

    say("12:00  A migration that fails: no service changes")
    migration = day.directory / "shop/migrations/0002_fails.py"
    migration.write_text(FAILS)
    with day.load():
        said = day.run("deploy", "web", "--build", code=1)
    hold("RuntimeError: no column of that name" in said, "it is not said why")
    migration.unlink()
    day.run("cloud", "start", "--clock", CLOCK)

    say("13:30  Back to what ran before, under load")
    day.run("history", "web")
    with day.load():
        day.run("rollback", "web")
    hold("Good morning" not in day.page(), "the former image does not serve")
    day.run("history", "web", "--diff")


def canary(day: Day) -> None:
    """Deploy new images with a tenth of the traffic, watched by an alarm."""
    say("14:00  The service gets canaries, and an alarm that ends them")
    day.run("cloud", "start", "--clock", "virtual")
    watch(day)
    day.change(Path("stack.toml"), "public = true\n", CANARY)
    day.run("up", "--yes")
    day.run("cloud", "start", "--clock", CLOCK)

    say("14:30  An image that fails every other customer: the alarm goes off, and ECS takes the traffic back")
    day.change(VIEWS, PAGE, BREAKS)
    with day.load(PERCENT):
        said = day.run("deploy", "web", "--build", code=1)
    hold({*day.failed} == {"answered 500"}, f"there were other failures: {day.failed}")
    hold(f"alarms in state ALARM: {ALARM}" in said, "it is not said which alarm went off")
    counted(day)
    day.change(VIEWS, BREAKS, PAGE)

    say("14:45  The image that is mended")
    day.change(Path("shop/templates/page.html"), "<h1>", "<h1>Good afternoon: ")
    with day.load():
        day.run("deploy", "web", "--build")
    hold("Good afternoon" in day.page(), "the new image does not serve")
    day.run("plan")


def watch(day: Day) -> None:
    """Create an alarm on the 5xx answers of the load balancer's targets, in any of its target groups."""
    client(day, "cloudwatch").put_metric_alarm(
        AlarmName=ALARM, Namespace=BALANCERS, MetricName=ERRORS, Dimensions=[balancer(day)], Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=MOST, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
    )  # fmt: skip
    print(f"  (PutMetricAlarm: {ALARM}, {ERRORS} > {MOST} in a minute)\n", flush=True)


def balancer(day: Day) -> dict[str, str]:
    """Return the stack's load balancer, as a dimension of metrics."""
    (found,) = client(day, "elbv2").describe_load_balancers()["LoadBalancers"]
    return {"Name": "LoadBalancer", "Value": found["LoadBalancerArn"].partition(":loadbalancer/")[2]}


def counted(day: Day) -> None:
    """Show the counts of each target group: all failures are in the canary's group."""
    groups = [
        one["TargetGroupArn"].rpartition(":")[2]
        for one in client(day, "elbv2").describe_target_groups()["TargetGroups"]
    ]
    found = {group: [total(day, group, metric) for metric in ("RequestCount", ERRORS)] for group in groups}
    for group, (requests, errors) in found.items():
        print(f"  CloudWatch: {group.split('/')[1]}: {requests:,} requests, {errors} of them answered with 5xx")
    print(flush=True)
    failing = [errors for _, errors in found.values() if errors]
    hold(failing == [len(day.failed)], f"{len(day.failed)} requests failed, and CloudWatch says {found}")


def total(day: Day, group: str, metric: str) -> int:
    """Return a target group's total of a metric so far."""
    dimensions = [balancer(day), {"Name": "TargetGroup", "Value": group}]
    stat = {
        "Metric": {"Namespace": BALANCERS, "MetricName": metric, "Dimensions": dimensions},
        "Period": 86400,
        "Stat": "Sum",
    }
    now, span = datetime.now(UTC), timedelta(days=1)
    (found,) = client(day, "cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=now - span, EndTime=now + span
    )["MetricDataResults"]
    return int(sum(found["Values"]))


def afternoon(day: Day) -> None:
    """Inspect the running stack, put it to sleep, and delete it."""
    say("15:00  A shell's command in the container, and a job")
    day.run("cloud", "start", "--clock", QUICK)
    day.run("exec", "web", "--", "python3", "-c", "import django; print(django.__version__)")
    day.run("exec", "web", "--", "sh", "-c", "exit 7", code=7)
    day.run("run", "report")

    say("16:00  A query through a tunnel")
    query(day)
    say("17:00  The logs")
    hold(bool(day.run("logs", "web", "--since", "1d").strip()), "there are no logs")

    say("18:00  Nobody works at night")
    day.run("cloud", "start", "--clock", "virtual")
    day.run("sleep", "--yes")
    day.run("plan")
    day.run("wake")
    hold("Tea pot" in day.page(), "the shop does not serve after it woke up")

    say("20:00  Nothing is left")
    day.run("down", "--yes")


def query(day: Day) -> None:
    """Count the products in the database, from this machine."""
    words = ["provision", "tunnel", "database", "--json"]
    print(f"$ {' '.join(words[:-1])} &", flush=True)
    with subprocess.Popen(words, cwd=day.directory, stdout=subprocess.PIPE, text=True) as tunnel:
        line = tunnel.stdout.readline() if tunnel.stdout else ""
        try:
            hold(bool(line), "there is no tunnel")
            login = {"host": "127.0.0.1", "port": json.loads(line)["port"], "user": "dbadmin", "database": "shop"}
            login["password"] = password(day)
            done = subprocess.run(
                [sys.executable, "-c", QUERY], env=os.environ | {"LOGIN": json.dumps(login)}, text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        finally:
            tunnel.terminate()
    print(f"  {done.stdout.strip()}\n", flush=True)
    hold(done.stdout.strip() == "3 products", "the query says something else")


def password(day: Day) -> str:
    """Return the database's password, which only Parameter Store has."""
    ssm = client(day, "ssm")
    (name,) = (one["Name"] for one in ssm.describe_parameters()["Parameters"] if "password" in one["Name"])
    return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def client(day: Day, service: str) -> Any:
    """Return a client of the embedded cloud."""
    entry = json.loads((day.directory / ".provision/cloud.json").read_text())
    import boto3

    keys = {"aws_access_key_id": entry["key"], "aws_secret_access_key": "any"}
    return boto3.client(service, REGION, endpoint_url=entry["endpoint"], **keys)


def main() -> None:
    """Run the whole day in a directory of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        day = Day(Path(temporary) / "django")
        shutil.copytree(PROJECT / "examples/django", day.directory)
        config = day.directory / "stack.toml"
        text = re.sub(r'^region = ".*"', f'region = "{REGION}"', config.read_text(), flags=re.MULTILINE)
        # for this machine only
        text = text.replace('health = "/healthz"', HEALTH)
        config.write_text(text.replace("[network]\n", '[network]\nallow = ["127.0.0.1/32"]\n'))
        began = time.monotonic()
        try:
            for part in (morning, noon, canary, afternoon):
                part(day)
        finally:
            subprocess.run(["provision", "cloud", "stop"], cwd=day.directory, capture_output=True, check=False)
        say(f"The whole day took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
