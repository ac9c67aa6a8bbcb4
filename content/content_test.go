package content_test

import (
	"context"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"riposte.dev/asl"
	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/finding"
)

func load(t *testing.T) *detect.RuleSet {
	t.Helper()
	set, err := detect.Load([]detect.Source{{Name: "rules", FS: content.Rules()}}, detect.LoadOptions{Playbooks: content.PlaybookNames()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRulesPassTheirTests(t *testing.T) {
	report, err := detect.Test(context.Background(), load(t), detect.TestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range report.Failures {
		t.Error(failure)
	}
	for _, id := range report.Untested {
		t.Errorf("rule %s needs a test that matches and one that does not", id)
	}
}

// TestRulesAreComplete holds every bundled rule to the house rules.
func TestRulesAreComplete(t *testing.T) {
	sentence := regexp.MustCompile(`[.!?](\s|$)`)
	for _, r := range load(t).Rules() {
		if n := len(sentence.FindAllString(r.Story, -1)); n < 2 || n > 5 {
			t.Errorf("%s: rule %s: the story has %d sentences, want two or three", r.Position, r.ID, n)
		}
		if len(r.FalsePositives) == 0 {
			t.Errorf("%s: rule %s says nothing about false positives", r.Position, r.ID)
		}
		if len(r.Tags.ATTACK) == 0 || len(r.Tags.CSF) == 0 {
			t.Errorf("%s: rule %s needs ATT&CK and CSF tags", r.Position, r.ID)
		}
		for _, p := range r.Patterns {
			if n := utf8.RuneCountInString(p); n > 2048 {
				t.Errorf("%s: rule %s: a pattern of %d characters, EventBridge takes 2,048", r.Position, r.ID, n)
			}
		}
	}
}

func TestRulesHaveNoWarnings(t *testing.T) {
	for _, w := range load(t).Warnings() {
		t.Error(w)
	}
}

// TestCISControlsAreCovered looks for every control of the benchmark's monitoring section, in both numberings.
func TestCISControlsAreCovered(t *testing.T) {
	found := map[string]bool{}
	for _, r := range load(t).Rules() {
		if !strings.HasPrefix(r.ID, "cis-") {
			continue
		}
		for version, controls := range r.Tags.CIS {
			for _, control := range controls {
				found[version[:3]+"/"+control] = true
			}
		}
	}
	for _, want := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15") {
		if !found["1.3/4."+want] {
			t.Errorf("no rule for control 4.%s of version 1.3.0 and later", want)
		}
		if want != "15" && !found["1.2/3."+want] {
			t.Errorf("no rule for control 3.%s of version 1.2.0", want)
		}
	}
}

// TestPlaybooksParse checks the definitions, and that each is what some rule starts.
func TestPlaybooksParse(t *testing.T) {
	used := map[string]bool{}
	for _, r := range load(t).Rules() {
		if r.Respond != nil {
			used[r.Respond.Playbook] = true
			if r.Respond.Escalate != nil {
				used[r.Respond.Escalate.Playbook] = true
			}
		}
	}
	for _, name := range content.PlaybookNames() {
		raw, err := fs.ReadFile(content.Playbooks(), name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := asl.Parse("playbooks/"+name+".yaml", raw); err != nil {
			t.Error(err)
		}
		if !used[name] {
			t.Errorf("no rule starts the playbook %s", name)
		}
	}
}

func TestListsParse(t *testing.T) {
	err := fs.WalkDir(content.Lists(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := content.Lists().Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		list, err := detect.ReadThreatList(name, f, detect.ThreatList{})
		if err != nil || list.Label == name || list.Source == "" {
			t.Errorf("%s: label %q, source %q, %v", name, list.Label, list.Source, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFindingsAreValid makes the finding of every test that matches: Security Hub would take each.
func TestFindingsAreValid(t *testing.T) {
	set := load(t)
	made := 0
	for _, r := range set.Rules() {
		for _, c := range r.Tests {
			matches, _, err := set.Match(context.Background(), c.Event)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range matches {
				if m.Finding == nil {
					continue
				}
				made++
				if _, err := finding.New(*m.Finding, time.Date(2024, 5, 1, 12, 0, 1, 0, time.UTC)); err != nil {
					t.Errorf("%s: %s", c.Position, err)
				}
				if strings.Contains(m.Title, "(unknown)") && m.Rule == r {
					t.Errorf("%s: rule %s: a title that does not know what it is about: %s", c.Position, r.ID, m.Title)
				}
			}
		}
	}
	if made < 100 {
		t.Errorf("only %d findings were made", made)
	}
}
