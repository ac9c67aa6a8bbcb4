package target

import (
	"context"
	"fmt"
	"testing"
)

func BenchmarkTransform(b *testing.B) {
	transform := func(template string) Config {
		return Config{ID: "t", InputTransformer: &InputTransformer{InputTemplate: template, InputPathsMap: map[string]string{
			"door": "$.detail.door-id", "state": "$.detail.state", "user": "$.detail.user",
		}}}
	}
	for name, c := range map[string]Config{
		"whole event": {},
		"input path":  {InputPath: "$.detail.user"},
		"text":        transform(`"door <door> is <state>, says <aws.events.rule-name>"`),
		"json":        transform(`{"door": <door>, "state": "<state>", "by": <user>}`),
		"event.json":  transform(`{"event": <aws.events.event.json>}`),
	} {
		in, err := NewInput(&c)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sample)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := in.Render(context1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	c := transform(`{"door": <door>, "state": "<state>", "by": <user>}`)
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := NewInput(&c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDeliver is the router's own work, without a queue's disk and a target's network.
func BenchmarkDeliver(b *testing.B) {
	r, err := New(Options{Senders: []Sender{quick{}}, Queue: newMemQueue()})
	if err != nil {
		b.Fatal(err)
	}
	d := delivery("a", "c", nil)
	d.Target.InputPath, d.Target.InputTransformer = "", &InputTransformer{
		InputPathsMap: map[string]string{"door": "$.detail.door-id"}, InputTemplate: `{"door": <door>}`,
	}
	if err := r.Enqueue(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	job := *r.opts.Queue.(*memQueue).jobs[firstQueue][0]
	job.Attempt = 1
	h := &deliver{Router: r}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.handle(b.Context(), job); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

type quick struct{}

func (quick) Kind() string                        { return "sqs" }
func (quick) Send(context.Context, Request) error { return nil }

func BenchmarkEnqueue(b *testing.B) {
	r, err := New(Options{Senders: []Sender{quick{}}, Queue: newMemQueue()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := r.Enqueue(b.Context(), delivery("a", fmt.Sprint(i), nil)); err != nil {
			b.Fatal(err)
		}
	}
}
