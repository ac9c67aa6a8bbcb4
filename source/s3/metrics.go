package s3

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the numbers of all buckets, labelled by name.
type Metrics struct {
	files   *prometheus.CounterVec // by result
	records *prometheus.CounterVec // by result
	bytes   *prometheus.CounterVec // packed
}

// What becomes of files and records.
const (
	read      = "read"
	ignored   = "ignored"
	postponed = "postponed"
	broken    = "broken"
	absent    = "missing"
	accepted  = "accepted"
	buried    = "buried"
)

// NewMetrics registers the numbers; a nil registerer keeps them unseen. A second call for one registerer panics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "source_s3", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		files:   counter("files_total", "Files that notices named, by what became of them.", "name", "result"),
		records: counter("records_total", "Records of log files, by what became of them.", "name", "result"),
		bytes:   counter("bytes_total", "Bytes of log files read, packed.", "name"),
	}
	if r != nil {
		r.MustRegister(m.files, m.records, m.bytes)
	}
	return m
}

func (m *Metrics) file(bucket, result string) { m.files.WithLabelValues(bucket, result).Inc() }
