"""The image for Dataflow and its Flex Templates, without Docker: what they say, and what runs."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from google.cloud.dataflow_v1beta3 import ParameterType, TemplateMetadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tamis.address import DatabaseAddress, PathAddress, PubsubAddress, parse_address
from tamis.cli.app import app
from tamis.evidence.fail_on import FAIL_ON

from .test_supply import LOCK, PYPROJECT, ROOT, pins

PIPELINES = ROOT / "pipelines"
DOCKERFILE = (PIPELINES / "Dockerfile").read_text(encoding="utf-8")
IMAGE_LOCK = (PIPELINES / "requirements.txt").read_text(encoding="utf-8")
TEMPLATES = {
    name: json.loads((PIPELINES / "flex_template" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("batch", "stream")
}
OF_BEAM = {"sdk_container_image"}
"""Parameters that are an option of Beam's, not of `tamis run`."""

GOOD = {
    "batch": {
        "policy": ["dsn-droits"],
        "input": ["gs://bucket/in/*.dsn", "postgresql://u@h:5432/db?schema=s&table=t"],
        "output": ["gs://bucket/store", "postgresql://h/db?schema=s", "postgresql://h/db"],
        "fail_on": [*set(FAIL_ON) - {"newly-carried"}, "quarantine=5%", "withheld=0.5%"],
    },
    "stream": {
        "input": ["pubsub://projects/p/subscriptions/s", "pubsub://projects/p/topics/t"],
        "output": ["pubsub://projects/p/topics/t", "gs://bucket/store"],
        "fail_on": ["unattested"],
        "period": ["60"],
    },
    "both": {
        "keys": ["env:KEYRING", "/keys/keys.json"],
        "run_id": ["2026-11-29-dsn"],
        "allow_example": ["true", "false"],
        "sdk_container_image": [f"region-docker.pkg.dev/p/r/tamis@sha256:{'0' * 64}"],
    },
}
BAD = {
    "input": ["in/*.csv", "gs://bucket", "postgresql://u:secret@h/db?table=t", "kafka://b/t"],
    "output": ["store", "postgresql://u:secret@h/db", "postgresql://h/db?password=secret"],
    "keys": ["gs://bucket/keys.json", "keys.json", "env:"],
    "run_id": ["UPPER", ""],
    "fail_on": ["drif", "newly-carried"],
    "allow_example": ["yes"],
    "sdk_container_image": ["tamis:latest", "tamis"],
}


def parameters(name: str) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in TEMPLATES[name]["parameters"]}


def passes(parameter: dict[str, Any], value: str) -> bool:
    return all(re.search(regex, value) for regex in parameter["regexes"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_the_shape_that_dataflow_documents(name: str) -> None:
    metadata = TemplateMetadata.from_json(json.dumps(TEMPLATES[name]), ignore_unknown_fields=False)
    assert metadata.name
    assert metadata.streaming is (name == "stream")
    for parameter in metadata.parameters:
        assert parameter.label
        assert parameter.help_text
        assert parameter.param_type != ParameterType.DEFAULT
        (regex,) = parameter.regexes
        assert re.fullmatch(r"\^.*\$", regex)
        assert not re.search(r"\(\?|\\", regex), "not every engine of regular expressions has it"


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_parameters_are_options_of_run_and_take_what_those_take(name: str) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    options = {flag: option for option in group.commands["run"].params for flag in option.opts}
    known = parameters(name)
    for parameter in known.values():
        if parameter["name"] in OF_BEAM | {"policy"}:
            continue
        option = options[f"--{parameter['name'].replace('_', '-')}"]
        assert (parameter["paramType"] == "BOOLEAN") is bool(getattr(option, "is_flag", False))
        assert bool(parameter.get("isOptional")) is not option.required
    for parameter_name, values in (GOOD["both"] | GOOD[name]).items():
        for value in values:
            assert passes(known[parameter_name], value), (parameter_name, value)
            if parameter_name in ("input", "output"):
                parsed = parse_address(value)
                assert isinstance(parsed, PathAddress | DatabaseAddress | PubsubAddress)
    for parameter_name, values in BAD.items():
        for value in values:
            assert not passes(known[parameter_name], value), (parameter_name, value)


def test_all_is_pinned_and_nobody_is_root() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", DOCKERFILE, re.MULTILINE)
    made = {name for _image, name in stages}
    for image, _name in stages:
        assert image in made | {"${PYTHON}", "${BEAM}", "${LAUNCHER}"}, "of no digest"
    assert re.findall(r"^ARG (\S+)$", DOCKERFILE, re.MULTILINE) == ["PYTHON", "BEAM", "LAUNCHER"]
    last = DOCKERFILE.partition(" AS worker")[2]
    assert re.findall(r"^USER (\S+)$", last, re.MULTILINE) == ["65532:65532"]
    assert "RUN" not in re.findall(r"^[A-Z]+", last, re.MULTILINE), "what runs is thrown away"
    installs = re.findall(r"pip install .*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in text or "--no-index --no-deps" in text for text in installs)
    copied = [
        source
        for words in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    ]
    shown = (PIPELINES / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert sorted(f"!{source}" for source in copied) == sorted(set(shown) - {"*"})


def test_the_image_has_the_versions_that_are_tested() -> None:
    inside = pins(IMAGE_LOCK)
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["gcp"], *extras["postgres"]]
    assert {canonicalize_name(Requirement(text).name) for text in needed} <= set(inside)
    assert not {"pytest", "moto", "pandas"} & set(inside)
    for name, (version, below) in inside.items():
        assert re.search(rf"^{name}(\[.*\])?=={re.escape(version)} ", LOCK, re.MULTILINE), name
        assert "--hash=sha256:" in below
    assert "://" not in IMAGE_LOCK
    assert len(IMAGE_LOCK) < len(LOCK)


SAVE = """
import runpy, sys
from apache_beam import Pipeline
launch = Pipeline.run
def keep(pipeline, *args, **kwargs):
    result = launch(pipeline, *args, **kwargs)
    with open("job", "wb") as file:
        file.write(pipeline.runner.proto_pipeline.SerializeToString())
    return result
Pipeline.run = keep
runpy.run_path(sys.argv[1], run_name="__main__")
"""
LOAD = """
import sys
from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2 as api
with open("job", "rb") as file:
    job = api.Pipeline.FromString(file.read())
steps = 0
for transform in job.components.transforms.values():
    if transform.spec.urn == "beam:transform:pardo:v1":
        payload = api.ParDoPayload.FromString(transform.spec.payload)
        if payload.do_fn.payload:
            steps += bool(pickler.loads(payload.do_fn.payload))
ours = [module for name, module in sys.modules.items() if name.split(".")[0] == "tamis"]
assert all(module.__file__.startswith(sys.prefix) for module in ours), "not from the wheel"
print(steps, len(ours))
"""


@pytest.mark.slow
def test_what_the_image_runs_works_in_an_environment_of_the_wheel_alone(tmp_path: Path) -> None:
    # The image's own commands, with its folders in another place.
    places = {"/opt/tamis": str(tmp_path / "tamis"), "/build": str(tmp_path / "build")}
    env = {
        "PATH": f"{tmp_path / 'tamis' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", ""),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    (tmp_path / "build").mkdir()
    for name in ("requirements.txt", "setuptools.txt"):
        shutil.copy(PIPELINES / name, tmp_path / "build")
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", "build", str(ROOT)]
    if isolation := os.environ.get("PIP_NO_BUILD_ISOLATION"):
        env["PIP_NO_BUILD_ISOLATION"] = isolation
    run(*wheel)
    for command in re.findall(r"^RUN (.*)$", DOCKERFILE, re.MULTILINE):
        for place, here in places.items():
            command = command.replace(place, here)
        command = command.replace("python -m venv", f"{shlex.quote(sys.executable)} -m venv")
        run("bash", "-euc", command.replace("--no-cache-dir ", ""))  # fetched before perhaps
    env["TAMIS_PROJECT"] = re.search(r"TAMIS_PROJECT=(\S+)", DOCKERFILE)[1]  # type: ignore[index]
    beam = ("--dry_run=True", "--no_auth", "--project=project", "--region=europe-west9")
    parameters = (
        "--policy=dsn-droits",
        "--input=gs://bucket/in/*.dsn",
        "--output=gs://bucket/store",
    )
    image = f"--sdk_container_image=tamis@sha256:{'0' * 64}"
    launch = str(PIPELINES / "flex_template" / "launch.py")
    options = (
        "--allow_unconfirmed=true",
        "--runner=DataflowRunner",
        "--temp_location=gs://bucket/tmp",
    )
    (tmp_path / "save.py").write_text(SAVE, encoding="utf-8")
    (tmp_path / "load.py").write_text(LOAD, encoding="utf-8")
    told = run("python", "save.py", launch, *parameters, *options, *beam, image)
    assert "is built, and not launched" in told
    steps, modules = map(int, run("python", "-I", "load.py").split())
    assert steps > 10
    assert modules > 10


def test_a_parameter_that_is_no_switch_is_refused() -> None:
    launch = runpy.run_path(str(PIPELINES / "flex_template" / "launch.py"))
    with pytest.raises(Exception, match="--allow-empty: must be true or false"):
        launch["command_of"](["--policy=p", "--allow_empty=yes"], "cpf")
    with pytest.raises(Exception, match="--policy: must be given"):
        launch["command_of"](["--input=gs://b/in"], "cpf")
    words = ["--policy=p", "--input=gs://b/*.csv", "--run_id=r", "--project=google", "--period=60"]
    assert launch["command_of"](words, "/project") == [
        *("run", "p", "--input", "gs://b/*.csv", "--run-id", "r", "--period", "60"),
        *("--project", "/project", "--", "--", "--project=google"),
    ]
