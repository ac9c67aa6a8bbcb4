package detect

import (
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// Names that a template or path may use beside the event's own fields.
const (
	fieldWho       = "who"       // the person or program behind the event, in words
	fieldPartition = "partition" // aws, aws-cn or aws-us-gov, from the region
)

// scope is an event decoded for conditions, templates and inputs. It is made at most once an event, and only for an
// event that some pattern matched.
type scope struct {
	event  map[string]any
	env    *event.Envelope
	record *event.Record // nil where the event carries none
	cause  event.Cause   // see root
}

// root is the event's root cause, worked out once for all rules.
func (s *scope) root() event.Cause {
	if s.cause == "" {
		s.cause = s.env.RootCause()
	}
	return s.cause
}

func newScope(env *event.Envelope) (*scope, error) {
	s := &scope{env: env, record: env.Record()}
	var value any // decoded faster than a map
	if err := jsonv2.Unmarshal(env.JSON(), &value); err != nil {
		return nil, fault.New(fault.Invalid, "event %s cannot be decoded: %w", env.ID, err)
	}
	s.event, _ = value.(map[string]any)
	return s, nil
}

func (s *scope) walk(steps []step) (any, bool) {
	if len(steps) == 1 {
		switch steps[0].key {
		case fieldWho:
			return s.who(), true
		case fieldPartition:
			return Partition(s.env.Region), true
		}
	}
	var at any = s.event
	for _, st := range steps {
		if st.key == "" {
			list, ok := at.([]any)
			if !ok || st.index >= len(list) {
				return nil, false
			}
			at = list[st.index]
			continue
		}
		object, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = object[st.key]; !ok {
			return nil, false
		}
	}
	return at, true
}

func (s *scope) who() string {
	if s.record != nil {
		return s.record.UserIdentity.Person()
	}
	return s.env.Source
}

// Partition returns the AWS partition of a region; aws where the region is empty or unknown
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}
