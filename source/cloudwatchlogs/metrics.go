package cloudwatchlogs

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Metrics count what pollers do; one for all of them.
type Metrics struct {
	events   *prometheus.CounterVec
	failures *prometheus.CounterVec
	lag      *prometheus.GaugeVec
}

// NewMetrics registers the metrics; a nil registerer measures for nobody.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := newMetrics()
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.events, m.failures, m.lag} {
		if err := r.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "register metrics of source cloudwatchlogs: %w", err)
		}
	}
	return m, nil
}

func newMetrics() *Metrics {
	return &Metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_cloudwatchlogs_events_total",
			Help: "Log events read by FilterLogEvents, by what became of them: accepted, buried.",
		}, []string{"name", "outcome"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_cloudwatchlogs_failures_total",
			Help: "Polls of a log group that failed and are made again, by fault code.",
		}, []string{"name", "code"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "riposte_source_cloudwatchlogs_lag_seconds",
			Help: "Age of the point up to which a log group was read.",
		}, []string{"name", "group"}),
	}
}
