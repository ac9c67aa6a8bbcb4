package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestCodeOf(t *testing.T) {
	tests := []struct {
		name      string
		err       error
		code      Code
		retryable bool
	}{
		{"nil", nil, "", false},
		{"coded", New(NotFound, "no rule %q", "a"), NotFound, false},
		{"wrapped", fmt.Errorf("load: %w", New(Throttled, "slow down")), Throttled, true},
		{"deadline", fmt.Errorf("call: %w", context.DeadlineExceeded), Timeout, true},
		{"cancelled", context.Canceled, Unavailable, true},
		{"plain", io.EOF, Internal, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := CodeOf(tt.err); got != tt.code {
				t.Errorf("CodeOf = %q, want %q", got, tt.code)
			}
			if got := Retryable(tt.err); got != tt.retryable {
				t.Errorf("Retryable = %v, want %v", got, tt.retryable)
			}
		})
	}
}

func TestHintIsApartFromMessage(t *testing.T) {
	err := fmt.Errorf("serve: %w", New(Unavailable, "port 8080 is taken").WithHint("stop the other process or pass --listen"))
	if got, want := Message(err), "serve: port 8080 is taken"; got != want {
		t.Errorf("Message = %q, want %q", got, want)
	}
	if got, want := Hint(err), "stop the other process or pass --listen"; got != want {
		t.Errorf("Hint = %q, want %q", got, want)
	}
}

func TestNewKeepsTheCause(t *testing.T) {
	if err := New(Unavailable, "read: %w", io.ErrUnexpectedEOF); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}
