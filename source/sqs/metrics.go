package sqs

import (
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Metrics are the numbers of all queues, labelled by name.
type Metrics struct {
	messages *prometheus.CounterVec // by what became of them
	failures *prometheus.CounterVec // of calls to SQS, by operation and fault code
	receives *prometheus.CounterVec // calls of ReceiveMessage that were answered
	inHand   *prometheus.GaugeVec
	pollers  *prometheus.GaugeVec
	depth    *prometheus.GaugeVec // by state
	lag      *prometheus.GaugeVec
}

// What becomes of a message.
const (
	handled   = "handled"
	retried   = "given_back"
	buried    = "buried"
	unsettled = "not_deleted" // handled, and will come again
)

// NewMetrics registers the numbers; a nil registerer keeps them unseen. A second call for one registerer panics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "source_sqs", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "riposte", Subsystem: "source_sqs", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		messages: counter("messages_total", "Messages, by what became of them.", "name", "result"),
		failures: counter("call_failures_total", "Calls to SQS that failed, by operation and error code.", "name", "operation", "code"),
		receives: counter("receives_total", "Calls of ReceiveMessage that were answered.", "name"),
		inHand:   gauge("in_hand_messages", "Messages received and not yet deleted or given back.", "name"),
		pollers:  gauge("pollers", "Receivers at work.", "name"),
		depth:    gauge("queue_messages", "Messages in the queue, as SQS counts them: visible, in_flight, delayed.", "name", "state"),
		lag:      gauge("lag_seconds", "How long ago the oldest message of the last receive was sent; 0 when there was none.", "name"),
	}
	if r != nil {
		r.MustRegister(m.messages, m.failures, m.receives, m.inHand, m.pollers, m.depth, m.lag)
	}
	return m
}

func (m *Metrics) failed(name, operation string, err error) {
	m.failures.WithLabelValues(name, operation, string(fault.CodeOf(err))).Inc()
}
