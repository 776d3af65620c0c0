"""The `pipeline` command. One file a subcommand, imported when it is called; results go to stdout, the story to stderr.

Exit codes: 0 done, 1 an error told in one line, 2 wrong usage, 3 `local status` when it is down, 130 interrupted, 141
cut off by a reader that has gone (`pipeline … | head`).
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.cli.pipes import CUT_OFF, ReaderGone, hush, past_click
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("delete", "demo", "deploy", "local", "new", "put", "schema", "tail", "transform")


class _Lazy(click.Group):
    """Imports a subcommand's file when it is asked for: `pipeline put` does not pay for `pipeline deploy`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's own
        with past_click():  # --help is written here
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what the command returns
        with past_click():
            return super().invoke(ctx)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pipeline")
def cli() -> None:
    """Ship records through Kinesis, process them once and in order, and watch them arrive.

    \b
    On a laptop:    pipeline local up
                    pipeline deploy --local
                    pipeline put --local /var/log/dpkg.log
                    pipeline tail --local
    On AWS:         the same without --local
    """  # noqa: D301 - \b keeps click from folding the lines


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and turn what goes wrong into one line and an exit code."""
    try:
        code = cli.main(args=argv, prog_name="pipeline", standalone_mode=False)
        with past_click():
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        sys.exit(130)
    except PipelineError as error:
        _complain(str(error))
        sys.exit(1)
    except ReaderGone:
        hush()
        sys.exit(CUT_OFF)
    except Exception as error:
        line = _explain(error)
        if line is None:
            raise
        _complain(line)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> str | None:
    from pipeline.aws.failures import explain  # noqa: PLC0415 - boto3 is only loaded when something of it failed

    return explain(error)


def _complain(line: str) -> None:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {line}", err=True)
