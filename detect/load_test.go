package detect

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// rulesFS is a folder of rule files.
func rulesFS(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func loadText(t *testing.T, text string, opts LoadOptions) *RuleSet {
	t.Helper()
	set, err := Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{"r.yaml": text})}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const stopped = `
id: trail-stopped
title: "${who} stopped ${detail.requestParameters.name}"
story: Somebody stopped a trail. It is started again.
severity: HIGH
tags: {cis: {"1.2.0": "3.5", "1.3.0+": "4.5"}, attack: T1562.008, csf: [detect]}
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
when: "!has(event.detail.errorCode)"
finding:
  type: TTPs/Defense Evasion/Stealth
  resources:
    - {type: AwsCloudTrailTrail, id: "arn:${partition}:cloudtrail:${region}:${account}:trail/${detail.requestParameters.name}", affected: "AWS::CloudTrail::Trail"}
respond: {playbook: restart-trail, mode: auto, input: {trail: $.detail.requestParameters.name, region: $.region}, cooldown: 1m, max_age: 1h}
notify: secops
tests:
  - name: stopped
    record: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging, userIdentity: {type: IAMUser, userName: mallory, arn: "arn:aws:iam::111122223333:user/mallory"}, requestParameters: {name: audit}}
    expect: {finding: HIGH, playbook: restart-trail, title: IAM user mallory stopped audit}
  - name: denied
    record: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging, errorCode: AccessDenied, userIdentity: {type: IAMUser}}
    expect: none
`

func TestLoadKeepsWhatIsWritten(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{Playbooks: []string{"restart-trail"}, Routes: []string{"secops"}})
	r := set.Rule("trail-stopped")
	if r == nil || set.Len() != 1 || r.Position.String() != "rules/r.yaml:2:1" {
		t.Fatalf("rule %+v", r)
	}
	if got := r.Tags.CISControls(); len(got) != 1 || got[0] != "4.5" {
		t.Errorf("CIS controls %v", got)
	}
	if r.Respond.Cooldown.String() != "1m0s" || r.Respond.MaxAge.String() != "1h0m0s" || r.Notify[0] != "secops" || r.Tags.ATTACK[0] != "T1562.008" {
		t.Errorf("respond %+v, notify %v, tags %+v", r.Respond, r.Notify, r.Tags)
	}
	if len(set.Warnings()) != 0 {
		t.Errorf("warnings: %v", set.Warnings())
	}
}

func TestLoadReportsEverythingAtOnce(t *testing.T) {
	_, err := Load([]Source{{Name: "rules", FS: rulesFS(map[string]string{
		"a.yaml": `id: Bad_Id
title: "t ${"
story: " "
severity: SEVERE
tags: {cis: {latest: "x"}, attack: [562], csf: [watch]}
scope: {accounts: ["123"]}
match: {pattern: {source: aws.ec2}}
when: "size(event)"
finding: {type: Odd/Thing, resources: [{type: "AWS::EC2::Instance", id: x}]}
respond: {playbook: restart-trial, mode: bold, input: {a: "$.x["}}
notify: [secop]
`,
		"b.yaml": strings.TrimSpace(stopped) + "\n---\n" + strings.TrimSpace(stopped) + "\n",
		"c.yaml": `id: later
title: t
story: s
severity: LOW
match: {sigma: {title: x}}
notify: [secops]
`,
		"d.yaml": `id: nothing
title: t
story: s
severity: LOW
colour: red
match: {}
`,
		"e.yaml": `id: does-nothing
title: t
story: s
severity: LOW
match:
  patterns:
    - {source: [x], detail-type: [y]}
    - {source: [{prefx: y}]}
`,
		"f.yaml":      "id: [",
		"_draft.yaml": "id: [",
		".git/x.yaml": "id: [",
		"README.md":   "id: [",
		"ok/g.yml":    strings.Replace(strings.TrimSpace(stopped), "id: trail-stopped", "id: another", 1),
	})}}, LoadOptions{Playbooks: []string{"restart-trail"}, Routes: []string{"secops"}})
	var problems conf.Problems
	if !errors.As(err, &problems) || fault.CodeOf(err) != fault.Invalid {
		t.Fatalf("error %v, want problems", err)
	}
	want := []string{
		`rules/a.yaml:1:5: "Bad_Id" is not a rule id`,
		`rules/a.yaml:2:8: title: the placeholder "${" is not closed`,
		`rules/a.yaml:3:8: the story is empty`,
		`rules/a.yaml:4:11: unknown severity "SEVERE"`,
		`rules/a.yaml:5:22: "latest" is not a version of the CIS benchmark`,
		`rules/a.yaml:5:37: a text is wanted here, not a number`,
		`rules/a.yaml:5:49: there is no CSF function "watch"`,
		`rules/a.yaml:6:20: "123" is not an account id`,
		`rules/a.yaml:7:27: the pattern is wrong at $.source`,
		`rules/a.yaml:8:7: when gives a int, not true or false`,
		`rules/a.yaml:9:17: "Odd/Thing" is not a type of finding`,
		`"AWS::EC2::Instance" is not an ASFF resource type`,
		`there is no playbook "restart-trial" — did you mean "restart-trail"?`,
		`there is no mode "bold" — `,
		`rules/a.yaml:11:10: there is no notification route "secop" — did you mean "secops"?`,
		`there are two rules "trail-stopped"; the first is at rules/b.yaml:1:1`,
		`this version of riposte cannot run sigma matchers`,
		`rules/d.yaml:5:1: unknown field "colour"`,
		`rule does-nothing does nothing when it matches`,
		`rules/e.yaml:8:25: the pattern is wrong at $.source[0].prefx`,
		`rules/f.yaml:1:1: not valid YAML`,
	}
	text := ""
	for _, p := range problems {
		text += p.String() + "\n"
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no problem with %q in\n%s", w, text)
		}
	}
	for _, file := range []string{"_draft", ".git", "README", "ok/g.yml"} {
		if strings.Contains(text, file) {
			t.Errorf("%s was reported:\n%s", file, text)
		}
	}
}

func TestLoadRefusesWrongTests(t *testing.T) {
	for expect, want := range map[string]string{
		"  - {name: x, expect: none}":                                                             "needs one of event and record",
		"  - {name: x, event: {}, record: {}, expect: none}":                                      "needs one of event and record",
		"  - {name: x, record: {eventName: X}, expect: none}":                                     "not a CloudTrail record",
		"  - {name: x, event: {source: s, detail-type: d, detail: 1}, expect: none}":              "detail is not a JSON object",
		"  - {name: x, event: [1], expect: none}":                                                 "must be an object",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: maybe}":            "says nothing to compare",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: {finding: BAD}}":   "unknown severity",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: {finding: HIGH}}":  "raises no finding",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: {playbook: p}}":    "starts no playbook",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: {plan: [a:B]}}":    "starts no playbook",
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}, expect: {findings: HIGH}}": `unknown field "findings"`,
		"  - {name: x, event: {source: s, detail-type: d, detail: {}}}":                           `required field "expect" is missing`,
	} {
		text := "id: r\ntitle: t\nstory: s.\nseverity: LOW\nmatch: {pattern: {source: [s], detail-type: [d]}}\nnotify: [x]\ntests:\n" + expect + "\n"
		_, err := Load([]Source{{FS: rulesFS(map[string]string{"r.yaml": text})}}, LoadOptions{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "r.yaml:8:") {
			t.Errorf("%s: error %v, want one in line 8 with %q", expect, err, want)
		}
	}
}

func TestLoadWarns(t *testing.T) {
	set := loadText(t, `
id: r
title: t
story: s.
severity: LOW
match:
  pattern:
    source: [aws.s3]
    detail: {eventName: ["Put*"]}
notify: [x]
`, LoadOptions{})
	text := set.Warnings().Error()
	for _, want := range []string{`rules/r.yaml:9:26: in the pattern, at $.detail.eventName[0]: a * in "Put*"`, "names no detail-type"} {
		if !strings.Contains(text, want) {
			t.Errorf("no warning with %q in\n%s", want, text)
		}
	}
}

func TestLoadLeavesOutDisabledRules(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{Disabled: []string{"trail-stopped"}})
	if set.Len() != 0 {
		t.Errorf("%d rules", set.Len())
	}
	_, err := Load([]Source{{FS: rulesFS(map[string]string{"r.yaml": stopped})}}, LoadOptions{Disabled: []string{"trail-stoped"}})
	if err == nil || !strings.Contains(err.Error(), `did you mean "trail-stopped"?`) {
		t.Errorf("error %v", err)
	}
}

func TestLoadOfNothing(t *testing.T) {
	_, err := Load([]Source{{Name: "empty", FS: rulesFS(map[string]string{"notes.txt": "x"})}}, LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "empty: there are no rules here") {
		t.Errorf("error %v", err)
	}
}

func TestHashIsOfTheContent(t *testing.T) {
	plain := loadText(t, stopped, LoadOptions{})
	commented := loadText(t, "# a comment\n"+strings.Replace(stopped, "severity: HIGH", "severity:   HIGH # of course", 1), LoadOptions{})
	changed := loadText(t, strings.Replace(stopped, "severity: HIGH", "severity: LOW", 1), LoadOptions{})
	if plain.Hash() != commented.Hash() || plain.Rule("trail-stopped").Hash != commented.Rule("trail-stopped").Hash {
		t.Error("a comment changed the hash")
	}
	if plain.Hash() == changed.Hash() || plain.Rule("trail-stopped").Hash == changed.Rule("trail-stopped").Hash {
		t.Error("another severity left the hash as it was")
	}
}

// FuzzLoad looks for a rule file that makes the loader panic, or that loads without a usable rule.
func FuzzLoad(f *testing.F) {
	f.Add(stopped)
	f.Add("id: r\nmatch: {pattern: {}}")
	f.Add("{\"id\": 1}")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Load([]Source{{FS: rulesFS(map[string]string{"r.yaml": text})}}, LoadOptions{})
		if (set == nil) == (err == nil) {
			t.Fatalf("set %v, error %v", set, err)
		}
		if err == nil && (set.Len() == 0 || set.Rules()[0].ID == "") {
			t.Fatal("no error and no rule")
		}
	})
}
