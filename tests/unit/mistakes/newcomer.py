"""Mistakes that a newcomer made in a first hour with the program, most of which had a weak or wrong answer."""

from __future__ import annotations

from tests.unit.mistakes.guessed import SERVICE
from tests.unit.mistakes.table import Line, Mistake

FILES = (
    Mistake("two-equals-signs", 'project == "x"\n' + SERVICE, "1:10", "write = once"),
    Mistake("image-without-quotes", "[services.web]\nimage = nginx\nport = 80\n", "2:9", "quotes"),
    Mistake("replicas", SERVICE + "replicas = 3\n", "4:1", "count"),
    Mistake("instances", SERVICE + "instances = 3\n", "4:1", "count"),
    Mistake("desired-count", SERVICE + "desired_count = 3\n", "4:1", "count"),
    Mistake("web-at-the-top", '[web]\nimage = "nginx"\nport = 80\n', "1:2", "[services.web]"),
    Mistake("two-brackets", '[[services]]\nname = "web"\nimage = "nginx"\n', "1:3", "[services.NAME]"),
    Mistake("postgres", SERVICE + '[database]\nengine = "postgres"\n', "5:10", '"aurora-postgresql"'),
    Mistake("health-is-a-number", SERVICE + "public = true\nhealth = 200\n", "5:10", '"/up"'),
    Mistake("schedule-in-a-service", SERVICE + 'schedule = "cron(0 3 * * ? *)"\n', "4:1", "[jobs.NAME]"),
    Mistake("type", SERVICE + 'count = "two"\n', "4:9", "a number such as 2"),
    Mistake("pair-of-cpu-and-memory", SERVICE + "cpu = 256\nmemory = 4096\n", "5:10", "512, 1024, 2048"),
    Mistake("quoted-number", '[services.web]\nimage = "nginx"\nport = "80"\n', "3:8", "without quotes"),
    Mistake("domain-with-scheme", SERVICE + '[dns]\ndomain = "https://example.com"\n', "5:10", '"example.com"'),
    Mistake("crontab", SERVICE + '[jobs.a]\nimage = "a"\nschedule = "0 3 * * *"\n', "6:12", "cron("),
    Mistake("misspelt", SERVICE + "prot = 80\n", "4:1", "port"),
    Mistake("unknown-service", SERVICE + 'calls = ["api"]\n', "4:9", "no service"),
    Mistake("build-directory", '[services.web]\nbuild = "api"\nport = 80\n', "2:9", "Dockerfile", "plan"),
)
COMMANDS = (
    Line("destroy", "`provision down`"),
    Line("apply", "`provision up`"),
    Line("validate", "`provision config`"),
    Line("ps", "`provision status`"),
    Line("ssh web", "`provision exec SERVICE`"),
    Line("shell web", "`provision exec SERVICE`"),
    Line("open", "`provision output`"),
    Line("help", "`provision --help`"),
    Line("launch", "`provision init`"),
    Line("report", "`provision plan --report FILE`"),
    Line("releases", "`provision history`"),
    Line("up --dry-run", "`provision plan`"),
    Line("ci init", "Missing option '--install'"),
    Line("scale web two", "'two' is no number"),
    Line("secret set STRIPE_KEY sk", "NAME is the only argument"),
    Line("explain ThrottlingException", "family throttled", code=0),
    Line("explain throttled", "Run the same command again", code=0),
    Line("config -c app", "--config app/stack.toml"),
    Line("config -c empty", "has no stack.toml"),
    Line("config -c none.toml", "provision init"),
    Line("--env prod up", "after the command"),
    Line("exec web", "`provision exec web -- "),
    Line("logs wbe", 'did you mean "web"?'),
)
