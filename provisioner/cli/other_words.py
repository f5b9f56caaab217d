"""Words of other tools on the command line, and the commands and options of this one: the only place that knows them.

No misspelt word is answered with a command that writes, unless it is that command but for one letter.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

LONG = 6
"""The fewest letters of a command with which a word is it even if one letter is missing or another."""
ALIKE = 0.7
"""The least likeness, from 0 to 1, of a word and a command that only reads."""

READS = frozenset(
    (
        *("init", "config", "schema", "doctor", "cost", "plan", "show", "picture", "rehearse", "history", "diff"),
        *("status", "dash", "top", "logs", "output", "timeline", "list", "policy", "explain"),
    )
)
"""Commands that change nothing of a stack."""

COMMANDS: Mapping[str, str] = {
    "down": "delete destroy nuke purge remove rm teardown tear-down terminate uninstall undeploy",
    "up": "apply converge create install provision update upgrade",
    "init": "bootstrap launch new scaffold",
    "plan": "changes dry-run dryrun preview refresh what-if whatif",
    "config": "check env environment environments fmt lint settings validate vars variables",
    "status": "describe events get health info inspect ls ps service services stat svc task tasks",
    "list": "app apps projects stacks workspace workspaces",
    "top": "metrics stats usage",
    "dash": "console-ui dashboard ui watch",
    "logs": "log tail",
    "history": "deployments releases revisions versions",
    "output": "open outputs url urls",
    "picture": "diagram draw graph",
    "cost": "billing costs price pricing",
    "doctor": "preflight quota quotas",
    "policy": "iam permissions policies role roles",
    "explain": "error errors why",
    "timeline": "trace",
    "exec SERVICE": "attach bash console sh shell ssh",
    "tunnel": "connect forward port-forward proxy",
    "deploy SERVICE": "build promote push redeploy release reload restart roll rollout ship",
    "rollback": "rollback-service undo revert",
    "run JOB": "job jobs",
    "scale": "autoscale replicas resize",
    "pause": "halt stop suspend",
    "resume": "start unpause",
    "secret set": "config-set secrets setenv",
    "ci init": "cicd pipeline pipelines workflow",
    "cloud start": "emulator local localstack",
    "import": "adopt",
    "state list": "tfstate",
}
"""By command, the words of other tools for it."""

SENTENCES: Mapping[str, str] = {
    "help": "`provision --help` lists all commands, and `provision COMMAND --help` explains one.",
    "version": "`provision --version` shows it.",
    "login": "Sign in with AWS's own program: `aws sso login`, `aws login`, or `aws configure`.",
    "auth": "Sign in with AWS's own program: `aws sso login`, `aws login`, or `aws configure`.",
    "report": "`provision plan --report FILE` writes one, as do up, down, deploy and rehearse.",
    "force-unlock": "A lock never has to be removed by hand: see `provision explain state-locked`.",
    "unlock": "A lock never has to be removed by hand: see `provision explain state-locked`.",
    "taint": "Nothing is replaced by a mark: `provision deploy SERVICE` starts new tasks of an image.",
    "domain": "Domains are keys of stack.toml: dns.domain, and hosts of a service.",
    "domains": "Domains are keys of stack.toml: dns.domain, and hosts of a service.",
    "certs": "Certificates are made with dns.domain in stack.toml: see docs/domain.md.",
    "module": "Parts of your own are Python files beside stack.toml: see docs/own-steps.md.",
    "set": "Values are keys of stack.toml; for secrets there is `provision secret set NAME`.",
    "edit": "Edit stack.toml, and see what that changes with `provision plan`.",
}
"""Words of other tools that no single command stands for."""

GROUPS: Mapping[str, Mapping[str, str]] = {
    "secret": {"set": "add create put update", "list": "get ls show", "rm": "delete remove unset"},
    "state": {"list": "ls", "show": "get", "rm": "delete remove", "mv": "move rename", "pull": "export backup"},
    "cloud": {"start": "run up", "stop": "down kill", "status": "info ps"},
    "ci": {"init": "create generate new setup"},
    "prices": {"refresh": "update"},
}
"""The same for groups of commands."""

OPTIONS: Mapping[str, str] = {
    "--yes": "--auto-approve --assume-yes --force --no-confirm --non-interactive --noinput --skip-confirmation",
    "--config FILE": "-f --file --filename --config-file --manifest --template --chdir --cwd",
    "--env NAME": "-e --environment --stage --workspace --stack --namespace -n",
    "--target-step STEP": "--only --module",
    "--json": "-o --output --format",
    "--follow": "--tail-f --watch -w --stream",
    "--since SPAN": "--tail --lines --last --limit",
    "--wait": "--lock-timeout --lock",
}
"""By option, the options of other tools for it."""

OPTION_SENTENCES: Mapping[str, str] = {
    "--dry-run": "`provision plan` shows the changes without making them.",
    "--region": "The Region is region in stack.toml; [environments.NAME] may have another.",
    "--var": "Values are keys of stack.toml; [environments.NAME] has the values of one environment.",
    "--var-file": "Values are keys of stack.toml; [environments.NAME] has the values of one environment.",
    "--debug": "`--log FILE` keeps all calls of AWS, and PROVISION_DEBUG=1 prints a traceback.",
    "--verbose": "`--log FILE` keeps all calls of AWS, and PROVISION_DEBUG=1 prints a traceback.",
    "-v": "`--log FILE` keeps all calls of AWS, and PROVISION_DEBUG=1 prints a traceback.",
    "--quiet": "Send standard output elsewhere: errors are on standard error.",
    "--no-color": "Set NO_COLOR=1.",
    "--no-colour": "Set NO_COLOR=1.",
    "--parallelism": "Calls are kept below AWS's rates by themselves: leave it out.",
    "--refresh": "Each plan reads AWS anew: leave it out.",
    "--refresh-only": "Each plan reads AWS anew: `provision plan` does that.",
    "--destroy": "`provision down` deletes the stack, and `provision rehearse down` tries that before.",
    "--detach": "`provision deploy --no-wait` leaves a deployment to ECS.",
    "--image-label": "Name the whole image: `provision deploy SERVICE --image REF`.",
    "--image-tag": "Name the whole image: `provision deploy SERVICE --image REF`.",
    "--tag": "Name the whole image: `provision deploy SERVICE --image REF`.",
    "--replicas": "`provision scale SERVICE N` sets the number of tasks.",
    "--all-namespaces": "`provision list` lists all stacks.",
    "-it": "A terminal is had by itself: leave it out, and write the command after --.",
    "-i": "A terminal is had by itself: leave it out, and write the command after --.",
    "-t": "A terminal is had by itself: leave it out, and write the command after --.",
}
"""Options of other tools that no single option stands for."""


def command(group: str, word: str, known: Collection[str]) -> str:
    """Return the answer to a word that is no command.

    Args:
        group: the group of the commands, such as `state`; empty for the program itself.
        word: the word.
        known: the commands of that group.
    """
    begun = f"No such command '{word[:40]}'."
    before = f"provision {group} " if group else "provision "
    table = GROUPS.get(group, {}) if group else COMMANDS
    plain = word.lower()
    if not group and (sentence := SENTENCES.get(plain)):
        return f"{begun} {sentence}"
    if right := next((name for name, words in table.items() if plain in words.split()), ""):
        return f"{begun} Here it is `{before}{right}`."
    harmless = (
        READS.intersection(known) if not group else {"list", "show", "status", "env", "report"}.intersection(known)
    )
    found = [one for one in known if _one_slip(plain, one)]
    found = found or difflib.get_close_matches(plain, sorted(harmless), 2, ALIKE)
    return f"{begun} Did you mean {' or '.join(f'`{before}{one}`' for one in sorted(found))}?" if found else begun


def option(given: str, own: Collection[str]) -> str:
    """Return the answer to an option of another tool; empty if it is none, or if the command lacks the one meant.

    Args:
        given: the option, as it was written.
        own: the options of the command.
    """
    name = given.partition("=")[0]
    for one in (name, f"-{name}"):
        if sentence := OPTION_SENTENCES.get(one):
            return f"No such option: {name}. {sentence}"
        for right, words in OPTIONS.items():
            if one in words.split() and right.split()[0] in own:
                return f"No such option: {name}. Here it is {right}."
    return ""


def _one_slip(word: str, right: str) -> bool:
    """Return whether a word is a command with one slip of the fingers: two letters in each other's place, or one twice.

    In a longer word a letter may be missing or another one. A short one may then be a word of its own.
    """
    if word == right or abs(len(word) - len(right)) > 1:
        return False
    wrong = [place for place, (one, two) in enumerate(zip(word, right, strict=False)) if one != two]
    if len(word) == len(right):
        swapped = [place for place in wrong if place + 1 in wrong]
        mixed = len(wrong) == 2 and bool(swapped) and sorted(word) == sorted(right)
        return mixed or (len(wrong) == 1 and len(right) >= LONG)
    if len(word) > len(right):
        return any(
            word[:at] + word[at + 1 :] == right and word[at] in word[at + 1 :][:1] for at in range(len(word) - 1)
        )
    return len(right) >= LONG and any(right[:at] + right[at + 1 :] == word for at in range(len(right)))


def arguments(given: Sequence[str]) -> list[str]:
    """Return the options among the words of a command line, up to `--`."""
    ends = given.index("--") if "--" in given else len(given)
    return [word for word in given[:ends] if word.startswith("-") and len(word) > 1]
