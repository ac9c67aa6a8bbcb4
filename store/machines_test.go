package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

func TestMachines(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		x := playbook.StateMachine{Name: "greet", Type: "STANDARD", Role: "arn:aws:iam::111122223333:role/any", Definition: "{ }", Hash: "h1", Revision: "r1",
			Tags: map[string]string{"team": "soc"}}
		made, err := s.Machines.Create(t.Context(), x, "ana")
		if err != nil || !made.Created.Equal(noon) {
			t.Fatal(made, err)
		}
		if _, err := s.Machines.Create(t.Context(), x, "ben"); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("twice: %v", err)
		}
		c.forward(time.Minute)
		made.Definition, made.Hash, made.Revision, made.Role = "{}", "h2", "r2", "arn:aws:iam::111122223333:role/other"
		changed, err := s.Machines.Update(t.Context(), made, "ben")
		if err != nil || !changed.Updated.Equal(noon.Add(time.Minute)) {
			t.Fatal(changed, err)
		}
		if _, err := s.Machines.Create(t.Context(), playbook.StateMachine{Name: "act", Type: "EXPRESS"}, "ana"); err != nil {
			t.Fatal(err)
		}
		list, err := s.Machines.List(t.Context())
		if err != nil || len(list) != 2 || list[0].Name != "act" {
			t.Fatal(list, err)
		}
		if diff := cmp.Diff(changed, list[1]); diff != "" {
			t.Error(diff)
		}
		if err := s.Machines.Delete(t.Context(), "greet", "cy"); err != nil {
			t.Fatal(err)
		}
		_, got := s.Machines.Get(t.Context(), "greet")
		_, updated := s.Machines.Update(t.Context(), changed, "cy")
		for what, err := range map[string]error{"get": got, "update": updated, "delete": s.Machines.Delete(t.Context(), "greet", "cy")} {
			if fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		var told []string
		for r, err := range s.Audit.Since(t.Context(), time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Kind == audit.Configuration {
				told = append(told, r.Actor+": "+r.Text)
			}
		}
		want := []string{"ana: The state machine greet was created.", "ben: The state machine greet was changed.",
			"ana: The state machine act was created.", "cy: The state machine greet was deleted."}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
	})
}
