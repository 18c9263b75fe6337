"""The smallest stand-in of the webhook: it passes Alertmanager's deliveries to Slack and PagerDuty at once."""

import hashlib
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Handler(BaseHTTPRequestHandler):
    """Answers the readiness probe and takes deliveries."""

    sent: dict[str, tuple[str, str]] = {}  # noqa: RUF012  # one process, one table

    def do_GET(self) -> None:
        """Be ready."""
        self.respond(200)

    def do_POST(self) -> None:
        """Take a delivery whose token is right."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != f"Bearer {os.environ['TOCSIN_TOKEN']}":
            self.respond(401)
            return
        alert = body["alerts"][0]
        self.slack(body["groupKey"], f"{body['status']}: {alert['labels']['severity']} {alert['labels']['alertname']}")
        if alert["labels"]["severity"] == "critical":
            self.page(body, alert)
        self.respond(200)

    def slack(self, group_key: str, text: str) -> None:
        """Post a group's first message, edit it afterwards."""
        channel, ts = self.sent.get(group_key, ("#sample", ""))
        method = "chat.update" if ts else "chat.postMessage"
        message = {
            "channel": channel,
            "text": text,
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
        }
        if ts:
            message["ts"] = ts
        url, token = os.environ["TOCSIN_SLACK_API_URL"], os.environ["TOCSIN_SLACK_BOT_TOKEN"]
        answer = self.post(f"{url}/{method}", message, {"Authorization": f"Bearer {token}"})
        self.sent[group_key] = (answer["channel"], answer["ts"])

    def page(self, body: dict, alert: dict) -> None:
        """Send the event under Alertmanager's own key, so that both merge."""
        event = {
            "routing_key": os.environ["TOCSIN_PAGERDUTY_ROUTING_KEY"],
            "event_action": "trigger" if body["status"] == "firing" else "resolve",
            "dedup_key": hashlib.sha256(body["groupKey"].encode()).hexdigest(),
            "client": "stub",
            "payload": {"summary": alert["labels"]["alertname"], "source": "stub", "severity": "critical"},
        }
        self.post(f"{os.environ['TOCSIN_PAGERDUTY_EVENTS_URL']}/v2/enqueue", event, {})

    def post(self, url: str, body: dict, headers: dict[str, str]) -> dict:
        """Return what a receiver answers."""
        answer = requests.post(url, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def respond(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


host, _, port = os.environ["TOCSIN_LISTEN"].partition(":")
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
