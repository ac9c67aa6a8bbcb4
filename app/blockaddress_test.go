package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/playbook"
	"riposte.dev/web"
)

// ipSet is the set that the bundled rule names.
type ipSet struct {
	client *wafv2.Client
	set    *types.IPSetSummary
}

func (w *world) ipSet(t *testing.T, addresses ...string) ipSet {
	t.Helper()
	client := wafv2.NewFromConfig(w.admin)
	out, err := client.CreateIPSet(t.Context(), &wafv2.CreateIPSetInput{
		Name: aws.String("riposte-blocked"), Scope: types.ScopeRegional, IPAddressVersion: types.IPAddressVersionIpv4, Addresses: addresses,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ipSet{client, out.Summary}
}

func (s ipSet) addresses(t *testing.T) string {
	t.Helper()
	out, err := s.client.GetIPSet(context.WithoutCancel(t.Context()), &wafv2.GetIPSetInput{Name: s.set.Name, Id: s.set.Id, Scope: types.ScopeRegional})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out.IPSet.Addresses)
	return strings.Join(out.IPSet.Addresses, " ")
}

// bruteForce is GuardDuty's finding that an address guesses passwords.
func (w *world) bruteForce(id, address string) string {
	return fmt.Sprintf(`{"version":"0","id":%[1]q,"source":"aws.guardduty","detail-type":"GuardDuty Finding","account":%[2]q,"region":%[3]q,"time":%[4]q,
		"resources":[],"detail":{"id":%[1]q,"type":"UnauthorizedAccess:EC2/SSHBruteForce","severity":2,"title":"Brute force.",
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-0123456789abcdef0"}},
		"service":{"resourceRole":"TARGET","archived":false,"action":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{
		"connectionDirection":"INBOUND","localPortDetails":{"port":22,"portName":"SSH"},"remoteIpDetails":{"ipAddressV4":%[5]q}}}}}}`,
		id, ownID, region, w.clock.Now().UTC().Format(time.RFC3339), address)
}

// approve waits for a question and agrees to what it shows.
func (e *engine) approve(t *testing.T) playbook.Approval {
	t.Helper()
	var open []playbook.Approval
	eventually(t, "people are asked", func() bool {
		e.get(t, "/api/v1/approvals", nil, &open)
		return len(open) == 1
	})
	err := e.client.Call(t.Context(), http.MethodPost, "/api/v1/approvals/"+url.PathEscape(open[0].ID), nil,
		web.AnswerRequest{Hash: open[0].Hash, Approve: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return open[0]
}

// Brute force that GuardDuty finds in flow logs, by the bundled rule and playbook: the address is in the set for a day and then out
// again, also where riposte was away at that time. A finding proves nothing, so people are asked in mode auto too.
func TestAnAddressIsBlockedForADay(t *testing.T) {
	w := newWorld(t)
	w.clock = newClock()
	set := w.ipSet(t, "198.51.100.0/24")
	const settings = "mode: auto\nguard: {allow: [{actions: [wafv2.block-address]}]}\nrules: {modes: {brute-force-address: auto}}\n"
	e := w.start(t, "", settings)
	e.post(t, w.bruteForce("finding-1", "203.0.113.7"))
	question := e.approve(t)
	if !strings.Contains(strings.Join(question.Reasons, " "), "Nothing can corroborate that the event is true") {
		t.Errorf("people are asked because of %q", question.Reasons)
	}
	eventually(t, "the address is blocked", func() bool { return set.addresses(t) == "198.51.100.0/24 203.0.113.7/32" })
	eventually(t, "the end is known", func() bool { return e.expiries(t, question.Execution) == 1 })

	w.clock.advance(23 * time.Hour)
	e.post(t, w.bruteForce("finding-2", "203.0.113.8"))
	later := e.approve(t)
	eventually(t, "the second address is blocked", func() bool { return set.addresses(t) == "198.51.100.0/24 203.0.113.7/32 203.0.113.8/32" })
	eventually(t, "its end is known", func() bool { return e.expiries(t, later.Execution) == 1 })

	w.clock.advance(time.Hour)
	eventually(t, "the first address is out again, after a day", func() bool { return set.addresses(t) == "198.51.100.0/24 203.0.113.8/32" })

	e.stop(t)
	w.clock.advance(24 * time.Hour)
	if got := set.addresses(t); got != "198.51.100.0/24 203.0.113.8/32" {
		t.Fatalf("while riposte is away the set is %q", got)
	}
	w.start(t, "", settings)
	eventually(t, "the second address is out again, although riposte was away", func() bool { return set.addresses(t) == "198.51.100.0/24" })
}

// expiries counts what of an execution ends by itself.
func (e *engine) expiries(t *testing.T, id string) int {
	t.Helper()
	var v playbook.View
	e.get(t, "/api/v1/executions/"+id, nil, &v)
	return len(v.Expiries)
}

// Without the set nothing is blocked, in dry run too, and people are told what to make.
func TestThereIsNoSetToBlockAnAddressIn(t *testing.T) {
	w := newWorld(t)
	w.clock = newClock()
	e := w.start(t, "", "")
	e.post(t, w.bruteForce("finding-1", "203.0.113.7"))
	var v playbook.View
	eventually(t, "the response ends", func() bool {
		var list []playbook.Summary
		e.get(t, "/api/v1/executions", nil, &list)
		if len(list) == 0 {
			return false
		}
		e.get(t, "/api/v1/executions/"+list[0].ID, nil, &v)
		return v.Status == playbook.Succeeded
	})
	last := v.Visits[len(v.Visits)-1]
	const says = "The address 203.0.113.7 was not blocked, because there is no IP set riposte-blocked (REGIONAL) in 111122223333 eu-west-1."
	if last.State != "TellNoSet" || len(last.Tries) != 1 || !strings.Contains(string(last.Tries[0].Arguments), says) {
		t.Errorf("it ended in %s with %+v", last.State, last.Tries)
	}
}
