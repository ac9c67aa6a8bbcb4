package guard

import (
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		mutate func(*Exception)
		says   []string // problems; none: valid
	}{
		{"valid", func(*Exception) {}, nil},
		{"just made", func(e *Exception) { e.Created = time.Time{} }, nil},
		{"exactly a year", func(e *Exception) { e.Expires = e.Created.AddDate(1, 0, 0) }, nil},
		{"a year and a moment", func(e *Exception) { e.Expires = e.Created.AddDate(1, 0, 0).Add(1) }, []string{"more than a year"}},
		{"a year from a creation that was forgotten", func(e *Exception) {
			e.Created, e.Expires = time.Time{}, noon.AddDate(1, 0, 0).Add(1)
		}, []string{"more than a year"}},
		{"made tomorrow", func(e *Exception) { e.Created = noon.AddDate(0, 0, 1) }, []string{"in the future"}},
		{"made by a clock a little ahead", func(e *Exception) { e.Created = noon.Add(MaxSkew) }, nil},
		{"expires in a moment", func(e *Exception) { e.Expires = noon.Add(1) }, nil},
		{"expires now", func(e *Exception) { e.Expires = noon }, []string{"it expired"}},
		{"not an ARN", func(e *Exception) { e.Resource = "sg-123" }, []string{"never matches an ARN"}},
		{"the end of an ARN", func(e *Exception) { e.Resource = "*:security-group/sg-123" }, nil},
		{"everything everywhere", func(e *Exception) { e.Resource = "**" }, []string{"riposte pause"}},
		{"everything of one rule", func(e *Exception) { e.Resource, e.Rule = "*", "r" }, nil},
		{"a strange account", func(e *Exception) { e.Account = "prod" }, []string{"12 digits"}},
		{"a novel as reason", func(e *Exception) { e.Reason = strings.Repeat("x", maxField+1) }, []string{"over the limit"}},
		{
			"all problems at once", func(e *Exception) { *e = Exception{Account: "1"} },
			[]string{"owner is missing", "reason is missing", "resource is missing", "12 digits", "expires is missing"},
		},
		{"blank is missing", func(e *Exception) { e.Owner, e.Reason = " ", "\n" }, []string{"owner is missing", "reason is missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := exception("main")
			tt.mutate(&e)
			err := e.Validate(noon)
			if len(tt.says) == 0 {
				if err != nil {
					t.Errorf("error = %v, want it valid", err)
				}
				return
			}
			if fault.CodeOf(err) != fault.Invalid {
				t.Fatalf("error = %v, want invalid", err)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestHeld(t *testing.T) {
	x := Exception{ID: "ex-1", Owner: "ana", Reason: "A migration", Expires: noon}
	other := x
	other.ID = "ex-12"
	for _, c := range []struct {
		status action.Status
		reason string
		want   bool
	}{
		{action.Excepted, x.sentence(), true},
		{action.Excepted, other.sentence(), false},
		{action.Escalated, x.sentence(), false},
		{action.Excepted, "", false},
	} {
		if got := x.Held(action.Item{Status: c.status, Reason: c.reason}); got != c.want {
			t.Errorf("%s %q: held %v, want %v", c.status, c.reason, got, c.want)
		}
	}
}
