package sandbox

import (
	"strings"

	"riposte.dev/sandbox/wire"
)

// EC2's records are spelled by its XML: members by their XML names, lists as
// {"items": […]}, empty ones as {}.

func (r recordShape) ec2Request(s *wire.Shape, in wire.Object) any {
	out := wire.Object{}
	for _, m := range s.Members {
		v := in[m.Name]
		name, item, renamed := strings.Cut(r.ec2Names[m.Name], ".")
		if name == "" {
			name = ec2Name(m)
			if m.Type().Type == "list" && !strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "Set") {
				name += "Set"
			}
		}
		if v == nil {
			// Members that the record always shows as a set are those with a name
			// of their own.
			if r.ec2Names[m.Name] != "" && m.Type().Type == "list" {
				out[name] = wire.Object{}
			}
			continue
		}
		if list, ok := v.(wire.List); ok && renamed {
			out[name] = ec2Scalars(list, item)
			continue
		}
		out[name] = ec2Value(m.Type(), v)
	}
	return out
}

func (r recordShape) ec2Response(c *call, out wire.Object) any {
	resp := wire.Object{"requestId": c.requestID}
	if c.target.Operation.Output == nil {
		resp["_return"] = true
		return resp
	}
	for k, v := range ec2Value(c.target.Operation.Output.Type(), out).(wire.Object) {
		if k == "return" {
			k = "_return"
		}
		resp[k] = v
	}
	return resp
}

func ec2Name(m *wire.Ref) string { return lowerFirst(orElse(m.LocationName, m.Name)) }

// ec2Value spells a value; list members of a structure that are absent appear
// as empty sets.
func ec2Value(s *wire.Shape, v any) any {
	switch x := v.(type) {
	case wire.Object:
		out := wire.Object{}
		for _, m := range s.Members {
			e := x[m.Name]
			if s.Name == "TagSpecification" && m.Name == "Tags" && e != nil {
				// The one list that records show as such.
				out["tags"] = ec2Value(m.Type(), e).(wire.Object)["items"]
				continue
			}
			if list, ok := e.(wire.List); ok && s.Name == "Filter" {
				out["valueSet"] = ec2Scalars(list, "value")
				continue
			}
			if e == nil {
				if m.Type().Type == "list" && strings.HasSuffix(s.Name, "Permission") {
					out[ec2Name(m)] = wire.Object{}
				}
				continue
			}
			out[ec2Name(m)] = ec2Value(m.Type(), e)
		}
		return out
	case wire.List:
		if len(x) == 0 {
			return wire.Object{}
		}
		items := make(wire.List, 0, len(x))
		for _, e := range x {
			items = append(items, ec2Value(s.Member.Type(), e))
		}
		return wire.Object{"items": items}
	}
	return v
}

// ec2Scalars wraps strings as items with one member.
func ec2Scalars(list wire.List, member string) any {
	if len(list) == 0 {
		return wire.Object{}
	}
	items := make(wire.List, 0, len(list))
	for _, e := range list {
		items = append(items, wire.Object{member: e})
	}
	return wire.Object{"items": items}
}
