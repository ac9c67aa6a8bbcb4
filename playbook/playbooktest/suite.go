package playbooktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// bound is how long a test waits for what must come.
const bound = 10 * time.Second

// TestJournal checks that an empty journal keeps what playbook.Journal promises.
func TestJournal(t *testing.T, j playbook.Journal) {
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	if entries, err := j.Load(ctx, "none"); err != nil || len(entries) != 0 {
		t.Fatalf("an id that does not exist has %d entries, %v", len(entries), err)
	}
	first, err := j.Append(ctx, "a", 0, []byte("1"), []byte("2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "a", 0, []byte("again")); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a second start: %v, want a conflict", err)
	}
	other, err := j.Append(ctx, "b", 0, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "a", other, []byte("wrong")); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("an append after another id's sequence: %v, want a conflict", err)
	}
	if _, err := j.Append(ctx, "b", other, make([]byte, 2<<20)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("an append of 2 MiB: %v, want it refused as too large", err)
	}
	second, err := j.Append(ctx, "a", first, []byte("3"))
	if err != nil || !(first < other && other < second) {
		t.Fatalf("sequences %d, %d, %d (%v): want them to rise over all ids", first, other, second, err)
	}
	entries, err := j.Load(ctx, "a")
	if err != nil || len(entries) != 3 || string(entries[0].Data)+string(entries[1].Data)+string(entries[2].Data) != "123" ||
		entries[0].Seq != first || entries[1].Seq != first || entries[2].Seq != second {
		t.Errorf("loaded %v, %v", entries, err)
	}
	followJournal(ctx, t, j, other, second)
	raceForStart(ctx, t, j)
}

func followJournal(ctx context.Context, t *testing.T, j playbook.Journal, other, second uint64) {
	stop := errors.New("enough")
	var mu sync.Mutex
	var got []string
	caught := make(chan int, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- j.Follow(ctx, other, func() { mu.Lock(); caught <- len(got); mu.Unlock() }, func(id string, entries []playbook.Entry) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, fmt.Sprintf("%s@%d×%d", id, entries[0].Seq, len(entries)))
			if id == "later" {
				return stop
			}
			return nil
		})
	}()
	select {
	case n := <-caught:
		if n != 2 {
			t.Errorf("caught up after %d appends, want 2", n)
		}
	case <-ctx.Done():
		t.Fatal("Follow never caught up")
	}
	last, err := j.Append(ctx, "later", 0, []byte("p"), []byte("q"))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, stop) {
		t.Errorf("Follow ended with %v, want fn's error", err)
	}
	want := []string{fmt.Sprintf("b@%d×1", other), fmt.Sprintf("a@%d×1", second), fmt.Sprintf("later@%d×2", last)}
	if !slices.Equal(got, want) {
		t.Errorf("followed %v, want %v", got, want)
	}
}

// raceForStart lets many start one id: exactly one succeeds.
func raceForStart(ctx context.Context, t *testing.T, j playbook.Journal) {
	const racers = 16
	var wins, conflicts int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			_, err := j.Append(ctx, "race", 0, fmt.Appendf(nil, "%d", i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case fault.CodeOf(err) == fault.Conflict:
				conflicts++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins != 1 || conflicts != racers-1 {
		t.Errorf("%d starts succeeded and %d conflicted, want 1 and %d", wins, conflicts, racers-1)
	}
}

// TestIndex checks that an empty index keeps what playbook.Index promises.
func TestIndex(t *testing.T, x playbook.Index) {
	ctx := t.Context()
	if position, err := x.Position(ctx); position != 0 || err != nil {
		t.Fatalf("an empty index is at %d, %v", position, err)
	}
	if _, err := x.Get(ctx, "none"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("Get of nothing: %v, want not found", err)
	}
	if _, err := x.Request(ctx, "none"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("Request of nothing: %v, want not found", err)
	}
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var p playbook.Projection
	for i := range 5 {
		p.Summaries = append(p.Summaries, playbook.Summary{
			ID: fmt.Sprintf("e%d", i), Rule: fmt.Sprintf("rule-%d", i%2), Playbook: "restart", Account: "111122223333", Mode: guard.Auto,
			Cause: "cause", Root: "root", Status: playbook.Running, Started: day.Add(time.Duration(i/2) * time.Hour), Received: day,
			Items: map[action.Status]int{action.Changed: 1}, Resources: []string{fmt.Sprintf("arn:%d", i)}, Seq: 3,
		})
	}
	p.Requests = []playbook.Request{
		{ID: "r1", Execution: "e0", Service: "cloudtrail", Operation: "StartLogging", Account: "111122223333", Region: "eu-west-1", At: day},
		{Execution: "e0", Service: "cloudtrail", Operation: "StartLogging", Account: "111122223333", At: day},
	}
	p.Position = 3
	if err := x.Apply(ctx, p); err != nil {
		t.Fatal(err)
	}
	replayed := p
	replayed.Summaries = []playbook.Summary{{ID: "e0", Status: playbook.Failed, Seq: 9}}
	if err := x.Apply(ctx, replayed); err != nil {
		t.Fatal(err)
	}
	if s, err := x.Get(ctx, "e0"); err != nil || s.Status != playbook.Running || s.Items[action.Changed] != 1 || !s.Received.Equal(day) {
		t.Errorf("after a replay the summary is %+v, %v: want the replay to do nothing", s, err)
	}
	listIndex(ctx, t, x, day)
	next := playbook.Projection{Position: 8, Summaries: []playbook.Summary{{ID: "e0", Status: playbook.Succeeded, Seq: 8}, {ID: "e1", Status: playbook.Failed, Seq: 2}},
		Requests: []playbook.Request{{ID: "r1", Execution: "other", At: day}}}
	if err := x.Apply(ctx, next); err != nil {
		t.Fatal(err)
	}
	if s, _ := x.Get(ctx, "e0"); s.Status != playbook.Succeeded {
		t.Errorf("a newer summary does not replace an older one: %+v", s)
	}
	if s, _ := x.Get(ctx, "e1"); s.Status != playbook.Running {
		t.Errorf("an older summary replaces a newer one: %+v", s)
	}
	if r, err := x.Request(ctx, "r1"); err != nil || r.Execution != "e0" || r.Operation != "StartLogging" {
		t.Errorf("the request is %+v, %v: want it as first stored", r, err)
	}
	if lost, err := x.Lost(ctx, day); err != nil || len(lost) != 1 || lost[0].Operation != "StartLogging" {
		t.Errorf("lost calls %+v, %v", lost, err)
	}
	if lost, err := x.Lost(ctx, day.Add(time.Second)); err != nil || len(lost) != 0 {
		t.Errorf("lost calls since later %+v, %v", lost, err)
	}
	indexApprovals(t, x, day)
	indexChanges(t, x, day)
	indexExpiries(t, x, day)
}

// indexExpiries checks that what expires is listed until that is over.
func indexExpiries(t *testing.T, x playbook.Index, day time.Time) {
	ctx := t.Context()
	position, err := x.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	at := func(execution, effect string, after time.Duration) playbook.Expiry {
		return playbook.Expiry{Execution: execution, Effect: effect, At: day.Add(after)}
	}
	later, first, other := at("e0", "Block.1", 2*time.Hour), at("e1", "Block.1", time.Hour), at("e0", "Close.2", time.Hour)
	steps := []struct {
		changes []playbook.ExpiryChange
		want    []playbook.Expiry
	}{
		{[]playbook.ExpiryChange{{Expiry: later}, {Expiry: first}, {Expiry: other}}, []playbook.Expiry{other, first, later}},
		{[]playbook.ExpiryChange{{Expiry: first, Over: true}, {Expiry: at("none", "x", 0), Over: true}}, []playbook.Expiry{other, later}},
		{[]playbook.ExpiryChange{{Expiry: at("e2", "a", 0)}, {Expiry: at("e2", "a", 0), Over: true}, {Expiry: other, Over: true}}, []playbook.Expiry{later}},
	}
	for i, step := range steps {
		if err := x.Apply(ctx, playbook.Projection{Position: position + uint64(i) + 1, Expiries: step.changes}); err != nil {
			t.Fatal(err)
		}
		got, err := x.Expiries(ctx)
		if same := func(a, b playbook.Expiry) bool {
			return a.Execution == b.Execution && a.Effect == b.Effect && a.At.Equal(b.At)
		}; err != nil || !slices.EqualFunc(got, step.want, same) {
			t.Errorf("step %d: what expires is %+v, %v; want %+v", i, got, err, step.want)
		}
	}
}

// indexChanges checks that each change is kept once.
func indexChanges(t *testing.T, x playbook.Index, day time.Time) {
	ctx := t.Context()
	position, err := x.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	change := func(key string, at time.Time) guard.Change {
		return guard.Change{Key: key, Action: "fake.switch-on", Account: "111122223333", Resource: "arn:lamp", At: at}
	}
	first, second := change("e0/Fix.1/lamp", day), change("e1/Fix.1/lamp", day.Add(time.Minute))
	if err := x.Apply(ctx, playbook.Projection{Position: position + 1, Changes: []guard.Change{second, first, change(first.Key, day.Add(time.Hour))}}); err != nil {
		t.Fatal(err)
	}
	if list, err := x.Changes(ctx, day); err != nil || !slices.Equal(list, []guard.Change{first, second}) {
		t.Errorf("changes %+v, %v", list, err)
	}
	if list, err := x.Changes(ctx, second.At); err != nil || !slices.Equal(list, []guard.Change{second}) {
		t.Errorf("later changes %+v, %v", list, err)
	}
}

// indexApprovals checks that questions stand where their answers, their time and their tasks put them.
func indexApprovals(t *testing.T, x playbook.Index, day time.Time) {
	ctx := t.Context()
	position, err := x.Position(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(id, path string, at time.Time) playbook.ApprovalChange {
		return playbook.ApprovalChange{Asked: &playbook.Approval{Execution: "e0", Rule: "rule-0", Title: "it happened", Status: playbook.Open, Question: playbook.Question{
			ID: id, Path: path, State: "Fix", At: at, Expires: at.Add(time.Hour), Hash: "sha256:" + id, Quorum: 1,
			Plan: action.Plan{Action: "fake.switch-on", Items: []action.Item{{ID: "lamp"}}}}}}
	}
	answer := func(id, by string, approve bool) playbook.ApprovalChange {
		return playbook.ApprovalChange{Answer: &playbook.Answer{Question: id, By: by, Approve: approve, At: day.Add(time.Minute)}}
	}
	closed := func(path string, again bool) playbook.ApprovalChange {
		return playbook.ApprovalChange{Closed: &playbook.Closed{Execution: "e0", Path: path, At: day.Add(2 * time.Minute), Again: again}}
	}
	p := playbook.Projection{Position: position + 1, Approvals: []playbook.ApprovalChange{
		ask("q1", "a", day), ask("q1", "a", day), answer("q1", "ana", true), answer("q1", "ana", false), // each once
		closed("a", true), ask("q2", "a", day.Add(time.Minute)), ask("q3", "b", day.Add(2*time.Minute)), answer("q3", "ben", false),
		ask("q4", "c", day.Add(3*time.Minute)), closed("c", false), answer("none", "ana", true),
		ask("q5", "d/Both/0", day.Add(4*time.Minute)), ask("q6", "dd", day.Add(5*time.Minute)), closed("d", false), // with the branches of its state
	}}
	if err := x.Apply(ctx, p); err != nil {
		t.Fatal(err)
	}
	stands := func(f playbook.ApprovalFilter, want ...string) {
		t.Helper()
		list, err := x.Approvals(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range list {
			got = append(got, fmt.Sprintf("%s %s %d", a.ID, a.Status, len(a.Answers)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
	stands(playbook.ApprovalFilter{Now: day.Add(10 * time.Minute)}, "q6 open 0", "q5 superseded 0", "q4 superseded 0", "q3 refused 1", "q2 open 0", "q1 superseded 1")
	stands(playbook.ApprovalFilter{Now: day.Add(10 * time.Minute), Limit: 3}, "q6 open 0", "q5 superseded 0", "q4 superseded 0")
	stands(playbook.ApprovalFilter{Now: day.Add(10 * time.Minute), Open: true}, "q6 open 0", "q2 open 0")
	stands(playbook.ApprovalFilter{Now: day.Add(66 * time.Minute), Open: true})
	stands(playbook.ApprovalFilter{Execution: "e1"})
	if a, err := x.Approval(ctx, "q2", day.Add(2*time.Hour)); err != nil || a.Status != playbook.Expired || a.Plan.Items[0].ID != "lamp" || a.Title != "it happened" {
		t.Errorf("q2: %+v, %v", a, err)
	}
	if _, err := x.Approval(ctx, "none", day); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("none: %v, want not found", err)
	}

}

func listIndex(ctx context.Context, t *testing.T, x playbook.Index, day time.Time) {
	for name, tt := range map[string]struct {
		filter playbook.Filter
		want   []string
	}{
		"all, newest first": {playbook.Filter{}, []string{"e4", "e2", "e3", "e0", "e1"}},
		"rule":              {playbook.Filter{Rule: "rule-1"}, []string{"e3", "e1"}},
		"root cause":        {playbook.Filter{Cause: "root", Limit: 1}, []string{"e4"}},
		"page":              {playbook.Filter{After: "e2", Limit: 2}, []string{"e3", "e0"}},
		"resource":          {playbook.Filter{Resource: "arn:3"}, []string{"e3"}},
		"times":             {playbook.Filter{Since: day.Add(time.Hour), Until: day.Add(2 * time.Hour)}, []string{"e2", "e3"}},
		"status":            {playbook.Filter{Status: playbook.Failed}, nil},
	} {
		summaries, err := x.List(ctx, tt.filter)
		var got []string
		for _, s := range summaries {
			got = append(got, s.ID)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("list %s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
}
