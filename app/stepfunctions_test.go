package app

import (
	"os"
	"path/filepath"
	"testing"

	"riposte.dev/guard"
	"riposte.dev/playbook"
)

func TestTheModeOfWhatPeopleStart(t *testing.T) {
	for _, c := range []struct {
		limit guard.Mode
		modes map[string]guard.Mode
		want  guard.Mode
	}{
		{guard.DryRun, nil, guard.DryRun},
		{guard.Auto, nil, guard.Auto},
		{guard.Auto, map[string]guard.Mode{"*": guard.Approve}, guard.Approve},
		{guard.Auto, map[string]guard.Mode{"*": guard.DryRun, playbook.StepFunctionsRule: guard.Approve}, guard.Approve},
		{guard.DryRun, map[string]guard.Mode{playbook.StepFunctionsRule: guard.Auto}, guard.DryRun},
	} {
		force := &inForce{limit: c.limit, modes: c.modes}
		if got := force.startMode(); got != c.want {
			t.Errorf("mode %s, %v: %s, want %s", c.limit, c.modes, got, c.want)
		}
	}
}

func TestAccountOf(t *testing.T) {
	for arn, want := range map[string]string{"": "", "arn:aws:iam::111122223333:role/riposte": "111122223333", "arn:aws:iam::*:role/riposte": ""} {
		if got := accountOf(arn); got != want {
			t.Errorf("%q: %q, want %q", arn, got, want)
		}
	}
}

func TestTheConfigurationMayGiveItAMode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "riposte.yaml")
	for mode, fine := range map[string]bool{playbook.StepFunctionsRule: true, "states:StopExecution": false} {
		if err := os.WriteFile(file, []byte("rules: {modes: {\""+mode+"\": approve}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := CheckConfig(file); (err == nil) != fine {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
