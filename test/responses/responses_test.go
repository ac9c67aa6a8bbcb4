package responses

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/content"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

// story is one bundled response from its event to its undo.
type story struct {
	rule, playbook string
	stage          func(*engine) (scene, error) // sets the scene anew
	calls          []string                     // that the plans are made of
	right          string                       // the state after the response; "" where it changes nothing
	state          string                       // where the playbook ends
	stays          bool                         // it can't be taken back
	abreast        bool                         // the calls are made side by side; they are listed in alphabetical order
	dry            bool                         // only in dry run: nothing in the sandbox can corroborate the event
	apart          bool                         // on a stage of its own: its response would spoil other stories
}

// scene is what a story is about.
type scene struct {
	mentions string                 // what the response's input has in it
	happens  func() error           // what the rule answers
	look     func() (string, error) // the state; nil where there is none
}

func (s *scene) state() (string, error) {
	if s.look == nil {
		return "", nil
	}
	return s.look()
}

// modes is the configuration that gives the rules of stories a mode, and has all others tell people only.
func modes(mode string, of []story) string {
	var names []string
	for _, s := range of {
		names = append(names, s.rule)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("rules:\n  modes:\n    \"*\": notify\n")
	for _, rule := range slices.Compact(names) {
		fmt.Fprintf(&b, "    %s: %s\n", rule, mode)
	}
	return b.String()
}

// In dry run each response shows its plan, and nothing is changed.
func TestResponsesInDryRun(t *testing.T) {
	e := start(t, modes("dry-run", stories))
	for _, s := range stories {
		t.Run(s.rule+" "+s.playbook, func(t *testing.T) {
			sc, before, v := e.play(t, s)
			if got := s.called(v, action.Change); !slices.Equal(got, s.calls) {
				t.Errorf("the plan has %v, want %v: %s", got, s.calls, told(v))
			}
			if after := e.look(t, sc); after != before {
				t.Errorf("the state was %s, and is %s after a dry run", before, after)
			}
		})
	}
}

// For real, each response makes its change, verifies it, and takes it back where a person says so.
func TestResponses(t *testing.T) {
	var together []story
	for _, s := range stories {
		switch {
		case s.dry:
		case s.apart:
			t.Run("apart", func(t *testing.T) { start(t, modes("auto", []story{s})).forReal(t, s) })
		default:
			together = append(together, s)
		}
	}
	e := start(t, modes("auto", together))
	for _, s := range together {
		e.forReal(t, s)
	}
}

func (e *engine) forReal(t *testing.T, s story) {
	t.Run(s.rule+" "+s.playbook, func(t *testing.T) {
		sc, before, v := e.play(t, s)
		if s.state != "" && v.State != s.state {
			t.Errorf("it ended in %s, want %s: %s", v.State, s.state, told(v))
		}
		if s.right == "" {
			return
		}
		if got := s.called(v, action.Changed); !slices.Equal(got, s.calls) {
			t.Errorf("it called %v, want %v: %s", got, s.calls, told(v))
		}
		if after := e.look(t, sc); after != s.right {
			t.Fatalf("the state was %s, and is %s after the response, want %s: %s", before, after, s.right, told(v))
		}
		if s.stays {
			return
		}
		if err := e.undo(v.ID); err != nil {
			t.Fatal(err)
		}
		if after := e.look(t, sc); after != before {
			t.Errorf("the state was %s, and is %s after the undo", before, after)
		}
	})
}

// Every bundled playbook is in some story, but those that need a ticket system or a cluster: their tests bring one.
func TestEveryPlaybookIsPlayed(t *testing.T) {
	played := map[string]bool{}
	for _, s := range stories {
		played[s.playbook] = true
	}
	for _, name := range content.PlaybookNames() {
		text, err := fs.ReadFile(content.Playbooks(), name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		beyond := strings.Contains(string(text), "riposte:action:ticket.") || strings.Contains(string(text), "riposte:action:eks.")
		if !played[name] && !beyond {
			t.Errorf("no story plays %s", name)
		}
	}
}

// play sets the scene, lets it happen and waits for the answer; it returns the state between the two as well.
func (e *engine) play(t *testing.T, s story) (scene, string, playbook.View) {
	t.Helper()
	sc, err := s.stage(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := sc.happens(); err != nil {
		t.Fatal(err)
	}
	before := e.look(t, sc)
	v, err := e.answer(s.rule, sc.mentions)
	if err != nil {
		t.Fatalf("%v: %s", err, told(v))
	}
	if v.Start.Playbook != s.playbook || v.Start.Account != stage.Account {
		t.Errorf("%s started in account %s, want %s", v.Start.Playbook, v.Start.Account, s.playbook)
	}
	return sc, before, v
}

func (e *engine) look(t *testing.T, sc scene) string {
	t.Helper()
	state, err := sc.state()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// called lists the calls of the items with that status, in the order of the story's own.
func (s *story) called(v playbook.View, status action.Status) []string {
	list := calls(v, status)
	if s.abreast {
		slices.Sort(list)
	}
	return list
}

// calls lists the calls of the items with that status.
func calls(v playbook.View, status action.Status) (list []string) {
	for _, plan := range v.Plans {
		for _, item := range plan.Items {
			for _, c := range item.Calls {
				if item.Status == status {
					list = append(list, c.Service+":"+c.Operation)
				}
			}
		}
	}
	return list
}

// told is what a failed test has to say of an execution.
func told(v playbook.View) string {
	text, _ := json.Marshal(struct {
		Error, Why string
		Plans      []action.Plan
		Output     json.RawMessage
	}{v.Error, v.Why, v.Plans, v.Output})
	return string(text)
}
