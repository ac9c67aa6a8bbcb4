package target

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

type metrics struct {
	deliveries *prometheus.CounterVec
	took       *prometheus.HistogramVec
	delay      *prometheus.HistogramVec
}

// newMetrics registers what target measures; a nil registerer measures for nobody.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_target_deliveries_total",
			Help: "Deliveries by kind of target and what became of them: queued, sent, retrying (each failed attempt), " +
				"moved (to the queue of slow targets), dead-letter-queue (of the target), dead (riposte's dead letters).",
		}, []string{"kind", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "riposte_target_send_seconds", Help: "Duration of successful attempts.",
			Buckets: []float64{.003, .01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"kind"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "riposte_target_delay_seconds", Help: "Time from an event's intake until a target had it.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3600, 21600, 86400},
		}, []string{"kind"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.deliveries, m.took, m.delay} {
		if err := r.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "register target metrics: %w", err)
		}
	}
	return m, nil
}
