package eks

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// quarantine is how a pod is isolated.
type quarantine struct {
	UID    string      `json:"uid"`
	Label  string      `json:"quarantine_label"` // "" for none
	Policy *policySpec `json:"network_policy"`   // the one that isolates it

	policy      metadata // of Policy, where there is one
	hostNetwork bool
	phase       string
	openings    []string // names of other policies that let something through to or from it
}

// NewIsolatePod returns the action eks.isolate-pod. now is the clock of the receipts.
func NewIsolatePod(caller *awscall.Caller, now func() time.Time) action.Action {
	return setting.New(caller, setting.Setting[podParams, quarantine]{
		Spec: action.Spec{
			Name:  "eks.isolate-pod",
			Title: "Isolate a pod",
			Description: "Cuts a pod of an EKS cluster off by a network policy that lets nothing in or out, and a label by which it is selected. " +
				"The pod runs on, so that it can be examined; what it serves it serves no more.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["cluster", "namespace", "pod"], "properties": {
  "cluster": {"type": "string", "pattern": "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", "description": "name of the cluster"},
  "namespace": {"type": "string", "minLength": 1},
  "pod": {"type": "string", "minLength": 1, "description": "name of the pod"},
  "uid": {"type": "string", "description": "its uid; another pod of that name is left alone"}}}`),
			Permissions: []string{"eks:DescribeCluster"},
			Effect:      action.StateChecked,
			Evidence:    action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p podParams) (found []action.Resource, err error) {
			if err := p.check(); err != nil {
				return nil, err
			}
			o := object{Cluster: p.Cluster, Namespace: p.Namespace, Name: p.Pod}
			return found, with(ctx, cfg, p.Cluster, now, func(k *kubernetes, tags map[string]string) error {
				_, err := k.pod(ctx, o, p.UID)
				found = []action.Resource{o.resource(podType, req, tags)}
				return err
			})
		},
		Leave: func(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
			if ns := objectOf(r).Namespace; strings.HasPrefix(ns, "kube-") {
				return "It belongs to the cluster itself (" + ns + "), and others may stop working without it: cordon its node, and replace it by hand.", nil
			}
			return "", nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (state quarantine, err error) {
			o := objectOf(r)
			return state, with(ctx, cfg, o.Cluster, now, func(k *kubernetes, _ map[string]string) error {
				state, err = k.quarantine(ctx, o)
				return err
			})
		},
		Want: wantQuarantine,
		Steps: func(r action.Resource, from, to quarantine) ([]setting.Step[quarantine], error) {
			return quarantineSteps(objectOf(r), from, to)
		},
		Service:    kubernetesService,
		Operations: operations(now, "PatchPod", "CreateNetworkPolicy", "DeleteNetworkPolicy"),
		Permission: permission,
	})
}

// quarantine reads how a pod is isolated.
func (k *kubernetes) quarantine(ctx context.Context, o object) (quarantine, error) {
	p, err := k.pod(ctx, o, "")
	if err != nil {
		return quarantine{}, err
	}
	q := quarantine{UID: p.Metadata.UID, Label: p.Metadata.Labels[QuarantineLabel], hostNetwork: p.Spec.HostNetwork, phase: p.Status.Phase}
	policies, err := k.policies(ctx, o.Namespace)
	for _, policy := range policies {
		switch {
		case policy.Metadata.Name == policyName(q.UID):
			q.Policy, q.policy = &policy.Spec, policy.Metadata
		case policy.Spec.opens() && policy.Spec.PodSelector.selects(p.Metadata.Labels):
			q.openings = append(q.openings, policy.Metadata.Name)
		}
	}
	return q, err
}

// maxNamed bounds the policies that a reason names.
const maxNamed = 5

func wantQuarantine(_ action.Resource, _ podParams, now quarantine) (quarantine, string, error) {
	want := quarantine{UID: now.UID, Label: now.UID, Policy: denyAll(now.UID)}
	slices.Sort(now.openings)
	still := ""
	if n := len(now.openings); n > 0 {
		still = " Other network policies still let through what they allow, since Kubernetes adds them up; take it out of them, or them away: " +
			strings.Join(now.openings[:min(n, maxNamed)], ", ")
		if n > maxNamed {
			still += " and others"
		}
		still += "."
	}
	isolated := now.Policy != nil && sameSpec(now.Policy, want.Policy)
	switch {
	case now.phase == "Succeeded" || now.phase == "Failed":
		return now, "It has ended already.", nil
	case now.hostNetwork:
		return now, "", setting.Escalation("It uses its node's network, which no network policy cuts: cordon the node, and isolate the instance.")
	case now.Policy != nil && !isolated:
		return now, "", setting.Escalation("Somebody changed the network policy " + policyName(now.UID) + ": delete it, and isolate the pod again.")
	case isolated && now.Label == now.UID:
		return now, "It is isolated already." + still, nil
	}
	return want, "It can be reached, and can reach others." + still, nil
}

func sameSpec(a, b *policySpec) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && action.SameState(one, other)
}

// quarantineSteps: the policy is there before the pod is labelled, and goes after the label went.
func quarantineSteps(o object, from, to quarantine) ([]setting.Step[quarantine], error) {
	var steps []setting.Step[quarantine]
	var failed error
	now := from
	add := func(operation, name string, body any) {
		raw, err := json.Marshal(body)
		if err != nil {
			failed = fault.New(fault.Internal, "encode the body of %s: %w", operation, err)
		}
		steps = append(steps, setting.Step[quarantine]{
			Operation: operation, Input: object{Cluster: o.Cluster, Namespace: o.Namespace, Name: name, Body: raw}, Leaves: now,
		})
	}
	if from.Policy == nil && to.Policy != nil {
		now.Policy = to.Policy
		add("CreateNetworkPolicy", "", map[string]any{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": to.Policy,
			"metadata": map[string]any{"name": policyName(from.UID), "labels": map[string]string{"app.kubernetes.io/managed-by": "riposte"}},
		})
	}
	if from.Label != to.Label {
		now.Label = to.Label
		var value any // null takes the label away
		if to.Label != "" {
			value = to.Label
		}
		add("PatchPod", o.Name, map[string]any{"metadata": map[string]any{"uid": from.UID, "labels": map[string]any{QuarantineLabel: value}}})
	}
	if from.Policy != nil && to.Policy == nil {
		now.Policy = nil
		options := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions"}
		if from.policy.UID != "" {
			options["preconditions"] = map[string]string{"uid": from.policy.UID, "resourceVersion": from.policy.ResourceVersion}
		}
		add("DeleteNetworkPolicy", policyName(from.UID), options)
	}
	return steps, failed
}
