"""Tests of signatures over HTTP bodies: the providers' own examples, and everything that must not pass."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from webhook.secret import Secret
from webhook.signatures import pagerduty_signed, slack_signed, standard_headers, standard_key

# The worked example of https://docs.slack.dev/authentication/verifying-requests-from-slack.
SLACK_SECRET = Secret("8f742231b10e8888abcd99yyyzzz85a5")
SLACK_AT = 1_531_420_618
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def headers(signature: str = SLACK_SIGNATURE, at: str = str(SLACK_AT)) -> tuple[str, str]:
    return signature, at


def test_slack_s_own_example_passes() -> None:
    """The numbers stand in Slack's documentation, so Slack sets the rule."""
    assert slack_signed(*headers(), SLACK_BODY, SLACK_SECRET, now=SLACK_AT)


@pytest.mark.parametrize(("late", "passes"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_slack_request_is_refused_beyond_five_minutes(late: float, *, passes: bool) -> None:
    """A recorded request cannot be repeated tomorrow, and one with a future time is refused."""
    assert slack_signed(*headers(), SLACK_BODY, SLACK_SECRET, now=SLACK_AT + late) is passes


@pytest.mark.parametrize(
    "given",
    [
        headers(""),
        headers(SLACK_SIGNATURE[:-1] + "4"),
        headers(SLACK_SIGNATURE.removeprefix("v0=")),
        headers(SLACK_SIGNATURE.upper()),
        headers("v0=ü"),
        headers(at=""),
        headers(at="soon"),
        headers(at="-1"),
        headers(at=f"{SLACK_AT}.0"),
        headers(at=str(SLACK_AT + 1)),
        headers(at="9" * 400),
        headers(at="١٥٣١٤٢٠٦١٨"),
    ],
)
def test_slack_request_that_is_not_signed_is_refused(given: tuple[str, str]) -> None:
    """Whatever the headers hold, the result is a refusal and not an exception."""
    assert not slack_signed(*given, SLACK_BODY, SLACK_SECRET, now=SLACK_AT)


def test_slack_signature_belongs_to_its_body_and_secret() -> None:
    """With one byte more or another secret it does not match."""
    assert not slack_signed(*headers(), SLACK_BODY + b"&", SLACK_SECRET, now=SLACK_AT)
    assert not slack_signed(*headers(), SLACK_BODY, Secret("another"), now=SLACK_AT)


def pagerduty_signature(body: bytes, secret: str) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_one_fitting_signature_of_pagerduty_s_is_enough() -> None:
    """There are two while a secret is being replaced, in any order."""
    good, outdated = pagerduty_signature(b"{}", "hush"), pagerduty_signature(b"{}", "another")
    for header in (good, f"{outdated},{good}", f"{good}, {outdated}", f"v2=00,{good}"):
        assert pagerduty_signed(header, b"{}", Secret("hush"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "v1=",
        "v1=ü",
        pagerduty_signature(b"{} ", "hush"),
        pagerduty_signature(b"{}", "another"),
        pagerduty_signature(b"{}", "hush").removeprefix("v1="),
        ",".join(["v1=00"] * 10_000 + [pagerduty_signature(b"{}", "hush")]),
    ],
)
def test_request_without_a_fitting_signature_of_pagerduty_s_is_refused(header: str) -> None:
    """The number of signatures that are tried is limited."""
    assert not pagerduty_signed(header, b"{}", Secret("hush"))


def test_standard_webhooks_own_example_is_made() -> None:
    """The numbers stand in the specification's reference libraries."""
    headers = standard_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330.9,
        b'{"test": 2432232314}',
        [Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_standard_key_is_base64_behind_its_prefix_and_text_without() -> None:
    """A key that somebody has made up works too."""
    assert standard_key(Secret("whsec_" + base64.b64encode(b"key").decode())) == b"key"
    assert standard_key(Secret("made-up")) == b"made-up"
    with pytest.raises(ValueError, match="is not base64") as caught:
        standard_key(Secret("whsec_hush!"))
    assert "hush" not in str(caught.value)
