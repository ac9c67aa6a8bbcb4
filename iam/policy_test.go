package iam_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/fault"
	"riposte.dev/iam"
)

// granted lists action and resource of every statement.
func granted(policies ...iam.Policy) map[string]int {
	out := map[string]int{}
	for _, p := range policies {
		for _, s := range p.Statement {
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					out[action+" "+resource]++
				}
			}
		}
	}
	return out
}

func TestSplitKeepsEveryGrantWithinTheLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var needs []iam.Need
		for i := range rapid.IntRange(1, 40).Draw(rt, "needs") {
			var resources []string
			for j := range rapid.IntRange(1, 60).Draw(rt, "resources") {
				resources = append(resources, fmt.Sprintf("arn:aws:sqs:eu-west-1:111122223333:queue-%d-%d", i, j))
			}
			needs = append(needs, iam.Need{Actions: []string{"sqs:SendMessage", fmt.Sprintf("sqs:Action%d", i)}, Resources: resources, Why: "test"})
		}
		whole := iam.Merge(needs)
		limit := rapid.IntRange(400, iam.ManagedLimit).Draw(rt, "limit")
		parts, err := iam.Split(whole, limit)
		if err != nil {
			rt.Fatal(err)
		}
		for _, p := range parts {
			if p.Size() > limit || len(p.Statement) == 0 {
				rt.Fatalf("a part with %d statements has %d characters, limit %d", len(p.Statement), p.Size(), limit)
			}
			sids := map[string]bool{}
			for _, s := range p.Statement {
				if sids[s.Sid] {
					rt.Fatalf("sid %s twice in one policy", s.Sid)
				}
				sids[s.Sid] = true
			}
		}
		want, got := granted(whole), granted(parts...)
		if len(want) != len(got) {
			rt.Fatalf("%d grants, want %d", len(got), len(want))
		}
		for g, n := range got {
			if n != want[g] {
				rt.Fatalf("%s is granted %d times", g, n)
			}
		}
	})
}

func TestSplitRefusesWhatCannotBeCut(t *testing.T) {
	p := iam.Merge([]iam.Need{{Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:aws:sqs:::" + strings.Repeat("q", 500)}, Why: "send"}})
	if _, err := iam.Split(p, 300); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("%v, want too large", err)
	}
	if parts, err := iam.Split(p, iam.ManagedLimit); err != nil || len(parts) != 1 {
		t.Errorf("%d parts, %v", len(parts), err)
	}
}

func TestJSONIsAPolicyDocument(t *testing.T) {
	p := iam.Merge([]iam.Need{{Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::logs/a&b*"}, Why: "read"}})
	text, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil || got["Version"] != "2012-10-17" {
		t.Errorf("%s: %v", text, err)
	}
	if !strings.Contains(string(text), "a&b*") || strings.Contains(string(text), "Principal") {
		t.Errorf("document: %s", text)
	}
	if whole := len(strings.Join(strings.Fields(string(text)), "")); p.Size() != whole {
		t.Errorf("Size = %d, the document has %d characters that are not white space", p.Size(), whole)
	}
}
