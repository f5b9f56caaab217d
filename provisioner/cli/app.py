"""The root of the program: options of `provision` alone, and the decorator that registers a function as a command."""

from __future__ import annotations

import copy
import inspect
import json
import sys
from collections.abc import Callable
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.models import ArgumentInfo, OptionInfo

from provisioner import __version__
from provisioner.cli.completion import completing
from provisioner.cli.options import COMMON
from provisioner.operations.context.options import Options

USAGE = 4
"""The exit code for a wrong command line."""
SETTINGS = {"help_option_names": ["--help", "-h"], "max_content_width": 100}

GROUPS = {
    "Start": ("init", "config", "doctor", "plan", "up", "status"),
    "Deploy": ("deploy", "rollback", "history", "scale", "run", "secret"),
    "Look": ("show", "output", "logs", "top", "dash", "exec", "tunnel", "picture", "timeline", "explain"),
    "Stop and save": ("sleep", "wake", "down", "cost"),
    "Team and CI": ("list", "policy", "ci"),
    "Advanced": ("rehearse", "recover", "import", "state", "cloud"),
}
"""The commands in the order of help, by heading."""
FORMER: dict[str, str] = {}
"""The command line that has taken the place of a former name, by that name. They go after one release."""


class Commands(TyperGroup):
    """The program or a group of its commands, which answers the words of other tools."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names; fail with an answer if it names none."""
        word = args[0]
        if not ctx.resilient_parsing and not word.startswith("-") and self.get_command(ctx, word) is None:
            from provisioner.cli import other_words

            group = str(self.name) if ctx.parent else ""
            ctx.fail(other_words.command(group, word, self.commands))
        return super().resolve_command(ctx, args)


class Program(Commands):
    """The root, whose help lists the commands by `GROUPS`, without former names."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage: options come after the command."""
        return ["COMMAND", "[OPTIONS]"]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands of each group, then the options."""
        longest = max(len(name) for names in GROUPS.values() for name in names)
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                room = formatter.width - longest - 6
                rows = [(name.ljust(longest), self.commands[name].get_short_help_str(room)) for name in names]
                formatter.write_dl(rows)
        with formatter.section("Options"):
            formatter.write_dl([record for one in self.get_params(ctx) if (record := one.get_help_record(ctx))])


app = typer.Typer(
    name="provision",
    cls=Program,
    # Help made with rich takes 0.4 s to show, plain help 0.1 s.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    epilog="Start with `provision init`, then `provision up`, which uses the embedded cloud: no AWS account needed. "
    "`provision COMMAND --help` has examples, and `provision options` lists the options that every command takes.",
)


def only(name: str) -> typer.Typer:
    """Return the program with one command, or one group of commands, as it is registered."""
    one = copy.copy(app)
    one.registered_commands = [command for command in app.registered_commands if command.name == name]
    one.registered_groups = [
        g for g in app.registered_groups if g.typer_instance and g.typer_instance.info.name == name
    ]
    return one


class PlainCommand(TyperCommand):
    """A command whose help names arguments as its usage does: `ADDRESS`, `[SERVICE]...`, without Python's types."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage after the command's name; words without brackets are required."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options to the formatter."""
        own = [p for p in self.get_params(ctx) if p.name not in {*COMMON, "help"}]
        arguments = [p for p in own if isinstance(p, TyperArgument)]
        options = [p.get_help_record(ctx) for p in own if not isinstance(p, TyperArgument)]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(str(argument.metavar), argument.help or "") for argument in arguments])
        if options:
            with formatter.section("Options"):
                formatter.write_dl([record for record in options if record])
        with formatter.section("Common options, which `provision options` explains"):
            # click gives the names of --help in no order
            names = [", ".join(sorted(p.opts, key=len)) for p in self.get_params(ctx) if p.name in {*COMMON, "help"}]
            formatter.write_text(" ".join(f"[{name}]" for name in names))


Command = Callable[..., int]
"""A command's function: it gets the `Options` first, then its own parameters, and returns the exit code."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provision {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def provision(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Create and delete a complete Amazon ECS stack, on AWS or on the embedded cloud."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(USAGE)


def command(
    parent: typer.Typer, name: str, *examples: str, further: bool = False, now: str = "", hidden: bool = False
) -> Callable[[Command], Command]:
    """Register a function as a command; the common options are added to its own parameters.

    Args:
        parent: the app, or one of its groups.
        examples: command lines, each with an explanation, shown at the end of the help.
        further: whether the command gets unknown arguments and options in its context, and refuses them itself.
        now: the command line that has taken its place, if this is a former name: it still works, hidden, and says so.
        hidden: whether the list of commands leaves it out.
    """
    unknown = {"allow_extra_args": further, "ignore_unknown_options": further}

    def register(function: Command) -> Command:
        # The mark keeps the lines from being filled into one paragraph.
        epilog = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])
        whole = f"{parent.info.name} {name}"
        if now:
            FORMER[whole.removeprefix("provision ")] = now
        parent.command(name, cls=PlainCommand, epilog=epilog, context_settings=unknown, hidden=hidden or bool(now))(
            _with_options(function, whole, now)
        )
        return function

    return register


def _with_options(function: Command, name: str, now: str) -> Command:
    """Return the function with the common options in its signature, which typer reads."""
    defaults = inspect.signature(Options).parameters
    common = [defaults[name].replace(annotation=option) for name, option in COMMON.items()]
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    def run(**given: Any) -> int:
        options = Options(**{name: given.pop(name) for name in COMMON}, report=_report, ask=_ask)
        if now:
            typed = name.removeprefix("provision ")
            _report(f"note: `{typed}` is now `{now}`; the former name goes with the next release")
        try:
            with options.ends:
                _check_early(options, name)
                if options.log:
                    return options.log.command(name, lambda: function(options, **given))
                return function(options, **given)
        except Exception as error:
            if options.json:
                _print_problems(error)
            raise
        except KeyboardInterrupt:
            # typer would end without a message
            raise typer.Abort from None

    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*own, *common)]
    for parameter in parameters:
        _complete(name.rpartition(" ")[2], parameter)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = function.__doc__
    return run


def _print_problems(error: Exception) -> None:
    """Print the errors of a file, with their places, as JSON."""
    from provisioner.config.places import WrongFile
    from provisioner.render.text import say

    if isinstance(error, WrongFile):
        say([json.dumps({"event": "error", "code": error.code, "problems": error.problems()}, ensure_ascii=False)])


def _complete(command: str, parameter: inspect.Parameter) -> None:
    """Add shell completion to a parameter, if its values are known beforehand."""
    for info in get_args(parameter.annotation)[1:]:
        if isinstance(info, OptionInfo | ArgumentInfo) and info.autocompletion is None:
            info.autocompletion = completing(command, parameter.name, info.metavar)


def _check_early(options: Options, name: str) -> None:
    """Refuse a command on AWS without credentials; with a log, the log has the refusal."""
    from provisioner.cli.early import check_credentials

    if not options.log:
        check_credentials(options, name.removeprefix("provision "))


def _report(line: str) -> None:
    from provisioner.render.text import say

    say([line], sys.stderr)


def _ask(question: str) -> bool | None:
    from provisioner.cli.prompts import agreed

    return agreed(question)
