package bus

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"riposte.dev/fault"
)

// sample returns the value of the metric with the labels "name=value", and whether it is there.
func sample(t *testing.T, reg *prometheus.Registry, name string, labels ...string) (float64, bool) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "riposte_bus_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetName()+"="+l.GetValue())
			}
			slices.Sort(have)
			slices.Sort(labels)
			if slices.Equal(have, labels) {
				return value(m), true
			}
		}
	}
	return 0, false
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.GetCounter().GetValue()
	case m.Histogram != nil:
		return float64(m.GetHistogram().GetSampleCount())
	default:
		return m.GetGauge().GetValue()
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	b := open(t, t.TempDir(), func(o *Options) { o.Registerer = reg })
	ctx := within(t)
	_, err := b.Publish(ctx, Events, event("a", "1"), event("a", "2"), event("b", "3"), Event{Data: make([]byte, MaxEvent+1)})
	if fault.CodeOf(err) != fault.TooLarge {
		t.Fatal(err)
	}
	handleAll(t, b, "detect")
	publish(t, b, "4")
	if _, err := b.Journal().Append(ctx, "a", 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := b.DeadLetter(ctx, DeadLetter{Source: "intake"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		value  float64
		name   string
		labels string
	}{
		{3, "events_total", "stream=EVENTS"},
		{2, "groups_total", "stream=EVENTS"},
		{1, "duplicates_total", "stream=EVENTS"},
		{1, "refused_total", "stream=EVENTS,code=too_large"},
		{2, "publish_seconds", "stream=EVENTS"},
		{1, "publish_seconds", "stream=EXEC"},
		{1, "dead_letters_total", "source=intake"},
		{2, "stream_messages", "stream=EVENTS"},
		{1, "consumer_pending", "stream=EVENTS,consumer=detect"},
	} {
		got, ok := sample(t, reg, want.name, strings.Split(want.labels, ",")...)
		if !ok || got != want.value {
			t.Errorf("%s{%s}: %v (there: %v), want %v", want.name, want.labels, got, ok, want.value)
		}
	}
	if got, _ := sample(t, reg, "stream_bytes", "stream=EVENTS"); got < 10 {
		t.Errorf("stream_bytes: %v", got)
	}

	if _, err := Open(context.WithoutCancel(ctx), Options{Dir: t.TempDir(), Registerer: reg}); err == nil {
		t.Error("two buses on one registerer")
	}
	shut(t, b)
	if _, ok := sample(t, reg, "stream_bytes", "stream=EVENTS"); ok {
		t.Error("the metrics of a closed bus stay")
	}
	open(t, t.TempDir(), func(o *Options) { o.Registerer = reg })
}
