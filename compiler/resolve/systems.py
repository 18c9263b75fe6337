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
    resolving = [_System(scope, key, mapping) for key, mapping in sorted(scope.document["systems"].items())]
    resolved = [system.resolve() for system in resolving]
    statements: dict[int, Statement] = {}
    documented: list[Documented] = []
    systems_by_runbook: dict[str, list[_System]] = {}
    for system in resolving:
        systems_by_runbook.setdefault(system.mapping["runbook"], []).append(system)
    for path, runbook in sorted(scope.runbooks.items()):
        evidence = _evidence(scope, runbook, systems_by_runbook.get(path, []))
        statements |= evidence.settle()
        documented += evidence.documented()
    return tuple(_with_statements(system, statements) for system in resolved), tuple(documented)


def _evidence(scope: Scope, runbook: Runbook, sharing_systems: Sequence[_System]) -> Evidence:
    signal_titles = [signal.title for signal in scope.signals.values() if signal is not None]
    watches = tuple(watch for system in sharing_systems for watch in system.watches)
    titles = {
        *signal_titles,
        *scope.signals,
        *(watch.signal.title for watch in watches),
        *(watch.signal.id for watch in watches),
    }
    return Evidence(
        matching=Matching(runbook=runbook, watches=watches, titles=frozenset(title.casefold() for title in titles)),
        systems=tuple(system.id for system in sharing_systems),
        waivers=tuple(waiver for system in sharing_systems for waiver in waivers(system.mapping)),
        incomplete=any(system.incomplete for system in sharing_systems),
        diagnostics=scope.diagnostics,
    )


def _with_statements(system: System, statements: Mapping[int, Statement]) -> System:
    signals = tuple(replace(watched, limits=with_statements(watched.limits, statements)) for watched in system.signals)
    return replace(system, signals=signals)


_DISPLACING: Final = frozenset({"duplicate-key", "schema", "syntax"})
"""Codes of errors that may have moved limits or metrics of a signal below another signal, or out of the document."""


class _System:
    """Resolves one system and collects its watches for the comparison with the runbook."""

    def __init__(self, scope: Scope, identifier: str, mapping: Table) -> None:
        self.scope = scope
        self._earlier_errors = scope.errors, len(scope.diagnostics.found)
        self.id = identifier
        self.mapping = mapping
        self.diagnostics = scope.diagnostics
        self.title: str = mapping.get("title") or conventions.words(identifier)
        self.limits = table(mapping, "limits")
        self.metrics = table(mapping, "metrics")
        runbook = scope.runbooks.get(mapping["runbook"])
        self.sections = Sections(runbook=runbook, diagnostics=self.diagnostics) if runbook else None
        self.for_seconds = holds(mapping, scope.for_seconds, self.diagnostics)
        self.keep = holds(mapping, scope.keep, self.diagnostics, "keep_firing_for")
        self.inherited = bindings.Inherited(
            matchers=bindings.matchers_of(mapping, self.diagnostics),
            targets=bindings.targets_of(mapping, None, self.diagnostics),
            targets_named=bindings.names_targets(mapping, named=False),
            dimensions=scope.dimensions,
            window=duration(mapping, "window", scope.window, self.diagnostics, least=conventions.LEAST_WINDOW),
            scrape_interval=duration(mapping, "scrape_interval", scope.scrape_interval, self.diagnostics, least=1),
            minimum_traffic=minimum_traffic(mapping, scope.traffic, self.diagnostics),
            over_time=over_time(mapping, scope.over_time),
        )
        self.watches: list[Watch] = []
        self.incomplete = self._is_faulty()
        self.may_be_displaced = self._is_faulty(_DISPLACING)

    def _is_faulty(self, codes: frozenset[str] | None = None) -> bool:
        """Return whether the limits or metrics already have an error; `codes` restricts which codes count."""
        parts = [part for part in (self.limits, self.metrics) if part is not NOTHING]
        earlier, count = self._earlier_errors
        own_errors = [error for error in self.diagnostics.found[count:] if error.level == "error"]
        return any(
            (codes is None or error.code in codes) and part.span.line <= error.span.line <= part.end_line
            for part in parts
            for error in (*earlier.between(part.span.path, part.span.line, part.end_line), *own_errors)
            if error.span.path == part.span.path
        )

    def resolve(self) -> System:
        """Return the system."""
        identifiers = sorted({*self.limits, *self.metrics} - {conventions.MISSING_SIGNAL})
        signals = [self._watched(identifier) for identifier in identifiers]
        watched = tuple(signal for signal in signals if signal is not None)
        return System(
            id=self.id,
            title=self.title,
            team=reference(self.mapping, "team", self.scope.teams, "team", self.diagnostics),
            policy=reference(self.mapping, "escalation", self.scope.policies, "policy", self.diagnostics),
            runbook=self.mapping["runbook"],
            direct=self._direct(),
            signals=tuple(
                sorted((*watched, *self._missing(watched)), key=lambda watched_signal: watched_signal.bound.signal.id)
            ),
            span=self.scope.document["systems"].key_spans[self.id],
        )

    def _direct(self) -> bool:
        is_direct = self.mapping.get("deliver") == "direct"
        if is_direct and "pagerduty" not in self.scope.document["routing"]:
            message = "`direct` alerts go to PagerDuty, and `routing:` does not say how"
            hint = "add `pagerduty: {routing_key_file: …}` below `routing:`"
            self.diagnostics.error("missing-key", self.mapping.value_spans["deliver"], message, hint=hint)
        return is_direct

    def _watched(self, identifier: str) -> WatchedSignal | None:
        span = self.limits.key_spans.get(identifier) or self.metrics.key_spans[identifier]
        own_limits = self.limits.get(identifier, NOTHING)
        if is_off(own_limits):
            return None
        if self._misspelt(identifier):
            self.incomplete = True
            return None
        if not isinstance(own_limits, Table):
            self.incomplete = True
            limits.not_tiers(own_limits, self.limits.value_spans[identifier], self.diagnostics)
            return None
        house_limits = table(self.scope.house_limits, identifier)
        tiers = limits.written(own_limits, house_limits)
        signal = self._signal(identifier, tiers, span)
        if signal is None or not self._has_metrics(identifier, span) or not self._has_limits(identifier, tiers, span):
            self.incomplete = True
            return None
        section = self.sections.of(signal, own_limits, house_limits, span) if self.sections else None
        # The compiler matches sentences by section. Without a section, a difference may be only a consequence of that.
        self.incomplete |= section is None
        severity_limits = self._limits(signal, own_limits, house_limits, tiers, section)
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
        own_limits, house_limits = self.limits.get(identifier, NOTHING), table(self.scope.house_limits, identifier)
        signal = self.scope.signals.get(identifier)
        places = sources.sources([watched_signal.bound for watched_signal in watched], self.scope.dimensions)
        if is_off(own_limits) or is_off(self.scope.house_limits.get(identifier)) or not places or signal is None:
            return
        span = self.limits.key_spans.get(identifier) or self.scope.document["systems"].key_spans[self.id]
        if not isinstance(own_limits, Table):
            self.incomplete = True
            limits.not_tiers(own_limits, self.limits.value_spans[identifier], self.diagnostics)
            return
        tiers = limits.written(own_limits, house_limits) or sources.usual_tiers(span)
        section = self.sections.of_missing(signal, own_limits, house_limits, span) if self.sections else None
        severity_limits = self._limits(signal, own_limits, house_limits, tiers, section)
        self._complete_watch(signal, None)
        if section is None:
            return
        for place in places:
            limits_of_place = tuple(limit for limit in severity_limits if sources.serves(place, limit))
            if limits_of_place:
                yield WatchedSignal(
                    bound=BoundSignal(signal=signal, binding=place.binding),
                    limits=limits_of_place,
                    component=place.name,
                    source=place.name,
                    section=section,
                    span=span,
                )

    def _misspelt(self, identifier: str) -> bool:
        """Return whether the limits for these metrics seem to stand under a misspelt id, which another error reports.

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
            for identifier, limits_of_signal in self.limits.items()
            if identifier not in self.metrics and not is_off(limits_of_signal)
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
        own_limits = self.limits.get(identifier)
        return isinstance(own_limits, Table) and limits.implies_state(limits.written(own_limits, NOTHING))

    def _signal(self, identifier: str, tiers: tuple[limits.Written, ...], span: Span) -> Signal | None:
        if identifier in self.scope.signals:
            return self._with_bad_side(self.scope.signals[identifier])
        if limits.implies_state(tiers) or "active" in table(self.metrics, identifier):
            return definitions.state(identifier)
        if len(self._without_limits) == 1 and nearest(identifier, self._known, itself=False) is None:
            hint = f"did you mean `{self._without_limits[0]}`, which has metrics and no limit?"
            self.diagnostics.error("signal", span, f"there is no signal `{identifier}`", hint=hint)
            return None
        no_signal(identifier, span, self._known, self.diagnostics)
        return None

    def _with_bad_side(self, signal: Signal | None) -> Signal | None:
        """Return a signal with its bad side set: `bad` beside the limits, else the side that `meaning` derives."""
        if signal is None:
            return None
        own_limits, house_limits = table(self.limits, signal.id), table(self.scope.house_limits, signal.id)
        bad_side = own_limits.get("bad") or house_limits.get("bad")
        return replace(signal, bad=bad_side or meaning.side(signal, table(self.metrics, signal.id)))

    def _has_metrics(self, identifier: str, span: Span) -> bool:
        if identifier in self.metrics:
            return True
        if self.may_be_displaced:
            return False
        nearest_id = nearest(identifier, self._without_own_limits)
        if nearest_id is not None and nearest_id not in self.scope.signals:
            # The limits have the signal's id, so the id below `metrics:` is misspelt.
            related = (Related(span=span, message=f"`{identifier}` has limits and no metrics"),)
            message, proposal = f"there is no signal `{nearest_id}`", f"did you mean `{identifier}`?"
            self.diagnostics.error(
                "metrics", self.metrics.key_spans[nearest_id], message, hint=proposal, related=related
            )
            return False
        hint = f"did you mean `{nearest_id}`?" if nearest_id else None
        message = f"`{identifier}` has limits but no metrics"
        self.diagnostics.error(
            "metrics", span, message, hint=hint or f"say below `metrics:` where {self.id} measures it"
        )
        return False

    def _has_limits(self, identifier: str, tiers: tuple[limits.Written, ...], span: Span) -> bool:
        if tiers:
            return True
        if self.may_be_displaced:
            return False
        message = f"`{identifier}` has metrics but no limit, and the house has none for it"
        self.diagnostics.error("limit", span, message, hint="name a limit below `limits:`, or say `off`")
        return False

    def _limits(
        self,
        signal: Signal,
        own_limits: Table,
        house_limits: Table,
        tiers: tuple[limits.Written, ...],
        section: Section | None,
    ) -> tuple[Limit, ...]:
        extras = limits.extras(own_limits, house_limits, self.for_seconds, self.keep, self.diagnostics)
        severity_limits = limits.limits(signal, tiers, extras, self.diagnostics)
        quoted = self.sections.quoted(own_limits) if self.sections else None
        misquoted = quoted is None and "documented" in own_limits
        self.incomplete |= misquoted or len(severity_limits) < len(tiers)
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
        component_name = None if component is None else str(component)
        alert_subject = subject(
            system=self.id, title=self.title, signal=signal, binding=binding, component=component_name
        )
        counts_events = binding is not None and kinds()[signal.kind].counts(BoundSignal(signal=signal, binding=binding))
        window = binding.window if binding is not None and counts_events else None
        self.watches[-1] = replace(self.watches[-1], subject=alert_subject, window=window)

    def _active(self, signal: Signal) -> tuple[Comparison, Span] | None:
        binding = table(self.metrics, signal.id)
        if "active" not in binding:
            return None
        try:
            return parse_comparison(str(binding["active"])), binding.value_spans["active"]
        except QuantityError:
            # `bindings` reports the error.
            return None
