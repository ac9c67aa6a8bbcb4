package playbook_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// both changes two resources side by side, and waits beside them.
const both = `
StartAt: Both
States:
  Both:
    Type: Parallel
    ResultSelector: {left.$: "$[0].status", right.$: "$[1].status"}
    Branches:
      - StartAt: Left
        States: {Left: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [left]}, End: true}}
      - StartAt: Right
        States: {Right: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [right]}, End: true}}
      - StartAt: Rest
        States: {Rest: {Type: Wait, Seconds: 20, End: true}}
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, ResultPath: $.told, End: true}
`

func TestBranchesWorkAtTheSameTime(t *testing.T) {
	r := newRig(t, "left", "right")
	var together sync.WaitGroup
	together.Add(2)
	r.world.onApply = func() { // each call waits for the other one
		together.Done()
		together.Wait()
	}
	v := r.boot(both, r.journal, nil).run(t, start(guard.Auto))
	if v.Status != playbook.Succeeded || !strings.HasPrefix(string(v.Output), `{"left":"changed","right":"changed"`) {
		t.Fatalf("%s %s %s: %s", v.Status, v.Error, v.Why, v.Output)
	}
	if len(v.Plans) != 2 || len(r.inbox.all()) != 1 || len(r.inbox.all()[0].Plans) != 2 {
		t.Errorf("%d plans, told %+v", len(v.Plans), r.inbox.all())
	}
}

// A Map has at most MaxConcurrency tasks under way, and the runtime as many as it has workers.
func TestTasksAreBounded(t *testing.T) {
	const many = `
StartAt: Each
States:
  Each:
    Type: Map
    ItemsPath: $.names
    MaxConcurrency: 2
    ItemSelector: {name.$: $$.Map.Item.Value}
    ItemProcessor:
      StartAt: Fix
      States: {Fix: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names.$: States.Array($.name)}, End: true}}
    ResultSelector: {statuses.$: "$[*].status"}
    End: true
`
	names := []string{"a", "b", "c", "d", "e"}
	r := newRig(t, names...)
	var mu sync.Mutex
	var now, most int
	r.world.onApply = func() {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
	}
	r.world.watch = func(string, bool, bool) {
		mu.Lock()
		now--
		mu.Unlock()
	}
	v := r.boot(many, r.journal, nil).run(t, start(guard.Auto, names...))
	if v.Status != playbook.Succeeded || string(v.Output) != `{"statuses":["changed","changed","changed","changed","changed"]}` {
		t.Fatalf("%s %s %s: %s", v.Status, v.Error, v.Why, v.Output)
	}
	if most > 2 {
		t.Errorf("%d tasks were under way at a time", most)
	}
}

// A branch that fails ends the others: what their tasks had begun is on record with it, told, and can be taken back.
func TestABranchThatFailsEndsTheOthers(t *testing.T) {
	const text = `
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - StartAt: Left
        States: {Left: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [left]}, End: true}}
      - StartAt: Wrong
        States: {Wrong: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [nowhere]}, End: true}}
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.failed, Next: Tell}]
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.failed.Error}, ResultPath: null, End: true}
`
	r := newRig(t, "left")
	r.world.lag = 1 << 30 // the left one is never seen as planned, so its task lasts
	r.verifyFor = 1000 * time.Hour
	calls := make(chan struct{})
	once := sync.OnceFunc(func() { close(calls) })
	p := r.boot(text, r.journal, func(p playbook.Progress) {
		if p.Step == playbook.StepApplied {
			once()
		}
	})
	r.world.plan = func(name string) {
		if name == "nowhere" {
			<-calls
		}
	}
	v := p.run(t, start(guard.Auto))
	if v.Status != playbook.Succeeded || r.inbox.all()[0].Message != playbook.ErrNotFound {
		t.Fatalf("%s %s %s, told %+v", v.Status, v.Error, v.Why, r.inbox.all())
	}
	left := v.Visits[slices.IndexFunc(v.Visits, func(v playbook.Visit) bool { return v.State == "Left" })]
	if try := left.Tries[0]; try.Effect == nil || try.Effect.Plan.Items[0].Status != action.Failed || !try.Effect.Plan.Items[0].Touched() {
		t.Fatalf("what the left branch did is not on record: %+v", try)
	}
	if !v.Undoable || len(r.inbox.all()[0].Plans) != 1 {
		t.Errorf("undoable %v; people are told of %+v", v.Undoable, r.inbox.all()[0].Plans)
	}
	r.world.lag = 0
	if undone, err := p.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"}); err != nil || undone.Status != playbook.Succeeded {
		t.Fatalf("%+v, %v", undone, err)
	}
	if on, _ := r.world.is("left"); on {
		t.Error("the left one is still on")
	}
}

// Questions of several branches are answered one by one; what one of them waits for does not hold up the others.
func TestQuestionsOfBranches(t *testing.T) {
	r := newRig(t, "left", "right")
	p := r.boot(both, r.journal, nil)
	p.resume(t)
	id, _, err := p.Start(t.Context(), start(guard.Approve))
	if err != nil {
		t.Fatal(err)
	}
	var asked []playbook.Approval
	eventually(t, "two questions", func() bool {
		asked, err = r.index.Approvals(t.Context(), playbook.ApprovalFilter{Open: true, Now: r.clock.Now()})
		return err == nil && len(asked) == 2
	})
	for _, q := range asked {
		if _, err := p.Answer(t.Context(), id, q.Hash, playbook.Answer{Question: q.ID, By: "ana", Approve: q.State == "Left"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	v, err := p.Wait(ctx, id)
	if err != nil || v.Status != playbook.Succeeded || !strings.HasPrefix(string(v.Output), `{"left":"changed","right":"escalated"`) {
		t.Fatalf("%s %s, %v", v.Status, v.Output, err)
	}
	for name, want := range map[string]int{"left": 1, "right": 0} {
		if _, effects := r.world.is(name); effects != want {
			t.Errorf("%s was changed %d times, want %d", name, effects, want)
		}
	}
}

// When a branch fails, nobody has to answer the question of another one any more.
func TestAQuestionOfABranchThatIsOver(t *testing.T) {
	const text = `
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - StartAt: Left
        States: {Left: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [left]}, End: true}}
      - StartAt: Wrong
        States: {Wrong: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [nowhere]}, End: true}}
    End: true
`
	r := newRig(t, "left")
	asks := make(chan struct{})
	p := r.boot(text, r.journal, func(p playbook.Progress) {
		if p.Step == playbook.StepAsked {
			close(asks)
		}
	})
	r.world.plan = func(name string) {
		if name == "nowhere" {
			<-asks
		}
	}
	p.resume(t)
	v := p.run(t, start(guard.Approve))
	if v.Status != playbook.Failed || v.Error != playbook.ErrNotFound {
		t.Fatalf("%s %s %s", v.Status, v.Error, v.Why)
	}
	eventually(t, "the question to be closed", func() bool {
		asked, err := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Now: r.clock.Now()})
		return err == nil && len(asked) == 1 && asked[0].Status == playbook.Superseded
	})
	asked, _ := r.index.Approvals(t.Context(), playbook.ApprovalFilter{Now: r.clock.Now()})
	if _, err := p.Answer(t.Context(), v.ID, asked[0].Hash, playbook.Answer{Question: asked[0].ID, By: "ana", Approve: true}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the answer: %v", err)
	}
}

// An input that is too large is no reason to start nothing: the execution fails and people are told.
func TestAnInputThatIsTooLarge(t *testing.T) {
	r := newRig(t, "lamp")
	s := start(guard.Auto)
	s.Input, _ = json.Marshal(map[string]string{"names": strings.Repeat("x", 256<<10)})
	v := r.boot(fix, r.journal, nil).run(t, s)
	if v.Status != playbook.Failed || v.Error != "States.DataLimitExceeded" || !strings.Contains(v.Why, "262144") {
		t.Errorf("%s %s %s", v.Status, v.Error, v.Why)
	}
	if told := r.inbox.all(); len(told) != 1 || !strings.Contains(told[0].Failed, "States.DataLimitExceeded") {
		t.Errorf("told %+v", told)
	}
}

// A task that does not end although nobody waits for it any more holds up nothing. What became of its intent is found out by
// looking, and is on record.
func TestATaskThatDoesNotEnd(t *testing.T) {
	const text = `
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - StartAt: Left
        States: {Left: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [left]}, End: true}}
      - StartAt: Wrong
        States: {Wrong: {Type: Task, Resource: "riposte:action:fake.switch-on", Parameters: {names: [nowhere]}, End: true}}
    Catch: [{ErrorEquals: [States.ALL], ResultPath: null, Next: Ask}]
    End: true
  Ask: {Type: Task, Resource: "riposte:notify.waitForTaskToken", Parameters: {message.$: $$.Task.Token}, End: true}
`
	r := newRig(t, "left")
	r.clock.limit = 2 * time.Minute
	called, release := make(chan struct{}), make(chan struct{})
	r.world.onApply = func() {
		close(called)
		<-release
	}
	r.world.plan = func(name string) {
		if name == "nowhere" {
			<-called
		}
	}
	p := r.boot(text, r.journal, nil)
	p.resume(t)
	id := p.begin(t, start(guard.Auto))
	token := r.token(t, 1)
	if err := p.Signal(t.Context(), playbook.Signal{Token: token, Output: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	v := p.wait(t, id)
	if v.Status != playbook.Succeeded {
		t.Fatalf("%s %s %s", v.Status, v.Error, v.Why)
	}
	left := v.Visits[slices.IndexFunc(v.Visits, func(v playbook.Visit) bool { return v.State == "Left" })]
	if f := left.Tries[0].Effect; f == nil || !f.Recovered || f.Plan.Items[0].Status != action.Failed || len(f.Lost) != 1 {
		t.Errorf("what became of the intent is not on record: %+v", left.Tries[0])
	}
	close(release)
}
