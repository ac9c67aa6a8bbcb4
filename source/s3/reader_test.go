package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/s3"
)

// after is how long an error asks to be left alone; 0 where it doesn't.
func after(err error) time.Duration {
	var later interface{ RetryAfter() time.Duration }
	if errors.As(err, &later) {
		return later.RetryAfter()
	}
	return 0
}

func TestFilesAreRead(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	w.put(t, "logs", key("a"), logFile(t, "a", 1000))
	w.put(t, "logs", key("b"), logFile(t, "b", 1))
	r := reader(t, w.options(l, "logs"))
	for range 2 { // a file that is told of twice
		if err := r.Read(t.Context(), notice("logs", key("a"), key("b"))); err != nil {
			t.Fatal(err)
		}
	}
	if l.count() != 1001 || l.accepted["a-0"] != 2 || l.accepted["a-999"] != 2 || len(l.buried) != 0 {
		t.Errorf("%d accepted, buried: %v", l.count(), l.buried)
	}
	for _, c := range w.Calls(sandbox.Match{Operation: "GetObject"}) {
		if !strings.Contains(string(c.Params), `"ExpectedBucketOwner":"`+account+`"`) {
			t.Errorf("a call names no owner: %s", c.Params)
		}
	}
}

func TestWhatIsNotRead(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	o := w.options(l, "logs")
	o.Buckets[0].Prefix = "AWSLogs/"
	r := reader(t, o)
	digest := "AWSLogs/" + account + "/CloudTrail-Digest/us-east-1/2026/03/01/" + account + "_CloudTrail-Digest_us-east-1_main_us-east-1_20260301T000000Z.json.gz"
	for _, key := range []string{
		digest, strings.ReplaceAll(digest, "Digest", "Insight"), "AWSLogs/" + account + "/Config/us-east-1/x.json.gz",
		"AWSLogs/" + account + "/CloudTrail/", strings.TrimSuffix(key("a"), ".gz"), "elsewhere/" + key("a"),
	} {
		if err := r.Read(t.Context(), notice("logs", key)); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	err := r.Read(t.Context(), s3.Notice{Objects: []s3.Object{{Bucket: "logs", Key: key("a")}, {Bucket: "foreign", Key: key("a")}}})
	if fault.CodeOf(err) != fault.Denied || fault.Retryable(err) || !strings.Contains(fault.Message(err), `"foreign" is not configured`) || fault.Hint(err) == "" {
		t.Errorf("a bucket that isn't configured: %v", err)
	}
	if calls := w.Calls(sandbox.Match{Operation: "GetObject"}); len(calls) != 0 || len(l.buried) != 0 {
		t.Errorf("%d files were read, buried: %v", len(calls), l.buried)
	}
}

func TestWrongRecordsAreBuriedByThemselves(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	w.put(t, "logs", key("a"), zip(t, `{"Records":[`+record("1")+`,{"eventName":"x"},`+record("2")+`,7,`+record("refused")+`]}`))
	o := w.options(l, "logs")
	o.Accept = func(ctx context.Context, events []*event.Envelope) []error {
		errs := l.accept(ctx, events)
		for i, e := range events {
			if e.ID == "refused" {
				errs[i] = fault.New(fault.TooLarge, "too large for the bus")
			}
		}
		return errs
	}
	if err := reader(t, o).Read(t.Context(), notice("logs", key("a"))); err != nil {
		t.Fatal(err)
	}
	uri := "s3://logs/" + key("a") + "#"
	if l.accepted["1"] != 1 || l.accepted["2"] != 1 || len(l.buried) != 3 ||
		!strings.Contains(l.buried[uri+"1"], "eventSource and eventID are required") || l.buried[uri+"3"] == "" || !strings.Contains(l.buried[uri+"4"], "record 4 of") {
		t.Errorf("accepted %v, buried %v", l.accepted, l.buried)
	}
}

func TestBrokenFilesAreBuriedByName(t *testing.T) {
	whole := logFile(t, "a", 300)
	many := `{"Records":[` + record("good") + strings.Repeat(",{}", 500) + `]}`
	for name, tt := range map[string]struct {
		file   []byte
		reason string
		events int // that are accepted all the same
		buried int
	}{
		"not gzip":           {[]byte(`{"Records":[]}`), "not a gzip file", 0, 1},
		"cut off":            {whole[:len(whole)-4], "cut off", 300, 1},
		"no log file":        {zip(t, `{"configurationItems":[]}`), "no array Records", 0, 1},
		"a huge record":      {zip(t, `{"Records":["`+strings.Repeat(" ", 2<<20)+`"]}`), "more than", 0, 1},
		"not there":          {nil, "is not there", 0, 1},
		"hundreds are wrong": {zip(t, many), "500 records", 1, 101},
	} {
		t.Run(name, func(t *testing.T) {
			w, l := newWorld(t, "logs"), newLog()
			if tt.file != nil {
				w.put(t, "logs", key("a"), tt.file)
			}
			r := reader(t, w.options(l, "logs"))
			if err := r.Read(t.Context(), notice("logs", key("a"))); err != nil {
				t.Fatal(err)
			}
			if reason := l.buried["s3://logs/"+key("a")]; !strings.Contains(reason, tt.reason) || len(l.buried) != tt.buried {
				t.Errorf("%d buried, the file for %q, want %q", len(l.buried), reason, tt.reason)
			}
			if l.count() != tt.events || l.state("logs") != "" {
				t.Errorf("%d events accepted, want %d; state %q", l.count(), tt.events, l.state("logs"))
			}
		})
	}
}

func TestFailuresOfABucket(t *testing.T) {
	always := func(code, message string, status int) sandbox.Fault {
		return sandbox.Fault{Match: sandbox.Match{Operation: "GetObject"}, Error: &sandbox.FaultError{Code: code, Message: message, Status: status}}
	}
	for _, tt := range []struct {
		name  string
		fault sandbox.Fault
		says  string
	}{
		{"denied", always("AccessDenied", "Access Denied", 403), "allow s3:GetObject on arn:aws:s3:::logs/*"},
		{"key denied", always("AccessDenied", "User is not authorized to perform: kms:Decrypt on the resource", 403), "allow kms:Decrypt"},
		{"key disabled", always("KMS.DisabledException", "key is disabled", 400), "kms:Decrypt"},
		{"throttled", always("SlowDown", "Please reduce your request rate.", 503), "SlowDown"},
		{"failing", always("InternalError", "We encountered an internal error.", 500), "InternalError"},
		{"another region", always("PermanentRedirect", "", 301), "set the bucket's region"},
		{"no bucket", always("NoSuchBucket", "The specified bucket does not exist", 404), "create the bucket"},
		{"not answering", sandbox.Fault{Match: sandbox.Match{Operation: "GetObject"}, Drop: true}, "network"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, l := newWorld(t, "logs"), newLog()
			w.put(t, "logs", key("a"), logFile(t, "a", 3))
			end := w.AddFault(tt.fault)
			var now atomic.Int64
			o := w.options(l, "logs")
			o.Now = func() time.Time { return time.Unix(now.Load(), 0) }
			r := reader(t, o)
			for range 20 {
				err := r.Read(t.Context(), notice("logs", key("a")))
				if !fault.Retryable(err) || after(err) == 0 {
					t.Fatalf("error %v, RetryAfter %v", err, after(err))
				}
			}
			if !strings.Contains(l.state("logs"), tt.says) || len(l.reports["logs"]) != 1 {
				t.Errorf("reported %q, want %q once", l.reports["logs"], tt.says)
			}
			if n := len(w.Calls(sandbox.Match{Operation: "GetObject"})); n > 3*3 {
				t.Errorf("%d calls for 20 notices", n)
			}
			end()
			now.Add(61)
			if err := r.Read(t.Context(), notice("logs", key("a"))); err != nil || l.count() != 3 || l.state("logs") != "" {
				t.Errorf("afterwards: %v, %d accepted, state %q", err, l.count(), l.state("logs"))
			}
			if len(l.buried) != 0 {
				t.Errorf("buried: %v", l.buried)
			}
		})
	}
}

func TestABucketOfSomebodyElse(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	w.put(t, "logs", key("a"), logFile(t, "a", 3))
	o := w.options(l, "logs")
	o.Buckets[0].Owner = "444455556666"
	err := reader(t, o).Read(t.Context(), notice("logs", key("a")))
	if after(err) == 0 || l.count() != 0 || !strings.Contains(l.state("logs"), "check that 444455556666 owns the bucket") {
		t.Errorf("%v, %d accepted, state %q", err, l.count(), l.state("logs"))
	}
}

func TestFailuresThatPassByThemselves(t *testing.T) {
	for name, f := range map[string]sandbox.Fault{
		"throttled twice": {Times: 2, Error: &sandbox.FaultError{Code: "SlowDown", Status: 503}},
		"dropped once":    {Times: 1, Drop: true},
		"late to appear":  {Times: 2, Error: &sandbox.FaultError{Code: "NoSuchKey", Status: 404}},
	} {
		w, l := newWorld(t, "logs"), newLog()
		w.put(t, "logs", key("a"), logFile(t, "a", 3))
		f.Match = sandbox.Match{Operation: "GetObject"}
		w.AddFault(f)
		if err := reader(t, w.options(l, "logs")).Read(t.Context(), notice("logs", key("a"))); err != nil || l.count() != 3 || len(l.reports) != 0 {
			t.Errorf("%s: %v, %d accepted, reports %v", name, err, l.count(), l.reports)
		}
	}
}

func TestArchivedFile(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "GetObject"}, Error: &sandbox.FaultError{Code: "InvalidObjectState", Status: 403}})
	if err := reader(t, w.options(l, "logs")).Read(t.Context(), notice("logs", key("a"))); err != nil {
		t.Fatal(err)
	}
	if reason := l.buried["s3://logs/"+key("a")]; !strings.Contains(reason, "restore it") || l.state("logs") != "" {
		t.Errorf("buried %v, state %q", l.buried, l.state("logs"))
	}
}

// The connection breaks in the middle of the file, twice.
func TestBytesThatStopComing(t *testing.T) {
	for _, breaks := range []int64{2, 100} {
		w, l := newWorld(t, "logs"), newLog()
		w.put(t, "logs", key("a"), logFile(t, "a", 3000))
		var broken atomic.Int64
		w.front = func(rw http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if r.Method != http.MethodGet || broken.Add(1) > breaks {
				return false
			}
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			rw.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
			_, _ = rw.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
			panic(http.ErrAbortHandler)
		}
		err := reader(t, w.options(l, "logs")).Read(t.Context(), notice("logs", key("a")))
		if breaks == 2 && (err != nil || l.count() != 3000) {
			t.Errorf("%v, %d accepted", err, l.count())
		}
		if breaks == 100 && (after(err) == 0 || !strings.Contains(l.state("logs"), "stopped coming")) {
			t.Errorf("%v, state %q", err, l.state("logs"))
		}
		if len(l.buried) != 0 {
			t.Errorf("buried: %v", l.buried)
		}
	}
}

// What the bus refuses concerns everybody: the error doesn't speak for one bucket, and nothing is left unread silently.
func TestTheBusRefuses(t *testing.T) {
	w, l := newWorld(t, "logs"), newLog()
	w.put(t, "logs", key("a"), logFile(t, "a", 5000))
	w.put(t, "logs", key("broken"), []byte("x"))
	o := w.options(l, "logs")
	var most, now atomic.Int64
	refused := fault.New(fault.Unavailable, "the disk is full")
	o.Accept = func(_ context.Context, events []*event.Envelope) []error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		errs := make([]error, len(events))
		if len(events) > 256 {
			t.Errorf("a group of %d", len(events))
		}
		errs[len(errs)/2] = refused
		return errs
	}
	o.Bury = func(context.Context, string, string, []byte) error { return errors.New("no room") }
	r := reader(t, o)
	for _, name := range []string{"a", "broken"} {
		err := r.Read(t.Context(), notice("logs", key(name)))
		if !fault.Retryable(err) || after(err) != 0 || l.state("logs") != "" {
			t.Errorf("%s: %v, RetryAfter %v, state %q", name, err, after(err), l.state("logs"))
		}
	}
	if most.Load() > 2 {
		t.Errorf("%d groups at a time", most.Load())
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, spoil := range map[string]func(*s3.Options){
		"no AWS":       func(o *s3.Options) { o.AWS = nil },
		"a URI":        func(o *s3.Options) { o.Buckets[0].Name = "s3://logs" },
		"no owner":     func(o *s3.Options) { o.Buckets[0].Owner = "" },
		"bucket twice": func(o *s3.Options) { o.Buckets = append(o.Buckets, o.Buckets[0]) },
	} {
		o := s3.Options{
			AWS:    func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil },
			Accept: newLog().accept, Bury: newLog().bury, Buckets: []s3.Bucket{{Name: "logs", Owner: account}},
		}
		if _, err := s3.New(o); err != nil {
			t.Fatal(err)
		}
		spoil(&o)
		if _, err := s3.New(o); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
