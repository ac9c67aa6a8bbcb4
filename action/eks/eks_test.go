package eks_test

import (
	"fmt"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/eks"
	"riposte.dev/fault"
)

const web = `{"cluster":"prod","namespace":"shop","pod":"web"}`

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params, missing string
		newAction             newAction
		interfere             func(cloud)
	}{
		{"isolate a pod", web, `{"cluster":"prod","namespace":"shop","pod":"none"}`, eks.NewIsolatePod, func(c cloud) {
			c.patch(pods+"/web", `{"metadata":{"labels":{"riposte.dev/quarantine":"theirs"}}}`)
		}},
		{"cordon a node", `{"cluster":"prod","node":"` + node + `"}`, `{"cluster":"prod","node":"none"}`, eks.NewCordonNode, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				c.policy("deny-others", "web", "")
				w := c.World(nil, tt.params, tt.missing, c.state)
				w.Action = func(permissions []string) action.Action { return tt.newAction(c.caller(permissions), clock) }
				w.Permission = func(action.Call) string { return "eks:DescribeCluster" }
				w.Unanswered = []string{"GetCallerIdentity"}
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    newAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"another policy opens the pod", web, eks.NewIsolatePod, func(c cloud) {
			c.policy("allow-web", "web", `,"ingress":[{}]`)
			c.policy("allow-db", "db", `,"ingress":[{}]`)
			c.policy("deny", "web", "")
		}, action.Change, "take it out of them, or them away: allow-web."},
		{"a pod with its node's network", `{"cluster":"prod","namespace":"shop","pod":"agent"}`, eks.NewIsolatePod, func(c cloud) {
			c.pod("agent", `,"hostNetwork":true`)
		}, action.Escalated, "cordon the node"},
		{"a pod that has ended", web, eks.NewIsolatePod, func(c cloud) { c.patch(pods+"/web", `{"status":{"phase":"Failed"}}`) }, action.Unneeded, "ended"},
		{"a pod of the cluster itself", `{"cluster":"prod","namespace":"kube-system","pod":"coredns-1"}`, eks.NewIsolatePod, func(c cloud) {
			c.create("/api/v1/namespaces/kube-system/pods", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"coredns-1"}}`)
		}, action.Escalated, "belongs to the cluster itself"},
		{"somebody changed the policy", web, eks.NewIsolatePod, func(c cloud) {
			c.policy("riposte-quarantine-"+c.uid(pods+"/web"), "web", `,"egress":[{}]`)
		}, action.Escalated, "Somebody changed"},
		{"a node that is cordoned", `{"cluster":"prod","node":"` + node + `"}`, eks.NewCordonNode, func(c cloud) {
			c.patch(nodes+"/"+node, `{"spec":{"unschedulable":true}}`)
		}, action.Unneeded, "already"},
		{"a pod's node", web, eks.NewCordonNode, func(cloud) {}, action.Change, "may put pods on it"},
		{"Fargate's node", `{"cluster":"prod","node":"` + node + `"}`, eks.NewCordonNode, func(c cloud) {
			c.patch(nodes+"/"+node, `{"metadata":{"labels":{"eks.amazonaws.com/compute-type":"fargate"}}}`)
		}, action.Escalated, "isolate the pod"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Item(c.do(tt.newAction), actiontest.Request(tt.params))
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want the cluster's tags", item.Resource)
			}
		})
	}
}

func TestWhatIsPlanned(t *testing.T) {
	c := newCloud(t)
	uid := c.uid(pods + "/web")
	item := c.Item(c.do(eks.NewIsolatePod), actiontest.Request(web))
	if want := "arn:aws:eks:eu-west-1:111122223333:cluster/prod/namespace/shop/pod/web"; item.Resource.ARN != want || item.Resource.Name != "shop/web" {
		t.Errorf("%+v, want %s", item.Resource, want)
	}
	want := `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"labels":{"app.kubernetes.io/managed-by":"riposte"},"name":"riposte-quarantine-` + uid + `"},` +
		`"spec":{"podSelector":{"matchLabels":{"riposte.dev/quarantine":"` + uid + `"}},"policyTypes":["Ingress","Egress"]}}`
	if input := string(item.Calls[0].Input); !strings.Contains(input, want) {
		t.Errorf("the policy is made by\n%s\nwant\n%s", input, want)
	}
	if input := string(item.Calls[1].Input); !strings.Contains(input, `{"metadata":{"labels":{"riposte.dev/quarantine":"`+uid+`"},"uid":"`+uid+`"}}`) {
		t.Errorf("the pod is labelled by %s", input)
	}
}

func TestOnlyTheVeryPodIsIsolated(t *testing.T) {
	c := newCloud(t)
	a := c.do(eks.NewIsolatePod)
	with := func(uid string) action.Request {
		return actiontest.Request(fmt.Sprintf(`{"cluster":"prod","namespace":"shop","pod":"web","uid":%q}`, uid))
	}
	item := c.Item(a, with(c.uid(pods+"/web")))
	if _, err := a.Plan(t.Context(), with("another")); fault.CodeOf(err) != fault.NotFound || !strings.Contains(err.Error(), "another one now") {
		t.Errorf("a pod of another uid: %v, want not found", err)
	}

	c.remove(pods + "/web")
	c.pod("web", "")
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict || c.Writes() == 0 {
		t.Errorf("the pod was replaced after the plan: %v, want a conflict", err)
	}
}

func TestAPolicyThatIsGoneIsAConflict(t *testing.T) {
	c := newCloud(t)
	a := c.do(eks.NewIsolatePod)
	item := c.Item(a, actiontest.Request(web))
	c.Do(a, item)
	item.Status = action.Changed
	c.remove(policies + "/riposte-quarantine-" + c.uid(pods+"/web"))
	actiontest.Want(t, c.Undo(a, item), action.Conflict, "Somebody changed it")
}

func TestAPodWithoutANode(t *testing.T) {
	c := newCloud(t)
	c.patch(pods+"/web", `{"spec":{"nodeName":null}}`)
	if _, err := c.do(eks.NewCordonNode).Plan(t.Context(), actiontest.Request(web)); fault.CodeOf(err) != fault.NotFound || !strings.Contains(err.Error(), "runs on no node") {
		t.Errorf("%v, want that there is no node", err)
	}
}

func TestTwoPodsAreIsolatedApart(t *testing.T) {
	c := newCloud(t)
	c.pod("api", "")
	a := c.do(eks.NewIsolatePod)
	first, second := c.Item(a, actiontest.Request(web)), c.Item(a, actiontest.Request(`{"cluster":"prod","namespace":"shop","pod":"api"}`))
	c.Do(a, first)
	c.Do(a, second)
	first.Status = action.Changed
	c.Do(a, c.Undo(a, first))
	if again := c.Item(a, actiontest.Request(`{"cluster":"prod","namespace":"shop","pod":"api"}`)); again.Status != action.Unneeded {
		t.Errorf("after the other's undo it is %s, want it isolated still", again.Status)
	}
}
