package bus

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// scrapeTimeout bounds how long a scrape may ask the server for the state of the streams.
const scrapeTimeout = 2 * time.Second

// metrics are the bus's own numbers. They are kept also when nobody registers them.
type metrics struct {
	events         *prometheus.CounterVec   // by stream: stored events
	groups         *prometheus.CounterVec   // by stream: commits
	duplicates     *prometheus.CounterVec   // by stream
	refused        *prometheus.CounterVec   // by stream and fault code
	publishSeconds *prometheus.HistogramVec // by stream
	deadLetters    *prometheus.CounterVec   // by source
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "riposte", Subsystem: "bus", Name: name, Help: help}, labels)
	}
	return &metrics{
		events:      counter("events_total", "Events stored.", "stream"),
		groups:      counter("groups_total", "Commits of events; events per group is the effect of group commit.", "stream"),
		duplicates:  counter("duplicates_total", "Events not stored because one with the same key was.", "stream"),
		refused:     counter("refused_total", "Events not stored, by error code.", "stream", "code"),
		deadLetters: counter("dead_letters_total", "Dead letters stored.", "source"),
		publishSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "riposte", Subsystem: "bus", Name: "publish_seconds",
			Help:    "Time from a publish or append until it was on disk.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16), // 0.1 ms to 3.3 s
		}, []string{"stream"}),
	}
}

// published counts what became of one Publish.
func (m *metrics) published(s Stream, receipts []Receipt, took time.Duration) {
	var events, duplicates int
	for _, r := range receipts {
		switch {
		case r.Err != nil:
			m.refused.WithLabelValues(string(s), string(fault.CodeOf(r.Err))).Inc()
		case r.Duplicate:
			duplicates++
		default:
			events++
		}
	}
	m.events.WithLabelValues(string(s)).Add(float64(events))
	m.duplicates.WithLabelValues(string(s)).Add(float64(duplicates))
	if events > 0 {
		m.publishSeconds.WithLabelValues(string(s)).Observe(took.Seconds())
	}
}

// registerMetrics registers the numbers and the state of the streams. undo takes them back.
func (b *Bus) registerMetrics() (undo func(context.Context) error, err error) {
	b.metrics = newMetrics()
	if b.opts.Registerer == nil {
		return func(context.Context) error { return nil }, nil
	}
	var done []prometheus.Collector
	unregister := func() {
		for _, c := range done {
			b.opts.Registerer.Unregister(c)
		}
	}
	m := b.metrics
	for _, c := range []prometheus.Collector{
		m.events, m.groups, m.duplicates, m.refused, m.publishSeconds, m.deadLetters, newStreamCollector(b),
	} {
		if err := b.opts.Registerer.Register(c); err != nil {
			unregister()
			return nil, fault.New(fault.Internal, "bus: register metrics: %w", err)
		}
		done = append(done, c)
	}
	return func(context.Context) error { unregister(); return nil }, nil
}

// streamCollector asks the server for the state of streams and consumers when it is scraped.
type streamCollector struct {
	bus                      *Bus
	bytes, messages, pending *prometheus.Desc
}

var _ prometheus.Collector = (*streamCollector)(nil)

func newStreamCollector(b *Bus) *streamCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("riposte_bus_"+name, help, labels, nil)
	}
	return &streamCollector{
		bus:      b,
		bytes:    desc("stream_bytes", "Bytes on the stream.", "stream"),
		messages: desc("stream_messages", "Messages on the stream.", "stream"),
		pending:  desc("consumer_pending", "Messages that a consumer has not handled yet.", "stream", "consumer"),
	}
}

func (c *streamCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.bytes
	ch <- c.messages
	ch <- c.pending
}

func (c *streamCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(c.bus.ctx, scrapeTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	streams := c.bus.js.ListStreams(ctx)
	for s := range streams.Info() {
		name := s.Config.Name
		gauge(c.bytes, s.State.Bytes, name)
		gauge(c.messages, s.State.Msgs, name)
		st, err := c.bus.js.Stream(ctx, name)
		if err != nil {
			continue // it was there a moment ago; the next scrape tells
		}
		for cons := range st.ListConsumers(ctx).Info() {
			if cons.Config.Durable != "" {
				gauge(c.pending, cons.NumPending+uint64(cons.NumAckPending), name, cons.Name)
			}
		}
	}
	if err := streams.Err(); err != nil && ctx.Err() == nil {
		ch <- prometheus.NewInvalidMetric(c.bytes, err)
	}
}
