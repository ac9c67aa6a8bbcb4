package detect

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/event"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// made returns a record as CloudTrail would, of one call.
func made(id string, at time.Time, who, api, params, failure string) *event.Record {
	write := false
	return &event.Record{EventID: id, EventTime: at, EventSource: "cloudtrail.amazonaws.com", EventName: api, AWSRegion: "eu-west-1",
		RecipientAccountID: "111122223333", SourceIPAddress: "203.0.113.7", ErrorCode: failure, ReadOnly: &write,
		RequestParameters: []byte(params), UserIdentity: event.Identity{Type: "IAMUser", UserName: who, ARN: "arn:aws:iam::111122223333:user/" + who}}
}

func TestSummaryTellsWhatAPrincipalDid(t *testing.T) {
	a := NewActivity(0, 0, func() time.Time { return noon.Add(time.Minute) })
	a.Covers(noon.Add(-2 * time.Hour))
	a.observe(made("1", noon.Add(-20*time.Minute), "mallory", "DescribeTrails", "null", ""))
	a.observe(made("2", noon.Add(-10*time.Minute), "mallory", "StopLogging", `{"name":"a"}`, "AccessDenied"))
	a.observe(made("3", noon, "mallory", "StopLogging", `{"name":"b"}`, ""))
	a.observe(made("3", noon, "mallory", "StopLogging", `{"name":"b"}`, "")) // the same record by another way
	a.observe(made("4", noon, "dana", "StopLogging", `{"name":"b"}`, ""))
	a.observe(made("5", noon.Add(-40*time.Minute), "mallory", "GetTrail", "null", ""))
	s := a.Summary("arn:aws:iam::111122223333:user/mallory", noon, 30*time.Minute)
	if s.Count != 3 || s.APIs["cloudtrail:StopLogging"] != 2 || s.APIs["cloudtrail:DescribeTrails"] != 1 || s.Errors["AccessDenied"] != 1 ||
		!slices.Equal(s.Addresses, []string{"203.0.113.7"}) || !s.First.Equal(noon.Add(-20*time.Minute)) || !s.Last.Equal(noon) || !s.Complete {
		t.Errorf("summary %+v", s)
	}
	if top := s.TopAPIs(1); len(top) != 1 || top[0] != (APICount{"cloudtrail:StopLogging", 2}) {
		t.Errorf("top %v", top)
	}
	if s := a.Summary("arn:aws:iam::111122223333:user/nobody", noon, time.Hour); s.Count != 0 || !s.First.IsZero() {
		t.Errorf("nobody did %+v", s)
	}
}

func TestSummaryIsIncompleteWhereTheIndexIs(t *testing.T) {
	a := NewActivity(0, 2, func() time.Time { return noon })
	if a.Summary("x", noon, 30*time.Minute).Complete {
		t.Error("an index that has just begun vouches for the last half hour")
	}
	a.Covers(noon.Add(-time.Hour))
	if !a.Summary("x", noon, 30*time.Minute).Complete {
		t.Error("an index that was read back does not vouch for it")
	}
	for i := range 3 {
		a.observe(made(fmt.Sprint(i), noon.Add(-10*time.Minute), "mallory", "X", "null", ""))
	}
	if s := a.Summary("arn:aws:iam::111122223333:user/mallory", noon, 30*time.Minute); s.Complete || s.Count != 2 {
		t.Errorf("after dropping a call: %+v", s)
	}
}

func TestLastByFindsTheResourceByNameOrARN(t *testing.T) {
	now := noon
	a := NewActivity(0, 0, func() time.Time { return now })
	const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
	if _, ok := a.LastBy("StopLogging", trail); ok {
		t.Error("an empty index knows who")
	}
	a.observe(made("1", noon.Add(-3*time.Minute), "dana", "StopLogging", `{"name":"`+trail+`"}`, ""))
	a.observe(made("2", noon.Add(-2*time.Minute), "mallory", "StopLogging", `{"name":"audit"}`, ""))
	a.observe(made("3", noon.Add(-1*time.Minute), "erin", "StopLogging", `{"name":"audit"}`, "AccessDenied"))
	a.observe(made("4", noon, "erin", "StartLogging", `{"name":"audit"}`, ""))
	got, ok := a.LastBy("StopLogging", trail)
	if !ok || got.Who != "IAM user mallory" || got.EventID != "2" || got.Address != "203.0.113.7" {
		t.Errorf("last by name: %+v, %v", got, ok)
	}
	if _, ok := a.LastBy("StopLogging", "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"); ok {
		t.Error("a trail of the same name in another region was taken for this one")
	}
	now = noon.Add(3 * time.Hour)
	if _, ok := a.LastBy("StopLogging", trail); ok {
		t.Error("what is older than the window is still told")
	}
}

// TestActivityCountsAsANaiveListDoes compares with a list of every record, in any order of arrival.
func TestActivityCountsAsANaiveListDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		a := NewActivity(time.Hour, rapid.IntRange(5, 40).Draw(t, "limit"), func() time.Time { return now })
		var all []*event.Record
		byID := map[string]*event.Record{}
		for i := range rapid.IntRange(0, 60).Draw(t, "records") {
			id := fmt.Sprint(rapid.IntRange(0, i).Draw(t, "id")) // some twice
			if byID[id] == nil {
				at := now.Add(-time.Duration(rapid.IntRange(0, 80).Draw(t, "age")) * time.Minute)
				byID[id] = made(id, at, rapid.SampledFrom([]string{"dana", "erin"}).Draw(t, "who"), "X", "null", "")
				if !at.Before(now.Add(-time.Hour)) {
					all = append(all, byID[id])
				}
			}
			a.observe(byID[id])
			now = now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "step")) * time.Minute)
			if a.size > a.limit || len(a.seen) != a.size {
				t.Fatalf("%d entries, %d ids, limit %d", a.size, len(a.seen), a.limit)
			}
		}
		total := 0
		for _, who := range []string{"dana", "erin"} {
			principal := "arn:aws:iam::111122223333:user/" + who
			s := a.Summary(principal, now, 30*time.Minute)
			want := 0
			for _, r := range all {
				if r.UserIdentity.ARN == principal && !r.EventTime.Before(s.From) && !r.EventTime.After(s.To) {
					want++
				}
			}
			if s.Count > 0 && (s.First.Before(s.From) || s.Last.After(s.To) || s.Last.Before(s.First)) {
				t.Fatalf("first %s, last %s in %s to %s", s.First, s.Last, s.From, s.To)
			}
			if s.Count > want || len(all) <= a.limit && s.Count != want {
				t.Fatalf("%s did %d, want %d of %d", who, s.Count, want, len(all))
			}
			total += len(a.principals[principal])
		}
		if total != a.size {
			t.Fatalf("%d calls of %v, %d entries", total, slices.Collect(maps.Keys(a.principals)), a.size)
		}
	})
}

func TestChangesAreBounded(t *testing.T) {
	a := NewActivity(0, 2*maxChanges, func() time.Time { return noon })
	for i := range maxChanges + maxChanges/4 {
		a.observe(made(fmt.Sprint(i), noon.Add(-time.Duration(i%100)*time.Minute), "dana", "X", fmt.Sprintf(`{"name":"n%d"}`, i), ""))
	}
	if n := len(a.changes.byKey); n > maxChanges {
		t.Errorf("%d changes remembered", n)
	}
}
