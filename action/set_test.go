package action

import (
	"slices"
	"strings"
	"testing"

	"riposte.dev/fault"
)

type specOnly struct {
	Action
	spec Spec
}

func (s specOnly) Spec() Spec { return s.spec }

func TestSet(t *testing.T) {
	revoke := specOnly{spec: Spec{Name: "ec2.revoke-ingress", Permissions: []string{"ec2:B", "ec2:A"}}}
	start := specOnly{spec: Spec{Name: "cloudtrail.start-logging", Permissions: []string{"cloudtrail:A", "ec2:A"}}}
	s, err := NewSet(revoke, start)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := s.Action("ec2.revoke-ingress"); err != nil || a.Spec().Name != "ec2.revoke-ingress" {
		t.Errorf("Action = %v, %v", a, err)
	}
	for name, want := range map[string]string{
		"ec2.revoke": "did you mean ec2.revoke-ingress?", "start": "did you mean cloudtrail.start-logging?",
		"cloudtrail.revoke": "did you mean cloudtrail.start-logging, ec2.revoke-ingress?", "nonsense": "riposte actions list tells which there are",
	} {
		if _, err = s.Action(name); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.Hint(err), want) {
			t.Errorf("unknown action %s: %v, want not_found that says %q", name, err, want)
		}
	}
	if specs := s.Specs(); len(specs) != 2 || specs[0].Name != "cloudtrail.start-logging" {
		t.Errorf("Specs = %v, want both, sorted", specs)
	}
	if got, want := s.Permissions(), []string{"cloudtrail:A", "ec2:A", "ec2:B"}; !slices.Equal(got, want) {
		t.Errorf("Permissions = %v, want %v", got, want)
	}
	if _, err := NewSet(start, start); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a name twice: %v, want invalid", err)
	}
}
