"""The kinds of weather: each disturbs Alertmanagers, clocks or people for a while, at random.

Each function takes the `Sky`, returns when its weather is over, and returns a sentence for the report. `run` calls them
one after another at seeded moments. A minute is six seconds here, because `serve.py` scales down all the webhook's
waits.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException

from testbed import loopback
from testbed.chaos.sky import Sky

MINUTE = 6.0
_APART = 180.0
_STEP = 90.0

Weather = Callable[[Sky, Mapping[str, str]], str]


def wrong_answers(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Let the other cluster answer for a minute as if none of its alerts had ever fired."""
    window = sky.windows["other"]
    window.instead = lambda path: (200, b"[]") if path.startswith("/api/v2/alerts") else None
    time.sleep(MINUTE)
    window.instead = lambda _path: None
    return "the other cluster listed nothing for a minute"


def restarts_empty(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Let an Alertmanager lose everything it knew."""
    name = sky.chance.choice(("first", "second", "other"))
    sky.empty({"first": sky.first, "second": sky.second, "other": sky.other}[name])
    return f"the {name} Alertmanager has restarted empty"


def partition(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Cut the two peers off from each other for two minutes: both deliver every group."""
    _set_alone(sky, alone=True)
    time.sleep(2 * MINUTE)
    _set_alone(sky, alone=False)
    return "the two peers did not hear of each other for two minutes"


def clock_steps(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Set a clock ninety seconds ahead, then ninety seconds behind, then right again."""
    number = sky.chance.randrange(len(sky.clocks))
    for seconds in (_STEP, -_STEP, 0.0):
        sky.set_clock(number, seconds)
        if len(sky.clocks) == 1:
            sky.offsets.append((time.time(), seconds))
        time.sleep(MINUTE)
    return f"the clock of {sky.replicas[number].name} was set by +90 s and -90 s"


def mute_interval(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Let a mute interval begin for some of the groups, and end."""
    sky.is_muted = True
    sky.configure()
    time.sleep(3 * MINUTE)
    sky.is_muted = False
    sky.configure()
    return "one group in three was muted for three minutes"


def mistaken_hand(sky: Sky, headers: Mapping[str, str]) -> str:
    """Let a person resolve incidents that fire, and sometimes reopen them."""
    resolved = 0
    for _ in range(6):
        url = sky.chance.choice(sky.replicas).url
        # A webhook that is killed while it answers may still have resolved the incident.
        with suppress(OSError, ValueError, KeyError, HTTPException):
            open_incidents = loopback.get_json(f"{url}/v1/incidents?limit=200&state=open", headers)["incidents"]
            if not open_incidents:
                continue
            number = sky.chance.choice(open_incidents)["id"]
            sky.mistaken_resolves.add(number)
            status, _ = loopback.post_json(f"{url}/v1/incidents/{number}/resolve", {"actor": "ana"}, {**headers})
            resolved += status == 200
            if sky.chance.random() < 0.3:
                loopback.post_json(f"{url}/v1/incidents/{number}/reopen", {"actor": "ben"}, {**headers})
        time.sleep(MINUTE / 6)
    return f"a person has resolved {resolved} incidents by mistake"


def late_delivery(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Let every delivery of the second peer arrive up to a minute late; it also delivers what the first delivered."""
    for between in sky.late:
        between.delay = lambda: sky.chance.uniform(0.5, MINUTE)
    _set_alone(sky, alone=True)
    time.sleep(4 * MINUTE)
    _set_alone(sky, alone=False)
    for between in sky.late:
        between.delay = lambda: 0.0
    return "the second peer delivered late for four minutes"


def clocks_apart(sky: Sky, _headers: Mapping[str, str]) -> str:
    """Let the clocks of the replicas differ by three minutes from now on; with one process nothing happens."""
    if len(sky.clocks) == 1:
        return "one process: no clocks that could differ"
    for number in range(len(sky.clocks)):
        sky.set_clock(number, (0.0, _APART, -_APART)[number % 3])
    time.sleep(2 * MINUTE)
    return "the clocks of the replicas differ by three minutes"


def _set_alone(sky: Sky, *, alone: bool) -> None:
    for alertmanager in (sky.first, sky.second):
        alertmanager.process.kill()
        alertmanager.leave(alone=alone)
        alertmanager.process.start()


KINDS: Mapping[str, Weather] = {
    "wrong-answers": wrong_answers,
    "restarts-empty": restarts_empty,
    "partition": partition,
    "clock-steps": clock_steps,
    "mute-interval": mute_interval,
    "mistaken-hand": mistaken_hand,
    "late-delivery": late_delivery,
    "clocks-apart": clocks_apart,
}
