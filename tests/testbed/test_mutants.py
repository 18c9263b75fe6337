import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.compilation import compile_spec
from compiler.output import write
from testbed.mutants import __main__ as command
from testbed.mutants.alertmanager import alertmanager_mutants
from testbed.mutants.carried import carried_labels
from testbed.mutants.choice import Listing, choose, listing
from testbed.mutants.directory import ALERTMANAGER, Directory, read_directory
from testbed.mutants.equivalent import reason_to_exclude
from testbed.mutants.expressions import differences, steps
from testbed.mutants.joined import drops_what_the_other_side_demands
from testbed.mutants.mutant import GONE, Mutant
from testbed.mutants.narrowing import narrowed_rules
from testbed.mutants.observable import observable
from testbed.mutants.proof import Proof, Verdict
from testbed.mutants.rules import Surroundings, label_values, rule_mutants
from testbed.servers import Servers

RULES: dict[str, Any] = yaml.safe_load(
    """
    groups:
    - name: shop.errors
      rules:
      - record: errors:rate
        expr: sum by (job) (errors)
        labels: {system: shop}
      - alert: ShopErrors
        expr: errors:rate > 5
        for: 2m
        labels: {severity: warning, job: '{{ $labels.job }}'}
        annotations: {summary: '{{ $value | humanize }} errors.'}
      - alert: ShopErrors
        expr: errors:rate > 9
        labels: {severity: critical}
    """
)

CONFIG: dict[str, Any] = yaml.safe_load(
    """
    route:
      receiver: chat
      group_by: [alertname]
      group_wait: 30s
      routes:
      - {receiver: pager, matchers: ['severity="critical"']}
      - {receiver: chat, matchers: ['severity="warning"']}
      - {receiver: chat, matchers: ['team=~"a|b"']}
    inhibit_rules:
    - {source_matchers: ['severity="critical"'], target_matchers: [signal!=""], equal: [alertname]}
    receivers:
    - name: chat
      webhook_configs: [{url: 'http://chat.example.com', send_resolved: true}]
    - name: pager
      pagerduty_configs: [{routing_key_file: key}]
    """
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 1", {("metric", "ax > 1"), ("comparator", "a >= 1"), ("comparator", "a < 1"), ("limit", "a > 2"), ("limit", "a > 0")}),
        ("a <= bool 10", {("metric", "ax <= bool 10"), ("comparator", "a < bool 10"), ("comparator", "a >= bool 10"), ("limit", "a <= bool 11"), ("limit", "a <= bool 9")}),
        ("a == 0", {("metric", "ax == 0"), ("comparator", "a != 0"), ("limit", "a == 1"), ("limit", "a == -1")}),
        ("a >= 1 / 60", {("metric", "ax >= 1 / 60"), ("comparator", "a > 1 / 60"), ("comparator", "a <= 1 / 60"), ("arithmetic", "a >= 1 * 60"), ("limit", "a >= 2 / 60"), ("limit", "a >= 0 / 60"), ("limit", "a >= 1 / 61"), ("limit", "a >= 1 / 59")}),
        ("1 - a * 0.5", {("number", "2 - a * 0.5"), ("number", "0 - a * 0.5"), ("metric", "1 - ax * 0.5"), ("number", "1 - a * 0.6"), ("number", "1 - a * 0.4"), ("arithmetic", "1 + a * 0.5"), ("arithmetic", "1 - a / 0.5"), ("scale dropped", "1 - a")}),
        ('count_values("v", a) > (2)', {("string", 'count_values("vx", a) > (2)'), ("metric", 'count_values("v", ax) > (2)'), ("comparator", 'count_values("v", a) >= (2)'), ("comparator", 'count_values("v", a) < (2)'), ("limit", 'count_values("v", a) > (3)'), ("limit", 'count_values("v", a) > (1)')}),
        ('a{b="c"}', {("metric", 'ax{b="c"}'), ("matcher", 'a{b!="c"}'), ("matcher", 'a{b="cx"}'), ("matcher dropped", "a{}")}),
        ('a{b!="",c!~"x > 1"}', {("metric", 'ax{b!="",c!~"x > 1"}'), ("matcher", 'a{b="",c!~"x > 1"}'), ("matcher", 'a{b!="x",c!~"x > 1"}'), ("matcher", 'a{b!="",c=~"x > 1"}'), ("matcher", 'a{b!="",c!~"x > 1x"}'), ("matcher dropped", 'a{c!~"x > 1"}'), ("matcher dropped", 'a{b!=""}')}),
        ('a{b=~"c|d"}', {("metric", 'ax{b=~"c|d"}'), ("matcher", 'a{b!~"c|d"}'), ("matcher", 'a{b=~"c|dx"}'), ("matcher", 'a{b=~"c"}'), ("matcher", 'a{b=~"d"}'), ("matcher dropped", "a{}")}),
        ("rate(a[5m])", {("function", "increase(a[5m])"), ("metric", "rate(ax[5m])"), ("range", "rate(a[10m])"), ("range", "rate(a[4m])")}),
        ("max_over_time(a[1h:1m])", {("function", "min_over_time(a[1h:1m])"), ("metric", "max_over_time(ax[1h:1m])"), ("range", "max_over_time(a[2h:1m])"), ("range", "max_over_time(a[48m:1m])"), ("range", "max_over_time(a[1h:2m])"), ("range", "max_over_time(a[1h:48s])")}),
        ("sum by (b, c) (a)", {("aggregation", "max by (b, c) (a)"), ("label dropped", "sum by (c) (a)"), ("label dropped", "sum by (b) (a)"), ("metric", "sum by (b, c) (ax)")}),
        ("min(a) and on (b) c", {("aggregation", "max(a) and on (b) c"), ("metric", "min(ax) and on (b) c"), ("set operator", "min(a) unless on (b) c"), ("label dropped", "min(a) and on () c"), ("metric", "min(a) and on (b) cx")}),
        ("a / 1000", {("metric", "ax / 1000"), ("arithmetic", "a * 1000"), ("number", "a / 1001"), ("number", "a / 999"), ("scale dropped", "a")}),
        ("(a * 60 or b * 0) > 3 * 2", {("metric", "(ax * 60 or b * 0) > 3 * 2"), ("metric", "(a * 60 or bx * 0) > 3 * 2"), ("arithmetic", "(a / 60 or b * 0) > 3 * 2"), ("arithmetic", "(a * 60 or b / 0) > 3 * 2"), ("arithmetic", "(a * 60 or b * 0) > 3 / 2"), ("number", "(a * 61 or b * 0) > 3 * 2"), ("number", "(a * 59 or b * 0) > 3 * 2"), ("number", "(a * 60 or b * 1) > 3 * 2"), ("number", "(a * 60 or b * -1) > 3 * 2"), ("scale dropped", "(a or b * 0) > 3 * 2"), ("set operator", "(a * 60 and b * 0) > 3 * 2"), ("comparator", "(a * 60 or b * 0) >= 3 * 2"), ("comparator", "(a * 60 or b * 0) < 3 * 2"), ("limit", "(a * 60 or b * 0) > 4 * 2"), ("limit", "(a * 60 or b * 0) > 2 * 2"), ("limit", "(a * 60 or b * 0) > 3 * 3"), ("limit", "(a * 60 or b * 0) > 3 * 1")}),
        ("time() - a", {("metric", "time() - ax"), ("arithmetic", "time() + a")}),
    ],
)  # fmt: skip
def test_an_expression_is_changed_in_every_place_that_matters_and_in_no_other(
    text: str, expected: set[tuple[str, str]]
) -> None:
    """Comparators, numbers, matchers, ranges, functions, labels and names are changed once each; strings stay whole."""
    mutants = [(difference.kind, difference.text) for difference in differences(text)]
    assert set(mutants) == expected
    assert len(mutants) == len(expected)


NAIVE = "robust form replaced by naive"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'avg_over_time((sum by (a) (used{x="["} >= -Inf) / sum(max))[5m:15s]) > 1',
            {
                '(sum by (a) (used{x="["} >= -Inf) / sum(max)) > 1',
                '(sum by (a) (avg_over_time(used{x="["}[5m]) >= -Inf) / sum(avg_over_time(max[5m]))) > 1',
                'avg_over_time((sum by (a) (used{x="["}) / sum(max))[5m:15s]) > 1',
            },
        ),
        ("max_over_time((rate(a[1m]))[5m:1m])", {"(rate(a[1m]))"}),
        ("avg_over_time(a[5m])", set()),
        (
            "sum((a - a offset 5m unless resets(a[10m]) > 0) or (a unless a offset 5m) or round(increase(a[5m]))) > 5",
            {"sum(increase(a[5m])) > 5"},
        ),
        ("sum(round(increase(a[5m])))", set()),
        (
            "histogram_quantile(0.9, sum by (le) (rate(a[5m]))) / (sum(b) >= bool 0.9 * sum(c)) and sum(c) > 0",
            {"histogram_quantile(0.9, sum by (le) (rate(a[5m]))) and sum(c) > 0"},
        ),
        ("histogram_quantile(0.9, a) / 2", set()),
    ],
)
def test_a_robust_form_is_replaced_by_the_naive_one(text: str, expected: set[str]) -> None:
    """People often write the naive form; on made-up series both forms do the same."""
    naive_forms = [difference.text for difference in differences(text) if difference.kind == NAIVE]
    assert set(naive_forms) == expected
    assert len(naive_forms) == len(expected)


def test_the_difference_is_shown_with_what_is_around_it() -> None:
    """A person sees the change and not the whole of a long expression."""
    text = f"sum by (job) (rate({'long_' * 20}name[5m])) > 5"
    shown = next(difference for difference in differences(text) if difference.kind == "comparator")
    assert (shown.before[-6:], shown.after[-7:]) == (")) > 5", ")) >= 5")
    assert len(shown.before) < 50
    assert shown.before[0] == "…"


@pytest.mark.parametrize(
    ("number", "expected"),
    [("0.05", ("0.06", "0.04")), ("100", ("101", "99")), ("0.995", ("0.996", "0.994")), ("0", ("1", "-1")), ("0.2", ("0.3", "0.1"))],
)  # fmt: skip
def test_a_step_is_one_of_the_last_digit(number: str, expected: tuple[str, str]) -> None:
    """The step is exact: no binary fraction creeps in."""
    assert steps(number) == expected


def test_the_mutants_of_a_rule_file_are_all_of_its_fields() -> None:
    """Besides expressions these are `for` (an evaluation more or less, or none), labels, annotations, and the rule."""
    around = Surroundings(file="f", evaluation_seconds=60, values=label_values([RULES]))
    mutants = [
        (m.kind, m.place, m.before, m.after) for m in rule_mutants(RULES, around) if not m.place.endswith("expr")
    ]
    record, warning, critical = (
        f"shop.errors / {name}" for name in ("errors:rate", "ShopErrors (warning)", "ShopErrors (critical)")
    )
    text = "{{ $value | humanize }} errors."
    assert mutants == [
        ("label system", f"{record} / labels.system", "shop", "shopx"),
        ("label system", f"{record} / labels.system", "shop", "(none)"),
        ("rule dropped", record, "errors:rate", "(none)"),
        ("for", f"{warning} / for", "2m", "3m"),
        ("for", f"{warning} / for", "2m", "1m"),
        ("for", f"{warning} / for", "2m", "0s"),
        ("label severity", f"{warning} / labels.severity", "warning", "critical"),
        ("label severity", f"{warning} / labels.severity", "warning", "(none)"),
        ("label job", f"{warning} / labels.job", "{{ $labels.job }}", "{{ $labels.job }}x"),
        ("label job", f"{warning} / labels.job", "{{ $labels.job }}", "(none)"),
        ("annotation summary", f"{warning} / annotations.summary", text, f"{text}x"),
        ("annotation summary", f"{warning} / annotations.summary", text, "{{ $value }} errors."),
        ("annotation summary", f"{warning} / annotations.summary", text, "(none)"),
        ("rule dropped", warning, "ShopErrors (warning)", "(none)"),
        ("for", f"{critical} / for", "0s", "1m"),
        ("label severity", f"{critical} / labels.severity", "critical", "warning"),
        ("label severity", f"{critical} / labels.severity", "critical", "(none)"),
        ("rule dropped", critical, "ShopErrors (critical)", "(none)"),
    ]


def test_the_mutants_of_an_alertmanager_configuration_are_all_of_its_decisions() -> None:
    """Who is told, of what, when, together with what, and what is suppressed: each decision is changed and dropped."""
    mutants = [(m.kind, m.place, m.before, m.after) for m in alertmanager_mutants(CONFIG, ALERTMANAGER)]
    assert Counter(kind for kind, *_rest in mutants) == {
        "group_by": 1,
        "receiver swapped": 4,
        "timing": 2,
        "route removed": 3,
        "routes reordered": 2,
        "route matcher": 3 + 3 + 5,
        "inhibition matcher": 3 + 3,
        "equal shortened": 1,
        "inhibition removed": 1,
        "webhook_configs dropped": 1,
        "send_resolved": 1,
        "pagerduty_configs dropped": 1,
    }
    place = "route / routes / 2 (chat) / matchers / 0"
    assert [(before, after) for _kind, at, before, after in mutants if at == place] == [
        ('team=~"a|b"', 'team!~"a|b"'),
        ('team=~"a|b"', 'team=~"a|bx"'),
        ('team=~"a|b"', 'team=~"b"'),
        ('team=~"a|b"', 'team=~"a"'),
        ('team=~"a|b"', "(none)"),
    ]
    assert ("timing", "route / group_wait", "group_wait: 30s", "group_wait: 1m30s") in mutants
    assert ("receiver swapped", "route / receiver", "chat", "pager") in mutants


def test_every_mutant_changes_its_document_and_leaves_the_original_alone() -> None:
    """A mutant that is no change would survive for ever; one that spoils the original would spoil those after it."""
    documents = {"rules": copy.deepcopy(RULES), ALERTMANAGER: copy.deepcopy(CONFIG)}
    around = Surroundings(file="rules", evaluation_seconds=60, values={})
    mutants = [*rule_mutants(documents["rules"], around), *alertmanager_mutants(documents[ALERTMANAGER], ALERTMANAGER)]
    results = [repr(mutant.applied(documents[mutant.file])) for mutant in mutants]
    assert documents == {"rules": RULES, ALERTMANAGER: CONFIG}
    assert len({*results, repr(RULES), repr(CONFIG)}) == len(mutants) + 2


def test_only_what_nobody_could_notice_is_left_out_and_each_for_a_reason() -> None:
    """A constant may have any value and routes that share no alert any order; a mutant with another effect stays."""
    watchdog = {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}}
    constant = {"alert": "Told", "expr": "vector(1)", "annotations": {"value": "{{ $value }}"}}
    rules: dict[str, Any] = {"groups": [{"name": "g", "rules": [watchdog, constant]}]}
    directory = Directory(path=Path(), rules={"r": rules}, tests={}, alertmanager=CONFIG)
    listed = listing(directory)
    assert sorted(listed.excluded.values()) == [1, 2]
    kept = [mutant.place for mutant in listed.mutants if mutant.kind == "number"]
    assert kept == ["g / Told / expr"] * 2
    assert [mutant.before for mutant in listed.mutants if mutant.kind == "routes reordered"] == ["chat, chat"]
    assert all(reason_to_exclude(mutant, directory.document(mutant.file)) is None for mutant in listed.mutants)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("sum(rate(a[5m])) * 0", {"sum(increase(a[5m])) * 0", "max(rate(a[5m])) * 0"}),
        ("sum(rate(a[5m])) * 2", set()),
        ("sum(increase(a[5m])) > bool 0", {"sum(rate(a[5m])) > bool 0"}),
        ("sum(increase(a[5m])) > bool 1", set()),
        ("sum(increase(a[5m])) > 0", set()),
        ("histogram_quantile(0.9, sum by (le) (rate(a[5m])))", {"histogram_quantile(0.9, sum by (le) (increase(a[5m])))"}),
        ("sum(a) and sum(rate(b[5m]))", {"sum(a) and max(rate(b[5m]))", "sum(a) and sum(increase(b[5m]))"}),
        ("sum(a) and sum(b) > 1", set()),
    ],
)  # fmt: skip
def test_an_expression_that_must_have_the_same_result_is_told_from_one_that_need_not(text: str, same: set[str]) -> None:
    """A factor or a value that changes no result is no mistake; everywhere else it is one."""
    assert {
        difference.text for difference in differences(text) if observable(difference.text) == observable(text)
    } == same


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ('a{b="c",d!="e",f=~"g",h=""} > 1', {("b", "c")}),
        ('(a{b="c"} > 1) and on (x) d{e="f"}', {("b", "c")}),
        ('a{b="c",d="e"} or a{b="c",d="f"}', {("b", "c")}),
        ('a{b="c",d="e"} * on (d) e', set()),
        ('sum by (b) (a{b="c",d="e"})', {("b", "c")}),
        ('sum without (b) (a{b="c",d="e"})', {("d", "e")}),
        ('sum(a{b="c"})', set()),
        ('absent(a{b="c"})', set()),
        ('last_over_time(a{b="c"}[1d]) unless on (x) d', {("b", "c")}),
        ('rate(a{b="c"}[5m])', set()),
        ('a{b="c"', set()),
    ],
)
def test_only_labels_that_a_result_has_with_certainty_are_carried(text: str, carried: set[tuple[str, str]]) -> None:
    """A label is certain if the series are selected by one value of it and no operation takes it away."""
    assert carried_labels(text) == carried


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('sum by (p) (a{p="1"}) / sum by (p) (b{p="1"}) > 1', 'sum by (p) (a) / sum by (p) (b{p="1"}) > 1', True),
        ('sum by (p) (a{p="1"}) / sum by (p) (b) > 1', "sum by (p) (a) / sum by (p) (b) > 1", False),
        ('sum by (q) (a{p="1"}) / sum by (q) (b{p="1"})', 'sum by (q) (a) / sum by (q) (b{p="1"})', False),
        ('sum by (p) (a{p="1"}) or sum by (p) (b{p="1"})', 'sum by (p) (a) or sum by (p) (b{p="1"})', False),
        (
            'sum by (p) (a{p="1"}) / last_over_time((sum by (p) (b{p="1"}) > 0)[5m:1m])',
            'sum by (p) (a{p="1"}) / last_over_time((sum by (p) (b) > 0)[5m:1m])',
            True,
        ),
        (
            'sum by (p) (a{p="1"}) / last_over_time((sum by (q) (b{p="1"}) > 0)[5m:1m])',
            'sum by (p) (a{p="1"}) / last_over_time((sum by (q) (b) > 0)[5m:1m])',
            False,
        ),
        ('sum(c unless a{p="1"} >= a{p="1"} offset 5m)', 'sum(c unless a >= a{p="1"} offset 5m)', True),
        ('sum(c unless a{p="1"} >= a{p="1"} offset 5m)', "sum(c unless a >= a offset 5m)", False),
        ('a{p="1"} unless b{p="1"}', 'a unless b{p="1"}', False),
        ('a{p="1"} > on (q) b{p="1"}', 'a > on (q) b{p="1"}', False),
        ('sum by (p) (rate(a{p="1"}[5m])) / (b{p="1"} > 0)', 'sum by (p) (rate(a[5m])) / (b{p="1"} > 0)', False),
    ],
)
def test_a_matcher_is_missed_unless_the_other_side_of_a_join_has_it_on_the_same_label(
    before: str, after: str, *, same: bool
) -> None:
    """A component that one side lets through finds no partner in the other."""
    assert drops_what_the_other_side_demands(before, after) is same


def test_a_fallback_is_missed_unless_other_windows_have_one_too() -> None:
    """Each of a budget's windows alone says that nothing has gone well; a ratio of one window must say it itself."""
    around = Surroundings(file="f", evaluation_seconds=60, values={})
    rule = {"record": "a", "expr": "(sum(a) or sum(b) * 0) / (sum(b) > 0)"}
    for rules, excluded in ([rule], False), ([rule, {**rule, "record": "b"}], True):
        document = {"groups": [{"name": "g", "rules": rules}]}
        mutants = [mutant for mutant in rule_mutants(document, around) if mutant.kind == "set operator"]
        assert mutants
        assert all((reason_to_exclude(mutant, document) is not None) is excluded for mutant in mutants)


@pytest.mark.parametrize(("metrics", "same"), [(("a", "b"), True), (("a", "a"), False), (("", ""), False)])
def test_the_number_of_a_part_is_missed_where_two_parts_tell_of_one_metric(
    metrics: tuple[str, str], *, same: bool
) -> None:
    """Series that differ in another label stay apart without it; others would be told twice."""
    around = Surroundings(file="f", evaluation_seconds=60, values={})
    texts = [f'label_replace(x, "metric", "{metric}", "", "")' if metric else "vector(1)" for metric in metrics]
    rules = [{"record": "r", "expr": texts[0]}, {"record": "r", "expr": texts[1], "labels": {"part": "2"}}]
    document = {"groups": [{"name": "g", "rules": rules}]}
    mutants = [mutant for mutant in rule_mutants(document, around) if mutant.kind == "label part"]
    assert mutants
    assert all((reason_to_exclude(mutant, document) is not None) is same for mutant in mutants)


def test_a_label_that_the_series_bring_along_need_not_be_noticed_when_it_is_dropped() -> None:
    """Dropping it changes no alert; setting it to another value does, and so does dropping any other."""
    rule = {"alert": "A", "expr": 'a{system="shop"} > 1', "labels": {"system": "shop", "team": "t"}}
    rules: dict[str, Any] = {"groups": [{"name": "g", "rules": [rule]}]}
    listed = listing(Directory(path=Path(), rules={"r": rules}, tests={}, alertmanager=None))
    assert listed.excluded.total() == 1
    kept = [(mutant.before, mutant.after) for mutant in listed.mutants if mutant.kind.startswith("label")]
    assert kept == [("shop", "shopx"), ("t", "tx"), ("t", "(none)")]


def fake(kind: str, number: int) -> Mutant:
    return Mutant(kind=kind, file="f", place=f"place {number}", keys=("k", number), value=GONE, before="b", after="a")


def test_a_seed_chooses_the_same_mutants_again_and_another_seed_others() -> None:
    """A survivor that somebody reports can be found again, whatever the order in which the mutants were listed."""
    mutants = [fake("limit", number) for number in range(100)]
    chosen = choose(mutants, 1, 10)
    assert chosen == choose(list(reversed(mutants)), 1, 10)
    assert chosen != choose(mutants, 2, 10)
    assert len(chosen) == 10


def test_rare_kinds_are_tried_however_many_there_are_of_others() -> None:
    """The kinds take turns; a kind with none left gives its turns to the others."""
    mutants = [*(fake("limit", number) for number in range(50)), fake("equal", 0), fake("for", 0), fake("for", 1)]
    assert Counter(mutant.kind for mutant in choose(mutants, 1, 9)) == {"equal": 1, "for": 2, "limit": 6}
    assert len(choose(mutants, 1, 1000)) == len(mutants)


def test_a_new_mutant_does_not_reshuffle_the_others() -> None:
    """A new rule adds its own mutants to those that are tried, and changes nothing else."""
    mutants = [fake("limit", number) for number in range(50)]
    before, after = choose(mutants, 1, 20), choose([*mutants, fake("limit", 50)], 1, 20)
    assert len(set(map(repr, before)) - set(map(repr, after))) <= 1


def test_a_survivor_is_printed_with_its_place_and_its_difference_and_fails_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The report shows which expectation is missing; the counts give the other mutants by kind."""
    verdicts = {0: Verdict.NOTICED, 1: Verdict.SURVIVED, 2: Verdict.REFUSED}
    mutants = [fake("limit", number) for number in verdicts]
    listed = Listing(mutants=tuple(mutants), excluded=Counter({"it is the same": 3}))
    assert command.report(mutants, listed, lambda mutant: verdicts[int(mutant.keys[1])]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == ["SURVIVED  limit", "  f", "  place 1", "  - b", "  + a"]
    assert sum(line.startswith("SURVIVED") for line in lines) == 1
    assert "left out: 3, because it is the same" in lines
    assert next(line for line in lines if line.startswith("limit")).split() == ["limit", "1", "1", "1"]


def test_without_a_survivor_the_run_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """Noticed and refused mutants are both good."""
    mutants = [fake("limit", 0)]
    assert command.report(mutants, Listing(mutants=tuple(mutants), excluded=Counter()), lambda _: Verdict.REFUSED) == 0
    assert "SURVIVED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("expr", "kept"),
    [
        ("c > 1", ["own"]),
        ("recorded > 1", ["recorder", "source", "own"]),
        ('ALERTS{alertname="Other"} and c', ["other", "own"]),
        ('{job="c"} > 1', ["recorder", "source", "other", "own"]),
        ('{__name__=~"rec.*"} > 1', ["recorder", "source", "other", "own"]),
    ],
)
def test_a_narrowed_rule_file_keeps_what_the_asked_alert_can_see(expr: str, kept: list[str]) -> None:
    """It keeps what the alert reads, what that reads in turn, and everything if a selector names no single metric."""
    rules = {
        "recorder": {"record": "recorded", "expr": "source * 2"},
        "source": {"record": "source", "expr": "a"},
        "other": {"alert": "Other", "expr": "b > 1"},
        "own": {"alert": "Own", "expr": expr},
    }
    document = {"groups": [{"name": name, "rules": [rule]} for name, rule in rules.items()]}
    test = {"rule_files": ["r.yml"], "tests": [{"alert_rule_test": [{"alertname": "Own"}]}]}
    assert [group["name"] for group in narrowed_rules(document, test)["groups"]] == kept
    assert narrowed_rules(document, {**test, "rule_files": ["r.yml", "s.yml"]}) == document


WEAK = """
rule_files: [../rules/shop.rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series: [{series: 'errors{job="a"}', values: '%s'}]
  alert_rule_test:
  - {eval_time: 1m, alertname: ShopErrors, exp_alerts: []}
  - eval_time: 9m
    alertname: ShopErrors
    exp_alerts: [{exp_labels: {severity: warning, job: a}}]
"""
STRONG = """
rule_files: [../rules/shop.rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series: [{series: 'errors{job="a"}', values: '5x20'}]
  alert_rule_test: [{eval_time: 9m, alertname: ShopErrors, exp_alerts: []}]
- interval: 1m
  input_series: [{series: 'errors{job="a"}', values: '6x20'}]
  alert_rule_test:
  - eval_time: 9m
    alertname: ShopErrors
    exp_alerts: [{exp_labels: {severity: warning, job: a}}]
"""
ONE_RULE = """
groups:
- name: shop
  rules:
  - {alert: ShopErrors, expr: errors > 5, for: 2m, labels: {severity: warning}}
"""


def written(folder: Path, rules: str, test: str) -> Path:
    for name, text in {"rules/shop.rules.yml": rules, "tests/shop.test.yml": test}.items():
        file = folder / "prometheus" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return folder


@pytest.mark.acceptance
def test_a_weak_test_lets_a_mutant_survive_and_a_strong_one_does_not(
    newest_servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value far above the limit proves that the alert fires, not where; one step above proves the limit."""
    weak = written(tmp_path / "weak", ONE_RULE, WEAK % "9x20")
    assert command.main([str(weak), "--all", "--kind", "limit"]) == 1
    printed = capsys.readouterr().out
    assert "  - errors > 5\n  + errors > 6\n" in printed
    assert "2 mutants, 2 survived" in printed
    sound = written(tmp_path / "strong", ONE_RULE, STRONG)
    assert command.main([str(sound), "--all", "--kind", "limit", "--kind", "comparator"]) == 0
    assert "4 mutants, 0 survived" in capsys.readouterr().out


@pytest.mark.acceptance
def test_a_scale_that_is_dropped_is_noticed_whatever_it_is_a_scale_of(
    newest_servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each binding of this house needs a scale; without it the alert would fire for ever, or never."""
    compilation = compile_spec(Path(__file__).parent / "data" / "scaled" / "thresholds.yaml")
    write(tmp_path / "generated", compilation.artifacts)
    bindings = len([group for group in compilation.groups if group.watched.bound.binding.units])
    assert command.main([str(tmp_path / "generated"), "--all", "--kind", "scale dropped"]) == 0
    assert bindings > 20
    assert f"{bindings} mutants, 0 survived" in capsys.readouterr().out


@pytest.mark.acceptance
def test_tests_that_fail_before_anything_is_broken_prove_nothing(
    newest_servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise every mutant would seem to be noticed."""
    failing = written(tmp_path, ONE_RULE, WEAK % "1x20")
    assert command.main([str(failing)]) == 2
    assert "FAILED" in capsys.readouterr().err


@pytest.mark.acceptance
def test_what_the_tools_refuse_counts_as_refused_and_what_another_group_shows_as_noticed(
    newest_servers: Servers, tmp_path: Path
) -> None:
    """A template that does not parse cannot be loaded; a rule that another group reads is proved there."""
    rules = ONE_RULE.replace("errors > 5", "twice > 9") + "- {name: base, rules: [{record: twice, expr: errors * 2}]}\n"
    path = written(tmp_path, rules, WEAK % "9x20")
    proof = Proof(directory=read_directory(path), servers=newest_servers, routing=lambda *_: [])
    assert proof.complaints() == []
    file = "prometheus/rules/shop.rules.yml"
    broken = Mutant(
        kind="k", file=file, place="p", keys=("groups", 0, "rules", 0, "expr"), value=")", before="", after=""
    )
    elsewhere = Mutant(kind="k", file=file, place="p", keys=("groups", 1, "rules", 0), value=GONE, before="", after="")
    assert [proof.judge(mutant) for mutant in (broken, elsewhere)] == [Verdict.REFUSED, Verdict.NOTICED]


def test_a_directory_without_rules_is_no_success(
    newest_servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call with nothing to mutate is a mistake."""
    assert command.main([str(tmp_path)]) == 2
    assert "no rule file" in capsys.readouterr().err
