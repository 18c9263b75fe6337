"""Tests of messages laid out for the channels, and of a runbook section converted for each."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.samples import PATIENT, alert, message_of
from webhook.catalog.model import Catalog
from webhook.commands import Filled
from webhook.render import mail, pagerduty, slack
from webhook.render.markdown import fitting, html, pieces
from webhook.render.mrkdwn import SlackStyle, escape
from webhook.render.plain import PlainStyle

BASE = "https://git.example.com/ops/blob/main/runbooks/x.md#here"
HOSTILE = "<!channel> <@U1> <https://evil.example.com|bank> & *b* `c` ```\n@here </script><img src=x onerror=alert(1)>"


def slack_text(markdown: str, **commands: str) -> str:
    filled = {text: Filled(text=value, language="", notes=()) for text, value in commands.items()}
    return fitting(pieces(markdown, SlackStyle(), commands=filled, base=BASE), 10_000).text


def plain_text(markdown: str) -> str:
    return fitting(pieces(markdown, PlainStyle(), commands={}, base=BASE), 10_000).text


def texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [
        element["text"] for block in blocks for element in ([block["text"]] if "text" in block else block["elements"])
    ]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**a** *b* `c`", "*a* _b_ `c`"),
        ("### Title\n\ntext\nmore", "*Title*\n\ntext more"),
        ("- a\n- b\n  - c\n", "• a\n• b\n  • c"),
        ("3. a\n4. b\n", "3. a\n4. b"),
        ("> quoted\n> more", "> quoted more"),
        ("[a|b](https://x.example.com/?q=1|2&r=<3>)", "<https://x.example.com/?q=1%7C2&amp;r=%3C3%3E|a¦b>"),
        (
            "[below](#other) and [mail](mailto:a@b)",
            "<https://git.example.com/ops/blob/main/runbooks/x.md#other|below> and mail",
        ),
        ("![diagram](x.png) <pod-name> & <!channel>", "diagram &lt;pod-name&gt; &amp; &lt;!channel&gt;"),
        ("<!-- a note for writers -->\n\ntext", "text"),
        ("| a | b |\n|---|---|\n| 1 | `22` |", "```\na  b\n1  22\n```"),
        ("1. do\n\n   ```bash\n   run <x>\n   ```\n", "1. do\n```\nrun &lt;x&gt;\n```"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown: str, expected: str) -> None:
    """Slack has its own marks; code in lists is not indented, so that it can be copied."""
    assert slack_text(markdown) == expected


def test_markdown_becomes_plain_text() -> None:
    """Code is indented, and links show their addresses."""
    assert (
        plain_text("**a** [b](https://x.example.com)\n\n```\nrun <x>\n```\n\n- c\n")
        == "a b (https://x.example.com)\n\n    run <x>\n\n• c"
    )


def test_commands_appear_filled_where_they_stand() -> None:
    """The commands stand in the section itself, not in a list beside it."""
    assert (
        slack_text("```bash\nkubectl logs <pod>\n```", **{"kubectl logs <pod>": "kubectl logs web-1"})
        == "```\nkubectl logs web-1\n```"
    )


def test_code_cannot_end_its_own_block_in_slack() -> None:
    """Backticks within are replaced by characters that look alike."""
    text = slack_text("~~~\na\n```\n<!channel>\n~~~")
    assert text.count("```") == 2
    assert "<!" not in text


def test_html_holds_nothing_that_runs() -> None:
    """Whatever a runbook holds, the result is text, lists, code, and links to the web."""
    text = html(
        "<script>alert(1)</script> [x](javascript:alert(1)) [y](#z) ![i](https://x/y.png)\n\n<img src=x onerror=alert(1)>",
        commands={},
        base=BASE,
    )
    assert "<script" not in text
    assert "<img" not in text
    assert "javascript:" not in re.sub(r">[^<]*<", "><", text)
    assert 'href="https://git.example.com/ops/blob/main/runbooks/x.md#z"' in text


def test_html_commands_are_filled_and_escaped() -> None:
    """The commands have the same text as in the other channels."""
    filled = {"echo <x>": Filled(text="echo '<b>&'", language="bash", notes=())}
    assert "echo '&lt;b&gt;&amp;'" in html("```bash\necho <x>\n```", commands=filled, base=BASE)


def test_section_is_cut_between_blocks_and_items() -> None:
    """The section keeps whole pieces, or the first lines of the first piece if nothing else fits."""
    parts = pieces("one\n\n- two\n- three\n\n```\nfour\nfive\n```", PlainStyle(), commands={}, base=BASE)
    assert fitting(parts, 1_000).complete
    assert fitting(parts, 20).text == "one\n\n• two\n• three"
    assert fitting(parts, 12).text == "one\n\n• two"
    long = pieces("```\n" + "line\n" * 100 + "```", SlackStyle(), commands={}, base=BASE)
    cut = fitting(long, 60)
    assert not cut.complete
    assert cut.text.startswith("```\nline\n")
    assert cut.text.endswith("\n…\n```")


@PATIENT
@given(st.text(max_size=300))
def test_any_markdown_can_be_written_in_any_format(markdown: str) -> None:
    """No section breaks a page, and nothing in it reaches Slack as a command."""
    written = slack_text(markdown)
    plain_text(markdown)
    html(markdown, commands={}, base=BASE)
    assert not re.search(r"<(?!https?://)", written)


def test_slack_message_holds_everything_a_sleepy_person_needs(catalog: Catalog) -> None:
    """The order is: the problem, who must answer by when, what to do, where to look."""
    content = slack.layout(
        message_of(
            catalog,
            alert(
                "ApiPlatformConnectionPool",
                annotations={"value": "0.97"},
                namespace="shop",
                pod="web-1",
                component="checkout",
            ),
        )
    )
    shown = texts(content.blocks)
    assert content.blocks[0] == {
        "type": "header",
        "text": {
            "type": "plain_text",
            "text": "🔴 CRITICAL · API platform · Connection pool usage · checkout",
            "emoji": True,
        },
    }
    assert shown[1] == "*Connection pool usage is 97%, limit &gt;= 95 of 100*\nSince 11:50 UTC (10 min)."
    assert (
        shown[2]
        == "*L1 DevOps team*: acknowledge within 30 min, by 12:20 UTC. If nobody has by 12:50 UTC (after 1 h), L2 Engineering manager is told."
    )
    assert "runbooks/api-platform.md#connection-pool-exhaustion|Connection pool exhaustion>" in shown[3]
    assert "kubectl --namespace shop logs web-1 --tail 100" in shown[3]
    assert "Filled in from namespace=shop, pod=web-1." in shown[4]
    assert "|Silence>" in shown[5]
    assert "Not reached: SMS to DevOps team: not configured" in shown[6]
    assert (
        content.text
        == "🔴 CRITICAL · API platform · Connection pool usage · checkout: Connection pool usage is 97%, limit &gt;= 95 of 100. L1 DevOps team: acknowledge within 30 min, by 12:20 UTC."
    )


def test_resolved_slack_message_is_struck_and_short(catalog: Catalog) -> None:
    """The problem is struck through, and the instructions are gone."""
    content = slack.layout(message_of(catalog, alert(), resolve=True), action="resolve")
    shown = texts(content.blocks)
    assert shown[0].startswith("✅ RESOLVED")
    assert shown[1].startswith("~Error ratio is 7.3%, limit &gt; 5%~\nLasted 8 min")
    assert "rollout undo" not in json.dumps(content.blocks)


def test_slack_reply_about_a_new_kind_is_short_and_has_its_section(catalog: Catalog) -> None:
    """The reply stands under a message that shows the rest."""
    content = slack.layout(
        message_of(catalog, alert(), alert("ApiPlatformConnectionPool", annotations={"value": "0.97"}), action="join"),
        action="join",
    )
    shown = texts(content.blocks)
    assert shown[0].startswith("🔴 *New in this incident: API platform: Connection pool usage is 97%")
    assert "Connection pool exhaustion" in shown[1]


def limits_hold(blocks: list[dict[str, Any]]) -> None:
    assert len(blocks) <= slack.MOST_BLOCKS
    assert len(json.dumps(blocks, ensure_ascii=False)) <= 13_200
    for block in blocks:
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= slack.LONGEST_HEADER
        elif block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= slack.LONGEST_SECTION
        else:
            assert all(0 < len(element["text"]) <= slack.LONGEST_CONTEXT for element in block["elements"])


@pytest.mark.parametrize("size", [1, 40, 5_000])
@pytest.mark.parametrize("filler", ["x", "word ", "&", "\n", "```\n", "🔥", '"', "\\"])
def test_slack_limits_hold_whatever_comes(catalog: Catalog, size: int, filler: str) -> None:
    """The limits hold for long values, many alerts, and characters that grow when they are escaped."""
    text = filler * size
    alerts = [
        alert("Nobody", instance=f"{number}{text}", component=text, annotations={"summary": text, "description": text})
        for number in range(20)
    ]
    for action in ("open", "join"):
        limits_hold(slack.layout(message_of(catalog, *alerts, action=action), action=action).blocks)


@pytest.mark.parametrize(
    "markdown",
    [
        "word " * 5_000,
        "```\n" + "command --flag\n" * 2_000 + "```",
        "- item\n" * 5_000,
        "&" * 30_000,
        "x" * 30_000,
        "| a |\n|---|\n" + "| b |\n" * 9_000,
        '"' * 30_000,
    ],
)
def test_slack_limits_hold_for_a_huge_runbook_section(catalog: Catalog, markdown: str) -> None:
    """It is shortened, says so, links to the rest, and closes every code block."""
    message = message_of(catalog, alert())
    assert message.section is not None
    blocks = slack.layout(replace(message, section=replace(message.section, markdown=markdown))).blocks
    limits_hold(blocks)
    assert "the rest of this section" in json.dumps(blocks)
    assert all(text.count("```") % 2 == 0 for text in texts(blocks))


@pytest.mark.parametrize("place", ["alertname", "component", "instance", "summary", "description"])
def test_nothing_an_alert_says_calls_anybody_in_slack(catalog: Catalog, place: str) -> None:
    """Only our own links may begin with an unescaped `<`."""
    labels = {place: HOSTILE} if place in {"component", "instance"} else {}
    name = HOSTILE if place == "alertname" else "Nobody"
    alerts = [alert(name, annotations={place: HOSTILE}, **labels), alert(name, annotations={place: HOSTILE}, other="x")]
    content = slack.layout(message_of(catalog, *alerts))
    for text in [*texts(content.blocks[1:]), content.text]:
        assert not re.search(r"<(?!https?://[a-z.]*example\.com[:/])", text), text
        assert "<https://evil" not in text
    assert all(block["text"]["verbatim"] for block in content.blocks if block["type"] == "section")


def test_escape_is_slack_s_own() -> None:
    """Slack escapes these three characters and no others."""
    assert escape("<a> & \"b\" 'c'\x07") == "&lt;a&gt; &amp; \"b\" 'c'"


def test_pagerduty_event_has_its_links_outside_the_payload(catalog: Catalog) -> None:
    """The Events API needs it so; the details hold everything else that the page needs."""
    event = pagerduty.layout(
        message_of(catalog, alert("ApiPlatformCircuitBreaker", "emergency", annotations={}, instance="10.0.0.7:80"))
    )
    assert event["payload"]["severity"] == "critical"
    assert event["payload"]["source"] == "10.0.0.7:80"
    assert event["payload"]["timestamp"] == "2026-11-22T11:50:00Z"
    assert {link["text"] for link in event["links"]} == {"Runbook section", "Incident 12", "Prometheus", "Silence"}
    assert event["client_url"] == "https://tocsin.example.com/incidents/12"
    details = event["payload"]["custom_details"]
    assert (
        details["runbook"]
        == "Calls to the backend are refused before they are made.\n\n    curl http://10.0.0.7:80/health"
    )
    assert details["commands"] == ["curl http://10.0.0.7:80/health"]
    assert details["tier"] == "L1 DevOps team: acknowledge now."


def test_pagerduty_limits_hold(catalog: Catalog) -> None:
    """The summary has 1,024 characters at most, the event 512 KB."""
    alerts = [
        alert(
            "Nobody" * 1_000,
            instance=str(number) + "ü" * 50_000,
            annotations={"summary": "ü" * 50_000, "description": "ü" * 50_000},
        )
        for number in range(50)
    ]
    event = pagerduty.layout(message_of(catalog, *alerts))
    assert len(event["payload"]["summary"]) <= 1_024
    assert len(json.dumps(event).encode()) < 512_000 / 4


def test_mail_has_a_text_and_an_html_part_that_say_the_same(catalog: Catalog) -> None:
    """Whoever reads only one of them misses nothing."""
    content = mail.layout(
        message_of(
            catalog, alert("ApiPlatformConnectionPool", annotations={"value": "0.97"}, namespace="shop", pod="web-1")
        )
    )
    assert content.subject == "[Tocsin 12] CRITICAL: API platform: Connection pool usage"
    for expected in (
        "97%",
        "acknowledge within 30 min, by 12:20 UTC",
        "Connection pool exhaustion",
        "kubectl --namespace shop logs web-1 --tail 100",
        "https://tocsin.example.com/incidents/12",
        "SMS to DevOps team: not configured",
    ):
        assert expected in content.text
        assert expected in content.html


def test_mail_html_escapes_what_the_alert_says(catalog: Catalog) -> None:
    """Markup in a label is shown as text."""
    content = mail.layout(
        message_of(
            catalog, alert("Nobody", component=HOSTILE, annotations={"summary": HOSTILE, "description": HOSTILE})
        )
    )
    assert "<img" not in content.html
    assert "</script>" not in content.html
    assert "\n" not in content.subject
