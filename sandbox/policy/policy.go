// Package policy parses and evaluates IAM policies: identity policies, trust
// policies and resource policies, with wildcards, variables and conditions.
// [Parse] a document, then [Evaluate] a set of them against a [Request].
//
// The language is that of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html,
// the decision that of …/reference_policies_evaluation-logic.html.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxSize is the longest document that is read, in bytes. IAM's own limits lie
// below (6,144 managed, 10,240 role), S3's bucket policies at 20 KB.
const MaxSize = 20 << 10

// Document is a parsed policy.
type Document struct {
	Version    string
	Statements []Statement
}

// Statement is one statement of a policy. Of the pairs Action/NotAction,
// Resource/NotResource and Principal/NotPrincipal at most one is set.
type Statement struct {
	Sid                     string
	Allow                   bool
	Actions, NotActions     []string
	Resources, NotResources []string
	Principal, NotPrincipal *Principals
	Conditions              []Condition
}

// Principals is a Principal element. Any is the bare "*".
type Principals struct {
	Any      bool
	AWS      []string // ARNs, account ids, "*"
	Services []string
	Others   []string // Federated and CanonicalUser; they match nobody here
}

// Condition is one operator, one key and its values.
type Condition struct {
	Operator string // without the prefix and suffix below
	ForAll   bool
	ForAny   bool
	IfExists bool
	Key      string // lower case
	Values   []string
}

// values reads a JSON string, boolean, number, or a list of them.
type values []string

func (v *values) UnmarshalJSON(data []byte) error {
	var raw any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw}
	}
	for _, e := range list {
		switch e.(type) {
		case string, bool, json.Number:
			*v = append(*v, fmt.Sprint(e))
		default:
			return fmt.Errorf("want a string or a list of strings, got %.60s", data)
		}
	}
	return nil
}

type rawStatement struct {
	Sid          string
	Effect       string
	Action       values
	NotAction    values
	Resource     values
	NotResource  values
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]map[string]values
}

type statements []rawStatement

func (s *statements) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		data = append(append([]byte("["), data...), ']')
	}
	return strict(data, (*[]rawStatement)(s))
}

func strict(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the document")
	}
	return nil
}

// Parse reads a policy document. Everything that IAM would refuse as
// MalformedPolicyDocument is an error that says where and what to write.
func Parse(data []byte) (*Document, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the policy has %d bytes, at most %d are read", len(data), MaxSize)
	}
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement statements
	}
	if err := strict(data, &raw); err != nil {
		return nil, fmt.Errorf("the policy is not valid JSON of the policy language: %w", err)
	}
	if raw.Version != "" && raw.Version != "2012-10-17" && raw.Version != "2008-10-17" {
		return nil, fmt.Errorf("Version is %q: write \"2012-10-17\"", raw.Version)
	}
	if len(raw.Statement) == 0 {
		return nil, errors.New("the policy has no Statement")
	}
	d := &Document{Version: raw.Version}
	for i, r := range raw.Statement {
		s, err := r.parse()
		if err != nil {
			return nil, fmt.Errorf("Statement %d: %w", i+1, err)
		}
		d.Statements = append(d.Statements, s)
	}
	return d, nil
}

func (r rawStatement) parse() (Statement, error) {
	s := Statement{
		Sid: r.Sid, Allow: r.Effect == "Allow", Actions: r.Action, NotActions: r.NotAction,
		Resources: r.Resource, NotResources: r.NotResource,
	}
	if r.Effect != "Allow" && r.Effect != "Deny" {
		return s, fmt.Errorf("Effect is %q: write Allow or Deny", r.Effect)
	}
	if (len(r.Action) == 0) == (len(r.NotAction) == 0) {
		return s, errors.New("want Action or NotAction, one of them")
	}
	if len(r.Resource) > 0 && len(r.NotResource) > 0 {
		return s, errors.New("Resource and NotResource exclude each other")
	}
	for _, a := range append(append([]string{}, r.Action...), r.NotAction...) {
		if a != "*" && !strings.Contains(a, ":") {
			return s, fmt.Errorf("the action %q has no service: write service:%s", a, a)
		}
	}
	var err error
	if s.Principal, err = parsePrincipal(r.Principal); err != nil {
		return s, fmt.Errorf("Principal: %w", err)
	}
	if s.NotPrincipal, err = parsePrincipal(r.NotPrincipal); err != nil {
		return s, fmt.Errorf("NotPrincipal: %w", err)
	}
	if s.Principal != nil && s.NotPrincipal != nil {
		return s, errors.New("Principal and NotPrincipal exclude each other")
	}
	for op, keys := range r.Condition {
		for key, vals := range keys {
			c, err := parseCondition(op, key, vals)
			if err != nil {
				return s, fmt.Errorf("Condition: %w", err)
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
	return s, nil
}

func parsePrincipal(data json.RawMessage) (*Principals, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var star string
	if json.Unmarshal(data, &star) == nil {
		if star != "*" {
			return nil, fmt.Errorf("want \"*\" or an object like {\"AWS\": …}, got %q", star)
		}
		return &Principals{Any: true}, nil
	}
	var raw struct{ AWS, Service, Federated, CanonicalUser values }
	if err := strict(data, &raw); err != nil {
		return nil, err
	}
	return &Principals{AWS: raw.AWS, Services: raw.Service, Others: append(raw.Federated, raw.CanonicalUser...)}, nil
}
