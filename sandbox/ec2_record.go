package sandbox

import (
	"riposte.dev/sandbox/wire"
)

// revokeRecord shows rule ids only where the caller gave some.
func revokeRecord(c *call) any {
	names := map[string]string{"IpPermissions": "ipPermissions"}
	if c.in.has("SecurityGroupRuleIds") {
		names["SecurityGroupRuleIds"] = "securityGroupRuleIds.securityGroupRuleId"
	}
	return recordShape{ec2Names: names}.ec2Request(c.target.Operation.Input.Type(), wire.Object(c.in))
}

// wrapped is how the younger of EC2's operations are recorded: request and
// answer in an object of their own, as XML turns to JSON. Elements of lists
// carry their number as "tag", and one alone stands for the list.
func wrapped() recordShape {
	return recordShape{
		requestOf: func(c *call) any {
			in := c.target.Operation.Input
			return wire.Object{c.op.name + "Request": wrap(in.Type(), wire.Object(c.in))}
		},
		responseOf: func(c *call, out wire.Object) any {
			body := wire.Object{"requestId": c.requestID, "xmlns": c.target.Model.Metadata.XMLNamespace + "/"}
			for k, v := range ec2Value(c.target.Operation.Output.Type(), out).(wire.Object) {
				body[k] = v
			}
			return wire.Object{c.op.name + "Response": body}
		},
	}
}

func wrap(s *wire.Shape, v any) any {
	switch x := v.(type) {
	case wire.Object:
		out := wire.Object{}
		for _, m := range s.Members {
			if e := x[m.Name]; e != nil {
				out[orElse(m.LocationName, m.Name)] = wrap(m.Type(), e)
			}
		}
		return out
	case wire.List:
		out := make(wire.List, 0, len(x))
		for i, e := range x {
			item, ok := wrap(s.Member.Type(), e).(wire.Object)
			if !ok {
				item = wire.Object{"content": e}
			}
			item["tag"] = i + 1
			out = append(out, item)
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	}
	return v
}
