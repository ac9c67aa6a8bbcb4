package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/store"
)

func TestPauses(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		inForce := func(want ...guard.Pause) {
			t.Helper()
			got, err := s.Pauses.InForce(t.Context())
			if diff := cmp.Diff(append([]guard.Pause{}, want...), got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
		inForce()
		all, err := s.Pauses.Pause(t.Context(), guard.Pause{ID: "mine", By: "eve", Reason: "Everything is on fire."}, "ana")
		if err != nil || all.ID == "mine" || all.By != "ana" || !all.Since.Equal(noon) {
			t.Fatalf("paused %+v, %v", all, err)
		}
		c.forward(time.Minute)
		one, err := s.Pauses.Pause(t.Context(), guard.Pause{Account: "111122223333", Region: "eu-west-1", Rule: "r", Action: "a", Resource: trail, Reason: "Migration."}, "ben")
		if err != nil {
			t.Fatal(err)
		}
		inForce(all, one)
		if err := s.Pauses.Resume(t.Context(), all.ID, "cy"); err != nil {
			t.Fatal(err)
		}
		inForce(one)
		if err := s.Pauses.Resume(t.Context(), all.ID, "ana"); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("ended twice: %v", err)
		}
		if err := s.Pauses.Resume(t.Context(), "pause-none", "ana"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("none: %v", err)
		}
		if _, err := s.Pauses.Pause(t.Context(), guard.Pause{}, "ana"); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		history, err := s.Pauses.PauseHistory(t.Context())
		want := []store.PauseRecord{{Pause: one}, {Pause: all, Resumed: noon.Add(time.Minute), ResumedBy: "cy"}}
		if diff := cmp.Diff(want, history); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}
