package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"riposte.dev/event"
)

// noise is an event that no rule matches, of a usual size.
func noise(b *testing.B) *event.Envelope {
	env := record(b, `"eventID":"c1","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","readOnly":true,
"sourceIPAddress":"192.0.2.10","userAgent":"`+strings.Repeat("aws-sdk-go-v2/1.30 ", 10)+`","requestParameters":{"instancesSet":{},"filterSet":{}},
"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/App/i-0123456789abcdef0","accountId":"111122223333"}`)
	env.JSON()
	return env
}

func manyRules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "---\nid: r%d\ntitle: t\nstory: s.\nseverity: LOW\nmatch: {pattern: {source: [aws.s%d], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [E%d]}}}\nnotify: [x]\n", i, i, i)
	}
	return b.String()
}

// BenchmarkMatch is the pure part over an event that nothing matches, beside encoding/json.Valid on the same bytes.
func BenchmarkMatch(b *testing.B) {
	set, err := Load([]Source{{FS: rulesFS(map[string]string{"r.yaml": stopped + manyRules(100)})}}, LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	quiet := noise(b)
	loud := stopLogging(b, "c1")
	loud.JSON()
	for name, env := range map[string]*event.Envelope{"quiet": quiet, "match": loud} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(env.JSON())))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := set.Match(context.Background(), env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(quiet.JSON())))
		for b.Loop() {
			json.Valid(quiet.JSON())
		}
	})
}

// BenchmarkHandle is the whole engine with partners that do nothing slow.
func BenchmarkHandle(b *testing.B) {
	w := newWorld()
	activity := NewActivity(0, 0, w.Now)
	e := w.engine(b, stopped+manyRules(100), func(o *Options) { o.Activity, o.Observers = activity, nil })
	quiet, loud := noise(b), stopLogging(b, "c1")
	for name, env := range map[string]*event.Envelope{"quiet": quiet, "match": loud} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.log = w.log[:0]
				if err := e.Handle(context.Background(), env, w.now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
