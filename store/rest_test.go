package store_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/store"
)

func TestExceptions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		x := guard.Exception{ID: "mine", Rule: "rule-a", Action: "cloudtrail.start-logging", Account: "111122223333", Resource: trail, Owner: "platform@example.com",
			Reason: "Migration", Ticket: "SEC-7", Created: noon.AddDate(-5, 0, 0), Expires: noon.AddDate(0, 6, 0)}
		added, err := s.Exceptions.AddException(t.Context(), x, "ana")
		if err != nil {
			t.Fatal(err)
		}
		x.ID, x.Created = added.ID, noon
		if added.ID == "mine" || added != x {
			t.Errorf("added %+v", added)
		}
		c.forward(time.Minute)
		short := x
		short.Expires = noon.Add(time.Hour)
		second, err := s.Exceptions.AddException(t.Context(), short, "ben")
		if err != nil {
			t.Fatal(err)
		}
		active := func(at time.Time, want ...guard.Exception) {
			t.Helper()
			got, err := s.Exceptions.Active(t.Context(), at)
			if diff := cmp.Diff(append([]guard.Exception{}, want...), got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
		active(noon, second, added)
		active(second.Expires, added)
		if err := s.Exceptions.RemoveException(t.Context(), added.ID, "eve"); err != nil {
			t.Fatal(err)
		}
		active(noon, second)
		if err := s.Exceptions.RemoveException(t.Context(), added.ID, "ana"); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("removed twice: %v", err)
		}
		if err := s.Exceptions.RemoveException(t.Context(), "none", "ana"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("none: %v", err)
		}
		history, err := s.Exceptions.History(t.Context())
		want := []store.ExceptionRecord{{Exception: second, AddedBy: "ben"}, {Exception: added, AddedBy: "ana", Removed: noon.Add(time.Minute), RemovedBy: "eve"}}
		if diff := cmp.Diff(want, history); err != nil || diff != "" {
			t.Error(err, diff)
		}
		ended, err := s.Exceptions.Exception(t.Context(), added.ID)
		if diff := cmp.Diff(want[1], ended); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := s.Exceptions.Exception(t.Context(), "none"); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
			t.Errorf("none: %v", err)
		}
		x.Owner = ""
		if _, err := s.Exceptions.AddException(t.Context(), x, "ana"); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("nobody answers for it: %v", err)
		}
	})
}

// A floor above declares it, so the proof is here.
var _ detect.Networks = (*store.Networks)(nil)

func TestNetworks(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		home, away := netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48")
		seen := func(account string, network netip.Prefix, wantNetwork, wantAccount time.Time) {
			t.Helper()
			first, account1, err := s.Networks.Seen(t.Context(), account, network)
			if err != nil || !first.Equal(wantNetwork) || !account1.Equal(wantAccount) {
				t.Errorf("%s from %s: %v %v, error %v, want %v %v", account, network, first, account1, err, wantNetwork, wantAccount)
			}
		}
		remember := func(account string, network netip.Prefix, at time.Time) {
			t.Helper()
			if err := s.Networks.Remember(t.Context(), account, network, at); err != nil {
				t.Fatal(err)
			}
		}
		never := time.Time{}
		seen("1", home, never, never)
		remember("1", home, noon)
		seen("1", home, noon, noon)
		seen("1", away, never, noon)
		seen("2", home, never, never)
		remember("1", home, noon.Add(24*time.Hour))
		remember("1", away, noon.Add(time.Hour))
		seen("1", home, noon, noon)
		seen("1", away, noon.Add(time.Hour), noon)
		remember("1", away, noon.Add(-time.Hour)) // backfill comes late
		seen("1", away, noon.Add(-time.Hour), noon.Add(-time.Hour))
		seen("1", netip.MustParsePrefix("192.0.2.77/24"), noon, noon.Add(-time.Hour)) // the same network
	})
}

func TestRememberOfManyCallers(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		network := netip.MustParsePrefix("192.0.2.0/24")
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				if err := s.Networks.Remember(t.Context(), "1", network, noon.Add(time.Duration(n)*time.Minute)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if first, _, err := s.Networks.Seen(t.Context(), "1", network); err != nil || !first.Equal(noon) {
			t.Errorf("first %v, error %v, want the earliest", first, err)
		}
	})
}

func TestDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		var entries []notify.Entry
		for n, status := range []notify.Status{notify.Retrying, notify.Sent, notify.Dead, notify.Skipped} {
			e := notify.Entry{Delivery: fmt.Sprint("d-", n/2), Message: fmt.Sprint("m-", n/2), Channel: "mail", Status: status, Attempt: n,
				At: noon.Add(time.Duration(n) * time.Minute), Took: time.Second, Error: "e", Severity: "HIGH", Subject: "s", Execution: "e-1"}
			if status == notify.Skipped {
				e.Delivery, e.Execution = "", "e-2"
			}
			if err := s.Deliveries.Record(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
		for delivery, want := range map[string]bool{"d-0": true, "d-1": false, "d-9": false, "": false} {
			if got, err := s.Deliveries.Sent(t.Context(), delivery); got != want || err != nil {
				t.Errorf("%q is sent: %v, error %v", delivery, got, err)
			}
		}
		slices.Reverse(entries)
		for name, c := range map[string]struct {
			filter store.DeliveryFilter
			want   []notify.Entry
		}{
			"everything, latest first": {store.DeliveryFilter{}, entries},
			"of a message":             {store.DeliveryFilter{Message: "m-0"}, entries[2:]},
			"of an execution":          {store.DeliveryFilter{Execution: "e-2"}, entries[:1]},
			"by status":                {store.DeliveryFilter{Status: notify.Dead}, entries[1:2]},
			"since":                    {store.DeliveryFilter{Since: noon.Add(2 * time.Minute)}, entries[:2]},
			"the last one":             {store.DeliveryFilter{Limit: 1}, entries[:1]},
		} {
			got, err := s.Deliveries.List(t.Context(), c.filter)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", name, err, diff)
			}
		}
	})
}

func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		is := func(want string, there bool) {
			t.Helper()
			if got, ok, err := s.Settings.Get(t.Context(), "paused"); got != want || ok != there || err != nil {
				t.Errorf("%q %v, error %v, want %q", got, ok, err, want)
			}
		}
		is("", false)
		for _, value := range []string{"yes", ""} {
			if err := s.Settings.Set(t.Context(), "paused", value); err != nil {
				t.Fatal(err)
			}
			is(value, true)
		}
		for range 2 {
			if err := s.Settings.Delete(t.Context(), "paused"); err != nil {
				t.Fatal(err)
			}
			is("", false)
		}
	})
}

func TestCalls(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		if err := s.Calls.Remember(t.Context(), []string{"r1", "r2", "r1"}, noon); err != nil {
			t.Fatal(err)
		}
		if err := s.Calls.Remember(t.Context(), []string{"r2", "r3"}, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := s.Calls.Forget(t.Context(), noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]bool{"r1": false, "r2": false, "r3": true, "": false} {
			if known, err := s.Calls.Known(t.Context(), id); err != nil || known != want {
				t.Errorf("%q is known: %v (%v)", id, known, err)
			}
		}
	})
}
