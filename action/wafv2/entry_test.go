package wafv2_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

func TestPlanJudgesByTheSet(t *testing.T) {
	tests := []struct {
		name    string
		set     []string
		unblock bool
		address string
		status  action.Status
		says    string
	}{
		{"an address", nil, false, "203.0.113.7", action.Change, "Adds 203.0.113.7/32"},
		{"an address in IPv6's clothes", nil, false, "::ffff:203.0.113.7", action.Change, "Adds 203.0.113.7/32"},
		{"a network beside its part", []string{"203.0.113.7/32"}, false, "203.0.113.0/24", action.Change, "Adds 203.0.113.0/24"},
		{"there already", []string{"203.0.113.7/32"}, false, "203.0.113.7", action.Unneeded, "already"},
		{"within a network", []string{"203.0.113.0/24"}, false, "203.0.113.7", action.Unneeded, "203.0.113.0/24"},
		{"take out", []string{"203.0.113.7/32"}, true, "203.0.113.7", action.Change, "Takes 203.0.113.7/32 out"},
		{"take out beside a network", []string{"203.0.113.0/24", "203.0.113.7/32"}, true, "203.0.113.7", action.Change, "still has 203.0.113.0/24"},
		{"take out of a network", []string{"203.0.113.0/24"}, true, "203.0.113.7", action.Escalated, "narrower"},
		{"not there", nil, true, "203.0.113.7", action.Unneeded, "not in the set"},
		{"a private one may go", []string{"10.0.0.0/8"}, true, "10.0.0.0/8", action.Change, "Takes 10.0.0.0/8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newRegional(t, tt.set...)
			a := c.block()
			if tt.unblock {
				a = c.unblock()
			}
			item := c.item(a, tt.address)
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "edge" {
				t.Errorf("the tags are %v", item.Resource.Tags)
			}
		})
	}
}

func TestTheSetOfAName(t *testing.T) {
	c := newRegional(t)
	for i := range 99 { // on the second page; an account has no more than 100
		_, err := c.client.CreateIPSet(t.Context(), &sdk.CreateIPSetInput{
			Name: aws.String(fmt.Sprint("other-", i)), Scope: c.scope, IPAddressVersion: types.IPAddressVersionIpv4, Addresses: []string{},
		})
		c.Must(err)
	}
	last := "other-98"
	p, err := c.block().Plan(t.Context(), actiontest.Request(c.named(last, "203.0.113.7")))
	c.Must(err)
	actiontest.Want(t, p.Items[0], action.Change, "Adds 203.0.113.7/32")
	if p.Items[0].Resource.Name != last || !strings.Contains(p.Items[0].Resource.ARN, ":regional/ipset/"+last+"/") {
		t.Errorf("the set is %+v", p.Items[0].Resource)
	}
	c.Do(c.block(), p.Items[0])

	_, err = c.block().Plan(t.Context(), actiontest.Request(c.named("nobody-made-it", "203.0.113.7")))
	if fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.Hint(err), "aws wafv2 create-ip-set --name nobody-made-it") {
		t.Errorf("%v, want not found and how to make it", err)
	}
}

// The event alone says who attacks: it is corroborated before anything is changed.
func TestBothTrustTheEventAlone(t *testing.T) {
	for _, spec := range []action.Spec{wafv2.NewBlockAddress(nil).Spec(), wafv2.NewUnblockAddress(nil).Spec()} {
		if spec.Evidence != action.EventEvidence {
			t.Errorf("%s declares the evidence %q", spec.Name, spec.Evidence)
		}
	}
}

func TestAFullSetIsEscalated(t *testing.T) {
	var all []string
	for i := range 10_000 {
		all = append(all, fmt.Sprintf("198.18.%d.%d/32", i/256, i%256))
	}
	c := newRegional(t, all[:9_999]...)
	item := c.item(c.block(), "203.0.113.7")
	actiontest.Want(t, item, action.Change, "9999")
	c.put(all...)
	actiontest.Want(t, c.item(c.block(), "203.0.113.7"), action.Escalated, "no room")
	_, err := c.block().Apply(t.Context(), item)
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "take addresses out") {
		t.Errorf("apply to a set that became full: %v, want invalid and a next step", err)
	}
}

func TestWhatOthersAddMeanwhileStays(t *testing.T) {
	c := newRegional(t, "198.51.100.1/32")
	a := c.block()
	item := c.item(a, "203.0.113.7")
	c.put("198.51.100.2/32") // after the plan

	// And once more between the read and the write of Apply: the write is held until the set is another.
	hold := make(chan struct{})
	c.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "wafv2", Operation: "UpdateIPSet", Principal: "responder"}, Times: 1, Hold: hold})
	done := make(chan error, 1)
	go func() {
		_, err := a.Apply(t.Context(), item)
		done <- err
	}()
	c.await(func() bool { return c.reads("responder") >= 2 }) // of the plan, and of Apply
	c.put("198.51.100.3/32")
	close(hold)
	c.Must(<-done)
	c.Must(a.Verify(t.Context(), item))
	if got, want := c.text(), "who attacks us: 198.51.100.3/32 203.0.113.7/32"; got != want {
		t.Errorf("the set is %q, want %q", got, want)
	}

	undo, err := a.Undo(t.Context(), item)
	c.Must(err)
	c.Do(a, undo.Items[0])
	if got, want := c.text(), "who attacks us: 198.51.100.3/32"; got != want {
		t.Errorf("after the undo the set is %q, want %q", got, want)
	}
}

func TestASetThatIsAlwaysWrittenEndsTheTries(t *testing.T) {
	c := newRegional(t)
	a := c.block()
	item := c.item(a, "203.0.113.7")
	c.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "wafv2", Operation: "UpdateIPSet"}, Error: &sandbox.FaultError{Code: "WAFOptimisticLockException"},
	})
	receipts, err := a.Apply(t.Context(), item)
	if !fault.Retryable(err) || fault.Hint(err) == "" || len(receipts) != 10 {
		t.Errorf("after %d calls: %v, want five reads and writes and an error that may pass", len(receipts), err)
	}
}

func TestApplyTwiceWritesOnce(t *testing.T) {
	c := newRegional(t)
	a := c.block()
	item := c.item(a, "203.0.113.7")
	c.Do(a, item)
	before := c.Writes()
	c.Do(a, item)
	if c.Writes() != before {
		t.Error("the second time wrote the set")
	}
}

func TestASetWithoutDescription(t *testing.T) {
	c := newRegional(t)
	c.describe(nil)
	a := c.block()
	c.Do(a, c.item(a, "203.0.113.7"))
	if got := c.text(); got != ": 203.0.113.7/32" {
		t.Errorf("the set is %q", got)
	}
}

func TestTheOtherVersionIsRefused(t *testing.T) {
	c := newRegional(t)
	_, err := c.block().Plan(t.Context(), c.request("2001:db8::7"))
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), string(types.IPAddressVersionIpv4)) || fault.Hint(err) == "" {
		t.Errorf("%v, want invalid and a next step", err)
	}
}

// await waits until the condition holds.
func (c cloud) await(holds func() bool) {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(c.T.Context(), 20*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			c.T.Fatal("what the test waits for didn't happen")
		case <-time.After(time.Millisecond):
		}
	}
}

// reads counts the reads of the set by whom it names.
func (c cloud) reads(by string) int {
	n := 0
	for _, call := range c.Calls() {
		if call.Operation == "GetIPSet" && strings.Contains(call.Principal, by) {
			n++
		}
	}
	return n
}
