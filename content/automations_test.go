package content_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"riposte.dev/content"
)

// TestAutomationsAreTrue holds the guide's tables against the rules and playbooks.
func TestAutomationsAreTrue(t *testing.T) {
	raw, err := os.ReadFile("../docs/guide/automations.md")
	if err != nil {
		t.Fatal(err)
	}
	type respond struct{ playbook, mode string }
	responses := map[string]respond{}
	for _, r := range load(t).Rules() {
		if r.Respond == nil {
			continue
		}
		responses[r.ID] = respond{r.Respond.Playbook, string(r.Respond.Mode)}
		if e := r.Respond.Escalate; e != nil {
			responses[r.ID+"/escalate"] = respond{e.Playbook, string(e.Mode)}
		}
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	action := regexp.MustCompile(`riposte:action:(\S+)`)
	told := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], "`") {
			continue
		}
		rule, playbook, mode := strings.Trim(cells[1], "`"), strings.Trim(cells[2], "`"), strings.TrimRight(cells[4], " |\n")
		told[rule] = true
		if got := responses[rule]; got != (respond{playbook, mode}) {
			t.Errorf("rule %s starts %s in mode %s, the guide says %s in mode %s", rule, got.playbook, got.mode, playbook, mode)
		}
		text, err := fs.ReadFile(content.Playbooks(), playbook+".yaml")
		if err != nil {
			t.Error(err)
			continue
		}
		if has, says := names(action, string(text)), names(quoted, cells[3]); !slices.Equal(has, says) {
			t.Errorf("the playbook %s has the actions %v, the guide says %v", playbook, has, says)
		}
	}
	for rule := range responses {
		if !told[rule] {
			t.Errorf("the guide leaves rule %s out", rule)
		}
	}
}

// TestTheGuidesIndexIsTrue looks for each rule that the guide's index names.
func TestTheGuidesIndexIsTrue(t *testing.T) {
	raw, err := os.ReadFile("../docs/guide/automations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, index, _ := strings.Cut(string(raw), "| | rules |\n")
	index, _, _ = strings.Cut(index, "\n\n")
	set := load(t)
	for line := range strings.Lines(index) {
		cells := strings.Split(line, " | ")
		if len(cells) != 2 {
			continue // the line below the head
		}
		for _, rule := range names(regexp.MustCompile("`([^`]+)`"), cells[1]) {
			if rule != "cis-" && set.Rule(rule) == nil {
				t.Errorf("the guide's index names a rule %s that is not there", rule)
			}
		}
	}
}

// names are the first groups of all matches, sorted, each once.
func names(of *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range of.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}
