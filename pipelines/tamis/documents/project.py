"""Which files make a project: the folders `schemas/` and `policies/` (`tamis help`).

A project that has no folder `policies/law` or no `policies/register.yaml` of its own uses the law
or the register of the CPF project that comes with Tamis.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from tamis.address import shown_address
from tamis.documents.approval import Approval
from tamis.documents.cases import PolicyCases
from tamis.documents.exceptions import ProjectFile
from tamis.documents.law import (
    CATEGORY_ARTICLES,
    ITEMS_ARTICLE,
    PURPOSES_ARTICLE,
    Article,
    ArticleVersion,
    Origin,
)
from tamis.documents.policy import Policy
from tamis.documents.positions import DocumentModel, ModelT, Source, read_document, suggest
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.documents.veille import Veille
from tamis.errors import DocumentError, Problem, UsageError
from tamis.language import _

NamedT = TypeVar("NamedT", Policy, Schema, PolicyCases, Article, Approval)

BUNDLED = "cpf"
"""What the project that comes with Tamis is called."""

_SHOWN_POLICIES = 12
"""How many policies a message lists."""

_FOLDERS = {"policies": {"law", "approvals", "tests"}, "schemas": set[str]()}
"""The folders of a project, each with the folders that may stand in it."""

_NO_POLICIES = {"register.yaml", "veille.yaml", "project.yaml"}
"""The files beside the policies that are none."""

ARTICLES = (ITEMS_ARTICLE, PURPOSES_ARTICLE, *CATEGORY_ARTICLES)


@dataclass(frozen=True)
class Law:
    """The articles that decide, by their names, each with the text it was read from.

    Attributes:
        origin: whether they are those that come with Tamis, or the project's own.
    """

    articles: Mapping[str, Article]
    sources: Mapping[str, Source] = field(repr=False)
    origin: Origin = "bundled"

    def __getitem__(self, article: str) -> Article:
        return self.articles[article]

    def versions(self) -> Iterator[tuple[str, int, ArticleVersion]]:
        """Yield every version of every article: the article's name, its place there, itself."""
        for name, article in self.articles.items():
            for i, version in enumerate(article.versions):
                yield name, i, version

    @property
    def item_ids(self) -> dict[str, None]:
        """The items that some version of an article has, by their full ids, in order."""
        return {
            f"{name}.{key}": None for name, _i, version in self.versions() for key in version.items
        }

    @property
    def purpose_ids(self) -> dict[str, None]:
        """The purposes that some version of R. 6323-33 has, by their full ids, in order."""
        versions = self[PURPOSES_ARTICLE].versions
        return {
            f"{PURPOSES_ARTICLE}.{key}": None for version in versions for key in version.purposes
        }

    @property
    def category_slugs(self) -> dict[str, None]:
        """The categories that some version of R. 6323-34 or R. 6323-34-1 has, in order."""
        return {
            slug: None
            for article in CATEGORY_ARTICLES
            for version in self[article].versions
            for slug in version.categories
        }


@dataclass(frozen=True)
class Documents:
    """The documents of one folder, each read when it is first asked for.

    Attributes:
        folder: the project's folder.
        shown: how messages name the folder; empty for the current one.
    """

    folder: Path
    shown: str = ""

    @property
    def bundled(self) -> bool:
        """Whether these are the documents of the CPF project that comes with Tamis."""
        return self.folder == bundled_folder()

    @property
    def name(self) -> str:
        """What the project is called: `cpf` for the bundled one, else its folder's whole path."""
        return BUNDLED if self.bundled else str(self.folder)

    @property
    def borrowed(self) -> tuple[str, ...]:
        """Which of `law` and `register` are the bundled ones, for want of its own."""
        if self.bundled:
            return ()
        policies = self.folder / "policies"
        has_own = {
            "law": (policies / "law").is_dir(),
            "register": (policies / "register.yaml").is_file(),
        }
        return tuple(part for part, is_own in has_own.items() if not is_own)

    def problem(self, path: str, text: str) -> Problem:
        """Return the problem `text` of the file or folder at `path` in the project."""
        return Problem(self._show(path), 0, 0, text)

    def misplaced(self) -> list[Problem]:
        """Return what looks like a document and is read by nobody: other suffixes, other folders.

        Example:
            >>> bundled_documents().misplaced()
            []
        """
        problems = []
        for folder, known in _FOLDERS.items():
            for path in sorted((self.folder / folder).glob("*")):
                place = f"{folder}/{path.name}"
                if path.suffix.lower() in (".yaml", ".yml") and path.suffix != ".yaml":
                    text = _("must be called `{stem}.yaml`", stem=path.stem)
                    problems.append(self.problem(place, text))
                elif path.is_dir() and path.name not in known and not path.name.startswith("."):
                    text = _(
                        "must be no folder: documents stand in `{folder}` itself", folder=folder
                    )
                    problems.append(self.problem(place, text))
        for folder in ("tests", "approvals"):
            for path in sorted((self.folder / "policies" / folder).glob("*.yaml")):
                if path.stem not in self.policies():
                    text = _("must be called as a policy is") + suggest(path.stem, self.policies())
                    problems.append(self.problem(f"policies/{folder}/{path.name}", text))
        return problems

    def policies(self) -> dict[str, Path]:
        """Return the files of the policies, by file name without suffix, sorted."""
        paths = sorted((self.folder / "policies").glob("*.yaml"))
        return {path.stem: path for path in paths if path.name not in _NO_POLICIES}

    def schemas(self) -> dict[str, Path]:
        """Return the files of the schemas, by file name without suffix, sorted."""
        return {path.stem: path for path in sorted((self.folder / "schemas").glob("*.yaml"))}

    def policy(self, name: str) -> tuple[Policy, Source]:
        """Return the policy called `name`, and the text it was read from.

        Raises:
            UsageError: there is none of that name.
            DocumentError: it does not follow its grammar.
        """
        paths = self.policies()
        if name not in paths:
            raise UsageError(self._no_policy(name, paths))
        return self._read_named(paths[name], Policy)

    def cases(self, name: str) -> tuple[PolicyCases, Source] | None:
        """Return the cases of the policy `name`, and their text; None where it has none.

        Raises:
            DocumentError: they do not follow their grammar.
        """
        path = self.folder / "policies" / "tests" / f"{name}.yaml"
        return self._read_named(path, PolicyCases, "policy") if path.exists() else None

    def approval(self, name: str) -> tuple[Approval, Source] | None:
        """Return the approval of the policy `name`, and its text; None where it has none.

        Raises:
            DocumentError: it does not follow its grammar.
        """
        path = self.folder / "policies" / "approvals" / f"{name}.yaml"
        return self._read_named(path, Approval, "policy") if path.exists() else None

    def schema(self, name: str, asked_by: Problem | None = None) -> tuple[Schema, Source]:
        """Return the schema called `name`, and the text it was read from.

        Args:
            name: of the schema and of its file.
            asked_by: where a policy names it; the error is told there.

        Raises:
            DocumentError: there is none of that name, or it does not follow its grammar.
        """
        paths = self.schemas()
        if name not in paths:
            folder = self._show("schemas")
            place = asked_by or Problem(folder, 0, 0, "")
            text = _("no schema `{name}` in {folder}", name=name, folder=folder)
            text += suggest(name, paths)
            raise DocumentError(Problem(place.file, place.line, place.column, text))
        return self._read_named(paths[name], Schema)

    @cached_property
    def law(self) -> Law:
        """The articles: the project's own folder `policies/law`, else the bundled one."""
        owner = self._law_owner
        articles: dict[str, Article] = {}
        sources: dict[str, Source] = {}
        folder = owner.folder / "policies" / "law"
        for name in dict.fromkeys(
            [*ARTICLES, *sorted(path.stem for path in folder.glob("*.yaml"))]
        ):
            articles[name], sources[name] = owner._read_named(folder / f"{name}.yaml", Article)
        return Law(articles, sources, self.law_origin)

    @cached_property
    def law_origin(self) -> Origin:
        """Whether the law that holds here is to the byte the one that comes with Tamis."""
        pinned = read_digests(PINNED_LAW)
        return "bundled" if law_digests(self._law_owner.folder) == pinned else "own"

    @property
    def _law_owner(self) -> "Documents":
        own = (self.folder / "policies" / "law").is_dir()
        return self if own else _lender()

    @cached_property
    def register(self) -> tuple[Register, Source]:
        """The register of processings: the project's own, else the bundled one."""
        path = self.folder / "policies" / "register.yaml"
        owner = self if path.is_file() else _lender()
        return owner._read(owner.folder / "policies" / "register.yaml", Register)

    @cached_property
    def project_file(self) -> tuple[ProjectFile, Source | None]:
        """What holds for the whole project, and the text it was read from, if there is one."""
        path = self.folder / "policies" / "project.yaml"
        return self._read(path, ProjectFile) if path.is_file() else (ProjectFile(), None)

    @cached_property
    def veille(self) -> tuple[Veille, Source]:
        """The texts whose newer version nobody has read: the project's own, else the bundled."""
        path = self.folder / "policies" / "veille.yaml"
        owner = self if path.is_file() else _lender()
        return owner._read(owner.folder / "policies" / "veille.yaml", Veille)

    def _no_policy(self, name: str, paths: Mapping[str, Path]) -> str:
        shown = shown_address(name)
        text = _("no policy `{name}` in {folder}", name=shown, folder=self._show("policies"))
        if hint := suggest(Path(name).stem if "/" in name else name, paths):
            return text + hint
        renamed = [problem for problem in self.misplaced() if Path(problem.file).stem == name]
        if renamed:
            return f"{text}: {renamed[0]}"
        if paths:
            known = ", ".join(f"`{known}`" for known in list(paths)[:_SHOWN_POLICIES])
            text += ", " + _("expected one of {known}", known=known)
            text += ", …" if len(paths) > _SHOWN_POLICIES else ""
        if not self.bundled and name in bundled_documents().policies():
            text += _("; ") + _("one of that name comes with Tamis: --project cpf")
        return text

    def _show(self, inside: str | Path) -> str:
        return str(Path(self.shown) / inside)

    def _read_named(self, path: Path, model: type[NamedT], key: str = "") -> tuple[NamedT, Source]:
        """Read a document whose `key`, by default its kind, must be what its file is called."""
        document, source = self._read(path, model)
        if document.name != path.stem:
            text = _("must be `{file}` as the file is called", file=path.stem)
            raise DocumentError(source.problem((key or model.__name__.lower(),), text))
        return document, source

    def _read(self, path: Path, model: type[ModelT]) -> tuple[ModelT, Source]:
        key = (path, model)
        if key not in self._cache:
            self._cache[key] = read_document(path, self._show(path.relative_to(self.folder)), model)
        return self._cache[key]  # type: ignore[return-value]

    @cached_property
    def _cache(self) -> dict[tuple[Path, type[DocumentModel]], tuple[DocumentModel, Source]]:
        return {}


PINNED_LAW = Path(__file__).parent / "published" / "law.sha256"
"""The digests of the law files that come with Tamis; `editors.publish()` writes them."""


def law_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each law file of a project's folder, by name, whatever ends its lines.

    Example:
        >>> law_digests(bundled_folder()) == read_digests(PINNED_LAW)
        True
    """
    return {
        path.name: hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for path in sorted((folder / "policies" / "law").glob("*.yaml"))
    }


def read_digests(path: Path) -> dict[str, str]:
    """Return the digests of a file of lines `digest  name`, by name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _two, name in (line.partition("  ") for line in lines)}


def bundled_folder() -> Path:
    """Return the folder of the CPF project: inside the wheel, or the repository's root."""
    package = Path(str(files("tamis")))
    inside = package / "cpf"
    return inside if inside.is_dir() else package.parent.parent


def bundled_documents() -> Documents:
    """Return the documents of the CPF project that comes with Tamis."""
    folder = bundled_folder()
    return Documents(folder, "" if folder == Path.cwd() else "cpf:")


@cache
def _lent(folder: Path, shown: str) -> Documents:
    """The bundled documents that serve where a project has none of its own, read once."""
    return Documents(folder, shown)


def _lender() -> Documents:
    bundled = bundled_documents()
    return _lent(bundled.folder, bundled.shown)
