"""Environments that notebooks run in: make one, say which there are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from graders.batch import environments
from graders.batch.problems import UsageProblem
from graders.language import _, ngettext, speaking
from graders.rubric import available, find, load
from graders.rubric.model import Environment
from graders.rubric.problems import RubricError
from graders.rubric.requirements import read_requirements


def make(
    named: str,
    language: str,
    sandbox: str,
    *,
    python: str | None,
    again: bool,
    shared: bool,
    kernelspec: str | None,
) -> int:
    """Make the environment of an assignment or of a list of packages, and try it.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    from graders.batch.making_environments import make as make_one
    from graders.batch.making_environments import register
    from graders.sandbox import choose

    console = Console(highlight=False)
    with speaking(language):
        environment = wanted(named)
        folder, note = make_one(
            environment,
            choose(sandbox),
            python=python,
            again=again,
            shared=shared,
            say=lambda sentence: console.print(sentence, soft_wrap=True, markup=False),
        )
        console.print(
            _("{file}: Python {python}, {n} packages, in {folder}").format(
                file=note.file, python=note.python, n=len(note.packages), folder=folder
            ),
            soft_wrap=True,
            markup=False,
        )
        if kernelspec is not None:
            register(folder, kernelspec)
            console.print(_("Registered as the kernel {name}.").format(name=kernelspec))
    return 0


def wanted(named: str) -> Environment:
    """The environment of a file of packages, or of an assignment. Raises UsageProblem."""
    path = Path(named)
    if path.suffix not in (".yaml", ".yml") and path.is_file():
        return read_requirements(path)
    rubric = load(find(named))
    if rubric.run.environment is None:
        raise UsageProblem(
            _(
                "{name} names no environment: its notebooks run with the grader's own packages."
            ).format(name=rubric.assignment)
        )
    return rubric.run.environment


def list_all(language: str) -> int:
    """A line for each environment on this machine, and for each that a rubric lacks."""
    with speaking(language):
        table = Table(box=None)
        for title in (_("File"), _("Python"), _("Packages"), _("Used by"), _("Folder")):
            table.add_column(title, overflow="fold")
        users = used()
        for folder, note in environments.all_made():
            names = ", ".join(users.pop(folder, []))
            asked = ", ".join(note.requirements)
            table.add_row(note.file, note.python, asked, names, str(folder))
        for lacking in users.values():
            missing = _("not made yet: corrige env make {name}").format(name=lacking[0])
            table.add_row(environment_file(lacking[0]), "", missing, ", ".join(lacking), "")
        if table.row_count:
            Console(highlight=False).print(table)
        else:
            print(_("There are no environments: corrige env make ASSIGNMENT makes one."))
    return 0


def try_templates(
    folder: Path, assignment: str, language: str, sandbox: str, data: Path | None, out: Path | None
) -> int:
    """Run the notebooks as they are handed out, and note the errors that they show by themselves.

    Raises UsageProblem, RubricError or SandboxUnavailable.
    """
    from graders.batch import data as data_files
    from graders.batch.job import Options, prepare
    from graders.batch.template_errors import errors_of, write_errors

    console = Console(highlight=False)
    path = find(assignment)
    rubric = load(path)
    options = Options(data=data or data_files.stand_in(rubric), language=language, sandbox=sandbox)
    with speaking(language):
        job = prepare(str(path), [folder], options)
        target = out or path.with_name(f"{rubric.assignment}.errors.json")

        def told(title: str, errors: int) -> None:
            words = ngettext("{n} error", "{n} errors", errors).format(n=errors)
            console.print(f"{title}: {words}", markup=False, soft_wrap=True)

        found, versions = errors_of(job, told)
        try:
            write_errors(found, versions, target)
        except OSError as error:
            raise UsageProblem(str(error)) from None
        console.print(str(target), markup=False, soft_wrap=True)
    return 0


def used() -> dict[Path, list[str]]:
    """For each environment that a rubric names, its folder and who uses it."""
    found: dict[Path, list[str]] = {}
    for path in available():
        try:
            rubric = load(path)
        except RubricError:
            continue  # `corrige list` tells
        if rubric.run.environment is not None:
            folder = environments.folder_of(rubric.run.environment)
            found.setdefault(folder, []).append(rubric.assignment)
    return found


def environment_file(assignment: str) -> str:
    """What the list of packages of an assignment is called."""
    environment = load(find(assignment)).run.environment
    return environment.file if environment is not None else ""
