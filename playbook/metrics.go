package playbook

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	started    prometheus.Counter
	duplicates prometheus.Counter
	ended      *prometheus.CounterVec
	tasks      *prometheus.CounterVec
	items      *prometheus.CounterVec
	firstCall  prometheus.Histogram
	stuck      prometheus.Counter
	applied    prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, active, waiting func() float64) (*metrics, error) {
	m := &metrics{
		started:    prometheus.NewCounter(prometheus.CounterOpts{Name: "riposte_executions_started_total", Help: "Executions started."}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{Name: "riposte_executions_duplicate_total", Help: "Starts that were a repetition of the same rule and cause."}),
		ended:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "riposte_executions_ended_total", Help: "Executions ended, by status."}, []string{"status"}),
		tasks:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "riposte_tasks_total", Help: "Tasks ended, by resource and result."}, []string{"resource", "result"}),
		items:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "riposte_action_items_total", Help: "Plan items by action and what became of them."}, []string{"action", "status"}),
		firstCall: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "riposte_response_first_call_seconds", Help: "Receipt of an event to the first AWS call that changes something.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30, 300}}),
		stuck:   prometheus.NewCounter(prometheus.CounterOpts{Name: "riposte_executions_quarantined_total", Help: "Executions whose journal can't be read or written; they need a person."}),
		applied: prometheus.NewGauge(prometheus.GaugeOpts{Name: "riposte_executions_index_sequence", Help: "Journal sequence up to which the index is applied."}),
	}
	collectors := []prometheus.Collector{m.started, m.duplicates, m.ended, m.tasks, m.items, m.firstCall, m.stuck, m.applied,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "riposte_executions_active", Help: "Executions that have not ended, waiting ones included."}, active),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "riposte_executions_waiting", Help: "Executions that wait for a time."}, waiting)}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
