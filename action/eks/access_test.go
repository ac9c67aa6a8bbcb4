package eks_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/eks"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

func clock() time.Time { return time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC) }

// TestWhatTheClusterRefuses meets each refusal of a cluster, with what people should do.
func TestWhatTheClusterRefuses(t *testing.T) {
	for _, tt := range []struct {
		name       string
		groups     []string
		code       fault.Code
		says, hint string
	}{
		{"no access entry", nil, fault.Unauthenticated, "401", "create-access-entry --cluster-name prod"},
		{"an entry without a role", []string{"others"}, fault.Denied, `cannot get resource "pods" in API group ""`, "bind a ClusterRole"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			caller := c.Caller([]string{"eks:DescribeCluster"})
			cfg, err := caller.Config(t.Context(), actiontest.Account, actiontest.Region)
			c.Must(err)
			if tt.groups != nil {
				c.enter(cfg, tt.groups...)
			}
			_, err = eks.NewIsolatePod(caller, clock).Plan(t.Context(), actiontest.Request(web))
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || !strings.Contains(fault.Hint(err), tt.hint) {
				t.Errorf("%v (%s), want %s that says %q, and to %q", err, fault.Hint(err), tt.code, tt.says, tt.hint)
			}
		})
	}
}

// TestWhatComesBack has the sandbox fail as an API server does.
func TestWhatComesBack(t *testing.T) {
	for _, tt := range []struct {
		reason string
		status int
		code   fault.Code
	}{
		{"Conflict", 409, fault.Conflict}, {"TooManyRequests", 429, fault.Throttled}, {"InternalError", 500, fault.Unavailable},
		{"ServiceUnavailable", 503, fault.Unavailable}, {"BadRequest", 400, fault.Invalid}, {"Moved", 307, fault.Invalid},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			c := newCloud(t)
			a := c.do(eks.NewIsolatePod)
			item := c.Item(a, actiontest.Request(web))
			c.AddFault(sandbox.Fault{
				Match: sandbox.Match{Service: "kubernetes", Operation: "CreateNetworkPolicy"}, Times: 1,
				Error: &sandbox.FaultError{Code: tt.reason, Status: tt.status, Message: "as it happens"},
			})
			receipts, err := a.Apply(t.Context(), item)
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), "as it happens") {
				t.Errorf("%v, want %s", err, tt.code)
			}
			last := receipts[len(receipts)-1]
			if last.Service != "kubernetes" || last.Operation != "CreateNetworkPolicy" || last.RequestID == "" || last.Error == "" || !last.At.Equal(clock()) && last.At.IsZero() {
				t.Errorf("%+v, want the call with its audit id", last)
			}
		})
	}
}

func TestTheAnswerIsLost(t *testing.T) {
	c := newCloud(t)
	a := c.do(eks.NewIsolatePod)
	item := c.Item(a, actiontest.Request(web))
	c.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "kubernetes", Operation: "CreateNetworkPolicy"}, After: true, Drop: true, Times: 1})
	var err error
	item.Receipts, err = a.Apply(t.Context(), item)
	item.Status = action.Failed
	if fault.CodeOf(err) != fault.Unavailable || !item.Touched() {
		t.Fatalf("%v, touched: %v; want unavailable, and that it may have been done", err, item.Touched())
	}
	c.Do(a, c.Undo(a, item))
}

func TestACallThatIsNotPermittedIsNotMade(t *testing.T) {
	c := newCloud(t)
	a := c.do(eks.NewIsolatePod)
	item := c.Item(a, actiontest.Request(web))
	paused := errors.New("paused")
	ctx := action.Permit(t.Context(), func(context.Context) error { return paused })
	writes := c.Writes()
	if _, err := a.Apply(ctx, item); !errors.Is(err, paused) || c.Writes() != writes {
		t.Errorf("%v, want it paused and nothing written", err)
	}
}

// TestAStrangerIsNotTrusted puts somebody with a certificate of another authority in the cluster's place.
func TestAStrangerIsNotTrusted(t *testing.T) {
	got := ""
	stranger := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") }))
	t.Cleanup(stranger.Close)
	c := newCloud(t)
	err := eks.AskAt(t.Context(), c.admin, cluster, stranger.URL)
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.Hint(err), "is not the cluster") || got != "" {
		t.Errorf("%v (%s), token %q; want it not trusted", err, fault.Hint(err), got)
	}
}

// TestTheTokenIsForOneCluster shows another cluster the token of the first.
func TestTheTokenIsForOneCluster(t *testing.T) {
	c := newCloud(t)
	c.cluster("test")
	if err := eks.AskWithTokenOf(t.Context(), c.admin, cluster, "test"); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("%v, want it refused", err)
	}
}

// TestEKSAsksSTS: CloudTrail has the token's GetCallerIdentity, which riposte noted as a call without an answer.
func TestEKSAsksSTS(t *testing.T) {
	c := newCloud(t)
	a := c.do(eks.NewIsolatePod)
	before := len(c.Calls(sandbox.Match{Service: "sts", Operation: "GetCallerIdentity", Principal: "responder-1"}))
	ctx, recorder := action.Record(t.Context())
	if _, err := a.Plan(ctx, actiontest.Request(web)); err != nil {
		t.Fatal(err)
	}
	noted := 0
	for _, r := range recorder.Receipts() {
		if r.Service == "sts" && r.Operation == "GetCallerIdentity" && r.RequestID == "" {
			noted++
		}
	}
	if made := len(c.Calls(sandbox.Match{Service: "sts", Operation: "GetCallerIdentity", Principal: "responder-1"})) - before; made == 0 || noted == 0 {
		t.Errorf("EKS asked STS %d times, and %d tokens were noted; want some of both", made, noted)
	}
}
