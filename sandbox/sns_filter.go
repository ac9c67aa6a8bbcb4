package sandbox

import (
	"encoding/json"
	"strings"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/wire"
)

// The parts of a message that a filter policy may look at
// (https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html).
const (
	filterAttributes = "MessageAttributes"
	filterBody       = "MessageBody"
)

// setFilter sets what of a topic a subscriber wants; an empty policy wants all.
func (c *call) setFilter(s *subscription, text string) error {
	if text == "" || text == "{}" {
		s.filter, s.filterText = nil, text
		return nil
	}
	p, err := eventpattern.Parse([]byte(text))
	if err != nil {
		return c.fail(wire.Invalid, "Invalid parameter: Attributes Reason: FilterPolicy: %v", err)
	}
	s.filter, s.filterText = p, text
	return nil
}

func (c *call) setFilterScope(s *subscription, scope string) error {
	if scope != filterAttributes && scope != filterBody {
		return c.fail(wire.Invalid, "Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", scope)
	}
	s.filterScope = scope
	return nil
}

// wants says whether a message passes the subscriber's filter.
func (s *subscription) wants(body string, attributes map[string]messageAttribute) bool {
	if s.filter == nil {
		return true
	}
	if s.filterScope != filterBody {
		return s.filter.Match(filterable(attributes))
	}
	event, err := eventpattern.Decode([]byte(body))
	return err == nil && s.filter.Match(event)
}

// filterable are attributes as a filter sees them: numbers are numbers, the
// elements of String.Array are values, and binary ones are not there.
func filterable(attributes map[string]messageAttribute) map[string]any {
	out := map[string]any{}
	for name, a := range attributes {
		switch kind, custom, _ := strings.Cut(a.kind, "."); {
		case kind == "Number":
			out[name] = json.Number(a.text)
		case kind == "String" && custom == "Array":
			if wrapped, err := eventpattern.Decode([]byte(`{"elements":` + a.text + `}`)); err == nil {
				out[name] = wrapped["elements"]
			}
		case kind == "String":
			out[name] = a.text
		}
	}
	return out
}
