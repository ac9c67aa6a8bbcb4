package action

import (
	"context"
	"testing"
)

func TestRecordersNest(t *testing.T) {
	Note(context.Background(), Receipt{RequestID: "nobody listens"})
	ctx, outer := Record(context.Background())
	Note(ctx, Receipt{RequestID: "1"})
	inside, inner := Record(ctx)
	Note(inside, Receipt{RequestID: "2"})
	Note(ctx, Receipt{RequestID: "3"})

	for _, tt := range []struct {
		name string
		r    *Recorder
		want string
	}{{"outer", outer, "123"}, {"inner", inner, "2"}} {
		got := ""
		for _, receipt := range tt.r.Receipts() {
			got += receipt.RequestID
		}
		if got != tt.want {
			t.Errorf("%s recorded %q, want %q", tt.name, got, tt.want)
		}
	}
}
