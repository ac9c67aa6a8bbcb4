package pattern_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/pattern"
)

// streamEvent is like a record of CloudTrail, most of which is the same in each of its kind.
func streamEvent(rnd *rand.Rand, kind int) string {
	rare := func(often, seldom string) string {
		if rnd.IntN(12) == 0 {
			return seldom
		}
		return often
	}
	user := rare(fmt.Sprintf(`"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a%d","sessionContext":{"attributes":{"mfaAuthenticated":"true"}}}`,
		kind), rare(`"userIdentity":{"type":"Root","arn":"arn:aws:iam::1:root"}`, `"userIdentity":null`))
	detail := []string{
		`"eventVersion":"1.08"`, user, fmt.Sprintf(`"eventTime":"2026-03-01T12:%02d:%02dZ"`, kind, rnd.IntN(60)),
		rare(`"eventSource":"ec2.amazonaws.com"`, `"eventSource":"s3.amazonaws.com"`),
		fmt.Sprintf(`"eventName":"%s"`, rare([]string{"RunInstances", "DescribeTags", "x"}[kind%3], `Delete\u0042ucket`)),
		rare(`"awsRegion":"eu-west-1"`, `"awsRegion" : "eu-central-1"`), rare(`"sourceIPAddress":"10.1.2.3"`, `"sourceIPAddress":"AWS \"Internal"`),
	}
	detail = append(detail, []string{
		`"requestParameters":null`,
		`"requestParameters":{"items":[{"port":22,"range":"0.0.0.0/0"},{"port":443}],"tags":["a","b"],"maxResults":` + fmt.Sprint(rnd.IntN(9)) + `}`,
		`"requestParameters":{"aNameThatTakesALotOfRoomInAStretch":{"andAnotherOneInsideOfItThatIsLongToo":{"x":["","` + rare("y", "z") + `"]}}}`,
	}[kind%3], `"responseElements":null`, rare(`"readOnly":false`, `"readOnly":true`), rare(`"managementEvent":true`, `"errorCode":"AccessDenied"`),
		rare(`"additionalEventData":{"x":1}`, `"additionalEventData":{"x":-1500}`), `"tlsDetails":{"tlsVersion":"TLSv1.3","empty":""}`)
	top := []string{
		`"version":"0"`, fmt.Sprintf(`"id":"%d"`, rnd.Uint32()), rare(`"source":"aws.ec2"`, `"source":"aws.s3"`), `"account":"111122223333"`,
		`"region":"eu-west-1"`, rare(`"resources":[]`, `"resources":["r1","r2"]`), "",
	}
	for _, list := range [][]string{detail, top[:6]} {
		if kind > 5 || rnd.IntN(40) == 0 {
			rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
	}
	top[6] = `"detail":{` + strings.Join(detail, ",") + "}"
	return "{" + strings.Join(top, ",") + "}"
}

// TestStreams: a Matcher that sees many events which are nearly alike, and damaged ones in between, says of each what the
// reference and encoding/json say.
func TestStreams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		m := pattern.New()
		rules := map[string][]refRule{}
		texts := map[string]string{}
		for i := range 1 + rnd.IntN(20) {
			name, text := fmt.Sprint("rule ", i), trailPattern(rnd)
			m.Add(name, parse(t, text))
			texts[name], rules[name] = text, refRules([]byte(text))
		}
		kinds := 1 + rnd.IntN(7)
		for range 150 {
			event := streamEvent(rnd, rnd.IntN(kinds))
			if rnd.IntN(8) == 0 {
				damaged := []byte(event)
				if at := rnd.IntN(len(damaged)); rnd.IntN(2) == 0 {
					damaged = slices.Delete(damaged, at, at+1)
				} else {
					damaged[at] = `{}[],:"\ 0te`[rnd.IntN(12)]
				}
				if _, err := m.Match(damaged); (err == nil) != json.Valid(damaged) {
					t.Fatalf("got %v, encoding/json says %v\n%s", err, json.Valid(damaged), damaged)
				}
				_, _ = m.AppendTrusted(nil, damaged)
				continue
			}
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
			for mode, match := range map[string]func([]string, []byte) ([]string, error){"strict": m.Append, "trusted": m.AppendTrusted} {
				got, err := match(nil, []byte(event))
				slices.Sort(got)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%s: got %q, %v, want %q\nevent %s\n%s", mode, got, err, want, event, differing(got, want, texts))
				}
			}
		}
	})
}
