package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

func TestStoreError(t *testing.T) {
	api := func(code jetstream.ErrorCode) error {
		return fmt.Errorf("nats: %w", &jetstream.APIError{ErrorCode: code, Description: "said the server"})
	}
	tests := []struct {
		name string
		err  error
		want fault.Code
		text string
	}{
		{"nothing", nil, "", ""},
		{"full", api(10077), fault.Unavailable, "stream EVENTS is full"},
		{"no memory or disk", api(10023), fault.Unavailable, "no storage left"},
		{"account limit", api(10047), fault.Unavailable, "no storage left"},
		{"too large for the stream", api(10054), fault.TooLarge, "too large"},
		{"too large for the connection", nats.ErrMaxPayload, fault.TooLarge, "too large"},
		{"no answer", nats.ErrTimeout, fault.Timeout, "not acknowledged in time"},
		{"no answer to an asynchronous publish", jetstream.ErrAsyncPublishTimeout, fault.Timeout, "not acknowledged in time"},
		{"caller's bound", context.DeadlineExceeded, fault.Timeout, "not acknowledged in time"},
		{"another refusal", api(10001), fault.Internal, "said the server"},
		{"closed", nats.ErrConnectionClosed, fault.Unavailable, "closing"},
		{"cluster without leader", jetstream.ErrNoStreamResponse, fault.Unavailable, "EVENTS"},
		{"has its code already", fault.New(fault.Denied, "as it was"), fault.Denied, "as it was"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := storeError(Events, tt.err)
			if fault.CodeOf(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want code %q and %q", err, tt.want, tt.text)
			}
			if tt.err != nil && !errors.Is(err, tt.err) && !errors.Is(err, ErrClosed) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestReadError(t *testing.T) {
	if err := readError(Events, context.Canceled); !errors.Is(err, context.Canceled) || fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("end of a context: %v", err)
	}
	if err := readError(Events, nats.ErrTimeout); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "EVENTS") {
		t.Errorf("no answer: %v", err)
	}
}

func TestTerminal(t *testing.T) {
	cause := fault.New(fault.Invalid, "no such field")
	if err := fmt.Errorf("rule: %w", Terminal(cause)); !isTerminal(err) || !errors.Is(err, cause) || fault.CodeOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	if isTerminal(cause) || Terminal(nil) != nil {
		t.Error("terminal without being marked")
	}
}

func TestReadBatchAck(t *testing.T) {
	tests := []struct {
		name, answer string
		want         uint64
		err          string
	}{
		{"stored", `{"stream":"EXEC","seq":9,"batch":"x","count":3}`, 9, ""},
		{"refused", `{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"}}`, 0, "wrong last sequence"},
		{"stored in part", `{"stream":"EXEC","seq":9,"batch":"x","count":2}`, 0, "2 stored"},
		{"impossible", `{"stream":"EXEC","seq":1,"batch":"x","count":3}`, 0, "sequence 1"},
		{"not JSON", `+OK`, 0, "answer to a batch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readBatchAck([]byte(tt.answer), 3)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestServerLog(t *testing.T) {
	var out bytes.Buffer
	l := serverLog{slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	l.Tracef("trace")
	l.Debugf("debug")
	l.Noticef("notice")
	l.Warnf(" slow %s\n", "disk")
	l.Errorf("an error")
	l.Fatalf("fatal")
	for _, want := range []string{`level=WARN msg="nats: slow disk"`, `level=ERROR msg="nats: an error"`, `level=ERROR msg="nats: fatal"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want 3: %s", n, out.String())
	}
}
