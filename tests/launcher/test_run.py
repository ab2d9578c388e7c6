"""What `run.py` promises: it installs once, finishes what was cut off, and fails in one sentence.

Nothing is installed here: a stand-in for .venv's Python writes down what it was asked to do.
"""

import argparse
import ast
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import run
from launcher import chromium, commands, install, serve
from launcher.commands import StartError

ROOT = Path(run.__file__).parent
LAUNCHER = sorted(ROOT.glob("launcher/*.py"))
STUB = """#!{python}
import os, sys
open({log!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
step = " ".join(sys.argv[1:4])
if "index versions" in step:
    print(os.environ.get("STUB_OFFERS", "Available versions: 2.13.0+cpu, 2.13.0"))
if "pip install" in step or "uv pip" in step:
    sys.stderr.write(os.environ.get("STUB_STDERR", ""))
    sys.exit(int(os.environ.get("STUB_RC", "0")))
"""


class Project(NamedTuple):
    root: Path
    log: Path

    @property
    def installs(self) -> list[str]:
        """The installs asked for so far."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if " install " in line]

    @property
    def packages(self) -> Path:
        return self.root / ".venv/lib/python3.11/site-packages"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder with pins, where making .venv takes no time and its Python is a stand-in."""
    made = Project(tmp_path, tmp_path / "asked.log")
    for name in install.PINS["test"]:
        (tmp_path / name).write_text(f"{name} pins\n")
    python = tmp_path / ".venv/bin/python"
    for module in (commands, install):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
        monkeypatch.setattr(module, "PYTHON", python)
    monkeypatch.setattr(install, "outer_torch", lambda: "")

    def make_venv() -> None:
        made.packages.mkdir(parents=True, exist_ok=True)
        python.parent.mkdir(exist_ok=True)
        (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
        python.write_text(STUB.format(python=sys.executable, log=str(made.log)))
        python.chmod(0o755)

    monkeypatch.setattr(install, "make_venv", make_venv)
    return made


def write_package(folder: Path, content: str, size: int) -> Path:
    """Write a package of one file whose RECORD claims `size` bytes."""
    (folder / "torch").mkdir()
    (folder / "torch/core.so").write_text(content)
    info = folder / "torch-2.13.0+cpu.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"torch/core.so,sha256=x,{size}\n{info.name}/RECORD,,\n")
    return info


def test_second_start_installs_nothing(project: Project) -> None:
    install.install("app", cpu=False)
    assert len(project.installs) == 1
    asked = project.log.read_text()
    install.install("app", cpu=False)
    assert project.log.read_text() == asked


def test_tests_have_their_own_pins_and_cover_those_of_the_app(project: Project) -> None:
    install.install("app", cpu=False)
    install.install("test", cpu=False)
    assert project.installs[-1].endswith("-r requirements-dev.txt")
    install.install("app", cpu=False)
    assert len(project.installs) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-cuda.txt"])
def test_changed_pins_are_installed(project: Project, name: str) -> None:
    install.install("app", cpu=False)
    (project.root / name).write_text("other pins\n")
    install.install("app", cpu=False)
    assert len(project.installs) == 2


def test_another_python_in_venv_is_another_install(project: Project) -> None:
    install.install("app", cpu=False)
    config = project.root / ".venv/pyvenv.cfg"
    config.write_text(config.read_text().replace("3.11.7", "3.12.1"))
    assert not install.is_ready("app")


def test_cut_off_install_is_finished_by_the_next_start(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUB_RC", "1")
    with pytest.raises(StartError):
        install.install("app", cpu=False)
    assert not install.is_ready("app")
    monkeypatch.delenv("STUB_RC")
    install.install("app", cpu=False)
    assert install.is_ready("app")


@pytest.mark.parametrize(("size", "whole"), [(4, True), (5, False)])
def test_half_written_package_is_installed_again(project: Project, size: int, whole: bool) -> None:
    install.make_venv()
    info = write_package(project.packages, "1234", size)
    install.forget_half_installed()
    assert info.exists() is whole


def test_package_without_its_list_of_files_is_installed_again(project: Project) -> None:
    install.make_venv()
    info = write_package(project.packages, "1234", 4)
    (info / "RECORD").unlink()
    install.forget_half_installed()
    assert not info.exists()


def test_venv_whose_python_is_gone_is_made_again(project: Project) -> None:
    install.install("app", cpu=False)
    (project.root / ".venv/bin/python").unlink()
    install.install("app", cpu=False)
    assert install.PYTHON.exists()
    assert len(project.installs) == 2


def test_torch_that_fits_is_kept(project: Project) -> None:
    install.make_venv()
    write_package(project.packages, "1234", 4)
    assert install.which_torch(cpu=False) == "kept"
    install.install("app", cpu=True)
    assert not any("torch==" in line for line in project.installs)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a CUDA build by default")
def test_cuda_is_announced_before_it_is_fetched(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUB_OFFERS", "Available versions: 2.14.1, 2.13.0")
    monkeypatch.setattr(install, "call", lambda command, doing: pytest.exit("fetched too early"))
    install.make_venv()
    install.announce(install.which_torch(cpu=False), "app")
    said = capsys.readouterr().out
    assert "2.9 GB to fetch" in said
    assert "python3 run.py --cpu" in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the usual build is for the CPU")
def test_cpu_build_comes_before_the_rest(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_OFFERS", "Available versions: 2.14.1, 2.13.0")
    install.install("app", cpu=True)
    uv, torch, rest = project.installs
    assert install.UV in uv
    assert torch.endswith("--torch-backend cpu torch==2.13.0")
    assert rest.endswith("-r requirements.txt")


def test_torch_version_is_the_pinned_one() -> None:
    pins = (ROOT / "requirements.txt").read_text().splitlines()
    assert f"torch=={install.TORCH}" in pins


@pytest.mark.parametrize(
    ("version", "mac", "word"),
    [((3, 10), "", "3.10"), ((3, 14), "", "3.14"), ((2, 7), "", "2.7"), ((3, 12), "x86_64", "Mac")],
)
def test_wrong_python_is_named(version: tuple[int, int], mac: str, word: str) -> None:
    with pytest.raises(StartError, match=word):
        install.check_python(version, mac)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_supported_python_passes(version: tuple[int, int]) -> None:
    install.check_python(version, "arm64")


@pytest.mark.parametrize("file", ["run.py", *(f"launcher/{path.name}" for path in LAUNCHER)])
def test_this_file_can_be_read_by_an_old_python(file: str) -> None:
    ast.parse((ROOT / file).read_text(), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...: [Errno -3] "
            "Temporary failure in name resolution')'\nERROR: No matching distribution found",
            "needs the network",
        ),
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: Could not install: [Errno 13] Permission denied: '/x'", "not allowed to write"),
        ("[Errno 30] Read-only file system: '/x'", "not allowed to write"),
        ("The virtual environment was not created ... ensurepip is not", "python3-venv"),
        ("noise\nERROR: No matching distribution found for torch==2.13.0\n", "torch==2.13.0"),
        ("", "no reason given"),
    ],
)
def test_failed_install_says_why(output: str, sentence: str) -> None:
    said = commands.explain(output, "Installing")
    assert sentence in said
    assert "\n" not in said


def test_failed_install_is_one_line_and_non_zero(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUB_RC", "1")
    monkeypatch.setenv("STUB_STDERR", "OSError: [Errno 28] No space left on device")
    assert run.main(["--port", "0"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_disk_too_small_is_said_before_anything_is_fetched(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = argparse.Namespace(free=1.0e9)
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StartError, match=r"1\.0 GB free"):
        install.install("app", cpu=False)
    assert project.installs == []


def test_port_in_use_is_said_before_the_install(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run.main(["--port", str(port)]) == 1
    assert f"Port {port} is in use" in capsys.readouterr().err
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize(("host", "port"), [("localhost", 99999), ("no.such.host.invalid", 8501)])
def test_impossible_address_is_one_sentence(host: str, port: int) -> None:
    with pytest.raises(StartError, match="cannot listen"):
        serve.check_port(host, port)


def served(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], dict[str, str]]:
    """The command and the environment the app would be run with."""
    seen: list[tuple[list[str], dict[str, str]]] = []

    def note(command: list[str], env: dict[str, str]) -> int:
        seen.append((command, env))
        return 0

    monkeypatch.setattr(serve, "run_until_ended", note)
    serve.serve(run.read_options(["--no-browser", *arguments]))
    return seen[0]


def test_app_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BERT_LENS_OTHER_MODELS", raising=False)
    command, env = served([], monkeypatch)
    assert "--server.address=localhost" in command
    assert "--browser.serverAddress=localhost" in command
    assert "BERT_LENS_OTHER_MODELS" not in env


@pytest.mark.parametrize(
    ("arguments", "before", "value"),
    [([], None, "0"), (["--allow-other-models"], None, "1"), ([], "1", "1")],
)
def test_class_gets_an_address_and_only_allowed_models(
    arguments: list[str],
    before: str | None,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("BERT_LENS_OTHER_MODELS", raising=False)
    if before is not None:
        monkeypatch.setenv("BERT_LENS_OTHER_MODELS", before)
    command, env = served(["--host", "0.0.0.0", *arguments], monkeypatch)
    name = serve.public_name("0.0.0.0")
    assert name not in serve.EVERYWHERE
    assert f"http://{name}:8501" in capsys.readouterr().out
    assert f"--browser.serverAddress={name}" in command
    assert env["BERT_LENS_OTHER_MODELS"] == value


def test_finding_the_address_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[int] = []
    real = socket.socket

    def watched(family: int, kind: int) -> socket.socket:
        kinds.append(kind)
        return real(family, kind)

    monkeypatch.setattr(serve.socket, "socket", watched)
    serve.public_name("0.0.0.0")
    assert kinds == [socket.SOCK_DGRAM]  # connecting a datagram socket sends no packet


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def knock(port: int, origin: str) -> int:
    """Ask for a WebSocket as a page from `origin` would: the HTTP status, 0 for no answer."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": origin}
    headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/_stcore/stream", headers=headers)
        return connection.getresponse().status
    except ConnectionRefusedError:
        return 0
    finally:
        connection.close()


def test_page_of_another_site_is_refused_and_the_internet_is_asked_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    command, env = served(["--port", str(port)], monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as outside:  # every request outside comes here
        proxy = f"http://127.0.0.1:{outside.getsockname()[1]}"
        env |= {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": "", "NO_PROXY": ""}
        app = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=env)
        try:
            end = time.monotonic() + 60
            while not knock(port, f"http://localhost:{port}") and time.monotonic() < end:
                time.sleep(0.1)
            assert knock(port, f"http://localhost:{port}") == 101
            assert knock(port, "http://elsewhere.example") == 403
        finally:
            app.terminate()
            app.wait()
        outside.setblocking(False)
        with pytest.raises(BlockingIOError):
            outside.accept()


def test_without_chromium_no_test_runs_and_it_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BERT_LENS_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(project.root))
    assert run.main(["test", "-x"]) == 1
    assert "Chromium" in capsys.readouterr().err
    assert "pytest" not in project.log.read_text()


def test_arguments_after_test_go_to_pytest(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERT_LENS_CHROMIUM", sys.executable)
    assert run.main(["--cpu", "test", "-k", "port", "--lf"]) == 0
    assert project.log.read_text().splitlines()[-1] == "-m pytest -k port --lf"


def test_chromium_comes_from_debian_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BERT_LENS_CHROMIUM", raising=False)
    installed: list[str] = []
    here = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(chromium.shutil, "which", here.get)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)

    def call(command: list[str], doing: str) -> None:
        installed.extend(command)
        here[chromium.WINDOWLESS] = "/usr/bin/windowless"

    monkeypatch.setattr(chromium, "call", call)
    assert chromium.ensure_chromium() == "/usr/bin/windowless"
    assert {"update", "install", *chromium.DEBIAN} <= set(installed)


@pytest.mark.parametrize(
    ("here", "for_tests", "for_figures"),
    [
        (["chromium", chromium.WINDOWLESS], chromium.WINDOWLESS, "chromium"),
        ([chromium.WINDOWLESS], chromium.WINDOWLESS, chromium.WINDOWLESS),
        (["google-chrome"], "google-chrome", "google-chrome"),
        ([], None, None),
    ],
)
def test_tests_take_the_browser_without_a_window_and_benchmarks_the_one_people_have(
    monkeypatch: pytest.MonkeyPatch,
    here: list[str],
    for_tests: str | None,
    for_figures: str | None,
) -> None:
    monkeypatch.delenv("BERT_LENS_CHROMIUM", raising=False)
    monkeypatch.setattr(chromium.shutil, "which", {name: name for name in here}.get)
    assert chromium.find_for_tests() == for_tests
    assert chromium.find_chromium() == for_figures
