import importlib
import inspect
import sys

import pytest

from graders.probe import imports, notices
from graders.probe.imports import when_import_fails, when_imported


@pytest.fixture(autouse=True)
def modules(tmp_path, monkeypatch):
    package = tmp_path / "paquete_raro"
    package.mkdir()
    (package / "__init__.py").write_text("x = 1\nfrom . import nn\n")
    (package / "nn.py").write_text("y = 2\ndef f(): return 3\n")
    (tmp_path / "modulo_raro.py").write_text("z = 1\n")
    (tmp_path / "roto_raro.py").write_text("import sys\nif not hasattr(sys, 'arreglado'): 1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "raro" in name:
            del sys.modules[name]
    if imports._watcher in sys.meta_path:
        sys.meta_path.remove(imports._watcher)


def test_after_the_import(monkeypatch):
    seen = []
    when_imported("paquete_raro", lambda module: seen.append(module.x))
    assert seen == []
    from paquete_raro import nn  # a part first: the whole is imported before

    assert seen == [1]
    assert nn.y == 2
    importlib.reload(sys.modules["paquete_raro"])
    assert seen == [1]


def test_at_once_when_it_is_there():
    import modulo_raro  # noqa: F401

    seen = []
    when_imported("modulo_raro", seen.append)
    assert len(seen) == 1


def test_an_action_that_raises_is_noted_and_the_next_runs(monkeypatch):
    noted, seen = [], []
    monkeypatch.setattr(imports, "note", lambda kind, detail: noted.append((kind, detail)))
    when_imported("modulo_raro", lambda module: 1 / 0)
    when_imported("modulo_raro", seen.append)
    import modulo_raro

    assert seen == [modulo_raro]
    assert noted[0][0] == "fault"


def test_the_module_looks_as_always():
    when_imported("paquete_raro.nn", lambda module: None)
    import paquete_raro.nn as nn

    assert inspect.getsource(nn.f).startswith("def f")
    assert type(nn.__loader__).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(nn.__loader__)


def test_an_import_that_fails_is_mended_once():
    def repair(error):
        sys.arreglado = True
        return isinstance(error, ZeroDivisionError)

    when_import_fails("roto_raro", repair)
    try:
        import roto_raro  # noqa: F401
    finally:
        del sys.arreglado


def test_an_import_that_cannot_be_mended_fails_as_always():
    when_import_fails("roto_raro", lambda error: False)
    with pytest.raises(ZeroDivisionError):
        import roto_raro  # noqa: F401
    assert "roto_raro" not in sys.modules


def test_a_module_that_does_not_exist():
    when_imported("no_existe_raro", lambda module: None)
    with pytest.raises(ModuleNotFoundError):
        import no_existe_raro  # noqa: F401


def test_notices_once_each_with_their_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(notices, "_file", None)
    notices.write_to(str(tmp_path))
    monkeypatch.setattr(notices, "notebook_cell", 7)
    for _ in range(3):
        notices.note("pip", "pip install x")
    notices.note("pip", "y" * 1000)
    lines = (tmp_path / "notices.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert '"cell": 7' in lines[0]
    assert len(lines[1]) < 500
