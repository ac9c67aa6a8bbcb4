package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/sandbox"
)

var startLogging = sandbox.Match{Service: "cloudtrail", Operation: "StartLogging"}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fault   sandbox.Fault
		code    string // of the answer, "drop" for none
		logging bool   // afterwards
		journal string // error code in the journal
	}{
		{"fails before the effect", sandbox.Fault{Error: &sandbox.FaultError{Code: "ThrottlingException"}}, "ThrottlingException", false, "ThrottlingException"},
		{"fails after the effect", sandbox.Fault{After: true, Error: &sandbox.FaultError{Code: "InternalFailure", Status: 500}}, "InternalFailure", true, ""},
		{"drops before the effect", sandbox.Fault{Drop: true}, "drop", false, sandbox.Dropped},
		{"drops after the effect", sandbox.Fault{Drop: true, After: true}, "drop", true, ""},
		{"of another trail", sandbox.Fault{Match: sandbox.Match{Resource: "trail/other"}, Drop: true}, "", true, ""},
		{"of another principal", sandbox.Fault{Match: sandbox.Match{Principal: "user/eve"}, Drop: true}, "", true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newTrailWorld(t, sandbox.Options{})
			arn := w.makeTrail("main")
			client := w.trailClient(w.root, "us-east-1")
			if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
				t.Fatal(err)
			}
			tc.fault.Service, tc.fault.Operation, tc.fault.Times = "cloudtrail", "StartLogging", 1
			w.AddFault(tc.fault)
			_, err := client.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: &arn})
			switch {
			case tc.code == "drop":
				if err == nil || !strings.Contains(err.Error(), "EOF") {
					t.Errorf("error is %v, want a closed connection", err)
				}
			case tc.code != "":
				wantCode(t, err, tc.code)
			case err != nil:
				t.Error(err)
			}
			st, err := client.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn})
			if err != nil || *st.IsLogging != tc.logging {
				t.Errorf("logging is %v, %v; want %v", st, err, tc.logging)
			}
			calls := w.Calls(startLogging)
			if len(calls) != 2 || calls[1].ErrorCode != tc.journal {
				t.Errorf("journal is %+v", calls)
			}
			// A fault for one call is over.
			if _, err := client.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: &arn}); tc.fault.Resource == "" && tc.fault.Principal == "" && err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

func TestHold(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	arn := w.makeTrail("main")
	release := make(chan struct{})
	remove := w.AddFault(sandbox.Fault{Match: startLogging, Hold: release})
	client := w.trailClient(w.root, "us-east-1")
	done := make(chan error, 1)
	go func() {
		_, err := client.StartLogging(context.Background(), &cloudtrail.StartLoggingInput{Name: &arn})
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("the held call ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	remove()
}

func TestDelay(t *testing.T) {
	clock := newClock()
	w := newTrailWorld(t, sandbox.Options{Clock: clock})
	arn := w.makeTrail("main")
	w.AddFault(sandbox.Fault{Match: startLogging, Delay: time.Minute})
	done := make(chan error, 1)
	go func() {
		_, err := w.trailClient(w.root, "us-east-1").StartLogging(context.Background(), &cloudtrail.StartLoggingInput{Name: &arn})
		done <- err
	}()
	if d := clock.awaited(t); d != time.Minute {
		t.Errorf("the call waits %v", d)
	}
	clock.advance(time.Minute)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStaleness(t *testing.T) {
	clock := newClock()
	w := newTrailWorld(t, sandbox.Options{Clock: clock})
	arn := w.makeTrail("main")
	client := w.trailClient(w.root, "us-east-1")
	logging := func() bool {
		t.Helper()
		st, err := client.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn})
		if err != nil {
			t.Fatal(err)
		}
		return *st.IsLogging
	}
	stop := func() {
		t.Helper()
		if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	remove := w.AddStaleness(sandbox.Staleness{Service: "cloudtrail", Operation: "StopLogging", Reads: 2})
	stop()
	first, second, third := logging(), logging(), logging()
	if !first || !second || third {
		t.Error("want two old reads, then the new state")
	}
	remove()
	w.AddStaleness(sandbox.Staleness{Operation: "StartLogging", For: time.Minute})
	if _, err := client.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	if logging() {
		t.Error("a read within the minute sees the new state")
	}
	clock.advance(time.Minute)
	if !logging() {
		t.Error("a read after the minute sees the old state")
	}
	// What wasn't there before a write isn't there for a stale read.
	w.AddStaleness(sandbox.Staleness{Service: "cloudtrail", Operation: "CreateTrail", Account: testAccount, Reads: 1})
	if _, err := client.CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("second"), S3BucketName: aws.String(trailBucket)}); err != nil {
		t.Fatal(err)
	}
	_, err := client.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: aws.String("second")})
	wantCode(t, err, "TrailNotFoundException")
	if _, err := client.GetTrail(t.Context(), &cloudtrail.GetTrailInput{Name: aws.String("second")}); err != nil {
		t.Error(err)
	}
}

func TestJournal(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	arn := w.makeTrail("main")
	w.user("bob")
	_, _ = w.trailClient(sandbox.Keys{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}, "us-east-1").ListTrails(t.Context(), nil)
	calls := w.Calls()
	if len(calls) != 3 {
		t.Fatalf("%d calls: %+v", len(calls), calls)
	}
	start, refused := calls[1], calls[2]
	if start.Operation != "StartLogging" || start.Account != testAccount || start.Region != "us-east-1" || start.RequestID == "" ||
		start.Principal != "arn:aws:iam::111122223333:root" || string(start.Params) != `{"Name":"`+arn+`"}` || start.ErrorCode != "" {
		t.Errorf("the call is %+v", start)
	}
	if refused.ErrorCode != "UnrecognizedClientException" || refused.Principal != "" {
		t.Errorf("the refused call is %+v", refused)
	}
	if n := len(w.Calls(sandbox.Match{Operation: "CreateTrail"}, startLogging)); n != 2 {
		t.Errorf("two matches find %d calls, want 2", n)
	}
}

func TestAdmin(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	arn := w.makeTrail("main")
	do := func(method, path, body string, header ...string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequest(method, w.url+"/_sandbox/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			if header[i] == "Host" {
				req.Host = header[i+1]
			}
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		out := map[string]any{}
		_ = json.NewDecoder(resp.Body).Decode(&out)
		return resp.StatusCode, out
	}
	fault := `{"service":"cloudtrail","operation":"StopLogging","times":1,"error":{"code":"ThrottlingException"}}`
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
	}{
		{"health", "GET", "health", "", nil, 200},
		{"add a fault", "POST", "faults", fault, nil, 201},
		{"a fault that does nothing", "POST", "faults", `{"service":"s3"}`, nil, 400},
		{"an unknown field", "POST", "faults", `{"dropp":true}`, nil, 400},
		{"a bad delay", "POST", "faults", `{"delay":"soon"}`, nil, 400},
		{"remove an unknown fault", "DELETE", "faults/99", "", nil, 404},
		{"from a web page", "POST", "faults", fault, []string{"Origin", "http://evil.example"}, 403},
		{"by another name of this machine", "GET", "calls", "", []string{"Host", "evil.example"}, 403},
	} {
		if status, _ := do(tc.method, tc.path, tc.body, tc.header...); status != tc.status {
			t.Errorf("%s: status %d, want %d", tc.name, status, tc.status)
		}
	}
	if _, out := do("GET", "faults", ""); len(out["faults"].([]any)) != 1 {
		t.Errorf("faults are %v", out)
	}
	_, err := w.trailClient(w.root, "us-east-1").StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &arn})
	wantCode(t, err, "ThrottlingException")
	if _, out := do("GET", "calls?operation=StopLogging", ""); len(out["calls"].([]any)) != 1 {
		t.Errorf("calls are %v", out)
	}
	if _, out := do("GET", "events?account="+testAccount, ""); len(out["Records"].([]any)) != 2 {
		t.Errorf("events are %v", out)
	}
	status, out := do("POST", "faults", `{"operation":"StopLogging","drop":true}`)
	if id, ok := out["id"].(float64); status != 201 || !ok {
		t.Errorf("status %d, %v", status, out)
	} else if status, _ := do("DELETE", "faults/"+jsonOf(id), ""); status != 204 {
		t.Errorf("remove: status %d", status)
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
