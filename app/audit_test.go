package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/audit"
)

// chain reads the audit record through the API, demands that it is whole, and returns "kind actor: text" of each record.
func (e *engine) chain(t *testing.T) (lines []string) {
	t.Helper()
	body, err := e.client.Open(t.Context(), http.MethodGet, "/api/v1/audit/export", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	report, err := audit.Verify(func(yield func(audit.Record, error) bool) {
		for r, err := range audit.Lines(body) {
			lines = append(lines, string(r.Kind)+" "+r.Actor+": "+r.Text)
			if !yield(r, err) {
				return
			}
		}
	}, audit.Check{})
	if err != nil || report.Broken != nil {
		t.Fatalf("%v, %+v", err, report.Broken)
	}
	return lines
}

// recorded waits for a record with that text.
func (e *engine) recorded(t *testing.T, text string) {
	t.Helper()
	eventually(t, "the audit record has "+text, func() bool { return strings.Contains(strings.Join(e.chain(t), "\n"), text) })
}

func TestConfigurationsAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hangups := make(chan os.Signal)
	w.reload = hangups
	w.write(t, "rules/trail.yaml", trailRule)
	e := w.start(t, "", onlyRules)
	e.recorded(t, "configuration riposte: A configuration is in force (start): 1 rules")
	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "HIGH", "FIERCE", 1))
	e.recorded(t, "configuration riposte: A configuration was refused (files changed): ")
	w.write(t, "rules/trail.yaml", strings.Replace(trailRule, "was stopped\"", "does not log\"", 1))
	e.recorded(t, "configuration riposte: A configuration is in force (files changed): 1 rules")
	before := len(e.chain(t))
	hangups <- syscall.SIGHUP
	eventually(t, "what is unchanged is read", func() bool { return e.measures(t, `riposte_reloads_total{result="unchanged"}`) })
	if after := e.chain(t); len(after) != before {
		t.Errorf("what is unchanged is recorded: %q", after[before:])
	}
	e.stop(t)

	again := w.start(t, "", onlyRules)
	if lines := again.chain(t); len(lines) != before+1 || !strings.Contains(lines[before], "(start)") {
		t.Errorf("after the next start: %q", lines)
	}
}

// TestHeadsAreKeptOutside has a bucket that is not there at first, and a receiver of messages.
func TestHeadsAreKeptOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := newReceiver(t)
	w.write(t, "rules/trail.yaml", trailRule)
	w.write(t, "hook.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	settings := onlyRules + fmt.Sprintf(`notify:
  webhooks: {hook: {url: %q, secret_file: hook.secret, allow_private: true, allow_plaintext: true}}
  routes: {auditors: {channels: [hook]}}
audit: {anchor: {bucket: {name: vault, owner: "%s", prefix: heads/}, notify: auditors}}
`, hook.URL, ownID)
	e := w.start(t, "", settings)
	eventually(t, "the failure is said", func() bool {
		r := e.ready(t.Context())
		return r.Ready && strings.Contains(r.Parts["audit anchor"], "NoSuchBucket")
	})
	client := s3.NewFromConfig(w.admin, func(o *s3.Options) { o.UsePathStyle = true })
	vault := "vault"
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &vault, ObjectLockEnabledForBucket: aws.Bool(true),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: region}})
	if err != nil {
		t.Fatal(err)
	}
	e.recorded(t, "anchor riposte: The head, record 1, was kept in s3://vault/heads/riposte-audit-")
	first := verified(t, e)
	if got := hook.next(t); !strings.Contains(got.body, first.Hash) {
		t.Errorf("told %s, want the head %s", got.body, first)
	}
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &vault})
	if err != nil || len(list.Contents) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &vault, Key: list.Contents[0].Key})
	if err != nil {
		t.Fatal(err)
	}
	var kept audit.Head
	if err := json.NewDecoder(object.Body).Decode(&kept); err != nil || kept != first {
		t.Errorf("kept %v, %v; want %v", kept, err, first)
	}
	eventually(t, "nothing is wrong any more", func() bool { return e.ready(t.Context()).Parts["audit anchor"] == "ok" })
	e.stop(t)

	again := w.start(t, "", settings) // a day has not gone by
	if anchors := strings.Count(strings.Join(again.chain(t), "\n"), "anchor riposte:"); anchors != 1 {
		t.Errorf("%d heads were kept", anchors)
	}
}

// verified returns the head after the first record.
func verified(t *testing.T, e *engine) audit.Head {
	t.Helper()
	for r, err := range e.store.Audit.Since(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		return r.Head()
	}
	t.Fatal("there is no record")
	return audit.Head{}
}

func TestAnchorsAreChecked(t *testing.T) {
	w := newWorld(t)
	for settings, want := range map[string]string{
		"audit: {anchor: {}}": "an anchor needs a place",
		"audit: {anchor: {every: 1m, bucket: {name: a, owner: \"111122223333\"}}}":     "1m0s is less than an hour",
		"audit: {anchor: {notify: nobody}}":                                            `there is no route "nobody"`,
		"audit: {anchor: {bucket: {name: a, owner: me}}}":                              `"me" is not an AWS account`,
		"audit: {anchor: {bucket: {name: a, owner: \"111122223333\", mode: FOREVER}}}": `there is no mode "FOREVER"`,
		"audit: {anchor: {bucket: {name: a}}}":                                         "owner",
	} {
		if _, err := LoadConfig(w.configure(t, "", settings+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}
