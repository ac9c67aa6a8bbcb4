package pattern_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/pattern"
)

// The tests in this file compare a Matcher with many patterns, which remembers what it saw of earlier events, with the
// reference. For a long session: go test ./pattern -run Differential -rapid.checks=100000

// trailMembers are parts of records like CloudTrail's; an event has some of them, in any order.
var trailMembers = []string{
	`"eventVersion":"1.08"`, `"eventSource":"ec2.amazonaws.com"`, `"eventSource":"s3.amazonaws.com"`,
	`"eventName":"RunInstances"`, `"eventName":"DescribeTags"`, `"eventName":"Delete\u0042ucket"`, `"eventName":"x"`,
	`"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`,
	`"userIdentity":{"type":"Root"}`, `"userIdentity": {"arn" : "root", "type":"AssumedRole"}`, `"userIdentity":null`,
	`"awsRegion":"eu-west-1"`, `"sourceIPAddress":"10.1.2.3"`, `"sourceIPAddress":"2001:db8::1"`, `"sourceIPAddress":"AWS Internal"`,
	`"userAgent":"aws-cli/2.1 Python/3.11 \"quoted\" Terraform/1.5"`, `"userAgent":"console.amazonaws.com"`, `"errorCode":"AccessDenied"`,
	`"readOnly":true`, `"readOnly":false`, `"additionalEventData":{"bytesTransferredIn":0,"x":-1.5e3}`,
	`"requestParameters":{"items":[{"port":22,"range":"0.0.0.0/0"},{"port":443}],"tags":["a","b"],"maxResults":5}`,
	`"requestParameters":{"items":[{"port":443,"range":"10.0.0.0/8","nested":[{"v":1},[{"v":2}]]}],"tags":[]}`,
	`"requestParameters":null`, `"responseElements":{"a":{},"b":[],"c":[[],{}]}`, `"tlsDetails":{"tlsVersion":"TLSv1.3","empty":""}`,
	"\"spaced\"\t:\n[ 1 ,\r\"two\" , { } ]", `"eventID":"11111111-2222-4333-8444-555555555555"`, `"a.b":"dotted"`, `"é":"ü"`,
	`"aNameAsLongAsStretchesAre01234567":false`, `"aNameLongerThanStretchesAre0123456789":{"x":true}`,
	`"aNameAsLongAsStretchesAre0123456":null`, `"aNameAsLongAsStretchesAre012":"x"`, `"aNameThatIsLongerThanAnythingThatTheReaderWantsToRememberOfANameInItsDictionary":1`,
}

var trailConditions = []string{
	`"eventName":["RunInstances","DeleteBucket"]`, `"eventName":[{"prefix":"D"}]`, `"eventName":[{"suffix":"s"},"x"]`,
	`"eventName":[{"wildcard":"*Run*Inst*"}]`, `"eventName":[{"anything-but":["RunInstances","x"]}]`,
	`"eventName":[{"anything-but":{"prefix":"De"}}]`, `"eventName":[{"equals-ignore-case":"runinstances"}]`,
	`"userIdentity":{"type":["Root","IAMUser"]}`, `"userIdentity":{"type":[{"exists":false}]}`, `"userIdentity":[null]`,
	`"userIdentity":{"arn":[{"wildcard":"arn:*user/*"}]}`, `"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":["true"]}}}`,
	`"errorCode":[{"exists":false}]`, `"errorCode":[{"exists":true}]`, `"errorCode":["AccessDenied",{"exists":false}]`,
	`"sourceIPAddress":[{"cidr":"10.0.0.0/8"}]`, `"sourceIPAddress":["10.01.2.3","2001:db8:0::1"]`,
	`"sourceIPAddress":[{"anything-but":{"suffix":"Internal"}}]`, `"userAgent":[{"wildcard":"*aws-cli*Terraform*"}]`,
	`"userAgent":[{"wildcard":"*\"*"}]`, `"userAgent":[{"prefix":{"equals-ignore-case":"CONSOLE"}}]`, `"readOnly":[false]`,
	`"requestParameters":{"maxResults":[{"numeric":[">",1,"<=",5]}]}`, `"additionalEventData":{"x":[-1500]}`,
	`"requestParameters":{"items":{"port":[22],"range":["0.0.0.0/0"]}}`, `"requestParameters":{"items":{"port":[443],"range":[{"exists":false}]}}`,
	`"requestParameters":{"items":{"nested":{"v":[2]}}}`, `"requestParameters":{"tags":["b"],"items":{"port":[443]}}`,
	`"$or":[{"eventName":["x"]},{"errorCode":["AccessDenied"]},{"userIdentity":{"type":["Root"]}}]`,
	`"$or":[{"eventName":[{"prefix":"Run"}],"readOnly":[true]},{"awsRegion":["eu-west-1"]}]`, `"a":{"b":["dotted"]}`, `"a.b":[{"exists":false}]`,
	`"tlsDetails":{"empty":[""]}`, `"spaced":["two",3]`, `"é":[{"suffix":"ü"}]`, `"eventVersion":[{"exists":true}]`,
}

var trailSources = []string{`"aws.ec2"`, `"aws.s3"`, `"aws.iam"`, `"custom"`}

// trailEvent makes an event of which no object has a name twice.
func trailEvent(rnd *rand.Rand) string {
	pick := func(from []string, n int) []string {
		var members []string
		taken := map[string]bool{}
		for _, i := range rnd.Perm(len(from))[:n] {
			if name, _, _ := strings.Cut(from[i][1:], `"`); !taken[name] {
				taken[name] = true
				members = append(members, from[i])
			}
		}
		return members
	}
	detail := `"detail":{` + strings.Join(pick(trailMembers, rnd.IntN(len(trailMembers))), ",") + "}"
	top := []string{`"version":"0"`, `"account":"111122223333"`, `"resources":["r1","r2"]`, `"region":"eu-west-1"`, detail}
	switch rnd.IntN(8) {
	case 0:
		top = append(top, `"source":["aws.ec2","aws.s3"]`)
	case 1:
	default:
		top = append(top, `"source":`+trailSources[rnd.IntN(len(trailSources))])
	}
	rnd.Shuffle(len(top), func(i, j int) { top[i], top[j] = top[j], top[i] })
	return "{" + strings.Join(top, ",") + "}"
}

func trailPattern(rnd *rand.Rand) string {
	var fields []string
	switch rnd.IntN(6) {
	case 0:
	case 1:
		fields = append(fields, `"source":[{"prefix":"aws."}]`)
	case 2:
		fields = append(fields, `"source":["aws.ec2","aws.s3"]`)
	default:
		fields = append(fields, `"source":[`+trailSources[rnd.IntN(len(trailSources))]+"]")
	}
	if rnd.IntN(6) == 0 {
		fields = append(fields, `"resources":[{"prefix":"r"}]`)
	}
	var conditions []string
	for range 1 + rnd.IntN(3) {
		conditions = append(conditions, trailConditions[rnd.IntN(len(trailConditions))])
	}
	return "{" + strings.Join(append(fields, `"detail":{`+strings.Join(conditions, ",")+"}"), ",") + "}"
}

// TestDifferential compares on the order of 1,000 pairs of pattern and event per check.
func TestDifferential(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := pattern.New()
		texts, rules := map[string]string{}, map[string][]refRule{}
		add := func(name string) {
			text := trailPattern(rnd)
			m.Replace(name, parse(t, text))
			texts[name], rules[name] = text, refRules([]byte(text))
		}
		for i := range 1 + rnd.IntN(120) {
			add(fmt.Sprint("rule ", i))
		}
		for range 20 {
			event := trailEvent(rnd)
			leaves, err := refEvent([]byte(event))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, name := range slices.Sorted(maps.Keys(rules)) {
				if refAny(rules[name], leaves) {
					want = append(want, name)
				}
			}
			got, err := m.Match([]byte(event))
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("strict: got %q, %v, want %q\nevent %s\n%s", got, err, want, event, differing(got, want, texts))
			}
			got, err = m.AppendTrusted(nil, []byte(event))
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("trusted: got %q, %v, want %q\nevent %s\n%s", got, err, want, event, differing(got, want, texts))
			}
			if rnd.IntN(10) == 0 {
				name := fmt.Sprint("rule ", rnd.IntN(140))
				if m.Remove(name); rnd.IntN(2) == 0 {
					add(name)
				} else {
					delete(rules, name)
				}
			}
		}
	})
}

// differing lists the patterns of names that are in one list only.
func differing(got, want []string, texts map[string]string) string {
	var lines strings.Builder
	for name, text := range texts {
		if slices.Contains(got, name) != slices.Contains(want, name) {
			fmt.Fprintf(&lines, "%s: %s\n", name, text)
		}
	}
	return lines.String()
}

// TestBrokenEvents: an event that was damaged somewhere is refused exactly if encoding/json refuses it, also by a Matcher
// that saw it undamaged before.
func TestBrokenEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		m := pattern.New()
		m.Add("one", parse(t, trailPattern(rnd)))
		m.Add("two", parse(t, `{"detail": {"requestParameters": {"items": {"port": [22]}, "tags": ["a"]}}}`))
		event := []byte(trailEvent(rnd))
		for range 3 {
			if _, err := m.Match(event); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			damaged := slices.Clone(event)
			at := rnd.IntN(len(damaged))
			switch rnd.IntN(4) {
			case 0:
				damaged = slices.Delete(damaged, at, at+1)
			case 1:
				damaged = slices.Insert(damaged, at, `{}[],:"\ 0te`[rnd.IntN(12)])
			case 2:
				damaged = damaged[:at]
			default:
				damaged[at] = byte(rnd.IntN(256))
			}
			_, err := m.Match(damaged)
			if err != nil && errors.Is(err, pattern.ErrTooComplex) || (err == nil) != json.Valid(damaged) {
				t.Fatalf("got %v, encoding/json says %v\n%q", err, json.Valid(damaged), damaged)
			}
		}
	})
}
