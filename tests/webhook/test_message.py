"""Tests of the content that every channel shows, before it is laid out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from tests.webhook.samples import NOON, alert, incident_of, message_of
from webhook.catalog.model import Catalog
from webhook.incidents.incident import Acknowledged
from webhook.incidents.transitions import transition
from webhook.render.message import MOST_LISTED, NO_RUNBOOK, alert_lines, compose
from webhook.render.wording import Context

POOL = "ApiPlatformConnectionPool"


def test_message_says_what_is_wrong_who_is_asked_and_by_when(catalog: Catalog) -> None:
    """It holds the value with its limit, the tier with its deadline, and the next level."""
    message = message_of(catalog, alert(component="checkout"))
    assert message.subject == "CRITICAL: API platform: Error ratio (checkout)"
    assert message.problem == "Error ratio is 7.3%, limit > 5%"
    assert message.since == "Since 11:50 UTC (10 min)."
    assert message.standing == "L1 DevOps team: acknowledge within 30 min, by 12:20 UTC."
    assert message.next_step == "If nobody has by 12:50 UTC (after 1 h), L2 Engineering manager is told."
    assert message.documented == "Limit documented in runbooks/api-platform.md:42: “Critical above 5 %.”"


def test_deadline_that_has_passed_is_said_to_have(catalog: Catalog) -> None:
    """A message can be sent late; the time in it must not mislead."""
    assert message_of(catalog, alert(), now=NOON + 3_600).standing.endswith("by 12:20 UTC (that time has passed).")


def test_emergency_wants_an_answer_now(catalog: Catalog) -> None:
    """Zero seconds give no deadline to compute."""
    message = message_of(
        catalog, alert("ApiPlatformCircuitBreaker", "emergency", annotations={"description": "3 of 4 calls fail."})
    )
    assert message.standing == "L1 DevOps team: acknowledge now."
    assert message.problem == "The circuit breaker to the backend is open."
    assert message.description == "3 of 4 calls fail."


def test_documented_sentence_is_quoted_without_its_markup(catalog: Catalog) -> None:
    """It is a line of a Markdown file; the address of a link would hide the text."""
    entry = catalog.alerts["ApiPlatformErrorRatio"]["critical"]
    assert entry.documented is not None
    line = replace(entry, documented=replace(entry.documented, text="- **Critical** above `5 %`, see [there](#x)."))
    changed = replace(catalog, alerts={entry.alert: {"critical": line}})
    assert message_of(changed, alert()).documented.endswith("“Critical above 5 %, see there.”")


def test_house_default_is_named_as_such(catalog: Catalog) -> None:
    """Nobody should look for a sentence that does not exist."""
    assert (
        message_of(catalog, alert(severity="warning")).documented
        == "The limit is a house default; the runbook states none."
    )


def test_unknown_severity_of_a_known_alert_has_no_limit_and_says_so(catalog: Catalog) -> None:
    """The value stands without a limit."""
    message = message_of(catalog, alert(severity="info"))
    assert message.problem == "Error ratio is 7.3%; the catalogue has no limit for severity info"
    assert message.documented == ""
    assert message.section is not None


def test_unknown_alert_says_that_no_runbook_is_known(catalog: Catalog) -> None:
    """The message shows the alert's own words."""
    message = message_of(
        catalog,
        alert(
            "Nobody",
            annotations={
                "summary": "Something  is\nwrong.",
                "description": "Long story",
                "runbook_url": "https://wiki.example.com/x",
            },
        ),
    )
    assert (message.problem, message.description, message.no_runbook, message.section) == (
        "Something is wrong.",
        "Long story",
        NO_RUNBOOK,
        None,
    )
    assert message.links[0].text == "Runbook named by the alert"


def test_missing_value_leaves_the_limit(catalog: Catalog) -> None:
    """A rule without the annotation is still told."""
    assert message_of(catalog, alert(annotations={})).problem == "Error ratio is beyond its limit (> 5%)"


def test_several_alerts_are_listed_by_what_tells_them_apart(catalog: Catalog) -> None:
    """The message lists some and counts the rest, truncated ones included."""
    alerts = [
        alert(instance=f"host-{number:02}", zone="a", annotations={"value": "0.06"})
        for number in range(MOST_LISTED + 2)
    ]
    message = message_of(catalog, *alerts, truncatedAlerts=5)
    assert len(message.alerts) == MOST_LISTED
    assert (message.alerts[0].name, message.alerts[0].brief) == ("instance=host-00", "6%")
    assert message.unlisted == "and 2 more, plus 5 further alerts that Alertmanager left out of its delivery"


def test_section_of_the_most_severe_alert_leads(catalog: Catalog) -> None:
    """The order of arrival does not count."""
    message = message_of(
        catalog, alert(severity="warning"), alert("ApiPlatformCircuitBreaker", "emergency", annotations={})
    )
    assert message.section is not None
    assert message.section.title == "Circuit breaker open"


def test_joined_alert_leads_its_own_message(catalog: Catalog) -> None:
    """The message tells the new alert, with the system's name."""
    message = message_of(catalog, alert(), alert(POOL, "warning", annotations={"value": "0.9"}), action="join")
    assert message.news == "New in this incident: API platform: Connection pool usage is 90%, limit >= 85 of 100"
    assert message.severity == "warning"


def test_commands_are_filled_from_the_leading_alert(catalog: Catalog) -> None:
    """A note names each placeholder that could not be filled."""
    section = message_of(catalog, alert(POOL, namespace="shop", pod="web-1")).section
    assert section is not None
    assert (
        next(command.text for command in section.commands.values()) == "kubectl --namespace shop logs web-1 --tail 100"
    )
    assert section.filled_from == "namespace=shop, pod=web-1"
    assert section.notes == ("<database> is left for you to fill in: the label database is not on this alert.",)


def test_the_line_that_explains_a_placeholder_goes_once_a_label_has_filled_it(catalog: Catalog) -> None:
    """A filled placeholder needs no explanation; one that is left to the reader keeps it."""
    section = message_of(catalog, alert(POOL, namespace="shop", pod="web-1")).section
    assert section is not None
    assert "is the alert's `pod` label" not in section.markdown
    assert "is the alert's `database` label" in section.markdown


def test_resolved_message_says_how_long_it_lasted(catalog: Catalog) -> None:
    """It counts from the first start to the last end, not to the time when Tocsin heard of it."""
    message = message_of(catalog, alert(), resolve=True)
    assert message.subject == "RESOLVED: API platform: Error ratio"
    assert message.since == "Lasted 8 min, from 11:50 UTC to 11:58 UTC."
    assert message.standing == "Resolved at 11:59 UTC by Alertmanager."
    assert message.next_step == ""


def test_acknowledged_message_names_who_is_on_it(catalog: Catalog) -> None:
    """The message shows no deadline; it says how long the acknowledgement holds."""
    incident = transition(incident_of(catalog, alert()), Acknowledged(actor="on-call"), NOON).incident
    assert incident is not None
    message = compose(incident, Context(catalog=catalog, now=NOON, public_url=None))
    assert message.standing == "Acknowledged by on-call at 12:00 UTC."
    assert message.next_step == "If it is not resolved by 13:00 UTC, L1 DevOps team is asked again."


def test_silence_is_prepared_for_what_the_alerts_have_in_common(catalog: Catalog) -> None:
    """One silence covers the whole incident, not one of its alerts; values are escaped for the matcher."""
    message = message_of(catalog, alert(instance="a", path='x"y\\z'), alert(instance="b", path='x"y\\z'))
    link = next(link for link in message.links if link.text == "Silence")
    assert link.url.startswith("http://alertmanager.example.com:9093/#/silences/new?filter=%7B")
    assert unquote(link.url).endswith(
        r'filter={alertname="ApiPlatformErrorRatio", path="x\"y\\z", severity="critical"}'
    )


def test_links_that_are_not_web_addresses_are_left_out(catalog: Catalog) -> None:
    """This holds for links of the alert and of Alertmanager."""
    message = message_of(catalog, alert(generator="javascript:alert(1)"), externalURL="file:///etc/passwd")
    assert [link.text for link in message.links] == ["Runbook section", "Incident 12"]


def test_component_says_how_many_others_are_affected(catalog: Catalog) -> None:
    """One component's name must not hide the other components."""
    assert (
        message_of(catalog, alert(component="a"), alert(component="b"), alert(component="c")).component
        == "a and 2 others"
    )


def test_page_lists_every_alert_those_that_ended_last(catalog: Catalog) -> None:
    """The page has room, so nothing is left out."""
    incident = incident_of(catalog, *(alert(instance=str(number)) for number in range(30)))
    ended = replace(incident.firings[0], ended_at=NOON, ended_by="alertmanager")
    lines = alert_lines(
        replace(incident, firings=(ended, *incident.firings[1:])), Context(catalog=catalog, now=NOON, public_url=None)
    )
    assert len(lines) == 30
    assert [line.firing for line in lines] == [True] * 29 + [False]
    assert lines[-1].since == "since 11:50 UTC, until 12:00 UTC"


def test_installations_are_told_apart_by_the_dimensions_of_the_catalogue(catalog: Catalog) -> None:
    """Two clusters have the same component; labels that it already shows, and other labels, are not shown."""
    known = replace(catalog, dimensions=("planet", "cluster", "zone"))
    message = message_of(known, alert(component="z1/checkout", cluster="eu", zone="z1", pod="a"))
    assert (message.component, message.installation) == ("z1/checkout", "cluster eu")
    assert message.subject == "CRITICAL: API platform: Error ratio (z1/checkout, cluster eu)"
    message_of_both = message_of(known, alert(cluster="eu", planet="earth"), alert(cluster="us", planet="earth"))
    assert message_of_both.subject == "CRITICAL: API platform: Error ratio (planet earth, cluster eu and 1 other)"
    assert message_of(catalog, alert(cluster="eu")).installation == ""
    assert "\n" not in message_of(known, alert(cluster="e\nu" * 100)).installation


def of_values(*values: tuple[str, str, str]) -> list[dict[str, object]]:
    """Return alerts by component, severity and value; each has begun a minute after the one before."""
    return [
        alert(
            component=component,
            severity=severity,
            started=f"2026-11-22T11:{number:02}:00Z",
            annotations={"value": value},
        )
        for number, (component, severity, value) in enumerate(values, start=10)
    ]


def test_worst_alert_leads_and_not_the_first(catalog: Catalog) -> None:
    """More severe is worse; of one severity, further beyond the limit; a value that says nothing counts as at the limit."""
    message = message_of(
        catalog,
        *of_values(
            ("first", "critical", "0.081"),
            ("without", "critical", "NaN"),
            ("worst", "critical", "0.204"),
            ("mild", "warning", "0.9"),
        ),
    )
    assert message.problem == "Error ratio is 20.4%, limit > 5%"
    assert message.component == "worst and 3 others"
    assert [line.name for line in message.alerts] == [
        f"component={name}" for name in ("worst", "first", "without", "mild")
    ]
    assert message.since == "Since 11:10 UTC (50 min)."


def test_lowest_value_is_the_worst_where_low_is_bad(catalog: Catalog) -> None:
    """A limit from below turns the order round; zero is the worst."""
    entry = catalog.alerts["ApiPlatformErrorRatio"]["critical"]
    low = replace(catalog, alerts={entry.alert: {"critical": replace(entry, comparator="<", limit="< 5%")}})
    values = of_values(("a", "critical", "0.04"), ("b", "critical", "0"), ("c", "critical", "0.001"))
    assert [line.name for line in message_of(low, *values).alerts] == ["component=b", "component=c", "component=a"]
