"""Families of errors: the meaning and the remedy of each, for `provision explain` and docs/errors.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Errors with a common cause and remedy.

    Attributes:
        code: its durable name: in the class of an error, in the event `failed` of `--json`, and on the page.
        group: its heading.
        means: the things that have happened, and the things that have not.
        fix: the steps of the remedy. If one is enough, the error's message has it, and does not name the family.
        exit_code: the exit code of the command.
        page: the document with more details, as a link from docs/; empty if there is none.
    """

    code: str
    group: str
    means: str
    fix: tuple[str, ...]
    exit_code: int = 1
    page: str = ""


_LINE, _PLAN, _AWS, _STATE = "Command line and configuration", "Plan and protection", "AWS", "State and lock"
_IMAGES, _ELSE, _END = "Images and registries", "Embedded cloud, tasks and pipelines", "End of a command"
_FAMILIES = (
    Family(
        "usage", _LINE, "The command line cannot be understood; nothing was read or changed.",
        ("Compare it with the help that the message names.",), 4, "commands.md",
    ),
    Family(
        "configuration", _LINE,
        "stack.toml, an option or a prerequisite is wrong. No resource was created or changed. The message names "
        "the file, the key and the repair, for all mistakes at once.",
        ("Make the change that the message names, and run the same command again.",), 4, "configuration.md",
    ),
    Family(
        "no-terminal", _LINE,
        "Somebody would have to agree. Standard input is no terminal, so nobody could be asked; nothing was "
        "changed.",
        ("Add --yes, in a pipeline after its plan was reviewed.",), 4, "ci.md",
    ),
    Family(
        "wrong-account", _LINE,
        "The credentials are of another AWS account. `account.id` names the right one; only the caller was asked "
        "for.",
        (
            "Show the caller: `aws sts get-caller-identity`, with the same profile.",
            "Choose a profile of the right account with --profile, or another environment with --env.",
            "If the stack is to move, change `account.id`: the stack in the former account stays there.",
        ),
        4, "environments.md",
    ),
    Family(
        "own-steps", _LINE, "Your own step or resource type raised an error. The message names the line.",
        ("Repair that line. PROVISION_DEBUG=1 prints the traceback.",), 1, "own-steps.md",
    ),
    Family(
        "plan-refused", _PLAN,
        "A part of the plan cannot be done. AWS cannot make a change in place, for instance. So nothing was done, "
        "not even the rest.",
        (
            "Read the reason of each resource with `provision plan`.",
            "Take the change back in stack.toml, or follow the reason.",
            "If only a new resource would do, and its data are not needed: `provision down`, then `provision up`.",
        ),
        page="plan.md",
    ),
    Family(
        "create-only", _PLAN,
        "AWS takes this setting only when it creates. This tool does not replace the resource by itself, since its "
        "data and its users would be lost.",
        (
            "Put the former value back in stack.toml; the message names both.",
            "Or delete the stack and make it anew: `provision down`, then `provision up`.",
        ),
        page="plan.md",
    ),
    Family(
        "plan-changed", _PLAN,
        "The plan is not the reviewed one. Configuration, state, account, Region or AWS has changed "
        "since; nothing was changed.",
        (
            "Read what has changed, in the message.",
            "Make a new plan, with --out if it is applied later, and have it reviewed.",
            "Apply that one.",
        ),
        page="plan.md#a-plan-that-is-applied-later---out-and-up---plan",
    ),
    Family(
        "not-owned", _PLAN,
        "A resource of this name is somebody else's. It does not have this stack's ownership tags, and was not "
        "changed.",
        (
            "Find out whose it is: the message names its ID, and the other stack if its tags tell.",
            "If it is to be this stack's, `provision import ADDRESS ID` shows what would change, and takes it.",
            "Else give one of the two another name: `project` or `env` in stack.toml names all resources.",
        ),
        page="recover.md#provision-import-address-id",
    ),
    Family(
        "protected", _PLAN,
        "Services or data of a protected stack would go. It has `protect = true`, as by itself in production; "
        "nothing was deleted.",
        (
            "Check that it is the right stack: `provision status` names project, environment and account.",
            "Run the command of the message, with --unprotect: a final snapshot of the database is taken.",
        ),
        page="protection.md#deletion-protection",
    ),
    Family(
        "over-budget", _PLAN, "The stack would cost more than `cost.budget`; nothing was changed.",
        (
            "Look at the cost: `provision cost --hints` also lists cheaper settings.",
            "Change stack.toml, or raise `budget` under [cost].",
        ),
        page="cost.md",
    ),
    Family(
        "not-expired", _PLAN,
        "The stack's time is not over. Or it has none; `down --expired` deletes only expired stacks.",
        ("Wait, or run `provision down` without --expired.",), 1, "environments.md#environments-that-end-by-themselves",
    ),
    Family(
        "waiting", _PLAN,
        "Somebody has to act elsewhere first. For instance set a domain's name servers at its registrar: nothing "
        "is wrong. All other resources exist, and cost.",
        (
            "Follow the message; for a domain it names the four name servers.",
            "Wait until that is known everywhere: `dig NS example.com` shows it.",
            "Run the same command again: it resumes.",
        ),
        3, "on-aws.md",
    ),
    Family(
        "credentials", _AWS,
        "There are no credentials that AWS accepts. None were found, or they have expired or are wrong.",
        (
            "Sign in again: `aws sso login`, `aws login`, or new keys.",
            "Name the profile: --profile, or AWS_PROFILE.",
            "Check with `aws sts get-caller-identity`, and that the account has the Region enabled.",
            "Run the same command again: it resumes.",
        ),
        page="on-aws.md",
    ),
    Family(
        "permission", _AWS,
        "AWS denied a call: a policy allows it not, or one denies it. The message has AWS's words, which name the kind "
        "of policy.",
        (
            "See all that is missing at once: `provision doctor` asks IAM, and names the policy that denies.",
            "Print the policies with `provision policy`, and have all of them attached.",
            "If a permissions boundary is named: an administrator runs `provision policy --create-boundary`.",
            "Run the same command again: it resumes.",
        ),
        page="permissions.md",
    ),
    Family(
        "quota", _AWS, "A quota of the account is used up.",
        (
            "See which, and how much is used: `provision doctor`.",
            "Ask for more in the console of Service Quotas, or delete unused resources.",
            "Run the same command again when it is granted: it resumes.",
        ),
        page="doctor.md",
    ),
    Family(
        "throttled", _AWS, "There were too many calls in the account. AWS refused this one after all retries.",
        ("Run the same command again in a minute: it resumes.",), 1, "local.md#its-rates",
    ),
    Family(
        "account-restricted", _AWS,
        "AWS does not let this account have it. The account is on the free plan, or too new.",
        (
            "On the free plan, upgrade to the paid plan in the console of Billing.",
            "Else open a case with AWS Support; new accounts wait for some things to be enabled.",
        ),
    ),
    Family(
        "connection", _AWS, "AWS could not be reached. Or something else answers in its place.",
        (
            "Check network and proxy (HTTPS_PROXY).",
            "Check AWS_ENDPOINT_URL: without it the Region's own endpoints are used.",
            "Run the same command again: it resumes.",
        ),
    ),
    Family(
        "aws", _AWS, "AWS refused a call. The message has its words.",
        (
            "Look the error code up in the API reference of the service.",
            "See all calls and answers: run again with --log FILE.",
            "Repair the cause, and run the same command again: it resumes.",
        ),
    ),
    Family(
        "resource-failed", _AWS,
        "A resource failed after AWS had accepted it. The message is AWS's reason. Of a service this is a "
        "deployment that did not become steady: the revision before still serves.",
        (
            "Of a service: `provision status` says why its last task ended, `provision logs SERVICE` its last lines.",
            "Repair the image, the health check or the setting.",
            "Run the same command again; after a rollback add --retry-failed if nothing had to be changed.",
        ),
        page="deployments.md",
    ),
    Family(
        "blocked", _AWS,
        "Somebody else's resources are in the way. A resource of the stack cannot be deleted while they are there. "
        "Nothing takes them away by itself, so that the command does not wait for it.",
        (
            "Find out whose the named resources are, and delete them, or have them deleted.",
            "Run `provision down` again: it deletes the rest.",
        ),
        page="recover.md",
    ),
    Family(
        "timed-out", _AWS, "A resource took longer than is allowed for it. It is not ready, or not gone.",
        (
            "Read what it waits for, in the message; `provision status` shows it as it is now.",
            "Run the same command again: it goes on waiting, and creates nothing twice.",
        ),
        page="timeline.md",
    ),
    Family(
        "outcome-unknown", _AWS, "A call that writes got no usable answer. It may have had its effect or not.",
        (
            "Run the same command again: it looks the resource up, and repeats the call only if it had no effect.",
            "If that does not end, check the network, and whether AWS has an outage.",
        ),
        page="recover.md#after-a-kill",
    ),
    Family(
        "not-created", _AWS, "A resource was not created. A call before the create call failed.",
        ("Follow the message, and run the same command again.",),
    ),
    Family(
        "read-only", _AWS,
        "A command that only reads was about to write. Its client refused that; nothing was changed.",
        ("This is a bug, or a read of your own steps that is none: report it, or repair the step.",), 1, "own-steps.md",
    ),
    Family(
        "state-locked", _STATE,
        "Another command works on the stack. It runs on this machine or, with a bucket, elsewhere.",
        (
            "The message names the holder and the time: wait for that command, or let --wait do so.",
            "If it was killed: on one machine the lock is free at once, in a bucket within 60 seconds.",
            "The lock never has to be deleted by hand.",
        ),
        page="state.md#troubleshooting",
    ),
    Family(
        "state-unavailable", _STATE, "The state cannot be reached. The bucket or the disk gives no steady answer.",
        (
            "Check network, credentials, and the permissions on the bucket (`provision policy --state`).",
            "Run the same command again. Do not recover a state that only cannot be reached.",
        ),
        page="state.md#troubleshooting",
    ),
    Family(
        "state-too-new", _STATE, "A newer version of this tool wrote the state; it was not changed.",
        ("Install the version that the message names, or a later one.",), 1, "install.md#upgrade",
    ),
    Family(
        "foreign-state", _STATE, "The state is of another stack, account or Region; it was not changed.",
        (
            "Compare `project`, `env` and `region` in stack.toml with the message, and the profile.",
            "Name the right state: --env, --state-dir, or bucket under [state].",
            "`provision list` shows all stacks with the places of their states.",
        ),
        page="state.md#troubleshooting",
    ),
    Family(
        "state", _STATE,
        "The state cannot be used as it is: it is damaged, cannot be written, or another command has taken over its "
        "lock. AWS's resources are as they were.",
        (
            "If it cannot be written, mend that (space, permissions); run the same command again: it resumes.",
            "If it is damaged, restore a version of it, or `provision recover` rebuilds it from AWS.",
            "Check with `provision plan`: it shows no changes when state and AWS agree.",
        ),
        page="recover.md",
    ),
    Family(
        "docker", _IMAGES, "The Docker engine cannot be reached or used. It is needed for `build` alone.",
        (
            "Start it, and check with `docker version`; DOCKER_HOST names another one.",
            "Or let a pipeline build: `image` of a service takes a ready image, which needs no Docker here.",
        ),
        page="images.md",
    ),
    Family(
        "image-build", _IMAGES, "An image could not be built; the message has the last lines of the build.",
        (
            "Build it alone to see everything: `docker build DIRECTORY`.",
            "Check `build`, `target`, `build_args` and `architecture` of the service.",
            "Run the same command again: finished layers are kept.",
        ),
        page="images.md",
    ),
    Family(
        "image-push", _IMAGES, "A built image could not be pushed to ECR.",
        (
            "Check space on the engine's disk, the network, and the permissions (`provision doctor`).",
            "Run the same command again: layers that have arrived are not sent again.",
        ),
        page="images.md",
    ),
    Family(
        "registry", _IMAGES, "A registry has no such image. Or it does not answer, or the image cannot run here.",
        (
            "Look at the reference: `docker manifest inspect REFERENCE` shows what it is, and for which platforms.",
            "If the registry limits anonymous pulls, sign in with `docker login`, or wait.",
            "Run the same command again.",
        ),
        page="images.md",
    ),
    Family(
        "registry-login", _IMAGES, "A registry wants other credentials. Or Docker's configuration gives none.",
        (
            "Sign in: `docker login HOST`; an image of another account's ECR needs its repository policy.",
            "If a credential helper is named, install it, or take it out of ~/.docker/config.json.",
        ),
        page="images.md",
    ),
    Family(
        "embedded-cloud", _ELSE, "The embedded cloud does not run. It could not be started, or does not answer.",
        ("`provision cloud status` shows whether it runs, and `provision cloud start` starts it.",),
        page="local.md",
    ),
    Family(
        "task-not-started", _ELSE,
        "A task of `run` never ran its program. Or nobody knows how that ended, as with `docker run`.",
        (
            "Read ECS's reason, in the message.",
            "If it may still run: `provision run NAME --attach`.",
        ),
        125, "jobs.md#by-hand-provision-run",
    ),
    Family(
        "session", _ELSE, "A session of `exec` or `tunnel` ended too soon. Or it could not be had.",
        (
            "Read the cause, in the message: ECS Exec off, no running task, or a permission.",
            "Turn ECS Exec on with `exec = true` in the service, then `provision up`.",
            "Attach `provision policy --shell` to callers without other policies.",
        ),
        125, "exec.md",
    ),
    Family(
        "forge", _ELSE, "GitHub or GitLab refused a call, or did not answer.",
        (
            "Check the token and its rights; the message has the forge's words.",
            "Run the job again.",
        ),
        page="ci.md",
    ),
    Family(
        "stopped", _ELSE, "The command stopped. The message says why.",
        ("Follow the message, and run the same command again.",),
    ),
    Family(
        "some-failed", _END,
        "Several resources failed. The reasons are of more than one family; all that does not depend on them was "
        "finished.",
        (
            "Read the first reason: the others may follow from it.",
            "Run the same command again when it is repaired: finished resources stay.",
        ),
        page="recover.md#after-a-kill",
    ),
    Family(
        "cancelled", _END, "You were asked, and did not agree; nothing was changed.",
        ("Run the same command again, and answer y.",),
    ),
    Family(
        "interrupted", _END,
        "The command was interrupted. Ctrl-C, SIGTERM or a closed terminal ended it; calls under way were finished "
        "and recorded.",
        ("Run the same command again: it resumes.",), 130, "recover.md#after-a-kill",
    ),
    Family(
        "output", _END, "Standard output cannot be written: a full disk, for instance.",
        ("Make room, and run the same command again.",),
    ),
    Family(
        "unexpected", _END, "Nobody foresaw this error: it is a bug in provision. All changes are recorded.",
        ("Report it, with the traceback that PROVISION_DEBUG=1 prints. Look first that no secret is in it.",),
    ),
)  # fmt: skip
FAMILIES: Mapping[str, Family] = {family.code: family for family in _FAMILIES}
"""All families by their codes, in the order of docs/errors.md."""


def more(codes: Iterable[str]) -> list[str]:
    """Return the line after an error that names its family; empty if the error's message has the whole remedy."""
    # the user's own errors may have a code of their own
    known = [FAMILIES[code] for code in dict.fromkeys(codes) if code in FAMILIES]
    several = [family.code for family in known if len(family.fix) > 1]
    return [f"More: `provision explain {' '.join(several)}`"] if several else []
