"""What the syntax trees of users' queries show: the labels that results can carry, and the ranges that queries read.

`template` and `compiler.checks` use this module. The rules are those of Prometheus ("operators": vector matching,
aggregation). Where the tree leaves a question open, the answer is that everything is possible, so that no finding
results.
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
    """The labels that a result can carry: only the `named` ones or, with `others`, all except the named ones."""

    named: frozenset[str] = frozenset()
    others: bool = True

    def __contains__(self, label: str) -> bool:
        return (label in self.named) != self.others

    def kept(self, labels: frozenset[str]) -> Labels:
        """Return the labels that remain if only `labels` are kept."""
        return Labels(frozenset(label for label in labels if label in self), others=False)

    def without(self, labels: frozenset[str]) -> Labels:
        """Return the labels that remain if `labels` are dropped."""
        return Labels(self.named | labels if self.others else self.named - labels, others=self.others)

    def within(self, labels: frozenset[str]) -> bool:
        """Return whether the result can carry no labels but these."""
        return not self.others and self.named <= labels

    def joined(self, other: Labels) -> Labels:
        """Return the labels that one result or the other can carry."""
        if self.others and other.others:
            return Labels(self.named & other.named)
        if self.others or other.others:
            wide, narrow = (self, other) if self.others else (other, self)
            return Labels(wide.named - narrow.named)
        return Labels(self.named | other.named, others=False)


ANY: Final = Labels()
NONE: Final = Labels(others=False)

_SELECTING: Final = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that select series and keep their labels."""
_SCALARS: Final = (promql_parser.NumberLiteral, promql_parser.StringLiteral)


def carried(expression: str) -> Labels:
    """Return the labels that the result of an expression can carry; all labels where it nests too deep."""
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
    """Return the labels that `absent` adds, where the whole expression is an `absent`; else None."""
    node = tree(expression)
    while isinstance(node, promql_parser.ParenExpr):
        node = node.expr
    named = isinstance(node, promql_parser.Call) and node.func.name in ABSENT
    return absent_labels(node.args[0]) if named else None


def has_value_without_data(expression: str) -> bool:
    """Return whether an expression may have a value although its metrics have no data."""
    return any(
        (isinstance(node, promql_parser.Call) and (node.func.name in _WITHOUT_DATA or not node.args))
        or (isinstance(node, promql_parser.BinaryExpr) and str(node.op) in {"or", "unless"})
        for node in nodes(tree(expression))
    )


_WITHOUT_DATA: Final = frozenset({"absent", "absent_over_time", "scalar", "vector"})


def lost_buckets(expression: str) -> str | None:
    """Return the name of a classic histogram whose quantile is computed without `le`; None where there is none."""
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.Call) and node.func.name == "histogram_quantile":
            inner = node.args[1]
            buckets = (
                selector.metric for selector in selectors(str(inner.prettify())) if selector.metric.endswith("_bucket")
            )
            name = next(buckets, None)
            if name is not None and "le" not in _carried(inner):
                return name
    return None


def counted(expression: str) -> frozenset[Selector]:
    """Return the selectors of an expression that it reads by `increase`, `irate` or `rate`."""
    rising: set[Selector] = set()
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.Call) and node.func.name in {"increase", "irate", "rate"}:
            rising |= {selector for argument in node.args for selector in selectors(str(argument.prettify()))}
    return frozenset(rising)


def selectors(expression: str) -> tuple[Selector, ...]:
    """Return the distinct selectors of an expression that name a metric."""
    named = []
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            with suppress(PromQLError):
                named.append(selector_of(node))
    return tuple(dict.fromkeys(named))


def shortest_range(expression: str) -> int | None:
    """Return the seconds of the shortest range that needs two samples; None where there is none."""
    ranges = (
        int(argument.range.total_seconds())
        for node in nodes(tree(expression))
        if isinstance(node, promql_parser.Call) and node.func.name in _COUNTING
        for argument in node.args
        if isinstance(argument, _MATRIX)
    )
    return min(ranges, default=None)


def quoted_labels(expression: str) -> frozenset[str]:
    """Return the labels of an expression whose names need quotes, which Prometheus 2 cannot parse."""
    labels: set[str] = set()
    for node in nodes(tree(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            labels |= {matcher.name for matcher in node.matchers.matchers}
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels |= set(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            labels |= set(node.modifier.group_labels or ())
            labels |= set(node.modifier.matching.labels if node.modifier.matching else ())
        elif isinstance(node, promql_parser.Call) and node.func.name in _LABELLING:
            labels |= {argument.val for argument in node.args[1:2] if isinstance(argument, promql_parser.StringLiteral)}
    return frozenset(label for label in labels if not LABEL_NAME.match(label))


def functions(expression: str) -> frozenset[str]:
    """Return the functions that an expression calls."""
    return frozenset(node.func.name for node in nodes(tree(expression)) if isinstance(node, promql_parser.Call))


_LABELLING: Final = frozenset({"label_join", "label_replace"})


def nodes(root: Any) -> Iterator[Any]:  # noqa: ANN401 - the library has no common type of nodes
    """Yield the nodes of a tree; the library's own walk takes a minute if parentheses nest a thousand deep."""
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
"""Functions that have no value until the range holds two samples."""


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
    if operator in _SELECTING:
        return inner
    if modifier is None:
        kept = NONE
    else:
        labels = frozenset(modifier.labels)
        is_by = modifier.type == promql_parser.AggModifierType.By
        kept = inner.kept(labels) if is_by else inner.without(labels)
    if operator == "count_values" and isinstance(node.param, promql_parser.StringLiteral):
        return kept.joined(Labels(frozenset({node.param.val}), others=False))
    return kept


def _combined(node: promql_parser.BinaryExpr) -> Labels:
    """Return the labels of a binary operation: those of the side whose series the result keeps."""
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
        many_side = left if modifier.card == cardinality.ManyToOne else right
        return many_side.joined(Labels(frozenset(modifier.group_labels or ()), others=False))
    if modifier.matching is None:
        return left
    labels = frozenset(modifier.matching.labels)
    is_on = modifier.matching.type == promql_parser.LabelModifierType.Include
    return left.kept(labels) if is_on else left.without(labels)


def _called(node: promql_parser.Call) -> Labels:
    name, vectors = node.func.name, list(_vectors(node))
    if name in ABSENT:
        return Labels(frozenset(absent_labels(node.args[0])), others=False)
    if name == "info":
        return ANY
    if node.func.return_type == promql_parser.ValueType.Scalar or not vectors:
        return NONE
    carried_labels = _carried(vectors[0])
    if name in _LABELLING:
        return carried_labels.joined(Labels(frozenset({node.args[1].val}), others=False))
    return carried_labels.without(frozenset({"le"})) if name == "histogram_quantile" else carried_labels


ABSENT: Final = frozenset({"absent", "absent_over_time"})


def absent_labels(argument: Any) -> dict[str, str]:  # noqa: ANN401 - the library has no common type of nodes
    """Return the labels that `absent` adds: those of `=` matchers whose label has no second matcher."""
    selector = argument.vector_selector if isinstance(argument, _MATRIX) else argument
    while isinstance(selector, promql_parser.ParenExpr):
        selector = selector.expr
    if not isinstance(selector, promql_parser.VectorSelector):
        return {}
    matchers = [matcher for matcher in selector.matchers.matchers if matcher.name != "__name__"]
    names = [matcher.name for matcher in matchers]
    return {
        matcher.name: matcher.value
        for matcher in matchers
        if str(matcher.op).endswith(".Equal") and names.count(matcher.name) == 1
    }


def _vectors(node: promql_parser.Call) -> Iterator[Any]:
    return (argument for argument in node.args if not _scalar(argument))


def _scalar(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        return _scalar(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        return _scalar(node.lhs) and _scalar(node.rhs)
    if isinstance(node, promql_parser.Call):
        return bool(node.func.return_type == promql_parser.ValueType.Scalar)
    return isinstance(node, _SCALARS)
