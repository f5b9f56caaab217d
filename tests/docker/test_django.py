"""The Django example in real containers: its pages, its jobs, and migrations that go well and wrong under load."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Ended, Project
from tests.cloud.steps.test_own_steps import trust
from tests.cloud.warm import PROGRAM, environment
from tests.docker.site import Site, awaited, copied, gone, stood_up
from tests.docker.test_postgresql import PASSWORD
from tests.docker.test_unnoticed import Load

SHOP = "shop-dev"
PROCESSES = ("web", "worker", "beat", "migrate", "report")
KEY = "sk_test_nobody_may_write_this_down"
STOCK = """
import time

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("shop", "0001_initial"),)
    operations = (
        migrations.AddField("Product", "stock", models.PositiveIntegerField(null=True)),
        # the tables are changed, and the code that knows it comes later
        migrations.RunPython(lambda *_: time.sleep(8), migrations.RunPython.noop),
    )
"""
FAILING = """
from django.db import migrations


def fail(_apps, _schema_editor):
    raise RuntimeError("no column of that name")


class Migration(migrations.Migration):
    dependencies = (("shop", "0002_stock"),)
    operations = (migrations.RunPython(fail, migrations.RunPython.noop),)
"""


def ended_by(project: Project, *words: str, given: str) -> Ended:
    """Run a command with something on its standard input."""
    project.cloud.away()
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=project.directory,
        env=environment(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def shop(database: None, new_project: Callable[[], Project]) -> Iterator[Site]:
    project = new_project()
    copied(project, "django")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(project.directory / "xdg"))
        trust(project)
        ended = ended_by(project, "secret", "set", "STRIPE_SECRET_KEY", given=KEY)
        assert ended.code == 0, ended.err
        site = stood_up(project)
        # containers of jobs take real time, also for who waits for them
        control.set_clock(project.cloud.process, "real:20")
        yield site


def deployments(project: Project) -> dict[str, list[str]]:
    """The ids of the deployments of each service."""
    ecs = project.cloud.client("ecs")
    services = ecs.describe_services(cluster=SHOP, services=["web", "worker", "beat"])["services"]
    return {one["serviceName"]: [deployment["id"] for deployment in one["deployments"]] for one in services}


def test_django_ships_an_order(shop: Site) -> None:
    status, page, _ = shop.get("")
    assert status == 200
    # the migration puts them in
    assert [name for name in ("Tea pot", "Cup", "Tray") if name in page] == ["Tea pot", "Cup", "Tray"]
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=shop.trusted), urllib.request.HTTPCookieProcessor(jar)
    )
    browser.addheaders = [("Referer", shop.url)]
    with browser.open(shop.url, timeout=30) as answer:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    assert token
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1]}).encode()
    with browser.open(f"{shop.url}buy/1", data=form, timeout=30) as answer:
        page = answer.read().decode()
    assert "1: Tea pot" in page
    assert "paid by Stripe" in page
    awaited(lambda: "<span>shipped</span>" in shop.get("orders")[1], "the worker to ship the order")


def test_djangos_photos_are_in_its_bucket(shop: Site) -> None:
    page, cookie = shop.page_with_cookie()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    photo = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000
    headers = {"Cookie": cookie, "Referer": shop.url}
    status, place = shop.post("photo/2", {"csrfmiddlewaretoken": token[1]}, photo, headers)
    assert (status, place) == (302, "/")
    assert '<img src="/photo/2"' in shop.get("")[1]
    s3 = shop.project.cloud.client("s3")
    (kept,) = s3.list_objects_v2(Bucket=f"{SHOP}-123456789012-uploads")["Contents"]
    stored = s3.get_object(Bucket=f"{SHOP}-123456789012-uploads", Key=kept["Key"])
    assert (stored["ContentType"], stored["Body"].read()) == ("image/png", photo)
    status, _, signed = shop.get("photo/2")
    assert status == 302
    with urllib.request.urlopen(signed, timeout=30) as answer:
        assert (answer.headers["Content-Type"], answer.read()) == ("image/png", photo)
    assert shop.get("photo/1")[0] == 404


def test_django_runs_jobs_with_their_exit_codes(shop: Site) -> None:
    assert shop.project.run("run", "report").out == "shipped: 1\nreport done\n"
    shop.project.run("run", "web", "--", "python3", "-c", "raise SystemExit(7)", code=7)


def images_of(shop: Site, revision: int) -> tuple[set[str], set[str]]:
    """Return the images that this revision of all five processes runs, and the images in the one repository."""
    ecs, ecr = shop.project.cloud.client("ecs"), shop.project.cloud.client("ecr")
    definitions = [
        ecs.describe_task_definition(taskDefinition=f"{SHOP}-{name}:{revision}")["taskDefinition"] for name in PROCESSES
    ]
    (repository,) = ecr.describe_repositories()["repositories"]
    there = ecr.describe_images(repositoryName=repository["repositoryName"])["imageDetails"]
    return (
        {one["containerDefinitions"][0]["image"] for one in definitions},
        {f"{repository['repositoryUri']}@{image['imageDigest']}" for image in there},
    )


def test_django_has_one_image_for_all(shop: Site) -> None:
    arns = shop.project.cloud.client("ecs").list_task_definitions()["taskDefinitionArns"]
    assert {arn.rpartition("/")[2] for arn in arns} == {f"{SHOP}-{name}:1" for name in PROCESSES}
    used, there = images_of(shop, 1)
    assert len(used) == 1
    assert used == there


def test_djangos_secret_is_in_no_file(shop: Site) -> None:
    files = [path for path in shop.project.directory.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [str(path) for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.timeout(1500)
def test_djangos_migration_adds_a_column_unnoticed(shop: Site) -> None:
    (shop.project.directory / "shop" / "migrations" / "0002_stock.py").write_text(STOCK)
    models = shop.project.directory / "shop" / "models.py"
    photo = "    photo = models"
    models.write_text(models.read_text().replace(photo, f"    stock = models.PositiveIntegerField(null=True)\n{photo}"))
    load = Load(shop.url, shop.trusted, ("", "orders", "healthz"))
    # a new task has to answer within its grace period, beside the load
    control.set_clock(shop.project.cloud.process, "real:4")
    with load.running(threads=2):
        time.sleep(1)
        load.during = "a migration"
        ended = shop.project.up()
        time.sleep(1)
    control.set_clock(shop.project.cloud.process, "real:20")
    changed = {address for address, result in ended.results.items() if result in ("created", "changed")}
    assert {"job_run/migrate", "service/web", "service/worker", "service/beat"} <= changed
    assert load.failed == []
    assert load.counts["a migration"] > 100, load.counts
    (former,), (used,) = images_of(shop, 1)[0], images_of(shop, 2)[0]
    assert images_of(shop, 2)[1] == {former, used}, "one build"
    ecs = shop.project.cloud.client("ecs")
    found = ecs.list_tasks(cluster=SHOP, startedBy=f"provision/{SHOP}-migrate/2", desiredStatus="STOPPED")["taskArns"]
    assert len(found) == 1, "migrated once"
    counted = "from shop.models import Product; print(Product.objects.filter(stock=None).count())"
    assert shop.project.run("run", "web", "--", "python3", "manage.py", "shell", "-c", counted).out.endswith("3\n")


def test_djangos_password_is_rotated_under_load(shop: Site) -> None:
    ssm = shop.project.cloud.client("ssm")
    load = Load(shop.url, shop.trusted, ("", "orders"), during="rotation")
    with load.running(2):
        ssm.put_parameter(Name=f"/{SHOP}/database/password", Value=PASSWORD, Type="SecureString", Overwrite=True)
        shop.project.up()
    assert load.failed == []
    assert shop.get("orders")[0] == 200, "by a connection with the new password"
    assert shop.project.planned() == {}


def test_a_failed_migration_leaves_djangos_tasks_as_they_are(shop: Site) -> None:
    before = deployments(shop.project)
    migration = Path(shop.project.directory / "shop" / "migrations" / "0003_fails.py")
    migration.write_text(FAILING)
    ended = shop.project.up(code=1)
    (failure,) = ended.said("failed")
    assert failure["address"] == "job_run/migrate"
    assert "RuntimeError: no column of that name" in failure["error"]
    assert {"service/web", "service/worker", "service/beat"} <= {event["address"] for event in ended.said("skipped")}
    assert deployments(shop.project) == before
    assert "Tea pot" in shop.get("")[1]


def test_django_goes(shop: Site, engine: docker.DockerClient) -> None:
    # S3 deletes no bucket that holds something
    s3, uploads = shop.project.cloud.client("s3"), {"Bucket": f"{SHOP}-123456789012-uploads"}
    for one in s3.list_objects_v2(**uploads).get("Contents", ()):
        s3.delete_object(**uploads, Key=one["Key"])
    gone(shop, engine)
