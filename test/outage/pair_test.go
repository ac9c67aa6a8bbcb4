package outage

import (
	"encoding/json"
	"testing"

	"riposte.dev/sandbox"
)

// collector keeps the events of an operation as EventBridge delivers them.
type collector struct {
	operation string
	envelopes chan string
}

func (c *collector) take(envelope []byte) {
	var e struct{ Detail struct{ EventName string } }
	if json.Unmarshal(envelope, &e) == nil && e.Detail.EventName == c.operation {
		c.envelopes <- string(envelope)
	}
}

func TestTwoEnginesOnOneQueue(t *testing.T) {
	for name, oneNATS := range map[string]bool{"each with its own bus": false, "on one NATS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trails := []string{"first", "second", "third"}
			stops := &collector{"StopLogging", make(chan string, len(trails))}
			w := newWorld(t, sandbox.Options{OnEvent: stops.take})
			q := w.queue(t, "events").fed(t)
			w.trails(t, trails...)
			settings := sources([]*queue{q})
			if oneNATS {
				settings += newBroker(t).settings()
			}
			one, two := w.start(t, settings), w.start(t, settings)

			sent := w.putEvents(t, 100)
			for _, trail := range trails {
				w.stopLogging(t, trail)
			}
			eventually(t, "the queue is empty", func() bool { return q.empty(t) })
			expect(t, sent, one, two)
			w.restarted(t, trails, one, two)

			for range trails { // SQS delivers at least once: to either of them
				stop := <-stops.envelopes
				for range 3 {
					q.send(t, stop)
				}
			}
			sent = append(sent, w.putEvents(t, 20)...)
			eventually(t, "the queue is empty", func() bool { return q.empty(t) })
			expect(t, sent, one, two)
			w.restarted(t, trails, one, two)
			one.well(t)
			two.well(t)
			if n := w.calls("ReceiveMessage"); n > 200 {
				t.Errorf("%d receives for %d messages: a storm", n, len(sent)+12)
			}
		})
	}
}
