package app

import (
	"strings"
	"testing"
)

// loaded reads a configuration with what it names.
func (w *world) loaded(t *testing.T, settings string) (*inForce, error) {
	t.Helper()
	c, err := LoadConfig(w.write(t, "riposte.yaml", settings))
	if err != nil {
		t.Fatal(err)
	}
	actions, err := Actions()
	if err != nil {
		t.Fatal(err)
	}
	return loadContent(c, actions)
}

const waitPlaybook = "StartAt: Wait\nStates: {Wait: {Type: Wait, Seconds: %s, End: true}}\n"

func TestMistakesInContentComeTogether(t *testing.T) {
	w := &world{folder: t.TempDir()}
	w.write(t, "rules/r.yaml", strings.Replace(trailRule, "HIGH", "FIERCE", 1))
	w.write(t, "playbooks/p.yaml", "StartAt: Nowhere\nStates: {}\n")
	w.write(t, "tor.txt", "192.0.2.1\nnonsense\n")
	_, err := w.loaded(t, "rules: {paths: [rules], playbooks: [playbooks]}\nthreat_lists: [{name: tor, path: tor.txt}]\n")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"rules/r.yaml:4:11", "playbooks/p.yaml:2:9", "tor.txt:2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestAModeOfARuleThatIsNotThere(t *testing.T) {
	w := &world{folder: t.TempDir()}
	_, err := w.loaded(t, "rules: {modes: {no-such-rule: auto}}\n")
	if err == nil || !strings.Contains(err.Error(), `riposte.yaml:1:31: there is no rule "no-such-rule" — correct the id or take it out`) {
		t.Errorf("error %v", err)
	}
}

// TestFingerprint sees that each change is one, and that comments are none.
func TestFingerprint(t *testing.T) {
	w := &world{folder: t.TempDir()}
	const settings = "rules: {bundled: false, paths: [rules], playbooks: [playbooks]}\nthreat_lists: [{name: tor, path: tor.txt}]\n"
	w.write(t, "rules/r.yaml", trailRule)
	w.write(t, "playbooks/p.yaml", strings.Replace(waitPlaybook, "%s", "1", 1))
	w.write(t, "tor.txt", "192.0.2.1\n")
	load := func(settings string) string {
		t.Helper()
		force, err := w.loaded(t, settings)
		if err != nil {
			t.Fatal(err)
		}
		return force.fingerprint
	}
	first := load(settings)
	w.write(t, "rules/r.yaml", "# a comment\n"+trailRule)
	if load("# another\n"+settings) != first {
		t.Error("comments are a change")
	}
	seen := map[string]string{first: "nothing"}
	for _, change := range []struct{ name, file, text, settings string }{
		{"a rule", "rules/r.yaml", strings.Replace(trailRule, "HIGH", "LOW", 1), settings},
		{"a playbook", "playbooks/p.yaml", strings.Replace(waitPlaybook, "%s", "2", 1), settings},
		{"a list", "tor.txt", "192.0.2.2\n", settings},
		{"the mode", "tor.txt", "192.0.2.2\n", settings + "mode: notify\n"},
		{"the mode of a rule", "tor.txt", "192.0.2.2\n", strings.Replace(settings, "bundled: false", "bundled: false, modes: {trail-stopped: notify}", 1)},
	} {
		w.write(t, change.file, change.text)
		got := load(change.settings)
		if same, ok := seen[got]; ok {
			t.Errorf("with %s changed all is as with %s", change.name, same)
		}
		seen[got] = change.name
	}
}
