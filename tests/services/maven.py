"""Jars of Maven Central, fetched once for all tests of a user (`~/.cache/tamis-tests`).

`mvn` fetches them, by the machine's settings for it; `apt-get` installs it where the tests run as
root. Where it is missing a test is skipped, but fails on CI.
"""

import shutil
import subprocess
import zipfile
from pathlib import Path

from .machine import cached, found_or_installed, miss

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


def fetch_jars(name: str, pom: str) -> Path:
    """The folder of the jars that a pom needs at run time, fetched first where it is not there.

    Args:
        name: of the folder, with the version of what is in it.
        pom: the text of a `pom.xml`.
    """
    return cached(name, lambda folder: _fetch(name, folder, pom))


def write_program(jar: Path, jars: Path, main: str) -> Path:
    """Write a jar of a program whose classes are in others: it holds their names.

    Args:
        jar: where it is written to.
        jars: the folder of the others.
        main: the class that the program begins with.
    """
    names = " ".join(path.as_uri() for path in sorted(jars.glob("*.jar")))
    lines = ["Manifest-Version: 1.0", f"Main-Class: {main}", f"Class-Path: {names}"]
    # A line of a manifest has 72 bytes at most; the next one begins with a space then.
    folded = (
        "\r\n ".join([line[:70], *(line[at : at + 69] for at in range(70, len(line), 69))])
        for line in lines
    )
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "\r\n".join([*folded, ""]))
    return jar


def fetch_archive(name: str, artifact: str) -> Path:
    """The folder of what is in an archive of Maven Central, fetched first where it is not there.

    Args:
        name: of the folder.
        artifact: `group:artifact:version:zip:classifier`.
    """
    return cached(name, lambda folder: _unpack(name, folder, artifact))


def _fetch(name: str, folder: Path, pom: str) -> Path:
    (folder / "pom.xml").write_text(pom)
    _mvn(name, folder, "copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars")
    return folder / "jars"


def _unpack(name: str, folder: Path, artifact: str) -> Path:
    _mvn(name, folder, "copy", f"-Dartifact={artifact}", "-DoutputDirectory=archive")
    (archive,) = (folder / "archive").iterdir()
    shutil.unpack_archive(archive, folder / "unpacked")
    return folder / "unpacked"


def _mvn(name: str, folder: Path, goal: str, *options: str) -> None:
    mvn = found_or_installed(lambda: shutil.which("mvn"), "maven", "mvn")
    done = subprocess.run(
        [mvn, "-B", "-q", f"{_PLUGIN}:{goal}", *options],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode:
        miss(f"{name} could not be fetched: {done.stdout[-500:]}")
