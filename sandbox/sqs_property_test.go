package sandbox

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueKeepsMessages plays with a queue and a plain model of it: a message
// is handed out only while nobody has it, its receive count grows, and only its
// latest receipt deletes it.
func TestQueueKeepsMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type modelled struct {
			free     time.Time // from when it can be received
			received int
			receipt  string
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		q := &queue{attributes: map[string]string{}, messages: newMessages(), changed: make(chan struct{})}
		model, old, sent := map[string]*modelled{}, []string{}, 0
		seconds := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(0, 60).Draw(t, label)) * time.Second
		}
		receipt := func(m *message) string { return encodeReceipt(m, strconv.Itoa(m.received)) }
		t.Repeat(map[string]func(*rapid.T){
			"send": func(*rapid.T) {
				sent++
				id, delay := "m"+strconv.Itoa(sent), seconds("delay")
				q.add(&message{id: id, sent: now}, delay)
				model[id] = &modelled{free: now.Add(delay)}
			},
			"pass time": func(*rapid.T) { now = now.Add(seconds("pass")) },
			"receive": func(*rapid.T) {
				free := 0
				for _, m := range model {
					if !m.free.After(now) {
						free++
					}
				}
				n, hide := rapid.IntRange(1, 10).Draw(t, "n"), seconds("hide")
				got, _ := q.take(n, hide, now, receipt, nil)
				if len(got) != min(n, free) {
					t.Fatalf("received %d of %d free messages, asked for %d", len(got), free, n)
				}
				for _, g := range got {
					m := model[g.id]
					if m == nil || m.free.After(now) {
						t.Fatalf("%s was received, which is deleted or somebody's", g.id)
					}
					if m.receipt != "" {
						old = append(old, m.receipt)
					}
					m.received++
					m.free, m.receipt = now.Add(hide), g.receipt
					if g.received != m.received {
						t.Fatalf("%s says it was received %d times, want %d", g.id, g.received, m.received)
					}
				}
			},
			"delete": func(*rapid.T) {
				for id, m := range model {
					if m.receipt == "" {
						continue
					}
					if err := q.remove(input{"ReceiptHandle": m.receipt}); err != nil {
						t.Fatal(err)
					}
					delete(model, id)
					return
				}
			},
			"delete by an old receipt": func(*rapid.T) {
				if len(old) == 0 {
					return
				}
				if err := q.remove(input{"ReceiptHandle": rapid.SampledFrom(old).Draw(t, "receipt")}); err != nil {
					t.Fatal(err)
				}
			},
			"": func(*rapid.T) {
				if available, inFlight, delayed := q.counts(now); available+inFlight+delayed != len(model) {
					t.Fatalf("the queue has %d, %d and %d messages, want %d", available, inFlight, delayed, len(model))
				}
			},
		})
	})
}

func FuzzReceiptHandle(f *testing.F) {
	m := &message{id: "0", received: 3}
	for _, s := range []string{"", "x", encodeReceipt(m, "nonce")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, handle string) {
		m := &message{id: "1", received: 1}
		m.receipt = encodeReceipt(m, "nonce")
		q := &queue{messages: newMessages()}
		q.messages.add(m)
		if found, err := q.received(handle); (found != nil) != (handle == m.receipt) || found != nil && err != nil {
			t.Errorf("handle %q finds %+v, %v", handle, found, err)
		}
	})
}
