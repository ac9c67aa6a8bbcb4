package content_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"riposte.dev/content"
	"riposte.dev/detect"
)

// TestDocumentedRulesWork loads and tests the rules that the documentation shows: one that does not work is worse than none.
func TestDocumentedRulesWork(t *testing.T) {
	blocks := func(file string) []string {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
			found = append(found, m[1])
		}
		return found
	}
	reference := blocks("../docs/reference/rules.md")
	guide := blocks("../docs/guide/write-a-rule.md")
	for name, rule := range map[string]string{
		"reference": reference[0],
		"guide":     strings.Join(guide[:len(guide)-1], ""), // told step by step; the last is about another rule
	} {
		folder := fstest.MapFS{name + ".yaml": {Data: []byte(rule)}}
		set, err := detect.Load([]detect.Source{{FS: folder}}, detect.LoadOptions{Playbooks: content.PlaybookNames()})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		report, err := detect.Test(context.Background(), set, detect.TestOptions{})
		if err != nil || report.Rules != 1 || report.Tests < 2 {
			t.Errorf("%s: report %+v, %v", name, report, err)
		}
		for _, f := range report.Failures {
			t.Error(f)
		}
		for _, w := range set.Warnings() {
			t.Error(w)
		}
	}
}
