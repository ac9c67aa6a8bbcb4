package playbook_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// An answer to a finding waits for the answer to the deed that it was raised for, and finds nothing left to do; one to another
// finding does not.
func TestTheAnswerToTheDeedComesFirst(t *testing.T) {
	r := newRig(t, "lamp")
	calling, answered := make(chan struct{}), make(chan struct{})
	r.world.onApply = func() { close(calling); <-answered }
	var mu sync.Mutex
	var steps []string
	p := r.boot(fix, r.journal, func(at playbook.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if at.Step == playbook.StepPlanned || at.Step == playbook.StepEnded {
			steps = append(steps, at.Execution+" "+string(at.Step))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	deed, _, err := p.Start(ctx, start(guard.Auto, "lamp"))
	if err != nil {
		t.Fatal(err)
	}
	<-calling
	finding, other := start(guard.Auto, "lamp"), start(guard.DryRun, "lamp")
	finding.Rule, finding.Cause, finding.Root = "found", "finding-1", "cause-1"
	other.Rule, other.Cause, other.Root = "found", "finding-2", "cause-2"
	id, _, err := p.Start(ctx, finding)
	if err != nil {
		t.Fatal(err)
	}
	if v := p.run(t, other); v.Status != playbook.Succeeded {
		t.Errorf("the answer to another finding: %s", v.Status)
	}
	close(answered)
	for _, want := range []struct {
		id   string
		item action.Status
	}{{deed, action.Changed}, {id, action.Unneeded}} {
		if v := p.end(t, want.id); len(v.Plans) != 1 || v.Plans[0].Items[0].Status != want.item {
			t.Errorf("%s: plans %+v, want %s", want.id, v.Plans, want.item)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if ended, planned := slices.Index(steps, deed+" ended"), slices.Index(steps, id+" planned"); ended < 0 || planned < ended {
		t.Errorf("the answer to the finding %s did not wait for the one to the deed %s: %q", id, deed, steps)
	}
	if _, effects := r.world.is("lamp"); effects != 1 {
		t.Errorf("%d changes", effects)
	}
}

// slowJournal takes its time to read one execution's journal.
type slowJournal struct {
	playbook.Journal
	slow  string
	until chan struct{}
}

func (j *slowJournal) Load(ctx context.Context, id string) ([]playbook.Entry, error) {
	if id == j.slow {
		<-j.until
	}
	return j.Journal.Load(ctx, id)
}

// After a crash, too: also where the journal of the answer to the deed is the last one to be read.
func TestTheAnswerToTheDeedGoesOnFirst(t *testing.T) {
	r := newRig(t, "lamp")
	first := r.boot(pauseAndFix, r.journal, nil)
	first.resume(t)
	finding := start(guard.Auto, "lamp")
	finding.Rule, finding.Cause, finding.Root = "found", "finding-1", "cause-1"
	told := first.begin(t, finding)
	deed := first.begin(t, start(guard.Auto, "lamp"))
	first.kill()
	r.jump(2 * time.Hour)

	const patience = 45 * time.Second // of an answer that waits for another
	second := &slowJournal{Journal: r.journal, slow: deed, until: make(chan struct{})}
	next := sync.OnceFunc(func() { close(second.until) })
	p := r.bootWith(pauseAndFix, second, func(at playbook.Progress) {
		if at.Execution == told && at.Step == playbook.StepEnded {
			next()
		}
	}, func(o *playbook.Options) {
		o.VerifyFor = patience
		o.After = func(d time.Duration) <-chan time.Time {
			if d == patience {
				next()
			}
			return r.clock.After(d)
		}
	})
	p.resume(t)
	for _, want := range []struct {
		id   string
		item action.Status
	}{{deed, action.Changed}, {told, action.Unneeded}} {
		if v := p.end(t, want.id); len(v.Plans) != 1 || v.Plans[0].Items[0].Status != want.item {
			t.Errorf("%s: plans %+v, want %s", want.id, v.Plans, want.item)
		}
	}
}
