"""Which commands are there? Each imports what it needs when it runs: `--help` stays quick."""

from __future__ import annotations

import sys
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    name="corrige",
    help="Marks deep-learning coursework handed in as Jupyter notebooks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

course = typer.Typer(help="Grades of a whole course.", no_args_is_help=True)
app.add_typer(course, name="course")


class Language(StrEnum):
    es = "es"
    en = "en"


class SandboxName(StrEnum):
    auto = "auto"
    bwrap = "bwrap"
    bwrap_gpu = "bwrap+gpu"
    none = "none"


Assignment = Annotated[
    str, typer.Option("--assignment", "-a", help="Rubric: its name (p3) or the path of its file.")
]
Data = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option("--data", metavar="DIR", help="Where the data files are looked for."),
]
Profile = Annotated[
    str,
    typer.Option(
        "--data-profile", metavar="NAME", help="Smaller image sets that the rubric names: quick."
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the reports go.")]
Lang = Annotated[Language, typer.Option("--lang", help="Language of everything said.")]
Rerun = Annotated[bool, typer.Option("--rerun", help="Run again what was run already.")]
Workers = Annotated[
    str, typer.Option("-n", metavar="N|auto", help="Workers; auto: one for each core.")
]
_REPORTS = Path("reports")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="NOTEBOOK|FOLDER", show_default=False)],
    assignment: Assignment,
    data: Data = None,
    out: Out = _REPORTS,
    lang: Lang = Language.es,
    sandbox: Annotated[SandboxName, typer.Option("--sandbox")] = SandboxName.none,
    rerun: Rerun = False,
    data_profile: Profile = "",
) -> None:
    """Check your own work before the deadline; without --data, on quick made-up data."""
    from graders.cli.check import check_own

    leave(check_own(path, assignment, data, out, lang.value, sandbox.value, rerun, data_profile))


@app.command()
def grade(
    submissions: Annotated[list[Path], typer.Argument(metavar="SUBMISSIONS...")],
    assignment: Assignment,
    n: Workers = "auto",
    data: Data = None,
    out: Out = _REPORTS,
    sandbox: Annotated[
        SandboxName,
        typer.Option("--sandbox", help="Where the notebooks run; bwrap+gpu hands the GPU through."),
    ] = SandboxName.auto,
    lang: Lang = Language.es,
    rerun: Rerun = False,
    data_profile: Profile = "",
) -> None:
    """Mark a class: folders, notebooks or archives; goes on from where it was stopped."""
    count = workers(n)
    from graders.batch.grade import run as run_job
    from graders.batch.job import Options, prepare

    options = Options(
        out=out,
        data=data,
        language=lang.value,
        sandbox=sandbox.value,
        rerun=rerun,
        workers=count,
        data_profile=data_profile,
    )
    leave(run_job(prepare(assignment, submissions, options), count))


@app.command()
def validate(
    assignments: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads it at run time
        typer.Argument(metavar="[ASSIGNMENT]...", help="All that have a reference, if none."),
    ] = None,
    n: Workers = "auto",
    data: Data = None,
    out: Out = _REPORTS,
    lang: Lang = Language.es,
    rerun: Rerun = False,
    repeat: Annotated[
        int,
        typer.Option(
            "--repeat",
            metavar="N",
            min=1,
            help="Judge all N times: the further ones in fresh kernels, by turns one at a time "
            "and shuffled over all workers. A verdict that differs fails.",
        ),
    ] = 1,
    only: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer reads it at run time
        typer.Option(
            "--only",
            metavar="NAME",
            help="Judge just this wheat or chaff; may be given several times.",
        ),
    ] = None,
    brief: Annotated[
        bool,
        typer.Option("--brief", help="Judge all the wheats, and one chaff for each criterion."),
    ] = False,
) -> None:
    """Prove the rubrics: correct solutions lose nothing, planted defects are found."""
    count = workers(n)
    from graders.cli.validate import validate_all

    which = only or []
    leave(
        validate_all(
            assignments or [], count, data, out, lang.value, rerun, repeat, which, brief=brief
        )
    )


@app.command()
def new(
    assignment: Annotated[str, typer.Argument(help="Its name: p4, or intro-2030.")],
    lang: Lang = Language.es,
) -> None:
    """Lay out a new assignment here: rubric, correct solution, planted defects, data."""
    from graders.cli.new import new as lay_out

    leave(lay_out(assignment, lang.value))


@app.command("list")
def list_assignments(lang: Lang = Language.es) -> None:
    """The assignments that can be marked."""
    from graders.cli.listing import list_all

    leave(list_all(lang.value))


@app.command()
def data(
    assignment: Annotated[str, typer.Argument(help="The assignment, such as p3.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option("--out", metavar="DIR", help="Folder for the files; data/ASSIGNMENT if none."),
    ] = None,
    cern: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option("--cern", metavar="FILE", help="The CERN Open Data file to sample."),
    ] = None,
) -> None:
    """Make the data files of an assignment, from the original if you have it."""
    from graders.batch.data import make

    print(make(assignment, out or Path("data") / assignment, cern))


env = typer.Typer(
    name="env",
    help="Environments that notebooks run in, other than the grader's own.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(env)


@env.command("make")
def env_make(
    named: Annotated[
        str, typer.Argument(metavar="ASSIGNMENT|FILE", help="A rubric, or a list of packages.")
    ],
    python: Annotated[
        Optional[str],  # noqa: UP045 - typer reads it at run time
        typer.Option("--python", metavar="PYTHON", help="The interpreter to make it with."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make it anew if it is there.")] = False,
    system: Annotated[
        bool, typer.Option("--system-site-packages", help="See that Python's packages too.")
    ] = False,
    kernelspec: Annotated[
        Optional[str],  # noqa: UP045 - typer reads it at run time
        typer.Option("--kernelspec", metavar="NAME", help="Register it for Jupyter as well."),
    ] = None,
    sandbox: Annotated[
        SandboxName, typer.Option("--sandbox", help="Where it is tried.")
    ] = SandboxName.auto,
    lang: Lang = Language.es,
) -> None:
    """Make the environment that a rubric names, from pip as it is set up here, and try it."""
    from graders.cli.environments import make

    leave(
        make(
            named,
            lang.value,
            sandbox.value,
            python=python,
            again=again,
            shared=system,
            kernelspec=kernelspec,
        )
    )


@env.command("list")
def env_list(lang: Lang = Language.es) -> None:
    """The environments on this machine, and those that rubrics name."""
    from graders.cli.environments import list_all

    leave(list_all(lang.value))


@env.command("try")
def env_try(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The notebooks, untouched.")],
    assignment: Assignment,
    data: Data = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option(
            "--out",
            metavar="FILE",
            help="For the errors; ASSIGNMENT.errors.json beside the rubric.",
        ),
    ] = None,
    sandbox: Annotated[SandboxName, typer.Option("--sandbox")] = SandboxName.auto,
    lang: Lang = Language.es,
) -> None:
    """Run handed-out notebooks as they are: which errors do they show by themselves?"""
    from graders.cli.environments import try_templates

    leave(try_templates(folder, assignment, lang.value, sandbox.value, data, out))


@course.command("grades")
def course_grades(
    name: Annotated[str, typer.Argument(metavar="COURSE", help="Its name (udl), or its file.")],
    reports: Annotated[
        Path, typer.Option("--reports", metavar="DIR", help="Where the reports are.")
    ] = _REPORTS,
    decisions: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option(
            "--decisions",
            metavar="FILE",
            help="What people decided; the file beside the course's if none.",
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads it at run time
        typer.Option(
            "--out", metavar="DIR", help="Folder for the files; course-NAME in the reports if none."
        ),
    ] = None,
    lang: Lang = Language.es,
) -> None:
    """The grade of each student of a course, with its arithmetic."""
    from graders.cli.course import list_grades

    leave(list_grades(name, reports, decisions, out, lang.value))


@app.command()
def doctor(lang: Lang = Language.es) -> None:
    """What this machine has, and what marking on it lacks."""
    from graders.cli.doctor import examine

    leave(examine(lang.value))


def workers(text: str) -> int:
    """How many workers `-n` asks for; 0 for as many as there are cores. Raises BadParameter."""
    if text == "auto":
        return 0
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise typer.BadParameter("a number from 1, or auto", param_hint="-n")


def leave(status: int) -> None:
    if status:
        raise typer.Exit(status)


def run() -> None:
    """Run the command; what the user can put right is one sentence and exit status 2."""
    from graders.language import LANGUAGES, speaking

    given = sys.argv[1:]
    asked = [b for a, b in pairwise(given) if a == "--lang"]
    asked += [a.removeprefix("--lang=") for a in given if a.startswith("--lang=")]
    language = asked[-1] if asked and asked[-1] in LANGUAGES else LANGUAGES[0]
    with speaking(language):
        try:
            app()
        except KeyboardInterrupt:
            sys.exit(130)
        except Exception as error:
            from graders.batch.problems import usage_problems
            from graders.printable import visible

            if not isinstance(error, usage_problems()):
                raise
            print(f"corrige: {visible(str(error))}", file=sys.stderr)
            sys.exit(2)
