package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/store"
)

const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"

// newFinding makes a finding of a rule, the n-th one, raised n minutes after noon.
func newFinding(t testing.TB, rule string, n int) finding.Finding {
	t.Helper()
	f, err := finding.New(finding.Draft{
		Rule: rule, Cause: event.Cause(fmt.Sprintf("cloudtrail|111122223333|%d", n)), Account: "111122223333", Region: "eu-west-1",
		Types: []string{"TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"}, Severity: finding.High,
		Title: fmt.Sprintf("Trail %d was stopped", n), Resources: []finding.Resource{{Type: "AwsCloudTrailTrail", ID: trail}}, Observed: noon,
	}, noon.Add(time.Duration(n)*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func upsert(t testing.TB, h *finding.Hub, f finding.Finding) finding.Result {
	t.Helper()
	r, err := h.Upsert(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func hubOn(s *store.Store, c *clock) *finding.Hub {
	return finding.NewHub(finding.Options{Store: s.Findings, Now: c.Now})
}

func TestFindingsRest(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		h := hubOn(s, c)
		f := newFinding(t, "rule-a", 1)
		first := upsert(t, h, f)
		if again := upsert(t, h, f); again.Outcome != finding.Unchanged {
			t.Errorf("again: %s", again.Outcome)
		}
		got, err := h.Get(t.Context(), finding.Key{ID: f.ID})
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != 1 || !got.Imported.Equal(noon) || got.Finding.Title != first.Finding.Title || got.Finding.ProductFields[event.RootCauseField] != "cloudtrail|111122223333|1" {
			t.Errorf("record %+v", got)
		}
		f.UpdatedAt, f.RecordState, f.Types = finding.Time(noon.Add(time.Hour)), finding.Archived, []string{"Effects"}
		upsert(t, h, f)
		f.UpdatedAt, f.RecordState = finding.Time(noon.Add(2*time.Hour)), finding.Active
		if r := upsert(t, h, f); r.Outcome != finding.Reopened || r.Generation != 1 {
			t.Errorf("back again: %+v", r)
		}
		got, _ = h.Get(t.Context(), f.Key())
		if got.Generation != 1 || got.Version != 3 || !got.Imported.Equal(noon) {
			t.Errorf("record %+v", got)
		}
		if page, _ := h.List(t.Context(), finding.Filter{Type: "TTPs"}); len(page.Records) != 0 {
			t.Error("it is still found by its old type")
		}
	})
}

func TestFindSaysWhatIsAmbiguous(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		h := hubOn(s, c)
		f := newFinding(t, "rule-a", 1)
		upsert(t, h, f)
		other := f
		other.ProductArn = "arn:aws:securityhub:eu-west-1::product/acme/scan"
		upsert(t, h, other)
		if _, err := h.Get(t.Context(), finding.Key{ID: f.ID}); fault.CodeOf(err) != fault.Conflict || !strings.Contains(fault.Hint(err), other.ProductArn) {
			t.Errorf("two products: %v", err)
		}
		if r, err := h.Get(t.Context(), other.Key()); err != nil || r.Finding.ProductArn != other.ProductArn {
			t.Errorf("one product: %v %v", r.Finding.ProductArn, err)
		}
		if _, err := h.Get(t.Context(), finding.Key{ID: "none"}); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("none: %v", err)
		}
	})
}

func TestListFindings(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		h := hubOn(s, c)
		ids := map[string]string{}
		for n, f := range []finding.Finding{newFinding(t, "rule-a", 0), newFinding(t, "rule-a", 1), newFinding(t, "rule-b", 2), newFinding(t, "rule-b", 3)} {
			switch n {
			case 1:
				f.Severity, f.Types = &finding.Severity{Label: finding.Low}, []string{"TTPs", "Effects/Data Exposure"}
			case 2:
				f.Title, f.RecordState = `100% of "under_score" \ groß`, finding.Archived
				f.Resources = []finding.Resource{{Type: "AwsS3Bucket", ID: "arn:aws:s3:::Bucket-X"}, {Type: "Other", ID: trail}, {Type: "Other", ID: trail}}
			case 3:
				f.Region, f.AwsAccountID, f.ProductArn = "us-east-1", "999999999999", "arn:aws:securityhub:us-east-1:999999999999:product/999999999999/default"
				f.Types = []string{"TTPs/Defense"}
			}
			upsert(t, h, f)
			ids[f.ID] = fmt.Sprint(n)
		}
		if _, err := h.Update(t.Context(), finding.Key{ID: newFinding(t, "rule-a", 0).ID}, finding.Update{Workflow: finding.StatusResolved}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			filter finding.Filter
			want   string
		}{
			"everything, latest first": {finding.Filter{}, "3210"},
			"rule":                     {finding.Filter{Rule: "rule-a"}, "10"},
			"a whole type":             {finding.Filter{Type: "TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"}, "20"},
			"the beginning of a type":  {finding.Filter{Type: "TTPs/Defense Evasion"}, "20"},
			"with a slash":             {finding.Filter{Type: "TTPs/Defense Evasion/"}, "20"},
			"a namespace":              {finding.Filter{Type: "TTPs"}, "3210"},
			"no whole part of a type":  {finding.Filter{Type: "TTPs/Def"}, ""},
			"its second type":          {finding.Filter{Type: "Effects"}, "1"},
			"severities":               {finding.Filter{Severity: []finding.Label{finding.Low, finding.Critical}}, "1"},
			"account":                  {finding.Filter{Account: "999999999999"}, "3"},
			"region":                   {finding.Filter{Region: "eu-west-1"}, "210"},
			"resource":                 {finding.Filter{Resource: "arn:aws:s3:::Bucket-X"}, "2"},
			"workflow":                 {finding.Filter{Workflow: []finding.WorkflowStatus{finding.StatusResolved}}, "0"},
			"record state":             {finding.Filter{RecordState: finding.Archived}, "2"},
			"since":                    {finding.Filter{Since: noon.Add(2 * time.Minute)}, "32"},
			"until":                    {finding.Filter{Until: noon.Add(2 * time.Minute)}, "10"},
			"text in the title":        {finding.Filter{Text: "TRAIL 1"}, "1"},
			"text in a resource":       {finding.Filter{Text: "bucket-x"}, "2"},
			"text with wildcards":      {finding.Filter{Text: `0% OF "under_`}, "2"},
			"text with a backslash":    {finding.Filter{Text: `\ GROß`}, "2"},
			"wildcards mean nothing":   {finding.Filter{Text: "t_ail"}, ""},
			"everything at once":       {finding.Filter{Rule: "rule-b", RecordState: finding.Archived, Severity: []finding.Label{finding.High}, Text: "under", Since: noon}, "2"},
			"a part that does not fit": {finding.Filter{Rule: "rule-a", RecordState: finding.Archived}, ""},
		} {
			t.Run(name, func(t *testing.T) {
				page, err := h.List(t.Context(), c.filter)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, r := range page.Records {
					got += ids[r.Finding.ID]
				}
				if got != c.want || page.Next != "" {
					t.Errorf("got %q, next %q, want %q", got, page.Next, c.want)
				}
			})
		}
	})
}

func TestListFindingsPageByPage(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		h := hubOn(s, c)
		for n := range 7 {
			f := newFinding(t, "rule", n)
			f.UpdatedAt = finding.Time(noon.Add(time.Duration(1+n/3) * time.Hour)) // several at one time
			upsert(t, h, f)
		}
		var seen []string
		var f finding.Filter
		for f.Limit = 2; ; {
			page, err := h.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				seen = append(seen, r.Finding.ID)
			}
			if f.After = page.Next; f.After == "" {
				break
			}
			if len(page.Records) != 2 {
				t.Fatalf("a page of %d", len(page.Records))
			}
		}
		slices.Sort(seen)
		if len(seen) != 7 || len(slices.Compact(seen)) != 7 {
			t.Errorf("saw %d findings: %v", len(seen), seen)
		}
		if _, err := h.List(t.Context(), finding.Filter{After: "page two"}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("a cursor of nobody: %v", err)
		}
		if _, err := h.List(t.Context(), finding.Filter{Text: strings.Repeat("x", 1001)}); fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("a text that is too long: %v", err)
		}
	})
}

func TestOutboxIsOfTheSameTransaction(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		broken := errors.New("no")
		f := newFinding(t, "rule", 1)
		change := &finding.Change{Record: finding.Record{Finding: f, Version: 1}, Event: []byte(`{}`)}
		for name, fn := range map[string]func(*finding.Record) (*finding.Change, error){
			"an error":   func(*finding.Record) (*finding.Change, error) { return change, broken },
			"no change":  func(*finding.Record) (*finding.Change, error) { return nil, nil },
			"not a time": func(*finding.Record) (*finding.Change, error) { return &finding.Change{}, nil },
		} {
			_ = s.Findings.Change(t.Context(), f.Key(), fn)
			if list, err := s.Findings.Outbox(t.Context(), 10); err != nil || len(list) != 0 {
				t.Errorf("%s left %d events, error %v", name, len(list), err)
			}
		}
		h := hubOn(s, c)
		for n := range 5 {
			upsert(t, h, newFinding(t, "rule", n))
		}
		list, err := s.Findings.Outbox(t.Context(), 3)
		if err != nil || len(list) != 3 {
			t.Fatalf("%d events, error %v", len(list), err)
		}
		for n, o := range list {
			if e, err := event.Parse(o.Event); err != nil || e.Resources[0] != newFinding(t, "rule", n).Key().ARN() {
				t.Errorf("event %d: %v", n, err)
			}
		}
		if err := s.Findings.Sent(t.Context(), []int64{list[0].Seq, list[2].Seq}); err != nil {
			t.Fatal(err)
		}
		left, err := s.Findings.Outbox(t.Context(), 10)
		if err != nil || len(left) != 3 || left[0].Seq != list[1].Seq {
			t.Errorf("left %v, error %v", left, err)
		}
		if err := s.Findings.Sent(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// TestUpsertsOfManyCallers has callers race for the same findings: each change is one event, whoever makes it, and every
// event leaves through the relay once.
func TestUpsertsOfManyCallers(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		h := hubOn(s, c)
		const callers, findings = 8, 20
		ctx, stop := context.WithCancel(t.Context())
		published := make(chan string, callers*findings)
		relayed := make(chan error)
		go func() {
			relayed <- h.Relay(ctx, func(_ context.Context, events [][]byte) error {
				for _, raw := range events {
					e, err := event.Parse(raw)
					if err != nil {
						return err
					}
					published <- e.ID
				}
				return nil
			})
		}()
		created := make([]int, callers)
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				for n := range findings {
					r, err := h.Upsert(t.Context(), newFinding(t, "rule", n))
					if err != nil {
						t.Error(err)
					} else if r.Outcome == finding.Created {
						created[caller]++
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range created {
			total += n
		}
		ids := map[string]bool{}
		for range findings {
			ids[<-published] = true
		}
		stop()
		if err := <-relayed; err != nil {
			t.Error(err)
		}
		if total != findings || len(ids) != findings || len(published) != 0 {
			t.Errorf("%d created, %d events, %d too many; want %d", total, len(ids), len(published), findings)
		}
	})
}

func TestWritesEndWithTheirContext(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := s.Settings.Set(ctx, "a", "b"); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if _, ok, err := s.Settings.Get(t.Context(), "a"); ok || err != nil {
			t.Errorf("it was written all the same: %v", err)
		}
	})
}
