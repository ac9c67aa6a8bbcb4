package sandbox

import (
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// recordShape says how an operation's input and output appear in its CloudTrail
// record. The zero value is the rule: the model's names with a small first
// letter, no response for operations that read or answer nothing. EC2 has its
// own rule (see ec2Names).
type recordShape struct {
	name          string // eventName where it isn't the operation's
	capitals      bool   // names as in the model
	alwaysAnswers bool   // responseElements although it reads
	noResponse    bool   // responseElements are null
	dates         string // layout of times; "" for Java's "Jul 10, 2023, 6:30:22 PM"
	// requestOf and responseOf replace the rule.
	requestOf  func(c *call) any
	responseOf func(c *call, out wire.Object) any
	// ec2Names rename top members of EC2 requests that the API's model calls
	// otherwise than the record: "GroupIds" -> "securityGroupIdSet.groupId" (a
	// set of items with that member).
	ec2Names map[string]string
}

// The layouts of times in records: STS's and CloudTrail's, and IAM's.
const (
	recordDate    = "Jan 2, 2006, 3:04:05 PM"
	recordDateIAM = "Jan 2, 2006 3:04:05 PM"
)

func (r recordShape) eventName(operation string) string { return orElse(r.name, operation) }

func (r recordShape) request(c *call) any {
	switch {
	case r.requestOf != nil:
		return r.requestOf(c)
	case c.target.Operation.Input == nil:
		return nil
	}
	shape := c.target.Operation.Input.Type()
	if c.target.Protocol == wire.EC2 {
		return r.ec2Request(shape, wire.Object(c.in))
	}
	if len(c.in) == 0 {
		return nil
	}
	return r.value(shape, wire.Object(c.in), false)
}

func (r recordShape) response(c *call, out wire.Object) any {
	switch {
	case r.responseOf != nil:
		return r.responseOf(c, out)
	case r.noResponse:
		return nil
	case c.target.Protocol == wire.EC2:
		return r.ec2Response(c, out)
	case c.target.Operation.Output == nil, len(out) == 0:
		return nil
	}
	return r.value(c.target.Operation.Output.Type(), out, true)
}

// hidden stands for values that the model marks as sensitive.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// value spells a value of the model as records do. Sensitive values are hidden
// in requests, and missing from responses.
func (r recordShape) value(s *wire.Shape, v any, response bool) any {
	switch x := v.(type) {
	case wire.Object:
		out := wire.Object{}
		for k, e := range x {
			sub, name := s.Value, k
			if s.Type == "structure" {
				sub = s.MemberNamed(k)
				if !r.capitals {
					name = lowerFirst(k)
				}
			}
			if sub == nil || e == nil {
				continue
			}
			if sensitive(sub) {
				if !response {
					out[name] = hidden
				}
				continue
			}
			out[name] = r.value(sub.Type(), e, response)
		}
		return out
	case wire.List:
		out := make(wire.List, 0, len(x))
		for _, e := range x {
			out = append(out, r.value(s.Member.Type(), e, response))
		}
		return out
	case time.Time:
		return x.UTC().Format(orElse(r.dates, recordDate))
	}
	return v
}

// unmarked are secrets whose models lack the mark: STS's secret access key, and
// what EventBridge's connections sign in with.
var unmarked = []string{"SecretAccessKey", "ApiKeyValue", "Password", "ClientSecret"}

// sensitive values are those of the model, and unmarked ones.
func sensitive(ref *wire.Ref) bool {
	return ref.Type().Sensitive || slices.Contains(unmarked, ref.Name)
}

// hideSensitive keeps the model's names and hides what is sensitive.
func hideSensitive(s *wire.Shape, in wire.Object) any {
	return recordShape{capitals: true, dates: time.RFC3339}.value(s, in, false)
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
