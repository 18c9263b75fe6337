"""Resolve: each system's signals with their limits, metrics and runbook sections, compared with its runbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from compiler import conventions, meaning
from compiler.diagnostics import Related, Span, nearest
from compiler.document import Table
from compiler.model import Documented, Limit, System, WatchedSignal
from compiler.quantities import Comparison, QuantityError, parse_comparison
from compiler.resolve import bindings, definitions, limits, sources
from compiler.resolve.evidence import Evidence, with_statements
from compiler.resolve.house import check as check_house
from compiler.resolve.house import no_signal
from compiler.resolve.matching import Matching, Watch
from compiler.resolve.reading import NOTHING, duration, holds, is_off, minimum_traffic, over_time, reference, table
from compiler.resolve.scope import Scope
from compiler.resolve.sections import Sections
from compiler.resolve.waivers import waivers
from compiler.runbooks import Runbook, Section
from compiler.runbooks.statements import Statement
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, Signal
from compiler.subjects import subject


def systems(scope: Scope) -> tuple[tuple[System, ...], tuple[Documented, ...]]:
    """Return the systems, sorted by id, and the statements of their runbooks; unresolved parts are left out."""
    check_house(scope)
    resolving = [_System(scope, key, given) for key, given in sorted(scope.document["systems"].items())]
    resolved = [system.resolve() for system in resolving]
    statements: dict[int, Statement] = {}
    documented: list[Documented] = []
    sharing: dict[str, list[_System]] = {}
    for system in resolving:
        sharing.setdefault(system.given["runbook"], []).append(system)
    for path, runbook in sorted(scope.runbooks.items()):
        evidence = _evidence(scope, runbook, sharing.get(path, []))
        statements |= evidence.settle()
        documented += evidence.documented()
    return tuple(_with_statements(system, statements) for system in resolved), tuple(documented)


def _evidence(scope: Scope, runbook: Runbook, sharing: Sequence[_System]) -> Evidence:
    known = [signal.title for signal in scope.signals.values() if signal is not None]
    watches = tuple(watch for system in sharing for watch in system.watches)
    titles = {
        *known,
        *scope.signals,
        *(watch.signal.title for watch in watches),
        *(watch.signal.id for watch in watches),
    }
    return Evidence(
        matching=Matching(runbook=runbook, watches=watches, titles=frozenset(title.casefold() for title in titles)),
        systems=tuple(system.id for system in sharing),
        waivers=tuple(waiver for system in sharing for waiver in waivers(system.given)),
        excused=any(system.excused for system in sharing),
        diagnostics=scope.diagnostics,
    )


def _with_statements(system: System, statements: Mapping[int, Statement]) -> System:
    signals = tuple(replace(watched, limits=with_statements(watched.limits, statements)) for watched in system.signals)
    return replace(system, signals=signals)


_TORN: Final = frozenset({"duplicate-key", "schema", "syntax"})
"""Codes of errors that may have moved a signal's limits or metrics below another signal, or out of the document."""


class _System:
    """Resolves one system and collects its watches for the comparison with the runbook."""

    def __init__(self, scope: Scope, identifier: str, given: Table) -> None:
        self.scope = scope
        self._before = scope.errors, len(scope.diagnostics.found)
        self.id = identifier
        self.given = given
        self.diagnostics = scope.diagnostics
        self.title: str = given.get("title") or conventions.words(identifier)
        self.limits = table(given, "limits")
        self.metrics = table(given, "metrics")
        runbook = scope.runbooks.get(given["runbook"])
        self.sections = Sections(runbook=runbook, diagnostics=self.diagnostics) if runbook else None
        self.for_seconds = holds(given, scope.for_seconds, self.diagnostics)
        self.keep = holds(given, scope.keep, self.diagnostics, "keep_firing_for")
        self.inherited = bindings.Inherited(
            matchers=bindings.matchers_of(given, self.diagnostics),
            targets=bindings.targets_of(given, None, self.diagnostics),
            targets_named=bindings.names_targets(given, named=False),
            dimensions=scope.dimensions,
            window=duration(given, "window", scope.window, self.diagnostics, least=conventions.LEAST_WINDOW),
            scrape_interval=duration(given, "scrape_interval", scope.scrape_interval, self.diagnostics, least=1),
            minimum_traffic=minimum_traffic(given, scope.traffic, self.diagnostics),
            over_time=over_time(given, scope.over_time),
        )
        self.watches: list[Watch] = []
        self.excused = self._is_faulty()
        self.torn = self._is_faulty(_TORN)

    def _is_faulty(self, codes: frozenset[str] | None = None) -> bool:
        """Return whether the limits or metrics already have an error; `codes` restricts which codes count."""
        parts = [part for part in (self.limits, self.metrics) if part is not NOTHING]
        earlier, count = self._before
        own_errors = [error for error in self.diagnostics.found[count:] if error.level == "error"]
        return any(
            (codes is None or error.code in codes) and part.span.line <= error.span.line <= part.end_line
            for part in parts
            for error in (*earlier.between(part.span.path, part.span.line, part.end_line), *own_errors)
            if error.span.path == part.span.path
        )

    def resolve(self) -> System:
        """Return the system."""
        bound = sorted({*self.limits, *self.metrics} - {conventions.MISSING_SIGNAL})
        signals = [self._watched(identifier) for identifier in bound]
        watched = tuple(signal for signal in signals if signal is not None)
        return System(
            id=self.id,
            title=self.title,
            team=reference(self.given, "team", self.scope.teams, "team", self.diagnostics),
            policy=reference(self.given, "escalation", self.scope.policies, "policy", self.diagnostics),
            runbook=self.given["runbook"],
            direct=self._direct(),
            signals=tuple(
                sorted((*watched, *self._missing(watched)), key=lambda watched_signal: watched_signal.bound.signal.id)
            ),
            span=self.scope.document["systems"].key_spans[self.id],
        )

    def _direct(self) -> bool:
        direct = self.given.get("deliver") == "direct"
        if direct and "pagerduty" not in self.scope.document["routing"]:
            message = "`direct` alerts go to PagerDuty, and `routing:` does not say how"
            hint = "add `pagerduty: {routing_key_file: …}` below `routing:`"
            self.diagnostics.error("missing-key", self.given.value_spans["deliver"], message, hint=hint)
        return direct

    def _watched(self, identifier: str) -> WatchedSignal | None:
        span = self.limits.key_spans.get(identifier) or self.metrics.key_spans[identifier]
        own = self.limits.get(identifier, NOTHING)
        if is_off(own):
            return None
        if self._misspelt(identifier):
            self.excused = True
            return None
        if not isinstance(own, Table):
            self.excused = True
            limits.not_tiers(own, self.limits.value_spans[identifier], self.diagnostics)
            return None
        house = table(self.scope.house_limits, identifier)
        tiers = limits.written(own, house)
        signal = self._signal(identifier, tiers, span)
        if signal is None or not self._has_metrics(identifier, span) or not self._has_limits(identifier, tiers, span):
            self.excused = True
            return None
        section = self.sections.of(signal, own, house, span) if self.sections else None
        # Sentences are matched by section: without one, a difference may only be a consequence of that.
        self.excused |= section is None
        severity_limits = self._limits(signal, own, house, tiers, section)
        binding = bindings.binding(signal, self.metrics[identifier], self.inherited, self.diagnostics)
        self._complete_watch(signal, binding)
        if binding is None or section is None or not severity_limits:
            return None
        binding = kinds()[signal.kind].fitted(binding, severity_limits)
        component = None if binding.component_labels else str(self.metrics[identifier].get("component", self.id))
        return WatchedSignal(
            bound=BoundSignal(signal=signal, binding=binding, low=severity_limits[0].comparator.startswith("<")),
            limits=severity_limits,
            component=component,
            section=section,
            span=span,
        )

    def _missing(self, watched: Sequence[WatchedSignal]) -> Iterator[WatchedSignal]:
        """Yield the signal of missing metrics once for each source of the system's metrics."""
        identifier = conventions.MISSING_SIGNAL
        own, house = self.limits.get(identifier, NOTHING), table(self.scope.house_limits, identifier)
        signal = self.scope.signals.get(identifier)
        places = sources.sources([watched_signal.bound for watched_signal in watched], self.scope.dimensions)
        if is_off(own) or is_off(self.scope.house_limits.get(identifier)) or not places or signal is None:
            return
        span = self.limits.key_spans.get(identifier) or self.scope.document["systems"].key_spans[self.id]
        if not isinstance(own, Table):
            self.excused = True
            limits.not_tiers(own, self.limits.value_spans[identifier], self.diagnostics)
            return
        tiers = limits.written(own, house) or sources.usual_tiers(span)
        section = self.sections.of_missing(signal, own, house, span) if self.sections else None
        severity_limits = self._limits(signal, own, house, tiers, section)
        self._complete_watch(signal, None)
        if section is None:
            return
        for place in places:
            of_place = tuple(limit for limit in severity_limits if sources.serves(place, limit))
            if of_place:
                yield WatchedSignal(
                    bound=BoundSignal(signal=signal, binding=place.binding),
                    limits=of_place,
                    component=place.name,
                    source=place.name,
                    section=section,
                    span=span,
                )

    def _misspelt(self, identifier: str) -> bool:
        """Return whether the limits for these metrics seem to stand under a misspelt id; that is reported separately.

        Such an id has limits but no metrics, and it is similar to this id or is the id of no signal.
        """
        if identifier in self.limits:
            return False
        return self._has_unknown or nearest(identifier, self._without_metrics) is not None

    @cached_property
    def _without_metrics(self) -> frozenset[str]:
        """The ids that have limits but no metrics."""
        return frozenset(
            identifier
            for identifier, given in self.limits.items()
            if identifier not in self.metrics and not is_off(given)
        )

    @cached_property
    def _has_unknown(self) -> bool:
        return any(
            identifier not in self.scope.signals and not self._is_state(identifier)
            for identifier in self._without_metrics
        )

    @cached_property
    def _without_own_limits(self) -> frozenset[str]:
        """The ids that have metrics but no limits in the system itself."""
        return frozenset(identifier for identifier in self.metrics if identifier not in self.limits)

    @cached_property
    def _without_limits(self) -> tuple[str, ...]:
        """The ids that have metrics but no limits at all, neither in the system nor in `defaults`."""
        return tuple(identifier for identifier in self._without_own_limits if identifier not in self.scope.house_limits)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset({*self.scope.signals, *self.metrics})

    def _is_state(self, identifier: str) -> bool:
        own = self.limits.get(identifier)
        return isinstance(own, Table) and limits.implies_state(limits.written(own, NOTHING))

    def _signal(self, identifier: str, tiers: tuple[limits.Written, ...], span: Span) -> Signal | None:
        if identifier in self.scope.signals:
            return self._with_bad_side(self.scope.signals[identifier])
        if limits.implies_state(tiers) or "active" in table(self.metrics, identifier):
            return definitions.state(identifier)
        if len(self._without_limits) == 1 and nearest(identifier, self._known, itself=False) is None:
            meant = f"did you mean `{self._without_limits[0]}`, which has metrics and no limit?"
            self.diagnostics.error("signal", span, f"there is no signal `{identifier}`", hint=meant)
            return None
        no_signal(identifier, span, self._known, self.diagnostics)
        return None

    def _with_bad_side(self, signal: Signal | None) -> Signal | None:
        """Return a signal with its bad side set: `bad` beside the limits, else the side that `meaning` derives."""
        if signal is None:
            return None
        own, house = table(self.limits, signal.id), table(self.scope.house_limits, signal.id)
        bad_side = own.get("bad") or house.get("bad")
        return replace(signal, bad=bad_side or meaning.side(signal, table(self.metrics, signal.id)))

    def _has_metrics(self, identifier: str, span: Span) -> bool:
        if identifier in self.metrics:
            return True
        if self.torn:
            return False
        near = nearest(identifier, self._without_own_limits)
        if near is not None and near not in self.scope.signals:
            # The limits have the signal's id, so the id below `metrics:` is misspelt.
            related = (Related(span=span, message=f"`{identifier}` has limits and no metrics"),)
            message, meant = f"there is no signal `{near}`", f"did you mean `{identifier}`?"
            self.diagnostics.error("metrics", self.metrics.key_spans[near], message, hint=meant, related=related)
            return False
        hint = f"did you mean `{near}`?" if near else None
        message = f"`{identifier}` has limits but no metrics"
        self.diagnostics.error(
            "metrics", span, message, hint=hint or f"say below `metrics:` where {self.id} measures it"
        )
        return False

    def _has_limits(self, identifier: str, tiers: tuple[limits.Written, ...], span: Span) -> bool:
        if tiers:
            return True
        if self.torn:
            return False
        message = f"`{identifier}` has metrics but no limit, and the house has none for it"
        self.diagnostics.error("limit", span, message, hint="name a limit below `limits:`, or say `off`")
        return False

    def _limits(
        self, signal: Signal, own: Table, house: Table, tiers: tuple[limits.Written, ...], section: Section | None
    ) -> tuple[Limit, ...]:
        extras = limits.extras(own, house, self.for_seconds, self.keep, self.diagnostics)
        severity_limits = limits.limits(signal, tiers, extras, self.diagnostics)
        quoted = self.sections.quoted(own) if self.sections else None
        misquoted = quoted is None and "documented" in own
        self.excused |= misquoted or len(severity_limits) < len(tiers)
        self.watches.append(
            Watch(
                system=self.id,
                signal=signal,
                severities=tuple(tier.severity for tier in tiers),
                limits=severity_limits,
                section=section,
                quoted=quoted,
                misquoted=misquoted,
                active=self._active(signal),
            )
        )
        return severity_limits

    def _complete_watch(self, signal: Signal, binding: Binding | None) -> None:
        """Set the subject and the counting window of the watch that was added last."""
        component = table(self.metrics, signal.id).get("component")
        named = None if component is None else str(component)
        alert_subject = subject(system=self.id, title=self.title, signal=signal, binding=binding, component=named)
        counts = binding is not None and kinds()[signal.kind].counts(BoundSignal(signal=signal, binding=binding))
        window = binding.window if binding is not None and counts else None
        self.watches[-1] = replace(self.watches[-1], subject=alert_subject, window=window)

    def _active(self, signal: Signal) -> tuple[Comparison, Span] | None:
        given = table(self.metrics, signal.id)
        if "active" not in given:
            return None
        try:
            return parse_comparison(str(given["active"])), given.value_spans["active"]
        except QuantityError:
            # `bindings` reports the error.
            return None
