package firehose

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Metrics count what handlers do; one for all of them.
type Metrics struct {
	requests *prometheus.CounterVec
	events   *prometheus.CounterVec
}

// NewMetrics registers the metrics; a nil registerer measures for nobody.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := newMetrics()
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.events} {
		if err := r.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "register metrics of source firehose: %w", err)
		}
	}
	return m, nil
}

func newMetrics() *Metrics {
	return &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_firehose_requests_total",
			Help: "Requests of Firehose by HTTP status of the answer.",
		}, []string{"name", "status"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_firehose_events_total",
			Help: "Events by what became of them: accepted, buried. A request that is sent again counts again.",
		}, []string{"name", "outcome"}),
	}
}
