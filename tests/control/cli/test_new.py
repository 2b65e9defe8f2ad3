"""`streamlib new`: the package that it makes installs, passes its own test, is listed and runs in a graph file."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib.control.cli.app import app
from streamlib.control.cli.new import FILES, check_name, filled, make_package, module_of, next_commands

runner = CliRunner()
EXE = Path("bin") / "python"


def _said(output: str) -> str:
    return " ".join(output.replace("│", "").split())


def test_it_makes_the_files_and_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = runner.invoke(app, ["new", "my-processors"])
    assert made.exit_code == 0
    assert made.output.splitlines() == [
        "made my-processors; next:",
        '  cd my-processors && pip install -e ".[test]"',
        "  python -m pytest",
        "  streamlib run graph.yaml",
    ]
    folder = tmp_path / "my-processors"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "pyproject.toml",
        "README.md",
        "graph.yaml",
        "src/my_processors/__init__.py",
        "tests/test_processors.py",
    }
    assert not [path for path in folder.rglob("*") if path.is_file() and "{{" in path.read_text()]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "my-processors"
    assert project["entry-points"]["streamlib.processors"]["Vignette"] == "my_processors:Vignette"


def test_another_folder_can_be_given_and_an_empty_one_is_filled(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for folder in (tmp_path / "there", tmp_path / "deep" / "er"):
        assert runner.invoke(app, ["new", "my-processors", "--directory", str(folder)]).exit_code == 0
        assert (folder / "src" / "my_processors" / "__init__.py").is_file()
    assert next_commands(Path("my folder"))[0].startswith("cd 'my folder' && ")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    made = runner.invoke(app, ["new", "my-processors", "-d", str(tmp_path)])
    assert (made.exit_code, "is not empty" in _said(made.output)) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    made = runner.invoke(app, ["new", "my-processors", "-d", str(tmp_path / "mine.txt")])
    assert (made.exit_code, "is a file" in _said(made.output)) == (2, True)


def test_a_folder_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = runner.invoke(app, ["new", "my-processors", "-d", str(tmp_path / "file" / "new")])
    assert (made.exit_code, "could not be written" in _said(made.output)) == (2, True)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("My Processors", "my-processors"),
        ("MyProcessors", "my-processors"),
        ("my_processors", "my-processors"),
        ("2fast", "fast"),
        ("--", "my-processors"),
        ("class", "class-processors"),
        ("json", "json-processors"),
        ("streamlib", "streamlib-processors"),
        ("numpy", "numpy-processors"),
        ("pillow", "pillow-processors"),  # a distribution
        ("av", "av-processors"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(
    name: str, proposed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = runner.invoke(app, ["new", "--", name], terminal_width=200)
    assert (made.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert _said(made.output).endswith(f"try {proposed} ╰" + made.output.rstrip().rpartition("╰")[2])
    check_name(proposed)


def test_words_of_the_template_are_replaced_and_nothing_else() -> None:
    assert filled("{{name}} {x} {{module}}", {"name": "a-b", "module": module_of("a-b")}) == "a-b {x} a_b"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package made with the template and installed, editable, into a virtual environment of its own.

    No network: what this test's environment has is on the path of the new one, and what a build backend makes of the
    project for an editable install is made here.
    """
    folder = make_package("my-processors", tmp_path_factory.mktemp("work") / "my-processors")
    environment = folder.parent / "environment"
    _run([sys.executable, "-m", "venv", "--without-pip", str(environment)], folder)
    inside = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *_paths_of_streamlib()}
    (inside / "tests.pth").write_text("\n".join(sorted(paths)))
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    _run([str(environment / EXE), "-m", "pip", "install", *options, str(_editable_wheel(folder))], folder)
    return folder


def _editable_wheel(folder: Path) -> Path:
    """A wheel (PEP 427) that leads to the sources of a project, with the metadata that its pyproject.toml says."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    base = f"{module_of(project['name'])}-{project['version']}"
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in offers.items())])
        for group, offers in project["entry-points"].items()
    ]
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    files = {
        f"_{module_of(project['name'])}.pth": str(folder / "src"),
        f"{base}.dist-info/METADATA": about,
        f"{base}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{base}.dist-info/entry_points.txt": "\n\n".join(groups),
    }
    files[f"{base}.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    wheel = folder.parent / f"{base}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def _paths_of_streamlib() -> set[str]:
    import streamlib

    return {str(Path(streamlib.__file__).parents[1])}


def _run(command: list[str], folder: Path) -> str:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=55)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.promise("processor.template")
def test_its_own_tests_pass(package: Path) -> None:
    python = str(package.parent / "environment" / EXE)
    assert "4 passed" in _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], package)


@pytest.mark.promise("processor.template")
def test_its_processors_are_listed(package: Path) -> None:
    python = str(package.parent / "environment" / EXE)
    listed = _run([python, "-m", "streamlib", "processors", "--markdown"], package)
    assert "| `Vignette` | Darkens pictures towards their corners." in listed
    assert "my-processors 0.1.0" in listed
    assert "strength" in _run([python, "-m", "streamlib", "processors", "Vignette"], package)


@pytest.mark.promise("processor.template")
def test_its_graph_runs(package: Path) -> None:
    python = str(package.parent / "environment" / EXE)
    _run([python, "-m", "streamlib", "run", "graph.yaml"], package)
    frames = ["-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    counted = _run(["ffprobe", "-v", "error", "-select_streams", "v:0", *frames, "vignette.mp4"], package)
    assert int(counted.strip().rstrip(",")) == 150


def test_the_template_has_no_file_that_is_not_used() -> None:
    from importlib import resources

    template = resources.files("streamlib.control.cli") / "template"
    assert {file.name for file in template.iterdir()} == set(FILES)
