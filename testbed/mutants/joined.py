"""The matchers that both sides of an operator have on the labels they are joined by: either of the two is enough.

`equivalent.py` asks. In `sum by (pod) (a{pod=~"x"}) / sum by (pod) (b{pod=~"x"})` a pod that one side does not let
through finds no partner.
"""

from typing import Any

import promql_parser

_Demands = frozenset[tuple[str, str, str]]
_NONE: _Demands = frozenset()
_JOINS = {"/", "*", "+", "-", "and"}


def drops_what_the_other_side_demands(before: str, after: str) -> bool:
    """Return whether one side of a join has lost a matcher that the other side still has, and nothing else."""
    try:
        old, new = _sides(promql_parser.parse(before)), _sides(promql_parser.parse(after))
    except ValueError:
        return False
    if old is None or new is None:
        return False
    for one, other in ((0, 1), (1, 0)):
        lost = old[one] - new[one]
        if lost and new[one] < old[one] and old[other] == new[other] and lost <= new[other]:
            return True
    return False


def _sides(node: Any) -> tuple[_Demands, _Demands] | None:  # noqa: ANN401  # the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr):
        return _sides(node.expr)
    if not isinstance(node, promql_parser.BinaryExpr):
        return None
    if isinstance(node.rhs, promql_parser.NumberLiteral):
        return _sides(node.lhs)
    return (_demanded(node.lhs), _demanded(node.rhs)) if str(node.op) in _JOINS else None


def _demanded(node: Any) -> _Demands:  # noqa: ANN401
    """Return the matchers on labels that a part is aggregated by."""
    if isinstance(node, promql_parser.ParenExpr):
        return _demanded(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        kept = isinstance(node.rhs, promql_parser.NumberLiteral)
        return _demanded(node.lhs) if kept else _NONE
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
        is_by = node.modifier.type == promql_parser.AggModifierType.By
        return frozenset(one for one in _selected(node.expr) if is_by and one[0] in node.modifier.labels)
    return _NONE


def _selected(node: Any) -> _Demands:  # noqa: ANN401
    """Return the matchers of the one selector within functions."""
    if isinstance(node, promql_parser.Call):
        found = [demands for one in node.args if (demands := _selected(one))]
        return found[0] if len(found) == 1 else _NONE
    if isinstance(node, promql_parser.MatrixSelector):
        return _selected(node.vector_selector)
    if isinstance(node, promql_parser.VectorSelector):
        return frozenset((one.name, str(one.op), one.value) for one in node.matchers.matchers)
    return _NONE
