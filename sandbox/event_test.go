package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/sandbox"
)

// receiver is an API destination that answers with the given statuses, then 200.
type receiver struct {
	*httptest.Server
	got chan string
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	r := &receiver{got: make(chan string, 100)}
	answers := make(chan int, len(statuses))
	for _, s := range statuses {
		answers <- s
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.got <- req.Header.Get("X-Api-Key") + " " + string(body)
		select {
		case s := <-answers:
			w.WriteHeader(s)
		default:
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) next(t *testing.T) string {
	t.Helper()
	select {
	case s := <-r.got:
		return s
	case <-time.After(30 * time.Second):
		t.Fatal("no event arrived")
		return ""
	}
}

func (r *receiver) target() sandbox.EventTarget {
	return sandbox.EventTarget{URL: r.URL + "/events", Header: "X-Api-Key", Value: "k1"}
}

func TestAPIDestinationRetries(t *testing.T) {
	clock := newClock()
	r := newReceiver(t, 500, 429)
	w := newTrailWorld(t, sandbox.Options{Clock: clock, EventTargets: []sandbox.EventTarget{r.target()}})
	w.makeTrail("main")
	first := r.next(t)
	if !strings.HasPrefix(first, `k1 {"version":"0","id":"`) || !strings.Contains(first, `"eventName":"CreateTrail"`) {
		t.Fatalf("got %s", first)
	}
	// The first event waits for its next attempt, the second isn't held up.
	if second := r.next(t); !strings.Contains(second, "StartLogging") {
		t.Fatalf("got %s", second)
	}
	for came := 0; came < 2; { // one wait of the clock may be for both
		select {
		case <-clock.asked:
			clock.advance(time.Minute)
		case <-r.got:
			came++
		case <-time.After(30 * time.Second):
			t.Fatal("no event arrived")
		}
	}
	if len(r.got) != 0 {
		t.Errorf("an event came again: %s", <-r.got)
	}
}

func TestAPIDestinationGivesUp(t *testing.T) {
	r := newReceiver(t, 400)
	w := newTrailWorld(t, sandbox.Options{EventTargets: []sandbox.EventTarget{r.target()}})
	w.makeTrail("main")
	if a, b := r.next(t), r.next(t); !strings.Contains(a, "CreateTrail") || !strings.Contains(b, "StartLogging") {
		t.Errorf("got %s and %s: a refused event is not sent again", a, b)
	}
}

func TestEventTargetOfAnAccount(t *testing.T) {
	all, one := newReceiver(t), newReceiver(t)
	only := one.target()
	only.Accounts = []string{otherAccount}
	w := newWorld(t, sandbox.Options{EventTargets: []sandbox.EventTarget{all.target(), only}})
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*sandbox.Account{w.account, other} {
		a.Emit("us-east-1", "aws.guardduty", "GuardDuty Finding", []string{"arn:x"}, []byte(`{"id":"f"}`))
	}
	if first := all.next(t); !strings.Contains(first, `"account":"111122223333"`) || !strings.Contains(first, `"resources":["arn:x"],"detail":{"id":"f"}`) {
		t.Errorf("got %s", first)
	}
	all.next(t)
	if only := one.next(t); !strings.Contains(only, `"account":"444455556666"`) || len(one.got) != 0 {
		t.Errorf("the account's target got %s and %d more", only, len(one.got))
	}
}

func TestReadOnlyEvents(t *testing.T) {
	for _, tc := range []struct {
		all  bool
		want []any
	}{
		{false, []any{"CreateTrail", "StartLogging", "StopLogging"}},
		{true, []any{"CreateTrail", "StartLogging", "GetTrailStatus", "StopLogging"}},
	} {
		w := newTrailWorld(t, sandbox.Options{ReadOnlyEvents: tc.all})
		arn := w.makeTrail("main")
		client := w.trailClient(w.root, "us-east-1")
		if _, err := client.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
			t.Fatal(err)
		}
		var names []any
		for _, e := range w.delivered(len(tc.want)) {
			names = append(names, e["detail"].(map[string]any)["eventName"])
		}
		if d := cmp.Diff(tc.want, names); d != "" {
			t.Errorf("ReadOnlyEvents %v: %s", tc.all, d)
		}
	}
}

func TestAWSDelivery(t *testing.T) {
	clock := newClock()
	d := sandbox.AWSDelivery()
	d.Duplicates = 1
	w := newTrailWorld(t, sandbox.Options{Clock: clock, Delivery: d})
	arn := w.makeTrail("main")
	clock.awaited(t) // the target waits
	w.mu.Lock()
	early := len(w.events)
	w.mu.Unlock()
	if early != 0 {
		t.Errorf("%d events came without delay", early)
	}
	client := w.trailClient(w.root, "us-east-1")
	look := func() int {
		out, err := client.LookupEvents(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Events)
	}
	if n := look(); n != 0 {
		t.Errorf("LookupEvents shows %d records at once", n)
	}
	clock.advance(time.Minute)
	seen := map[any]int{}
	for _, e := range w.delivered(4) {
		seen[e["id"]]++
	}
	for id, n := range seen {
		if n != 2 {
			t.Errorf("event %v came %d times, want 2", id, n)
		}
	}
	if n := look(); n != 3 {
		t.Errorf("LookupEvents shows %d records after a minute, want 3: %s", n, arn)
	}
}

func TestPutEvents(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := eventbridge.NewFromConfig(w.config(w.root, "eu-west-1"))
	entry := func(source, detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{Source: &source, DetailType: aws.String("order"), Detail: &detail, Resources: []string{"r1"}, Time: aws.Time(time.Unix(1700000000, 0))}
	}
	out, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		entry("shop", `{"n":1}`), entry("aws.cloudtrail", `{}`), entry("shop", `[1]`), entry("", `{}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if d := cmp.Diff([]string{"", "NotAuthorizedForSource", "MalformedDetail", "InvalidArgument"}, codes); d != "" || out.FailedEntryCount != 3 {
		t.Errorf("%d failed: %s", out.FailedEntryCount, d)
	}
	want := map[string]any{
		"version": "0", "id": *out.Entries[0].EventId, "detail-type": "order", "source": "shop", "account": testAccount,
		"time": "2023-11-14T22:13:20Z", "region": "eu-west-1", "resources": []any{"r1"}, "detail": map[string]any{"n": 1.0},
	}
	if d := cmp.Diff(want, w.delivered(1)[0]); d != "" {
		t.Error(d)
	}
}

func TestComplianceChange(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	ch := sandbox.Compliance{
		Account: testAccount, Region: "us-east-1", Rule: "cloudtrail-enabled", ResourceType: "AWS::::Account", ResourceID: testAccount,
		Type: "NON_COMPLIANT", OldType: "COMPLIANT",
	}
	if _, err := w.ChangeCompliance(ch); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(ch)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(w.url+"/_sandbox/compliance", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d", resp.StatusCode)
	}
	events := w.delivered(2)
	arns := map[any]bool{}
	for _, e := range events {
		detail := e["detail"].(map[string]any)
		result := detail["newEvaluationResult"].(map[string]any)
		if e["source"] != "aws.config" || e["detail-type"] != "Config Rules Compliance Change" || result["complianceType"] != "NON_COMPLIANT" {
			t.Errorf("event is %v", e)
		}
		arns[detail["configRuleARN"]] = true
	}
	if len(arns) != 1 {
		t.Errorf("one rule has the ARNs %v", arns)
	}
	ch.Account = "000000000000"
	if _, err := w.ChangeCompliance(ch); err == nil {
		t.Error("an unknown account was taken")
	}
}
