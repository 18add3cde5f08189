"""A project: a folder with `schemas/` and `policies/` (`design.md` §3).

The law and the register are the project's own where it has them, else the bundled CPF project's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from tamis.documents.law import CATEGORY_ARTICLES, ITEMS_ARTICLE, PURPOSES_ARTICLE, Article
from tamis.documents.policy import Policy
from tamis.documents.positions import Model, ModelT, Source, read_document, suggest
from tamis.documents.register import Register
from tamis.documents.schema import Schema
from tamis.errors import DocumentError, Problem, UsageError

ARTICLES = (ITEMS_ARTICLE, PURPOSES_ARTICLE, *CATEGORY_ARTICLES)


@dataclass(frozen=True)
class Law:
    """The articles that decide, by their names."""

    articles: Mapping[str, Article]
    sources: Mapping[str, Source] = field(repr=False)

    def __getitem__(self, article: str) -> Article:
        return self.articles[article]


@dataclass(frozen=True)
class Documents:
    """The documents of one folder, read when asked for.

    Attributes:
        folder: the project's folder.
        shown: how messages name the folder; empty for the current one.
    """

    folder: Path
    shown: str = ""

    @property
    def bundled(self) -> bool:
        """Whether this is the CPF project that comes with Tamis."""
        return self.folder == bundled_folder()

    def policies(self) -> dict[str, Path]:
        """The files of the project's policies, by file name without suffix, sorted."""
        found = (self.folder / "policies").glob("*.yaml")
        return {path.stem: path for path in sorted(found) if path.name != "register.yaml"}

    def schemas(self) -> dict[str, Path]:
        """The files of the project's schemas, by file name without suffix, sorted."""
        return {path.stem: path for path in sorted((self.folder / "schemas").glob("*.yaml"))}

    def policy(self, name: str) -> tuple[Policy, Source]:
        """The policy called `name`.

        Raises:
            UsageError: the project has none of that name.
            DocumentError: it does not follow its grammar.
        """
        found = self.policies()
        if name not in found:
            raise UsageError(
                f"no policy `{name}` in {self._show('policies')}{suggest(name, found)}"
            )
        policy, source = self._read(found[name], Policy)
        if policy.policy != name:
            raise DocumentError(
                source.problem(
                    ("policy",), f"the policy is called `{policy.policy}` in `{name}.yaml`"
                )
            )
        return policy, source

    def schema(self, name: str, asked_by: Problem | None = None) -> tuple[Schema, Source]:
        """The schema called `name`.

        Args:
            name: of the schema and of its file.
            asked_by: where a policy names it; becomes the error if there is none.
        """
        found = self.schemas()
        if name not in found:
            text = f"no schema `{name}` in {self._show('schemas')}{suggest(name, found)}"
            raise DocumentError(
                Problem(asked_by.file, asked_by.line, asked_by.column, text)
                if asked_by
                else Problem(self._show("schemas"), 0, 0, text)
            )
        schema, source = self._read(found[name], Schema)
        if schema.schema_ != name:
            raise DocumentError(
                source.problem(
                    ("schema",), f"the schema is called `{schema.schema_}` in `{name}.yaml`"
                )
            )
        return schema, source

    @cached_property
    def law(self) -> Law:
        """The articles: the project's own folder `policies/law`, else the bundled one."""
        folder = self.folder / "policies" / "law"
        owner = self if folder.is_dir() else bundled_documents()
        articles: dict[str, Article] = {}
        sources: dict[str, Source] = {}
        for name in ARTICLES:
            path = owner.folder / "policies" / "law" / f"{name}.yaml"
            articles[name], sources[name] = owner._read(path, Article)
        return Law(articles, sources)

    @cached_property
    def register(self) -> tuple[Register, Source]:
        """The register of processings: the project's own, else the bundled one."""
        path = self.folder / "policies" / "register.yaml"
        owner = self if path.is_file() else bundled_documents()
        return owner._read(owner.folder / "policies" / "register.yaml", Register)

    def _show(self, inside: str | Path) -> str:
        return str(Path(self.shown) / inside)

    def _read(self, path: Path, model: type[ModelT]) -> tuple[ModelT, Source]:
        key = (path, model)
        if key not in self._cache:
            self._cache[key] = read_document(path, self._show(path.relative_to(self.folder)), model)
        return self._cache[key]  # type: ignore[return-value]

    @cached_property
    def _cache(self) -> dict[tuple[Path, type[Model]], tuple[Model, Source]]:
        return {}


def bundled_folder() -> Path:
    """The folder of the CPF project: inside the wheel, or the repository's root."""
    inside = Path(str(files("tamis"))) / "cpf"
    return inside if inside.is_dir() else Path(str(files("tamis"))).parent.parent


def bundled_documents() -> Documents:
    """The documents of the CPF project that comes with Tamis."""
    folder = bundled_folder()
    return Documents(folder, "" if folder == Path.cwd() else "cpf:")
