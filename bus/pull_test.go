package bus

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"riposte.dev/fault"
)

// pulling makes a puller that talks to a consumer played by the test: requests tells how many messages each request
// asks for, answer sends a message or, with a status, what the server says.
func pulling(t *testing.T, batch int) (p *puller, requests func() int, answer func(status, description, left string)) {
	t.Helper()
	nc, err := nats.Connect(external(t, 1, func(o *server.Options) { o.JetStream = false }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	p, err = newPuller(nc, "FAKE", "c", batch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	asked, err := nc.SubscribeSync(p.api)
	if err != nil {
		t.Fatal(err)
	}
	requests = func() int {
		t.Helper()
		msg, err := asked.NextMsgWithContext(within(t))
		if err != nil {
			t.Fatal(err)
		}
		var request struct{ Batch int }
		if err := json.Unmarshal(msg.Data, &request); err != nil {
			t.Fatal(err)
		}
		return request.Batch
	}
	answer = func(status, description, left string) {
		t.Helper()
		msg := nats.NewMsg(p.sub.Subject)
		if status == "" {
			msg.Data = []byte("data")
		} else {
			msg.Header.Set("Status", status)
			msg.Header.Set("Description", description)
			msg.Header.Set("Nats-Pending-Messages", left)
		}
		if err := nc.PublishMsg(msg); err != nil {
			t.Fatal(err)
		}
	}
	return p, requests, answer
}

func TestPullerAsksAgainWhenHalfHasCome(t *testing.T) {
	p, requests, answer := pulling(t, 4)
	for range 4 {
		answer("", "", "")
	}
	for i := range 4 {
		if _, err := p.next(within(t)); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if first, second := requests(), requests(); first != 4 || second != 2 {
		t.Errorf("asked for %d and %d, want 4 and 2", first, second)
	}
}

func TestPullerUnderstandsTheServer(t *testing.T) {
	tests := []struct {
		name                      string
		status, description, left string
		want                      error // what next returns; nil: it goes on and gets the message that follows
		code                      fault.Code
		asksAgain                 int // 0: not
	}{
		{"heartbeat", "100", "Idle Heartbeat", "", nil, "", 0},
		{"nothing came in time", "408", "Request Timeout", "4", nil, "", 4},
		{"some came in time", "408", "Request Timeout", "2", nil, "", 2},
		{"timeout that doesn't say what is left", "408", "Request Timeout", "", nil, "", 4},
		{"request done", "409", "Batch Completed", "3", nil, "", 3},
		{"consumer deleted", "409", "Consumer Deleted", "", errConsumerGone, "", 0},
		{"another leader", "409", "Leadership Change", "", errStalled, "", 0},
		{"server stops", "409", "Server Shutdown", "", errStalled, "", 0},
		{"nobody there", "503", "", "", errStalled, "", 0},
		{"refused", "409", "Exceeded MaxWaiting", "", nil, fault.Unavailable, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, requests, answer := pulling(t, 4)
			answer(tt.status, tt.description, tt.left)
			answer("", "", "")
			_, err := p.next(within(t))
			if tt.code != "" {
				if fault.CodeOf(err) != tt.code {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := requests(); got != 4 {
				t.Errorf("asked for %d first", got)
			}
			if tt.asksAgain > 0 {
				if got := requests(); got != tt.asksAgain {
					t.Errorf("asked for %d again, want %d", got, tt.asksAgain)
				}
			}
		})
	}
}

func TestPullerNoticesThatNobodyAnswers(t *testing.T) {
	p, requests, answer := pulling(t, 1)
	p.heartbeat = time.Millisecond
	if _, err := p.next(within(t)); !errors.Is(err, errStalled) {
		t.Fatalf("got %v", err)
	}
	p.heartbeat = time.Minute
	answer("", "", "")
	if _, err := p.next(within(t)); err != nil {
		t.Fatal(err)
	}
	if first, second := requests(), requests(); first != 1 || second != 1 {
		t.Errorf("asked for %d and %d", first, second)
	}
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if _, err := p.next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("end of the context: %v", err)
	}
}

func TestReadGoesOnWhenItsConsumerIsLost(t *testing.T) {
	b := open(t, t.TempDir())
	var seen log
	running(t, func(ctx context.Context) error {
		return b.Follow(ctx, Events, time.Now().Add(-time.Hour), func(m Message) error {
			seen.add(string(m.Data))
			return nil
		})
	})
	publish(t, b, "1")
	seen.waitFor(t, 1)
	consumers := 0
	st, err := b.js.Stream(within(t), string(Events))
	if err != nil {
		t.Fatal(err)
	}
	for name := range st.ConsumerNames(within(t)).Name() {
		consumers++
		if err := st.DeleteConsumer(within(t), name); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, b, "2")
	if got := seen.waitFor(t, 2); consumers != 1 || got[1] != "2" || len(got) != 2 {
		t.Errorf("after %d lost consumers: %q", consumers, got)
	}
}

func TestConsumeEndsWhenItsConsumerIsDeleted(t *testing.T) {
	b := open(t, t.TempDir())
	result := make(chan error, 1)
	began := make(chan struct{})
	publish(t, b, "1")
	go func() {
		result <- b.Consume(t.Context(), ConsumerConfig{Stream: Events, Durable: "d"}, func(context.Context, Batch) error {
			close(began)
			return nil
		})
	}()
	<-began
	if err := b.DeleteConsumer(within(t), Events, "d"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-result:
		if !errors.Is(err, errConsumerGone) || fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("got %v", err)
		}
	case <-within(t).Done():
		t.Error("Consume goes on")
	}
}
