"""Queries of one's own, read as trees: which labels their results can carry, and which ranges they look back over.

Used by `template` and by `compiler.checks`. The rules are Prometheus's ("operators": vector matching, aggregation).
Where the tree does not tell, everything is held to be possible, so that no finding comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

from compiler.promql import LABEL_NAME, PromQLError, Selector, selector_of, tree


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that a result can carry: the `named` ones alone or, where `others`, all but the named ones."""

    named: frozenset[str] = frozenset()
    others: bool = True

    def __contains__(self, label: str) -> bool:
        return (label in self.named) != self.others

    def kept(self, labels: frozenset[str]) -> Labels:
        """Return what is left where `labels` alone are kept."""
        return Labels(frozenset(label for label in labels if label in self), others=False)

    def without(self, labels: frozenset[str]) -> Labels:
        """Return what is left where `labels` are dropped."""
        return Labels(self.named | labels if self.others else self.named - labels, others=self.others)

    def within(self, labels: frozenset[str]) -> bool:
        """Return whether it can carry no other label than these."""
        return not self.others and self.named <= labels

    def joined(self, other: Labels) -> Labels:
        """Return what either of two can carry."""
        if self.others and other.others:
            return Labels(self.named & other.named)
        if self.others or other.others:
            wide, narrow = (self, other) if self.others else (other, self)
            return Labels(wide.named - narrow.named)
        return Labels(self.named | other.named, others=False)


ANY: Final = Labels()
NONE: Final = Labels(others=False)

_OF_EACH: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that choose series and leave them as they are."""
_SCALARS: Final = (promql_parser.NumberLiteral, promql_parser.StringLiteral)


def carried(expression: str) -> Labels:
    """Return the labels that the result of an expression can carry; all of them where it nests too deep to tell."""
    try:
        return _carried(tree(expression))
    except (PromQLError, RecursionError):
        return ANY


def is_scalar(expression: str) -> bool:
    """Return whether an expression is a number without labels, such as `time()`."""
    try:
        return _scalar(tree(expression))
    except RecursionError:
        return False


def absence(expression: str) -> dict[str, str] | None:
    """Return the labels of what an `absent` returns that is the whole expression; None where it is another."""
    node = tree(expression)
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    named = isinstance(node, promql_parser.Call) and node.func.name in ABSENT
    return absent_labels(node.args[0]) if named else None


def speaks_of_nothing(expression: str) -> bool:
    """Return whether an expression may have a value where its metrics have none."""
    return any(
        (isinstance(node, promql_parser.Call) and (node.func.name in _UNASKED or not node.args))
        or (isinstance(node, promql_parser.BinaryExpr) and str(node.op) in {"or", "unless"})
        for node in nodes(tree(expression))
    )


_UNASKED: Final = frozenset({"absent", "absent_over_time", "scalar", "vector"})


def lost_buckets(expression: str) -> str | None:
    """Return the name of a classic histogram of which a quantile is taken without `le`; None where there is none."""
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.Call) and node.func.name == "histogram_quantile":
            inner = node.args[1]
            buckets = (one.metric for one in selectors(str(inner.prettify())) if one.metric.endswith("_bucket"))
            name = next(buckets, None)
            if name is not None and "le" not in _carried(inner):
                return name
    return None


def counted(expression: str) -> frozenset[Selector]:
    """Return the selectors of an expression whose rise is what counts."""
    found: set[Selector] = set()
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.Call) and node.func.name in {"increase", "irate", "rate"}:
            found |= {one for argument in node.args for one in selectors(str(argument.prettify()))}
    return frozenset(found)


def selectors(expression: str) -> tuple[Selector, ...]:
    """Return the selectors of an expression that name a metric, each once."""
    found = []
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            with suppress(PromQLError):
                found.append(selector_of(node))
    return tuple(dict.fromkeys(found))


def shortest_range(expression: str) -> int | None:
    """Return the seconds of the shortest range that something is counted over; None where there is none."""
    found = (
        int(one.range.total_seconds())
        for node in nodes(tree(expression))
        if isinstance(node, promql_parser.Call) and node.func.name in _COUNTING
        for one in node.args
        if isinstance(one, _MATRIX)
    )
    return min(found, default=None)


def quoted_labels(expression: str) -> frozenset[str]:
    """Return the labels of an expression whose names stand in quotes, which Prometheus 2 does not read."""
    found: set[str] = set()
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            found |= {one.name for one in node.matchers.matchers}
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found |= set(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            found |= set(node.modifier.group_labels or ())
            found |= set(node.modifier.matching.labels if node.modifier.matching else ())
        elif isinstance(node, promql_parser.Call) and node.func.name in _LABELLING:
            found |= {one.val for one in node.args[1:2] if isinstance(one, promql_parser.StringLiteral)}
    return frozenset(label for label in found if not LABEL_NAME.match(label))


def functions(expression: str) -> frozenset[str]:
    """Return the functions that an expression calls."""
    return frozenset(one.func.name for one in nodes(tree(expression)) if isinstance(one, promql_parser.Call))


_LABELLING: Final = frozenset({"label_join", "label_replace"})


def nodes(root: Any) -> Iterator[Any]:  # noqa: ANN401 - the library has no common type of nodes
    """Yield a tree's nodes; the library's own walk takes a minute where parentheses nest a thousand deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for name in ("expr", "lhs", "rhs") if (child := getattr(node, name, None)) is not None]
        waiting += getattr(node, "args", ())
        if isinstance(node, _MATRIX):
            waiting.append(node.vector_selector)


_MATRIX: Final = promql_parser.MatrixSelector
_COUNTING: Final = frozenset({"delta", "deriv", "increase", "irate", "predict_linear", "rate"})
"""Functions that have no value before the range holds two samples."""


def _carried(node: Any) -> Labels:  # noqa: ANN401 - the library has no common type of nodes
    match node:
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            return _carried(node.expr)
        case promql_parser.AggregateExpr():
            return _aggregated(node)
        case promql_parser.BinaryExpr():
            return _combined(node)
        case promql_parser.Call():
            return _called(node)
        case _:
            return NONE if isinstance(node, _SCALARS) else ANY


def _aggregated(node: promql_parser.AggregateExpr) -> Labels:
    inner, modifier, operator = _carried(node.expr), node.modifier, str(node.op)
    if operator in _OF_EACH:
        return inner
    if modifier is None:
        kept = NONE
    else:
        labels = frozenset(modifier.labels)
        by = modifier.type == promql_parser.AggModifierType.By
        kept = inner.kept(labels) if by else inner.without(labels)
    if operator == "count_values" and isinstance(node.param, promql_parser.StringLiteral):
        return kept.joined(Labels(frozenset({node.param.val}), others=False))
    return kept


def _combined(node: promql_parser.BinaryExpr) -> Labels:
    """Return the labels of a binary operation: those of the side that its result is made of."""
    left, right, modifier, operator = _carried(node.lhs), _carried(node.rhs), node.modifier, str(node.op)
    if operator == "or":
        return left.joined(right)
    if operator in {"and", "unless"}:
        return left
    if _scalar(node.lhs):
        return right
    if _scalar(node.rhs) or modifier is None:
        return left
    return _matched(left, right, modifier)


def _matched(left: Labels, right: Labels, modifier: promql_parser.BinModifier) -> Labels:
    cardinality = promql_parser.VectorMatchCardinality
    if modifier.card in (cardinality.ManyToOne, cardinality.OneToMany):
        many = left if modifier.card == cardinality.ManyToOne else right
        return many.joined(Labels(frozenset(modifier.group_labels or ()), others=False))
    if modifier.matching is None:
        return left
    labels = frozenset(modifier.matching.labels)
    on = modifier.matching.type == promql_parser.LabelModifierType.Include
    return left.kept(labels) if on else left.without(labels)


def _called(node: promql_parser.Call) -> Labels:
    name, vectors = node.func.name, list(_vectors(node))
    if name in ABSENT:
        return Labels(frozenset(absent_labels(node.args[0])), others=False)
    if name == "info":
        return ANY
    if node.func.return_type == promql_parser.ValueType.Scalar or not vectors:
        return NONE
    found = _carried(vectors[0])
    if name in _LABELLING:
        return found.joined(Labels(frozenset({node.args[1].val}), others=False))
    return found.without(frozenset({"le"})) if name == "histogram_quantile" else found


ABSENT: Final = frozenset({"absent", "absent_over_time"})


def absent_labels(argument: Any) -> dict[str, str]:  # noqa: ANN401 - the library has no common type of nodes
    """Return the labels of what `absent` returns: of the plain matchers of a selector that has one of the label."""
    selector = argument.vector_selector if isinstance(argument, _MATRIX) else argument
    while isinstance(selector, promql_parser.ParenExpr):
        selector = selector.expr
    if not isinstance(selector, promql_parser.VectorSelector):
        return {}
    matchers = [one for one in selector.matchers.matchers if one.name != "__name__"]
    names = [one.name for one in matchers]
    return {one.name: one.value for one in matchers if str(one.op).endswith(".Equal") and names.count(one.name) == 1}


def _vectors(node: promql_parser.Call) -> Iterator[Any]:
    return (one for one in node.args if not _scalar(one))


def _scalar(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        return _scalar(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        return _scalar(node.lhs) and _scalar(node.rhs)
    if isinstance(node, promql_parser.Call):
        return bool(node.func.return_type == promql_parser.ValueType.Scalar)
    return isinstance(node, _SCALARS)
