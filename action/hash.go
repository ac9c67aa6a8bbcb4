package action

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Hash names what the plan would do, as "sha256:" and 64 hex digits: the action, where, and of each item in order the
// resource, status, calls, and the state before and after. Two plans with the same hash make the same calls on the same
// state. What is only told to people (reasons, owners, tags) and what became of it (receipts, errors) is left out, and so
// is the spelling of the JSON (order of keys, white space: RFC 8785). An approval is bound to it. A plan whose JSON is
// broken has no hash: fault.Invalid.
func (p *Plan) Hash() (string, error) {
	type item struct {
		ID       string
		Resource [4]string
		Status   Status
		Calls    []Call
		Before   json.RawMessage
		After    json.RawMessage
	}
	shown := struct {
		Action, Account, Region string
		Items                   []item
	}{p.Action, p.Account, p.Region, make([]item, 0, len(p.Items))}
	for _, it := range p.Items {
		r := it.Resource
		shown.Items = append(shown.Items, item{
			ID: it.ID, Resource: [4]string{r.Type, r.ARN, r.Account, r.Region}, Status: it.Status,
			Calls: it.Calls, Before: it.Before, After: it.After,
		})
	}
	raw, err := json.Marshal(shown)
	if err != nil {
		return "", fault.New(fault.Invalid, "hash the plan of %s: %w", p.Action, err)
	}
	canonical := jsontext.Value(raw)
	if err := canonical.Canonicalize(); err != nil {
		return "", fault.New(fault.Invalid, "hash the plan of %s: %w", p.Action, err)
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// SameState reports whether two states are the same JSON value, whatever their spelling. An absent state is the same as
// null and as another absent one only.
func SameState(a, b json.RawMessage) bool {
	return string(canonical(a)) == string(canonical(b))
}

// canonical returns raw in the form of RFC 8785, null for nothing, and what is not JSON as it is.
func canonical(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	v := jsontext.Value(raw).Clone()
	if v.Canonicalize() != nil {
		return raw
	}
	return v
}
