package notify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/fault"
)

func unavailable(n int) []error {
	return slices.Repeat([]error{fault.New(fault.Unavailable, "connection refused")}, n)
}

// A channel that is down for a while delays only its own deliveries, and gets each once when it is back.
func TestRetryUntilTheChannelIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.mail.errs = unavailable(3)
		r.start(t)
		begin := time.Now()
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(r.sns.deliveries()) != 1 {
			t.Error("the topic waited for the mail server")
		}
		time.Sleep(time.Minute) // the bubble's clock
		if got := r.mail.recipients(); len(got) != 1 {
			t.Fatalf("mailed to %v", got)
		}
		want := []Status{Retrying, Retrying, Retrying, Sent}
		if got := r.log.of("mail"); !slices.Equal(got, want) {
			t.Errorf("log has %v, want %v", got, want)
		}
		// 3/4 of 5, 10 and 20 s, as the random number is 0.5
		if took := r.mail.attempts()[3].Sub(begin); took != 26250*time.Millisecond {
			t.Errorf("sent after %s", took)
		}
	})
}

func TestGiveUpAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.mail.errs = unavailable(1000)
		r.start(t)
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(23 * time.Hour)
		if len(r.queue.buried()) != 0 {
			t.Fatalf("given up early: %v", r.queue.buried())
		}
		time.Sleep(2 * time.Hour)
		if len(r.queue.buried()) != 1 {
			t.Fatalf("dead letters: %v", r.queue.buried())
		}
		last := r.log.last()
		if last.Status != Dead || last.Channel != "mail" || last.Attempt < 100 || !strings.Contains(last.Error, "connection refused") {
			t.Errorf("the log ends with %+v", last)
		}
		if got := r.count(t, "riposte_notify_deliveries_total", "mail", "dead"); got != 1 {
			t.Errorf("metric counts %v dead", got)
		}
	})
}

func TestTerminalErrorIsADeadLetterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.mail.errs = []error{fault.New(fault.NotFound, "550 no such mailbox")}
		r.start(t)
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		id := deliveryID("m", "mail", "secops@example.com")
		if err := r.queue.buried()[id]; err == nil || !strings.Contains(err.Error(), "550 no such mailbox") {
			t.Errorf("dead letters: %v", r.queue.buried())
		}
		if got := r.log.of("mail"); !slices.Equal(got, []Status{Dead}) {
			t.Errorf("log has %v", got)
		}
	})
}

// What waited while riposte was down longer than a day still gets its attempts.
func TestOldDeliveryHasAChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.mail.errs = unavailable(2)
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		r.start(t)
		time.Sleep(time.Minute)
		if got := len(r.mail.deliveries()); got != 1 {
			t.Errorf("%d mails, dead letters %v", got, r.queue.buried())
		}
	})
}

// An acknowledgement that got lost has the queue hand the job out again; the log knows that it was sent.
func TestRedeliveryIsNotSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		if err := r.Notify(t.Context(), []string{"pager"}, message("m")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		data, err := json.Marshal(r.sns.deliveries()[0])
		if err != nil {
			t.Fatal(err)
		}
		r.queue.again("notify-sns-security", Job{ID: "x", Data: data})
		synctest.Wait()
		if got := len(r.sns.deliveries()); got != 1 {
			t.Errorf("sent %d times", got)
		}
		if got := r.count(t, "riposte_notify_duplicates_total", "sns-security"); got != 1 {
			t.Errorf("metric counts %v duplicates", got)
		}
	})
}

// A log that can't be written or read never keeps a message from people.
func TestBrokenLogDoesNotStopMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.broken = true
		r.start(t)
		if err := r.Notify(t.Context(), []string{"secops"}, message("m")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(r.mail.deliveries()) != 1 || len(r.sns.deliveries()) != 1 {
			t.Error("not sent")
		}
	})
}

func TestJunkInTheQueueIsADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(t)
		r.queue.again("notify-mail", Job{ID: "junk", Data: []byte("{")})
		synctest.Wait()
		if err := r.queue.buried()["junk"]; !errors.Is(err, ErrGiveUp) {
			t.Errorf("got %v", err)
		}
	})
}

// slow is a channel that hangs until its context ends.
type slow struct{ ended chan time.Duration }

func (s slow) Name() string { return "slow" }

func (s slow) Send(ctx context.Context, _ Delivery) error {
	begin := time.Now()
	<-ctx.Done()
	s.ended <- time.Since(begin)
	return ctx.Err()
}

func TestAttemptsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		stop time.Duration // when the router is stopped
		want time.Duration // how long the attempt may last
	}{
		"by the timeout":                {time.Hour, 30 * time.Second},
		"by a moment after the stop":    {10 * time.Second, 10*time.Second + grace},
		"by the timeout after the stop": {28 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch := slow{make(chan time.Duration, 1)}
				h := &deliver{
					channel: ch, retry: Retry{}.withDefaults(), timeout: 30 * time.Second, log: &memLog{},
					logger: Config{}.withDefaults().Logger, metrics: newRig(t, nil).metrics, now: time.Now,
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.stop)
				defer cancel()
				err := h.handle(ctx, Job{Data: []byte(`{"channel":"slow","queued":"` + time.Now().Format(time.RFC3339) + `"}`), Attempt: 1})
				if !fault.Retryable(err) {
					t.Errorf("got %v, want a retryable error", err)
				}
				if got := <-ch.ended; got != tt.want {
					t.Errorf("the attempt lasted %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestPauses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Retry{}.withDefaults()
		attempt := rapid.IntRange(1, 1000).Draw(t, "attempt")
		random := rapid.Float64Range(0, 0.999).Draw(t, "random")
		p := r.pause(attempt, random)
		if p < r.First/2 || p > r.Max {
			t.Fatalf("attempt %d: %s", attempt, p)
		}
		if next := r.pause(attempt+1, random); next < p {
			t.Fatalf("attempt %d waits %s, the next only %s", attempt, p, next)
		}
	})
}
