package detect

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// metrics are the engine's own.
type metrics struct {
	events         prometheus.Counter
	rules          prometheus.Gauge
	matches        *prometheus.CounterVec // rule
	responses      *prometheus.CounterVec // rule, outcome
	escalations    *prometheus.CounterVec // rule, outcome
	findings       *prometheus.CounterVec // severity
	targets        *prometheus.CounterVec // kind, outcome
	ruleErrors     *prometheus.CounterVec // rule
	deadLetters    *prometheus.CounterVec // stage
	observerErrors prometheus.Counter
	toResponse     prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "detect", Name: name, Help: help}, labels)
	}
	m := &metrics{
		events: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "detect", Name: "events_total",
			Help: "Events handled."}),
		rules: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "riposte", Subsystem: "detect", Name: "rules",
			Help: "Rules in use."}),
		matches:     counter("matches_total", "Rules that held for an event.", "rule"),
		responses:   counter("responses_total", "Responses by outcome: started, waiting, answered, failed.", "rule", "outcome"),
		escalations: counter("escalations_total", "Escalations of resources that were broken again and again by outcome: started, held, failed.", "rule", "outcome"),
		findings:    counter("findings_total", "Findings raised.", "severity"),
		targets:     counter("targets_total", "Events for targets by kind and outcome: queued, withheld, failed.", "kind", "outcome"),
		ruleErrors:  counter("rule_errors_total", "Rules that could not be evaluated for an event.", "rule"),
		deadLetters: counter("dead_letters_total", "Events put into the dead letters by stage.", "stage"),
		observerErrors: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "detect", Name: "observer_errors_total",
			Help: "Events from which something could not be learned."}),
		toResponse: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "riposte", Subsystem: "detect", Name: "response_seconds",
			Help: "From taking an event to its responses being started.", Buckets: prometheus.ExponentialBuckets(0.00005, 4, 10)}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.events, m.rules, m.matches, m.responses, m.escalations, m.findings, m.targets, m.ruleErrors, m.deadLetters,
		m.observerErrors, m.toResponse} {
		if err := reg.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "detect: registering metrics: %w", err)
		}
	}
	return m, nil
}
