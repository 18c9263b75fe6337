"""`python -m testbed.law.mutations` says whether the law's test would notice a mistake in the module that decides.

It makes mistakes of ten kinds in `webhook/incidents/alertmanager_state.py`, one at a time in a copy of the package,
chosen by a seed. `testbed.law` plays against each mistake until it notices the mistake or has used up its steps. If it
does not notice, the module's own tests run, and the output says so. Exit 1 if a mistake survived both.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOM = Path("webhook/incidents/alertmanager_state.py")
LONGEST_SECONDS = 900.0
_PLAY = """
import sys
from pathlib import Path
from testbed.law.machine import play
from testbed.law.oracle import AgainstTheLaw
steps, seed, catalog = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
try:
    play(steps=steps, first_seed=seed, catalog=catalog, examples=40, shrink=False)
except AgainstTheLaw as broken:
    print(f"AgainstTheLaw: {broken}"[:300])
    sys.exit(3)
except Exception as error:
    print(f"{type(error).__name__}: {error}"[:300])
    sys.exit(3)
"""

# Import the mutated package first: afterwards pytest adds folders from which another copy could be imported.
_TEST = "import sys, webhook, pytest; sys.exit(pytest.main(sys.argv[1:]))"
TESTS = (
    "tests/webhook/test_alertmanager_api.py",
    "tests/webhook/test_clusters.py",
    "tests/webhook/test_peers_behind_one_address.py",
    "tests/webhook/test_another_installation.py",
    "tests/webhook/test_single_ends.py",
    "tests/webhook/test_old_pictures.py",
    "tests/webhook/test_unknown_start.py",
)

EQUIVALENT: dict[str, str] = {
    "_SAME_START = 0.001": "the API cuts starts to milliseconds, so the same start differs by less",
    "_SAME_START = 0.004": "two starts of an alert are at least an evaluation apart",
    "return any((alert.firing and True for alert in alerts))": "what a delivery says fires stands in it after",
    "answers.append(Active() if any((alert.suppression is None for alert in listed)) or False else Quiet(by=first))": (
        "the first is one of all"
    ),
    "return firing.listed_by.get(server.server) == server.started and True": "its time is known by then",
    "if server.alerts is None and True:": (
        "a named server is asked only where it tells of the incident, and then its reason is one of those that hold"
    ),
    "first = reasons[-1]": "a server lists an alert once",
    "apart = span(absent_since - now)": "a length in a sentence for people",
    "return alert.starts_at is not None and abs(starts_at - alert.starts_at) < _SAME_START": "the same distance",
}
"""Mutations that change nothing observable: the line after the mutation, and the reason."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_VERDICTS = {
    "Active": "Absent()",
    "Quiet": "Active()",
    "Absent": "Active()",
    "Unknown": "Absent()",
    "Ends": "AsksAgain()",
    "Holds": "GoesOn()",
    "GoesOn": "AsksAgain()",
    "AsksAgain": "GoesOn()",
    "FiresAgain": "AsksAgain()",
    "OldPicture": "AsksAgain()",
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A mistake: its kind, its line, the code before and after, and the source of the whole module with it."""

    kind: str
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        """Return the line, the kind and the change."""
        return f"line {self.line}, {self.kind}: {self.before}  ->  {self.after}"


def mutations(source: str) -> list[Mutation]:
    """Return every mistake of these kinds that can be made in the module, in the order of its lines."""
    mutants: list[Mutation] = []
    parts = ast.parse(source).body
    texts = [ast.unparse(part) for part in parts]
    for index, part in enumerate(parts):
        tree = ast.Module(body=[part], type_ignores=[])
        for number, node in enumerate(_code(tree)):
            for kind, change in _changes(node):
                changed_tree = copy.deepcopy(tree)
                place = next(changed_node for at, changed_node in enumerate(_code(changed_tree)) if at == number)
                before = ast.unparse(_statement(changed_tree, place))
                change(place)
                ast.fix_missing_locations(changed_tree)
                before, after = _difference(before, ast.unparse(_statement(changed_tree, place)))
                if before != after:
                    line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
                    whole = "\n\n".join([*texts[:index], ast.unparse(changed_tree), *texts[index + 1 :]])
                    mutants.append(Mutation(kind=kind, line=line, before=before, after=after, source=whole))
    return sorted(mutants, key=lambda mutation: (mutation.line, mutation.kind, mutation.after))


def reason_to_exclude(mutation: Mutation) -> str | None:
    """Return why nobody could notice the mistake, None if somebody could."""
    if mutation.kind == "off by a constant" and "one_line(url, " in mutation.after:
        return "how much of a URL is told to people"
    if mutation.kind == "off by a constant" and "round(server.up)" in mutation.after:
        return "a length in a sentence for people"
    return EQUIVALENT.get(mutation.after)


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the code that runs: the bodies of functions and the module's constants, without types and docstrings."""
    for node in tree.body if isinstance(tree, ast.Module) else ():
        if isinstance(node, ast.FunctionDef):
            for statement in node.body:
                yield from ast.walk(statement)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from ast.walk(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:  # noqa: C901, PLR0912  a kind each
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            for operator in _COMPARISONS[type(op)]:
                yield "comparison", _sets("ops", [operator()])
        case ast.BoolOp(op=op, values=values):
            yield "and, or", _sets("op", ast.Or() if isinstance(op, ast.And) else ast.And())
            for number in range(len(values)):
                yield "dropped condition", _drops(number)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield "any, all, min, max", _sets_name(_CALLS[name])
        case ast.Return(value=ast.Call(func=ast.Name(id=name))) if name in _VERDICTS:
            yield "verdict", _sets("value", ast.parse(_VERDICTS[name], mode="eval").body)
        case ast.Return(value=ast.Constant(value=None)):
            yield "verdict", _sets("value", ast.Constant(value="changed"))
        case ast.Return(value=ast.Tuple() as value) if len(value.elts) > 1:
            yield "verdict", _sets("value", ast.Tuple(elts=value.elts[:1], ctx=ast.Load()))
        case ast.Return(value=(ast.Compare() | ast.BoolOp() | ast.UnaryOp()) as value):
            yield "verdict", _sets("value", ast.UnaryOp(op=ast.Not(), operand=value))
        case ast.If(test=test):
            yield "dropped condition", _sets("test", ast.Constant(value=False))
            yield "comparison", _sets("test", ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.IfExp(body=body, orelse=orelse):
            yield "dropped condition", _becomes(body)
            yield "dropped condition", _becomes(orelse)
        case ast.comprehension(ifs=[*ifs]) if ifs:
            for number in range(len(ifs)):
                yield "dropped condition", _drops(number, "ifs")
        case ast.BinOp(op=ast.Sub(), left=left, right=right):
            yield "order of times", _swaps(left, right)
        case ast.BinOp(op=ast.BitOr() | ast.Add(), left=left):
            yield "dropped condition", _becomes(left)
        case ast.AugAssign():
            yield "dropped condition", _sets("value", ast.List(elts=[], ctx=ast.Load()))
        case ast.Tuple(elts=elts) if len(elts) > 2:
            for number in range(len(elts) - 1):
                yield "order", _exchanges(number)
        case ast.Constant(value=float() | int() as value) if not isinstance(value, bool):
            for near in dict.fromkeys((value + 1, value - 1, value * 2, value / 2)):
                if near != value:
                    yield "off by a constant", _sets("value", type(value)(near))
        case _:
            pass


def _sets(name: str, value: object) -> Callable[[ast.AST], None]:
    return lambda node: setattr(node, name, value)


def _sets_name(name: str) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        node.func = ast.Name(id=name, ctx=ast.Load())  # type: ignore[attr-defined]

    return change


def _drops(number: int, name: str = "values") -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        remaining = [child for at, child in enumerate(getattr(node, name)) if at != number]
        if isinstance(node, ast.BoolOp) and len(remaining) == 1:
            # A single condition is no `and` or `or`; a constant that decides nothing keeps the shape.
            remaining.append(ast.Constant(value=isinstance(node.op, ast.And)))
        setattr(node, name, remaining)

    return change


def _becomes(chosen: ast.AST) -> Callable[[ast.AST], None]:
    side = ast.unparse(chosen)

    def change(node: ast.AST) -> None:
        value = ast.parse(side, mode="eval").body
        if isinstance(node, ast.IfExp):
            node.test = ast.Constant(value=True)
            node.body = value
        elif isinstance(node, ast.BinOp):
            node.right = copy.deepcopy(value)
            node.left = value

    return change


def _swaps(left: ast.expr, right: ast.expr) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        node.left, node.right = copy.deepcopy(right), copy.deepcopy(left)  # type: ignore[attr-defined]

    return change


def _exchanges(number: int) -> Callable[[ast.AST], None]:
    def change(node: ast.AST) -> None:
        elts: list[ast.expr] = node.elts  # type: ignore[attr-defined]
        elts[number], elts[number + 1] = elts[number + 1], elts[number]

    return change


def _statement(tree: ast.AST, place: ast.AST) -> ast.AST:
    """Return the innermost function or assignment that holds the place."""
    for node in tree.body if isinstance(tree, ast.Module) else ():
        if any(node_inside is place for node_inside in ast.walk(node)):
            return node
    return tree


def _difference(before: str, after: str) -> tuple[str, str]:
    """Return the first pair of lines in which the two texts differ."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next(
        ((line_before.strip(), line_after.strip()) for line_before, line_after in pairs if line_before != line_after),
        (before, before),
    )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a mutation: how it was noticed, empty if it was not."""

    mutation: Mutation
    noticed: str
    by_tests: bool
    """Whether the module's tests noticed it after the play did not."""
    seconds: float


def run(mutation: Mutation, *, steps: int, seed: int, catalog: Path) -> Result:
    """Play against the module with this mistake, in a copy of the package."""
    began, by_tests = time.monotonic(), False
    with tempfile.TemporaryDirectory(prefix="tocsin-mutation-") as folder:
        package = Path(folder) / "webhook"
        shutil.copytree(REPOSITORY / "webhook", package, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / ROOM).write_text(mutation.source)
        try:
            ended = subprocess.run(
                [sys.executable, "-c", _PLAY, str(steps), str(seed), str(catalog.resolve())],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}", "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
                check=False,
            )
            lines = (ended.stdout.strip() or ended.stderr.strip()).splitlines()
            noticed = (lines or ["it ended"])[-1] if ended.returncode else ""
        except subprocess.TimeoutExpired:
            noticed = f"it hangs: no end after {LONGEST_SECONDS:g} s"
        if not noticed:
            noticed = _failing_test(Path(folder))
            by_tests = bool(noticed)
    return Result(mutation=mutation, noticed=noticed, by_tests=by_tests, seconds=time.monotonic() - began)


def _failing_test(folder: Path) -> str:
    """Return the first of the module's tests that fails with the package in `folder`, empty if none fails."""
    options = ["-x", "-q", "--numprocesses", "0", "-p", "no:cacheprovider", "-c", str(REPOSITORY / "pyproject.toml")]
    ended = subprocess.run(
        [sys.executable, "-c", _TEST, *options, *(str(REPOSITORY / test_file) for test_file in TESTS)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (failed or ["the tests end otherwise"])[0] if ended.returncode else ""


def main() -> None:
    """Make the mistakes that the arguments choose, and report each."""
    parser = argparse.ArgumentParser(prog="python -m testbed.law.mutations", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many; 0 is all that there are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=20_000, help="how many are played against each at the most")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--catalog", type=Path, default=REPOSITORY / "generated/catalog.json")
    arguments = parser.parse_args()
    all_mutations = mutations((REPOSITORY / ROOM).read_text())
    observable = [mutation for mutation in all_mutations if reason_to_exclude(mutation) is None]
    count = min(arguments.count or len(observable), len(observable))
    chosen = random.Random(arguments.seed).sample(observable, count)  # noqa: S311  made to be repeatable
    print(f"{count} of {len(observable)} mutations of {ROOM}, seed {arguments.seed};", flush=True)
    print(f"{len(all_mutations) - len(observable)} more change nothing anybody could observe", flush=True)
    as_it_is = Mutation(
        kind="none", line=0, before="", after="", source=ast.unparse(ast.parse((REPOSITORY / ROOM).read_text()))
    )
    untouched = run(as_it_is, steps=arguments.steps, seed=arguments.seed, catalog=arguments.catalog)
    if untouched.noticed:
        sys.exit(f"the room as it is does not pass, so nothing can be said of mistakes in it: {untouched.noticed}")
    print(f"the room as it is passes {arguments.steps:,} steps, {untouched.seconds:.0f} s", flush=True)
    survived = by_tests = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        runs = pool.map(
            lambda mutation: run(mutation, steps=arguments.steps, seed=arguments.seed, catalog=arguments.catalog),
            chosen,
        )
        for result in runs:
            survived += not result.noticed
            by_tests += result.by_tests
            word = "noticed" if result.noticed else "SURVIVED"
            print(f"{word:8} {result.seconds:4.0f} s  {result.mutation}", flush=True)
            if result.noticed:
                print(f"                  {result.noticed[:160]}", flush=True)
    print(f"{count - survived} of {count} noticed, {by_tests} of them by the room's tests alone")
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
