package kinesis

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Metrics count what consumers do; one for all of them.
type Metrics struct {
	records  *prometheus.CounterVec
	failures *prometheus.CounterVec
	behind   *prometheus.GaugeVec
}

// NewMetrics registers the metrics; a nil registerer measures for nobody.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := newMetrics()
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.records, m.failures, m.behind} {
		if err := r.Register(c); err != nil {
			return nil, fault.New(fault.Internal, "register metrics of source kinesis: %w", err)
		}
	}
	return m, nil
}

func newMetrics() *Metrics {
	return &Metrics{
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_kinesis_records_total",
			Help: "Records read, by what became of them: handled, buried.",
		}, []string{"name", "outcome"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "riposte_source_kinesis_failures_total",
			Help: "What failed and is tried again, by fault code.",
		}, []string{"name", "code"}),
		behind: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "riposte_source_kinesis_behind_seconds",
			Help: "Age of the next record to read of a shard (MillisBehindLatest); 0 when there is none.",
		}, []string{"name", "shard"}),
	}
}
