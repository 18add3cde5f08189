"""Which texts of the code a value of a message may be, found without running anything.

A value may be a text, a word of an alias of `Literal`, what a table of words holds, or what a
function of the package returns. Names are followed to where they are set, parameters of private
functions to where these are called, attributes to the annotations of their class. What comes out is
a part of what may come: a value of another kind (a count, a path, a name of the user's) has none.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeGuard

import tamis

PACKAGE = Path(tamis.__file__).parent
DEPTH = 6
"""How many steps a value is followed."""

TRANSLATED = ("_", "ngettext", "translate")
"""Calls whose outcome is in the language in use."""

Key = tuple[ast.AST, str]


@dataclass(frozen=True)
class Module:
    """A file of the package."""

    path: Path
    tree: ast.Module

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Of each node the one it stands in."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def scope_of(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, else the module."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                return node
        return self.tree

    @cached_property
    def calls(self) -> dict[str, list[ast.Call]]:
        """The calls of the module, by the name of what is called."""
        calls = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                calls[name_of(node.func)].append(node)
        return calls

    @cached_property
    def assigned(self) -> dict[Key, list[ast.expr]]:
        """What each name of each function is set to."""
        values: dict[Key, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(self.tree):
            scope = self.scope_of(node)
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[scope, name].append(value)
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    values[scope, name].append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    values[scope, name].append(value)
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                    for place, target in enumerate(targets):
                        parts = (part.elts for part in branches(value) if is_tuple(part))
                        values[scope, name_of(target)] += [part[place] for part in parts]
                case (
                    ast.For(target=target, iter=source)
                    | ast.comprehension(target=target, iter=source)
                ):
                    for name, element in elements(target, source):
                        values[scope, name].append(element)
        return values

    @cached_property
    def annotated(self) -> dict[Key, ast.expr]:
        """The annotation of each name of each function that has one."""
        return {
            (self.scope_of(node), name_of(node.target)): node.annotation
            for node in ast.walk(self.tree)
            if isinstance(node, ast.AnnAssign)
        }


def name_of(node: ast.AST) -> str:
    """The last part of a name, as of `b` of `a.b`; empty where it has none."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def is_tuple(node: ast.expr) -> TypeGuard[ast.Tuple]:
    """Whether it is a tuple without `*`."""
    return isinstance(node, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.elts)


def branches(value: ast.expr) -> Iterator[ast.expr]:
    """What an expression may be, by its conditions."""
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from branches(body)
            yield from branches(orelse)
        case ast.BoolOp(values=values):
            for part in values:
                yield from branches(part)
        case _:
            yield value


def elements(target: ast.expr, source: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names that a loop sets, each with an element of a table that stands for all of it."""
    match target, source:
        case ast.Name(id=name), _:
            yield name, ast.Subscript(source, ast.Constant(0), ast.Load())
        case ast.Tuple(elts=[_, ast.Name(id=name)]), ast.Call(
            func=ast.Attribute(value=table, attr="items")
        ):
            yield name, ast.Subscript(table, ast.Constant(0), ast.Load())


@cache
def modules() -> list[Module]:
    """All files of the package."""
    return [
        Module(path, ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


def in_literal(kind: ast.AST) -> set[str]:
    """The words of the `Literal`s that are written out in an annotation."""
    return {
        part.value
        for node in ast.walk(kind)
        if isinstance(node, ast.Subscript) and name_of(node.value) == "Literal"
        for part in ast.walk(node.slice)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


@cache
def aliases() -> dict[str, set[str]]:
    """The words of each alias of `Literal`, by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for (scope, name), values in module.assigned.items():
            if scope is module.tree:
                found[name].update(*map(in_literal, values))
    return found


def of_annotation(kind: ast.expr | None) -> set[str]:
    """The words that an annotation admits, if it is a closed set."""
    if kind is None:
        return set()
    names = (name_of(node) for node in ast.walk(kind))
    return in_literal(kind).union(*(aliases().get(name, set()) for name in names))


@cache
def classes() -> dict[str, ast.ClassDef]:
    """The classes of the package, by name."""
    nodes = (node for module in modules() for node in ast.walk(module.tree))
    return {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}


@cache
def attributes() -> dict[str, list[tuple[str, ast.expr]]]:
    """The classes that have an attribute, and its annotation there, by its name."""
    found = defaultdict(list)
    for owner in classes().values():
        for node in owner.body:
            if isinstance(node, ast.AnnAssign):
                found[name_of(node.target)].append((owner.name, node.annotation))
            elif isinstance(node, ast.FunctionDef) and node.returns:
                found[node.name].append((owner.name, node.returns))
    return found


@cache
def functions() -> dict[str, list[tuple[Module, ast.FunctionDef]]]:
    """The functions of the package, by name."""
    found = defaultdict(list)
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef):
                found[node.name].append((module, node))
    return found


def words(value: ast.AST, module: Module, depth: int = DEPTH) -> set[str]:
    """The texts in the code that an expression may be, as far as they are found."""
    if depth <= 0:
        return set()
    match value:
        case ast.Constant(value=str(text)):
            return {text} - {""}
        case ast.IfExp() | ast.BoolOp():
            return _all(branches(value), module, depth)
        case ast.Name():
            return _of_name(value, module, depth)
        case ast.Attribute():
            return _of_attribute(value, module)
        case ast.Subscript(value=table):
            return in_literal(value) or _of_table(table, module, depth)
        case ast.JoinedStr(values=parts):
            return _all(parts, module, depth)
        case ast.FormattedValue(value=part):
            return words(part, module, depth)
        case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part) | ast.SetComp(elt=part):
            return words(part, module, depth)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return _all(parts, module, depth)
        case ast.Call():
            return _of_call(value, module, depth)
    return set()


def _all(parts: Iterator[ast.expr] | list[ast.expr], module: Module, depth: int) -> set[str]:
    return set().union(*(words(part, module, depth - 1) for part in parts))


def _of_name(node: ast.Name, module: Module, depth: int) -> set[str]:
    scope = module.scope_of(node)
    while True:
        key = scope, node.id
        found = _all(module.assigned.get(key, []), module, depth)
        found |= of_annotation(module.annotated.get(key))
        if isinstance(scope, ast.FunctionDef):
            found |= _of_parameter(scope, node.id, module, depth)
        if found or scope is module.tree:
            return found
        scope = module.scope_of(scope)


def _of_parameter(function: ast.FunctionDef, name: str, module: Module, depth: int) -> set[str]:
    placed = [each for each in function.args.args if each.arg not in ("self", "cls")]
    for each in (*placed, *function.args.kwonlyargs):
        if each.arg == name:
            break
    else:
        return set()
    found = of_annotation(each.annotation)
    callers = [module] if function.name.startswith("_") else modules()
    for caller in callers if not function.name.startswith("__") else ():
        for call in caller.calls.get(function.name, ()):
            given = [keyword.value for keyword in call.keywords if keyword.arg == name]
            if each in placed:
                given += call.args[placed.index(each) :][:1]
            found |= _all(given, caller, depth - 1)
    return found


def _of_attribute(node: ast.Attribute, module: Module) -> set[str]:
    """By the class, where it is known; else if the classes that have the attribute agree."""
    known = attributes().get(node.attr, [])
    owners = _classes_of(node.value, module)
    kinds = [kind for owner, kind in known if owner in owners] if owners else [k for _, k in known]
    sets = [of_annotation(kind) for kind in kinds]
    return set().union(*sets) if all(sets) else set()


def _classes_of(base: ast.expr, module: Module) -> set[str]:
    if not isinstance(base, ast.Name):
        return set()
    node = module.scope_of(base)
    if base.id == "self":
        while not isinstance(node, ast.ClassDef):
            node = module.parents[node]
        return {node.name}
    arguments = (
        [*node.args.args, *node.args.kwonlyargs] if isinstance(node, ast.FunctionDef) else []
    )
    kinds = [each.annotation for each in arguments if each.arg == base.id and each.annotation]
    return {name_of(part) for kind in kinds for part in ast.walk(kind)} & classes().keys()


def _of_table(table: ast.expr, module: Module, depth: int) -> set[str]:
    match table:
        case ast.Dict(values=values):
            return _all(values, module, depth)
        case ast.Tuple() | ast.List() | ast.Set():
            return words(table, module, depth)
        case ast.Call(args=[ast.Dict() as inner]):
            return _of_table(inner, module, depth)
        case ast.Name(id=name):
            for owner in [module, *modules()]:
                for value in owner.assigned.get((owner.tree, name), ()):
                    if depth > 0 and (found := _of_table(value, owner, depth - 1)):
                        return found
    return set()


def _of_call(call: ast.Call, module: Module, depth: int) -> set[str]:
    name = name_of(call.func)
    if name in TRANSLATED:
        return set()
    if name in ("N_", "str", "sorted", "printable"):
        return _all(call.args, module, depth)
    if isinstance(call.func, ast.Attribute):
        if name == "join":
            return _all(call.args, module, depth)
        if name == "get":
            return _of_table(call.func.value, module, depth) | _all(call.args[1:], module, depth)
        if name in ("lower", "upper", "replace", "strip", "removeprefix", "format"):
            return words(call.func.value, module, depth - 1)
        return set()
    found = set()
    for owner, function in functions().get(name, ()):
        if name.startswith("_") and owner is not module:
            continue
        returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
        found |= of_annotation(function.returns) | _all(returns, owner, depth)
    return found


def looked_up(base: ast.expr, module: Module) -> set[str]:
    """The messages, already in the language in use, that an expression may be."""
    values = [base]
    if isinstance(base, ast.Name):
        values = module.assigned.get((module.scope_of(base), base.id), [])
    return {
        form
        for value in values
        for node in ast.walk(value)
        if isinstance(node, ast.Call) and name_of(node.func) in ("_", "ngettext")
        for form in _all(node.args[:2], module, DEPTH)
    }


def filled(call: ast.Call, module: Module) -> Iterator[tuple[str, ast.expr]]:
    """The names and values that a call fills into a message: keywords, or mappings of them."""
    for keyword in call.keywords:
        if keyword.arg not in (None, "shown"):
            yield keyword.arg, keyword.value
    given = [*call.args[4:], *(word.value for word in call.keywords if word.arg == "shown")]
    for mapping in given if name_of(call.func) == "violation" else ():
        known = [mapping]
        if isinstance(mapping, ast.Name):
            known = module.assigned.get((module.scope_of(mapping), mapping.id), [])
        for table in known:
            if isinstance(table, ast.Dict):
                for key, value in zip(table.keys, table.values, strict=True):
                    if isinstance(key, ast.Constant):
                        yield str(key.value), value
