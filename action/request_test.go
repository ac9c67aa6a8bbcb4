package action

import (
	"context"
	"errors"
	"testing"

	"riposte.dev/fault"
)

func TestRequestCheck(t *testing.T) {
	for _, tt := range []struct {
		account, region string
		code            fault.Code
	}{
		{"111122223333", "eu-west-1", ""}, {"1111222233334", "eu-west-1", fault.Invalid}, {"11112222333x", "eu-west-1", fault.Invalid},
		{"", "eu-west-1", fault.Invalid}, {"111122223333", "", fault.Invalid},
	} {
		if err := (Request{Account: tt.account, Region: tt.region}).Check(); fault.CodeOf(err) != tt.code {
			t.Errorf("Check(%q, %q) = %v, want code %q", tt.account, tt.region, err, tt.code)
		}
	}
}

func TestApplyCallsStopsAtTheFirstFailure(t *testing.T) {
	item := Item{Calls: []Call{{Operation: "A"}, {Operation: "B"}, {Operation: "C"}}}
	refused := errors.New("refused")
	receipts, err := ApplyCalls(context.Background(), item, func(ctx context.Context, c Call) error {
		Note(ctx, Receipt{Operation: c.Operation})
		if c.Operation == "B" {
			return refused
		}
		return nil
	})
	if !errors.Is(err, refused) || len(receipts) != 2 || receipts[1].Operation != "B" {
		t.Errorf("receipts %v, error %v: want those of A and B, and the refusal", receipts, err)
	}
}
