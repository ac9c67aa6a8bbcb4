package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"riposte.dev/fault"
)

// IAM's limits in characters, white space not counted
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length).
const (
	ManagedLimit = 6144  // one managed policy
	InlineLimit  = 10240 // all inline policies of a role together
)

const version = "2012-10-17"

// Policy is a policy document
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is one statement. Resource is empty in a trust policy, Principal in every other one.
type Statement struct {
	Sid       string `json:",omitempty"` // letters and digits
	Effect    string
	Principal map[string][]string `json:",omitempty"` // AWS, Service or Federated
	Action    []string
	Resource  []string   `json:",omitempty"`
	Condition Conditions `json:",omitempty"`
}

// Conditions is operator → key → values, such as StringEquals → sts:ExternalId → [id].
type Conditions map[string]map[string][]string

// JSON returns the document, indented, as `aws iam put-role-policy --policy-document` takes it.
func (p Policy) JSON() ([]byte, error) { return p.encode("  ") }

func (p Policy) encode(indent string) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("write the policy: %w", err)
	}
	return out.Bytes(), nil
}

// Size is the document's length in characters without white space: what IAM's limits count.
func (p Policy) Size() int {
	text, err := p.encode("")
	if err != nil {
		return 0 // strings and lists can always be written
	}
	return utf8.RuneCount(bytes.TrimSpace(text))
}

// Split cuts a policy into several of at most limit characters each, in order. A statement that alone is too large is cut
// by its resources, or by its actions. It fails with fault.TooLarge where one action on one resource is over the limit.
func Split(p Policy, limit int) ([]Policy, error) {
	var parts []Policy
	part := Policy{Version: p.Version}
	queue := slices.Clone(p.Statement)
	for len(queue) > 0 {
		next := queue[0]
		with := Policy{Version: p.Version, Statement: append(slices.Clone(part.Statement), next)}
		switch {
		case with.Size() <= limit:
			part, queue = with, queue[1:]
		case (Policy{Version: p.Version, Statement: []Statement{next}}).Size() <= limit:
			parts = append(parts, part)
			part = Policy{Version: p.Version}
		default:
			halves, ok := next.halves()
			if !ok {
				return nil, fault.New(fault.TooLarge, "statement %s is over %d characters", next.Sid, limit).WithHint("use shorter names, or a pattern for the resources")
			}
			queue = append(halves[:], queue[1:]...)
		}
	}
	return append(parts, part), nil
}

// halves cuts a statement in two; one resource and one action cannot be cut.
func (s Statement) halves() ([2]Statement, bool) {
	first, second := s, s
	switch {
	case len(s.Resource) > 1:
		half := len(s.Resource) / 2
		first.Resource, second.Resource = s.Resource[:half], s.Resource[half:]
	case len(s.Action) > 1:
		half := len(s.Action) / 2
		first.Action, second.Action = s.Action[:half], s.Action[half:]
	default:
		return [2]Statement{}, false
	}
	first.Sid, second.Sid = s.Sid+"A", s.Sid+"B"
	return [2]Statement{first, second}, true
}
