package eks

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"riposte.dev/fault"
)

// QuarantineLabel is on pods that riposte isolated. Its value is the pod's uid, so that the network policy selects this pod alone.
const QuarantineLabel = "riposte.dev/quarantine"

// policyName is the network policy that isolates the pod with the uid.
func policyName(uid string) string { return "riposte-quarantine-" + uid }

// policySpec says whom a network policy is about and what it lets through
// (https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/).
type policySpec struct {
	PodSelector selector          `json:"podSelector"`
	PolicyTypes []string          `json:"policyTypes,omitempty"`
	Ingress     []json.RawMessage `json:"ingress,omitempty"`
	Egress      []json.RawMessage `json:"egress,omitempty"`
}

// denyAll lets the pod with the uid neither send nor receive.
func denyAll(uid string) *policySpec {
	return &policySpec{PodSelector: selector{MatchLabels: map[string]string{QuarantineLabel: uid}}, PolicyTypes: []string{"Ingress", "Egress"}}
}

// opens reports whether the policy lets something through.
func (s policySpec) opens() bool { return len(s.Ingress)+len(s.Egress) > 0 }

type networkPolicy struct {
	Metadata metadata   `json:"metadata"`
	Spec     policySpec `json:"spec"`
}

// selector chooses pods by their labels
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
type selector struct {
	MatchLabels      map[string]string `json:"matchLabels,omitempty"`
	MatchExpressions []requirement     `json:"matchExpressions,omitempty"`
}

type requirement struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

func (s selector) selects(labels map[string]string) bool {
	for key, value := range s.MatchLabels {
		if have, there := labels[key]; !there || have != value {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		if !r.holds(labels) {
			return false
		}
	}
	return true
}

func (r requirement) holds(labels map[string]string) bool {
	have, there := labels[r.Key]
	switch r.Operator {
	case "In":
		return there && slices.Contains(r.Values, have)
	case "NotIn":
		return !there || !slices.Contains(r.Values, have)
	case "Exists":
		return there
	case "DoesNotExist":
		return !there
	default:
		return false
	}
}

// Bounds on the network policies of a namespace that are read.
const (
	policiesAPage = "500"
	maxPages      = 20
)

// policies lists the network policies of a namespace.
func (k *kubernetes) policies(ctx context.Context, namespace string) ([]networkPolicy, error) {
	var all []networkPolicy
	query := url.Values{"limit": {policiesAPage}}
	for range maxPages {
		var page struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []networkPolicy `json:"items"`
		}
		if err := k.do(ctx, "ListNetworkPolicies", object{Cluster: k.cluster, Namespace: namespace}, query, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Metadata.Continue == "" {
			return all, nil
		}
		query.Set("continue", page.Metadata.Continue)
	}
	return nil, fault.New(fault.TooLarge, "the namespace %s of the cluster %s has more than %d network policies", namespace, k.cluster, len(all)).
		WithHint("isolate the pod by hand")
}
