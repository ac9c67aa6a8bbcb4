package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFileWatch(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(at(name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"rules/deep", "lists"} {
		if err := os.MkdirAll(at(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"riposte.yaml", "rules/deep/a.yaml", "lists/tor.txt"} {
		write(file)
	}
	w := newFileWatch()
	defer w.close()
	changed := w.files(Config{file: at("riposte.yaml"), dir: root, Rules: RulesConfig{Paths: []string{"rules", "later"}},
		ThreatLists: []ThreatListConfig{{Name: "tor", Path: "lists/tor.txt"}}})
	if w.problem != nil {
		t.Fatal(w.problem)
	}
	tests := []struct {
		name   string
		change func()
	}{
		{"the configuration is written", func() { write("riposte.yaml") }},
		{"the configuration is replaced", func() {
			write("riposte.yaml.new")
			if err := os.Rename(at("riposte.yaml.new"), at("riposte.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a rule deep down is written", func() { write("rules/deep/a.yaml") }},
		{"a rule is new", func() { write("rules/b.yaml") }},
		{"a rule goes", func() {
			if err := os.Remove(at("rules/b.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a list is written", func() { write("lists/tor.txt") }},
		{"a folder appears that was missing", func() {
			if err := os.Mkdir(at("later"), 0o700); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		quiet(t, changed)
		tt.change()
		select {
		case <-changed:
		case <-time.After(patience):
			t.Fatalf("%s, and nothing is told", tt.name)
		}
	}
	quiet(t, changed)
	write("notes.txt") // beside the configuration
	write("riposte.yaml")
	<-changed // of the configuration; had the notes been told too, they would have been told first
	quiet(t, changed)
}

// quiet takes what is still told of the change before: one change may be several events.
func quiet(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	for {
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond):
			return
		}
	}
}

func TestConcerns(t *testing.T) {
	names := []string{"/etc/riposte/riposte.yaml", "/etc/riposte/rules"}
	for path, want := range map[string]bool{
		"/etc/riposte/riposte.yaml":     true,
		"/etc/riposte/riposte.yaml.swp": false,
		"/etc/riposte/rules":            true,
		"/etc/riposte/rules/deep/a":     true,
		"/etc/riposte/rules-of-old/a":   false,
		"/etc/riposte/..data":           true, // of a Kubernetes volume
		"/etc/riposte/notes":            false,
	} {
		if got := concerns(names, path); got != want {
			t.Errorf("%s concerns us: %t, want %t", path, got, want)
		}
	}
}

func TestContentPaths(t *testing.T) {
	got := contentPaths(Config{file: "conf/riposte.yaml", dir: "conf", Rules: RulesConfig{Paths: []string{"./rules/"}, Playbooks: []string{"/etc/playbooks"}},
		ThreatLists: []ThreatListConfig{{Path: "../tor.txt"}}})
	if d := cmp.Diff([]string{"conf/riposte.yaml", "conf/rules", "/etc/playbooks", "tor.txt"}, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got := contentPaths(Config{}); len(got) > 0 {
		t.Errorf("without a configuration %v are watched", got)
	}
}
