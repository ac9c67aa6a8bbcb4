package detect

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTemplateExpand(t *testing.T) {
	s := sampleScope(t)
	for text, want := range map[string]string{
		"plain": "plain",
		"":      "",
		"${who} stopped ${detail.requestParameters.name}": "IAM user mallory stopped audit",
		"${detail.missing}":                     "(unknown)",
		`${detail.missing ?? "}"}`:              "}",
		"$${detail.eventName}":                  "${detail.eventName}",
		"$ {x} $":                               "$ {x} $",
		"port ${detail.requestParameters.port}": "port 22",
		"${detail.requestParameters.ratio}":     "1.5",
		"${detail.requestParameters.flag}":      "true",
		"${detail.requestParameters.list}":      `["a","b"]`,
		"${detail.requestParameters.object}":    `{"k":1}`,
		"${detail.requestParameters.lines}":     "one two three",
	} {
		tpl, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := tpl.expand(s); got != want {
			t.Errorf("%s = %q, want %q", text, got, want)
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"${":                  "not closed",
		"${detail.x":          "not closed",
		`${detail.x ?? "}`:    "not closed",
		"${}":                 "lacks a name",
		"${detail.x | upper}": "is not a path",
	} {
		if _, err := ParseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestTemplateExactRefusesAbsence(t *testing.T) {
	s := sampleScope(t)
	tpl, err := ParseTemplate("x/${detail.missing}")
	if err != nil {
		t.Fatal(err)
	}
	if text, absent := tpl.exact(s); text != "" || absent != "detail.missing" {
		t.Errorf("exact = %q, %q", text, absent)
	}
	tpl, _ = ParseTemplate("${detail.requestParameters.lines}")
	if text, _ := tpl.exact(s); text != "one\ntwo\u2028three" {
		t.Errorf("a value for a machine was changed: %q", text)
	}
}

func TestTemplateARN(t *testing.T) {
	s := sampleScope(t)
	tpl, err := ParseTemplate("arn:${partition}:cloudtrail:${region}:${account}:trail/${detail.requestParameters.name}")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := tpl.arn(s); got != "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit" {
		t.Errorf("from a name: %q", got)
	}
	s.event["detail"].(map[string]any)["requestParameters"].(map[string]any)["name"] = "arn:aws:cloudtrail:us-east-1:444455556666:trail/other"
	if got, _ := tpl.arn(s); got != "arn:aws:cloudtrail:us-east-1:444455556666:trail/other" {
		t.Errorf("from an ARN: %q", got)
	}
}

func TestOneLineCutsAtRunes(t *testing.T) {
	got := oneLine(strings.Repeat("ä", 300), 256)
	if utf8.RuneCountInString(got) != 256 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes, valid %v, %q", utf8.RuneCountInString(got), utf8.ValidString(got), got[len(got)-6:])
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "": "aws"} {
		if got := Partition(region); got != want {
			t.Errorf("Partition(%q) = %s, want %s", region, got, want)
		}
	}
}
