"""Post mutated deliveries to a real webhook, and check its answers, its log, its memory and what the receivers get.

`mutate.py` makes the deliveries; `testbed.chaos` has the process with its shorter waits.
"""

import http.client
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from testbed import loopback
from testbed.chaos.replica import REPOSITORY, Replica
from testbed.chaos.serve import MOST_SINGLE
from testbed.pagerduty import PagerDuty
from testbed.payloads.mutate import mutated
from testbed.slack import Slack
from testbed.smtp import Mailbox

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
SLACK_TOKEN = "xoxb-stand-in"  # noqa: S105 - a token of the stand-in only
SENDERS = 8
# How long an answer may take on a busy machine.
ANSWER_SECONDS = 120.0
EXPECTED = frozenset({200, 400})
# The worker waits for its turn to write, and tries again: on a busy machine, storing 5,000 alerts takes longer.
_BUSY = "other writers of this process"
# How long messages may still come after the last answer: the webhook sends them in the background.
SENDING_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one body: its status, 0 if no answer came, and its text."""

    status: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The results: `findings` is empty if every promise was kept; messages by receiver, memory in MiB."""

    statuses: Mapping[int, int]
    findings: tuple[str, ...]
    messages: Mapping[str, int]
    memory_before: int
    memory_peak: int


class Target:
    """A webhook with receivers for the time of a `with` block."""

    def __init__(self, folder: Path) -> None:
        self.slack = Slack(SLACK_TOKEN)
        self.pagerduty = PagerDuty(ROUTING_KEY)
        self.mailbox = Mailbox()
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for standin in (self.slack, self.pagerduty, self.mailbox):
                stack.enter_context(standin)
            settings = {
                "TOCSIN_CATALOG": str(self._catalog()),
                "TOCSIN_DATABASE_URL": f"sqlite:///{self._folder / 'tocsin.db'}",
                "TOCSIN_PAGERDUTY_EVENTS_URL": self.pagerduty.url,
                "TOCSIN_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
                "TOCSIN_SLACK_API_URL": self.slack.api_url,
                "TOCSIN_SLACK_BOT_TOKEN": SLACK_TOKEN,
                "TOCSIN_SMTP_URL": f"{self.mailbox.url}?from=tocsin@example.com",
                # Batch no message: the checks look at every mutant's message.
                MOST_SINGLE: "1000000",
            }
            self.replica = Replica("webhook", self._folder, settings)
            stack.enter_context(self.replica.process)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def _catalog(self) -> Path:
        """Return the shipped catalogue with mail added to each tier, so that mutated text reaches every receiver."""
        generated = REPOSITORY / "generated"
        data = json.loads((generated / "catalog.json").read_text())
        for policy in data["policies"].values():
            for tier in policy["severities"].values():
                tier["notify"] = sorted({*tier["notify"], "email"})
        shutil.copy(generated / "catalog.schema.json", self._folder)
        (self._folder / "catalog.json").write_text(json.dumps(data))
        return self._folder / "catalog.json"

    def post(self, body: bytes, path: str = "/v1/alertmanager") -> Answer:
        """Post `body` as JSON and return the answer."""
        connection = http.client.HTTPConnection(self.replica.url.removeprefix("http://"), timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return Answer(status=response.status, text=response.read().decode(errors="replace"))
        except (OSError, http.client.HTTPException) as error:
            return Answer(status=0, text=repr(error))
        finally:
            connection.close()

    def peak(self) -> int:
        """Return the most memory that the serving process has ever used, in MiB; 0 if it is gone."""
        for pid in self.replica.children():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) // 1_024
        return 0

    def log_findings(self) -> list[str]:
        """Return lines of the log that should not be there."""
        log = self.replica.log.read_text(errors="replace")
        words = ("Traceback", "unexpected error", "internal error", "cannot be used", "was sent SIG")
        return [
            f"the log says: {line[:100]} … {line[-700:]}"
            for line in log.splitlines()
            if any(word in line for word in words) and _BUSY not in line
        ][:5]

    def receiver_findings(self) -> list[str]:
        """Return the messages that Slack refused, and those that would notify a whole channel."""
        refused = [f"Slack refused {call.method} with {call.error}" for call in self.slack.calls if call.error]
        shouted = [
            f"Slack shows {message.broadcasts}" for message in self.slack.messages.values() if message.broadcasts
        ]
        return [*refused[:5], *shouted[:5]]

    def waiting(self) -> float:
        """Return how many messages wait to be sent now, by the webhook's own metrics."""
        text = loopback.get_text(f"{self.replica.url}/metrics")
        families = {family.name: family for family in text_string_to_metric_families(text)}
        return sum(sample.value for sample in families["tocsin_outbox_waiting"].samples)

    @property
    def messages(self) -> dict[str, int]:
        """How many messages each receiver has."""
        return {
            "Slack": len(self.slack.calls),
            "PagerDuty": len(self.pagerduty.requests),
            "mail": len(self.mailbox.mails),
        }


def post_all(target: Target, seed: int, indices: Iterable[int], say: Callable[[str], None]) -> Result:
    """Post the deliveries of `seed` and return the results."""
    before = target.peak()
    statuses: Counter[int] = Counter()
    findings: list[str] = []
    with ThreadPoolExecutor(SENDERS) as posting:
        answers = posting.map(lambda index: (index, target.post(mutated(seed, index))), indices)
        for index, answer in answers:
            statuses[answer.status] += 1
            problem = _problem(answer)
            if problem:
                findings.append(f"seed {seed} index {index}: {problem}")
            if statuses.total() % 5_000 == 0:
                say(f"  {statuses.total()} posted, {dict(statuses)}, {target.peak()} MiB at most")
    _await_senders(target)
    findings += [*target.log_findings(), *target.receiver_findings()]
    return Result(
        statuses=dict(statuses),
        findings=tuple(findings),
        messages=target.messages,
        memory_before=before,
        memory_peak=target.peak(),
    )


def _problem(answer: Answer) -> str | None:
    if answer.status not in EXPECTED:
        return f"answered {answer.status}: {answer.text[:300]}"
    try:
        data = json.loads(answer.text)
    except ValueError:
        return f"the answer is not JSON: {answer.text[:300]}"
    if answer.status == 400 and not data.get("problems"):
        return f"refused without a reason: {answer.text[:300]}"
    return None


def _await_senders(target: Target) -> None:
    """Wait until no message waits and none has come for a second; give up after `SENDING_SECONDS`."""
    deadline = time.monotonic() + SENDING_SECONDS
    counts: dict[str, int] = {}
    while (counts != target.messages or target.waiting()) and time.monotonic() < deadline:
        counts = target.messages
        time.sleep(1)
