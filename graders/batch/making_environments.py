"""Makes a virtual environment from a list of packages, with a kernel in it that really answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from graders.batch.environments import Made, folder_of, interpreter_in, made
from graders.batch.locking import alone
from graders.batch.problems import UsageProblem
from graders.language import _
from graders.rubric.model import Environment, Run
from graders.runner.surroundings import ENVIRONMENT_NOTE, FONTS
from graders.sandbox import Sandbox

OLDEST = (3, 10)  # in which the probe runs
KERNEL = "ipykernel"
LAST_LINES = 12  # of what pip says when it fails
TIMEOUT = 1800.0  # seconds for all of the packages
ROOM = 300 * 2**20  # bytes that must be free before anything begins
_LIST = (
    "import json, platform; from importlib.metadata import distributions as d; "
    "print(json.dumps([platform.python_version(), {x.metadata['Name']: x.version for x in d()}]))"
)
_FONTS = "import matplotlib.font_manager"

Say = Callable[[str], None]


def make(
    environment: Environment,
    sandbox: Sandbox,
    *,
    python: str | None = None,
    again: bool = False,
    shared: bool = False,
    say: Say = print,
) -> tuple[Path, Made]:
    """The environment's folder and what is in it; made now if it is not there, or `again`.

    `python` is the interpreter to make it with (a path or a name, ours if None); with `shared` it
    sees the packages of that interpreter's installation too. Packages come from where pip is set
    up to take them. Raises UsageProblem.
    """
    folder = folder_of(environment)
    with alone(folder.with_name(f"{folder.name}.lock")):
        known = made(folder)
        if known is not None and not again:
            return folder, known
        if folder.parent.is_dir() and shutil.disk_usage(folder.parent).free < ROOM:
            raise UsageProblem(
                _("The disk is full: there is no room for {folder}.").format(folder=folder)
            )
        try:
            shutil.rmtree(folder, ignore_errors=True)
            note = _made(environment, folder, _interpreter(python), shared, say)
            _prove(folder, sandbox, say)
            (folder / ENVIRONMENT_NOTE).write_text(note.model_dump_json(indent=1), "utf-8")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise UsageProblem(
                _("The environment cannot be written: {error}").format(error=error)
            ) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder, note


def _interpreter(python: str | None) -> str:
    """A Python that is new enough. Raises UsageProblem."""
    if python is None:
        return sys.executable
    found = shutil.which(python)
    if found is None:
        raise UsageProblem(_("There is no Python {python}.").format(python=python))
    ask = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([found, "-c", ask], capture_output=True, text=True, check=False)
    try:
        major, minor = map(int, done.stdout.split())
    except ValueError:
        raise UsageProblem(
            _("{python} is no Python: {said}").format(python=python, said=_end(done.stderr, 1))
        ) from None
    if (major, minor) < OLDEST:
        raise UsageProblem(
            _("Python {version} is too old for a kernel that is watched: from {oldest} on.").format(
                version=f"{major}.{minor}", oldest=".".join(map(str, OLDEST))
            )
        )
    return found


def _made(environment: Environment, folder: Path, python: str, shared: bool, say: Say) -> Made:
    """Make it, and say what is in it. Raises UsageProblem."""
    say(_("Making a virtual environment in {folder}").format(folder=folder))
    options = ["--system-site-packages"] if shared else []
    failed = _("No virtual environment can be made with {python}:").format(python=python)
    _run([python, "-m", "venv", *options, str(folder)], failed)
    inside = str(interpreter_in(folder))
    with tempfile.TemporaryDirectory(prefix="corrige-") as name:
        listed = Path(name) / environment.file
        listed.write_text("\n".join((*environment.requirements, KERNEL)) + "\n", "utf-8")
        say(_("Installing {packages}").format(packages=", ".join(environment.requirements)))
        pip = [inside, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        failed = _("pip could not install what {file} asks for:").format(file=environment.file)
        _run([*pip, "-r", str(listed)], failed)
    version, packages = json.loads(_run([inside, "-c", _LIST], failed))
    if "matplotlib" in packages:
        subprocess.run(
            [inside, "-c", _FONTS],
            env={"MPLCONFIGDIR": str(folder / FONTS), "PATH": ""},
            capture_output=True,
            check=False,
        )
    return Made(
        file=environment.file,
        requirements=environment.requirements,
        python=version,
        packages=packages,
    )


def _run(command: Sequence[str], failed: str) -> str:
    """What the command prints. Raises UsageProblem with the last lines of its complaint."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UsageProblem(f"{failed} " + _("it took too long.")) from error
    if done.returncode:
        said = done.stdout + done.stderr
        if "No space left on device" in said:
            raise UsageProblem(f"{failed} " + _("the disk is full."))
        raise UsageProblem(f"{failed}\n{_end(said, LAST_LINES)}")
    return done.stdout


def _end(text: str, lines: int) -> str:
    kept = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(kept[-lines:])


def _prove(folder: Path, sandbox: Sandbox, say: Say) -> None:
    """Run a notebook of one line in it, watched. Raises UsageProblem when that cannot be."""
    import nbformat

    from graders import runner
    from graders.intake.submission import Submission

    say(_("Trying it: sandbox {name}").format(name=sandbox.name))
    cell = nbformat.v4.new_code_cell("6 * 7")  # type: ignore[no-untyped-call]  # nbformat's
    book = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]  # as above
    with tempfile.TemporaryDirectory(prefix="corrige-") as name:
        work, out = Path(name) / "work", Path(name) / "out"
        work.mkdir()
        (work / "try.ipynb").write_text(json.dumps(book), "utf-8")
        submission = Submission(id="try", root=work, notebooks=(Path("try.ipynb"),))
        settings = Run(interpreter=str(interpreter_in(folder)), memory=2 * 2**30)
        record = runner.run(submission, settings, {}, out, sandbox)
    shown = [output.text for seen in record.cells for output in seen.outputs]
    if record.ended != "finished" or shown != ["42"]:
        said = record.environment.get("kernel_log") or record.detail or " ".join(shown)
        raise UsageProblem(
            _("A kernel does not run in this environment:") + f"\n{_end(said, LAST_LINES)}"
        )


def register(folder: Path, name: str) -> None:
    """Make it a kernel of the user's own, for JupyterLab and for `run: {kernel: NAME}`.

    Raises UsageProblem.
    """
    command = [str(interpreter_in(folder)), "-m", KERNEL, "install", "--user", "--name", name]
    _run(command, _("It could not be registered as a kernel:"))
