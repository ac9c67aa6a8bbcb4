package notify

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

type metrics struct {
	deliveries *prometheus.CounterVec
	duplicates *prometheus.CounterVec
	skipped    prometheus.Counter
	took       *prometheus.HistogramVec
	delay      *prometheus.HistogramVec
}

// newMetrics registers what notify measures; a nil registerer measures for nobody.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_notify_deliveries_total",
			Help: "Deliveries by channel and what became of them: queued, sent, retrying (each failed attempt), dead.",
		}, []string{"channel", "status"}),
		duplicates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_notify_duplicates_total",
			Help: "Deliveries that were handed out again after they were sent, and not sent a second time.",
		}, []string{"channel"}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "riposte_notify_skipped_total",
			Help: "Times that a message was below a route's severity or an owner could not be written to.",
		}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "riposte_notify_send_seconds", Help: "Duration of successful attempts.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"channel"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "riposte_notify_delay_seconds", Help: "Time from a message's queueing until it was sent.",
			Buckets: []float64{.03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3600, 21600, 86400},
		}, []string{"channel"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.deliveries, m.duplicates, m.skipped, m.took, m.delay} {
		if err := r.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "register notification metrics: %w", err)
		}
	}
	return m, nil
}
