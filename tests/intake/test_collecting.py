import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from graders.intake import collect
from graders.language import speaking
from graders.rubric.model import DataFile, Rubric, Run, Text

TEXT = Text(es="x", en="x")
RUBRIC = Rubric(
    assignment="p3",
    title=TEXT,
    exercises=(),
    data=(DataFile(name="train", files=("higgs_train.pkl", "higgs_train.pk1")),),
)


@pytest.fixture(autouse=True)
def english():
    with speaking("en"):
        yield


def book(*sources, markdown=()):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": text} for text in markdown]
    cells += [
        {
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for source in (sources or ("x = 1",))
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def put(path: Path, text: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(book() if text is None else text, encoding="utf-8")
    return path


def names(submission):
    return [path.as_posix() for path in submission.notebooks]


def test_a_lone_notebook(tmp_path):
    put(tmp_path / "otra.ipynb")
    put(tmp_path / "red.py", "y = 2")
    put(tmp_path / "ajeno.py", "y = 2")
    put(tmp_path / "p3.ipynb", book("import red"))
    [found] = collect([tmp_path / "p3.ipynb"], RUBRIC)
    assert found.id == "p3"
    assert names(found) == ["p3.ipynb"]
    assert found.files == (Path("red.py"),)
    assert found.problems == ()


def test_one_folder_in_natural_order(tmp_path):
    folder = tmp_path / "ana"
    for name in ("p3_ej10.ipynb", "p3_ej2.ipynb", "p3_ej1.ipynb"):
        put(folder / name)
    [found] = collect([folder], RUBRIC)
    assert names(found) == ["p3_ej1.ipynb", "p3_ej2.ipynb", "p3_ej10.ipynb"]


def test_the_number_counts_more_than_the_name(tmp_path):
    for name in ("preproc_1.ipynb", "entrenar_2.ipynb", "lora_3.ipynb"):
        put(tmp_path / "ana" / name)
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert names(found) == ["preproc_1.ipynb", "entrenar_2.ipynb", "lora_3.ipynb"]


def test_the_rubric_and_then_the_student_say_the_order(tmp_path):
    for name in ("a1.ipynb", "b2.ipynb", "c3.ipynb"):
        put(tmp_path / "ana" / name)
    rubric = RUBRIC.model_copy(update={"run": Run(order=("c3.ipynb",))})
    assert names(collect([tmp_path / "ana"], rubric)[0])[0] == "c3.ipynb"
    put(
        tmp_path / "ana" / "corrige.yaml",
        "order: [b2.ipynb, c3.ipynb]\nstudents: [Ana García, Luis]\ndata: {mis_datos.pkl: train}\n",
    )
    [found] = collect([tmp_path / "ana"], rubric)
    assert names(found) == ["b2.ipynb", "c3.ipynb", "a1.ipynb"]
    assert found.students == ("Ana García", "Luis")
    assert found.data_names == {"mis_datos.pkl": "train"}


@pytest.mark.parametrize(
    "parts",
    [
        ("ej1", "ej2"),
        ("Ejercicio 1", "Ejercicio 2", "figs"),
        ("1", "2"),
        ("p3",),
        ("Chap03", "Chap04"),
        ("Capítulo 3", "capitulo_4"),
    ],
)
def test_exercise_folders_are_one_submission(tmp_path, parts):
    for part in parts:
        put(tmp_path / "ana" / part / f"{part}.ipynb")
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert found.id == "ana"
    assert len(found.notebooks) == len(parts)


def test_a_class_folder(tmp_path):
    for student in ("ana_garcia", "luis_perez", "grupo3", "20251234"):
        put(tmp_path / "p3" / student / "p3.ipynb")
    put(tmp_path / "p3" / "eva" / "memoria.pdf", "x")
    put(tmp_path / "p3" / "README.md", "x")
    put(tmp_path / "p3" / "expected.yaml", "x")
    put(tmp_path / "p3" / ".git" / "x.ipynb")
    put(tmp_path / "p3" / "__MACOSX" / "x.ipynb")
    found = collect([tmp_path / "p3"], RUBRIC)
    assert [s.id for s in found] == ["20251234", "ana_garcia", "eva", "grupo3", "luis_perez"]
    [eva] = [s for s in found if s.id == "eva"]
    assert eva.notebooks == ()
    assert ".ipynb" in eva.problems[0]


def test_a_class_of_folders_of_exercises(tmp_path):
    for student in ("ana", "luis"):
        for part in ("ej1", "ej2"):
            put(tmp_path / "clase" / student / part / "x.ipynb")
    found = collect([tmp_path / "clase"], RUBRIC)
    assert [(s.id, len(s.notebooks)) for s in found] == [("ana", 2), ("luis", 2)]


def test_ignored_folders(tmp_path):
    put(tmp_path / "ana" / "p3.ipynb")
    for folder in (".ipynb_checkpoints", "__MACOSX", "node_modules", "venv", ".git"):
        put(tmp_path / "ana" / folder / "copy.ipynb")
    put(tmp_path / "ana" / "mienv" / "pyvenv.cfg", "")
    put(tmp_path / "ana" / "mienv" / "x.ipynb")
    put(tmp_path / "ana" / "._p3.ipynb", "x")
    assert names(collect([tmp_path / "ana"], RUBRIC)[0]) == ["p3.ipynb"]


def test_files_come_along_but_not_the_teachers_data(tmp_path):
    put(tmp_path / "ana" / "p3.ipynb")
    for name in ("red.py", "src/capas.py", "img/a.png", "higgs_train.pk1", "Higgs_Train.pkl"):
        put(tmp_path / "ana" / name, "x")
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert sorted(f.as_posix() for f in found.files) == ["img/a.png", "red.py", "src/capas.py"]


BAD = {
    "empty": ("", "empty"),
    "text": ("hola", "not a notebook"),
    "broken": (book()[:-30], "damaged"),
    "conflict": ("{\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> x\n}", "merge conflict"),
    "no_cells": ("{}", "no cells"),
    "list": ("[]", "not a notebook"),
    "cells_of_numbers": ('{"nbformat": 4, "cells": [1]}', "no cells"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_notebooks_get_a_sentence(tmp_path, name):
    text, pattern = BAD[name]
    put(tmp_path / "ana" / "p3.ipynb", text)
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert found.notebooks == ()
    [problem] = found.problems
    assert "p3.ipynb" in problem
    import re

    assert re.search(pattern, problem), problem


def test_a_folder_that_is_called_like_a_notebook(tmp_path):
    (tmp_path / "ana" / "p3.ipynb").mkdir(parents=True)
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert found.problems


def test_format_3_is_converted_and_noted(tmp_path):
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "language": "python",
                        "metadata": {},
                        "collapsed": False,
                        "input": ["x = 1"],
                        "outputs": [],
                    }
                ],
            }
        ],
    }
    put(tmp_path / "ana" / "p3.ipynb", json.dumps(old))
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert names(found) == ["p3.ipynb"]
    assert "(3)" in found.problems[0]


def test_two_students_by_their_names_in_the_notebooks(tmp_path):
    put(tmp_path / "x" / "p3_a.ipynb", book(markdown=["# P3\n**Autora:** Ana García"]))
    put(tmp_path / "x" / "p3_b.ipynb", book(markdown=["# P3\nAutor: Luis Pérez"]))
    [found] = collect([tmp_path / "x"], RUBRIC)
    assert found.notebooks == ()
    assert "p3_a.ipynb" in found.problems[0]


def test_two_students_by_file_names_and_whole_deliveries(tmp_path):
    whole = ["## Ejercicio 1", "## Ejercicio 2", "## Ejercicio 3"]
    put(tmp_path / "x" / "p3_ana_garcia.ipynb", book(markdown=whole))
    put(tmp_path / "x" / "p3_luis_perez.ipynb", book(markdown=whole))
    [found] = collect([tmp_path / "x"], RUBRIC)
    assert found.notebooks == ()


def test_one_student_in_several_notebooks(tmp_path):
    put(
        tmp_path / "x" / "prep.ipynb", book(markdown=["Autor: Ana García y Luis", "## Ejercicio 1"])
    )
    put(tmp_path / "x" / "lora.ipynb", book(markdown=["Autor: Luis Pérez", "## Ejercicio 4"]))
    [found] = collect([tmp_path / "x"], RUBRIC)
    assert len(found.notebooks) == 2
    assert found.problems == ()


def test_ids_are_unique_and_safe(tmp_path):
    for parent in ("a", "b"):
        put(tmp_path / parent / "Muñoz Ñíguez, José" / "p3.ipynb")
    folders = [tmp_path / parent / "Muñoz Ñíguez, José" for parent in ("a", "b")]
    ids = [s.id for s in collect(folders, RUBRIC)]
    assert ids[1] == f"{ids[0]}-2"
    assert ids[0].isascii()
    assert "/" not in ids[0]


def test_moodle_zip_of_a_class(tmp_path):
    archive = tmp_path / "p3.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("García Ana_123_assignsubmission_file_/p3.ipynb", book())
        out.writestr("Pérez Luis_124_assignsubmission_file_/p3.ipynb", book())
    found = collect([archive], RUBRIC)
    assert sorted(s.students for s in found) == [("García Ana",), ("Pérez Luis",)]


def test_an_archive_with_a_wrapping_folder(tmp_path):
    put(tmp_path / "entrega" / "ej1.ipynb")
    put(tmp_path / "entrega" / "red.py", "x = 1")
    with tarfile.open(tmp_path / "ana.tar.gz", "w:gz") as out:
        out.add(tmp_path / "entrega", "mi carpeta")
    [found] = collect([tmp_path / "ana.tar.gz"], RUBRIC)
    assert found.id == "ana"
    assert names(found) == ["ej1.ipynb"]
    assert found.received is not None
    assert found.files == (Path("red.py"),)


def test_an_archive_inside_a_students_folder(tmp_path):
    (tmp_path / "clase" / "ana").mkdir(parents=True)
    put(tmp_path / "clase" / "luis" / "p3.ipynb")
    with zipfile.ZipFile(tmp_path / "clase" / "ana" / "entrega.zip", "w") as out:
        out.writestr("p3.ipynb", book())
    assert [(s.id, len(s.notebooks)) for s in collect([tmp_path / "clase"], RUBRIC)] == [
        ("ana", 1),
        ("luis", 1),
    ]


def test_hostile_and_damaged_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "ana.zip", "w") as out:
        out.writestr("../../fuera.ipynb", book())
        out.writestr("/etc/fuera.ipynb", book())
        link = zipfile.ZipInfo("enlace.ipynb")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
        out.writestr("p3.ipynb", book())
    put(tmp_path / "roto.zip", "no")
    put(tmp_path / "otro.rar", "no")
    ana, roto, otro = collect([tmp_path / f for f in ("ana.zip", "roto.zip", "otro.rar")], RUBRIC)
    assert names(ana) == ["p3.ipynb"]
    assert not list(tmp_path.parent.rglob("fuera.ipynb"))
    assert "roto.zip" in roto.problems[0]
    assert "otro.rar" in otro.problems[0]


def test_an_archive_that_grows_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("graders.intake.packed_streams.MAX_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "ana.zip", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("p3.ipynb", "0" * 100_000)
    [found] = collect([tmp_path / "ana.zip"], RUBRIC)
    assert found.problems


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        collect([tmp_path / "nada"], RUBRIC)


def test_a_bad_corrige_yaml_is_said_and_not_used(tmp_path):
    put(tmp_path / "ana" / "p3.ipynb")
    put(tmp_path / "ana" / "corrige.yaml", "studnts: [Ana]")
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert "corrige.yaml" in found.problems[0]
    assert names(found) == ["p3.ipynb"]


def test_one_broken_notebook_among_good_ones(tmp_path):
    put(tmp_path / "ana" / "ej1.ipynb")
    put(tmp_path / "ana" / "ej2.ipynb", "")
    [found] = collect([tmp_path / "ana"], RUBRIC)
    assert names(found) == ["ej1.ipynb"]
    assert len(found.problems) == 1
