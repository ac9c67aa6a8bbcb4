package cloudtrail

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what pollers do, by the name of the source. One set serves all pollers of a process.
type Metrics struct {
	events *prometheus.CounterVec // accepted
	buried *prometheus.CounterVec
	calls  *prometheus.CounterVec // of LookupEvents
	polls  *prometheus.CounterVec // by fault code; "ok" where nothing failed
}

// NewMetrics makes the metrics and registers them; nil registers them nowhere.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "riposte", Subsystem: "source_cloudtrail", Name: name, Help: help,
		}, append([]string{"name"}, labels...))
	}
	m := &Metrics{
		events: counter("events_total", "Events of the event history that were accepted."),
		buried: counter("buried_total", "Events of the event history that could not be read and are dead letters."),
		calls:  counter("calls_total", "Calls of LookupEvents, with those that failed."),
		polls:  counter("polls_total", "Polls of a region, by what became of them.", "result"),
	}
	if registerer != nil {
		registerer.MustRegister(m.events, m.buried, m.calls, m.polls)
	}
	return m
}
