"""Fifty mistakes that were written down before the program was asked, with the answer that a user would want."""

from __future__ import annotations

from tests.unit.mistakes.table import Line, Mistake

SERVICE = '[services.web]\nimage = "nginx:1.29"\nport = 80\n'
"""A service that is right, to which a mistake is added."""

FILES = (
    # words of other tools, and other numbers of the same word
    Mistake("cmd", SERVICE + 'cmd = "serve"\n', "4:1", "command"),
    Mistake("env-in-a-service", SERVICE + "env = { A = '1' }\n", "4:1", "environment"),
    Mistake("env-vars", SERVICE + "env_vars = { A = '1' }\n", "4:1", "environment"),
    Mistake("table-env", SERVICE + "[services.web.env]\nA = '1'\n", "4:15", "environment"),
    Mistake("secret", SERVICE + 'secret = ["A"]\n', "4:1", "secrets"),
    Mistake("healthcheck", SERVICE + 'healthcheck = "/up"\n', "4:1", "health"),
    Mistake("health-path", SERVICE + 'health_check_path = "/up"\n', "4:1", "health"),
    Mistake("ports", SERVICE + 'ports = ["80:8080"]\n', "4:1", "port"),
    Mistake("container-port", SERVICE + "container_port = 8080\n", "4:1", "port"),
    Mistake("autoscaling", SERVICE + "autoscaling = { max = 3 }\n", "4:1", "scaling"),
    Mistake("min-in-a-service", SERVICE + "min = 2\n", "4:1", "scaling"),
    Mistake("links", SERVICE + 'links = ["api"]\n', "4:1", "calls"),
    Mistake("volumes", SERVICE + 'volumes = ["/data"]\n', "4:11", '{ media = "/data" }'),
    Mistake("restart", SERVICE + 'restart = "always"\n', "4:1", "ECS"),
    Mistake("load-balancer-in-a-service", SERVICE + "load_balancer = true\n", "4:1", "public"),
    Mistake("tags", 'tags = { Project = "a" }\n' + SERVICE, "1:20", "use another key"),
    Mistake("name", 'name = "shop"\n' + SERVICE, "1:1", "project"),
    Mistake("app", 'app = "shop"\n' + SERVICE, "1:1", "project"),
    Mistake("account", 'account = "123456789012"\n' + SERVICE, "1:11", "id"),
    Mistake("state", 'state = "bucket"\n' + SERVICE, "1:9", "bucket"),
    Mistake("cidr-at-the-top", 'cidr = "10.0.0.0/16"\n' + SERVICE, "1:1", "network"),
    Mistake("instance-type", SERVICE + '[capacity]\ninstance_type = "t3.large"\n', "5:1", "instance_types"),
    Mistake("db", SERVICE + "[db]\nmax_acu = 2\n", "4:2", "[database]"),
    Mistake("vpc", SERVICE + '[vpc]\ncidr = "10.0.0.0/16"\n', "4:2", "[network]"),
    Mistake("service", '[service.web]\nimage = "nginx"\n', "1:2", "services"),
    Mistake("cron", SERVICE + '[cron.nightly]\nimage = "nginx"\n', "4:2", "[jobs."),
    Mistake("env-prod", SERVICE + "[env.prod]\nservices.web.count = 2\n", "4:6", "[environments.prod]"),
    Mistake("service-of-an-overlay", SERVICE + "[environments.prod]\nservices.wbe.count = 2\n", "5:10", "web"),
    # values
    Mistake("true-of-python", SERVICE + "public = True\n", "4:10", "true"),
    Mistake("yes", SERVICE + 'public = "yes"\n', "4:10", "true"),
    Mistake("float-port", '[services.web]\nimage = "nginx"\nport = 80.0\n', "3:8", "80"),
    Mistake("half-a-cpu", SERVICE + "cpu = 0.5\n", "4:7", "512"),
    Mistake("memory-with-unit", SERVICE + 'memory = "1GB"\n', "4:10", "1024"),
    Mistake("environment-list", SERVICE + 'environment = ["A=1"]\n', "4:15", "{ A ="),
    Mistake("service-is-text", '[services]\nweb = "nginx"\n', "2:7", "image"),
    Mistake("region-by-city", 'region = "tokyo"\n' + SERVICE, "1:10", "ap-northeast-1"),
    # the form of the file
    Mistake("yaml", "[services.web]\nimage: nginx\n", "2:6", "="),
    Mistake("quote-not-closed", '[services.web]\nimage = "nginx\nport = 80\n', "2:15", "quote"),
    Mistake("key-twice", SERVICE + "port = 81\n", "4:1", "already"),
    Mistake("table-twice", SERVICE + "[services.web]\ncpu = 512\n", "4:1", "twice"),
)
COMMANDS = (
    Line("get services", "provision status"),
    Line("svc ls", "provision status"),
    Line("restart web", "provision deploy"),
    Line("delete", "provision down"),
    Line("up -f prod.toml", "--config"),
    Line("up --auto-approve", "--yes"),
    Line("up --environment prod", "--env"),
    Line("scale web=3", "scale web 3"),
    Line("explain InvalidParameterException", "InvalidParameterException", code=0),
    Line("version", "--version"),
)
