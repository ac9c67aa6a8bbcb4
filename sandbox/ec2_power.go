package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// powerOperations stop and start instances, at once, and set how they reach
// their metadata.
func powerOperations(ids recordShape) []operation {
	on := func(name string, handle func(*call) (wire.Object, error), record recordShape) operation {
		return operation{name: name, resources: instancesOfInput, conditions: instanceConditions, handle: handle, record: record}
	}
	start := on("StartInstances", turnInstances(stopped, running, "StartingInstances"), ids)
	start.also = volumeKeyNeeds
	return []operation{
		on("StopInstances", turnInstances(running, stopped, "StoppingInstances"), ids),
		start,
		on("ModifyInstanceMetadataOptions", modifyMetadataOptions, wrapped()),
	}
}

// volumeKeyNeeds are that EC2 may use the keys of the volumes of what is started. AWS answers without it too, and the instance
// stops again at once (https://repost.aws/knowledge-center/kms-iam-ec2-permission).
func volumeKeyNeeds(c *call) []need {
	var out []need
	for _, v := range c.ec2().volumes {
		if v.key != "" && slices.Contains(c.in.strs("InstanceIds"), v.instance) {
			out = append(out, need{"kms:CreateGrant", v.key})
		}
	}
	return out
}

func turnInstances(from, to, answer string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		var turned []*instance
		for _, id := range c.in.strs("InstanceIds") {
			i, err := c.existingInstance(id)
			if err != nil {
				return nil, err
			}
			if i.state != from && i.state != to {
				return nil, incorrectState(i)
			}
			turned = append(turned, i)
		}
		out := list(turned, func(i *instance) any {
			return wire.Object{"InstanceId": i.id, "PreviousState": stateObject(i.state), "CurrentState": stateObject(to)}
		})
		for _, i := range turned {
			i.state = to
			c.subject("AWS::EC2::Instance", i.id)
		}
		return wire.Object{answer: out}, nil
	}
}

// metadataOptions are how an instance reaches its metadata.
type metadataOptions struct {
	tokens, endpoint string
	hops             int
}

func (m metadataOptions) object(instance string) wire.Object {
	state := "applied"
	if instance == terminated {
		state = "pending"
	}
	return wire.Object{
		"State": state, "HttpTokens": m.tokens, "HttpEndpoint": m.endpoint, "HttpPutResponseHopLimit": int64(m.hops),
		"HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled",
	}
}

func modifyMetadataOptions(c *call) (wire.Object, error) {
	i, err := c.existingInstance(c.in.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	if i.state == terminated {
		return nil, incorrectState(i)
	}
	i.metadata.tokens = orElse(c.in.str("HttpTokens"), i.metadata.tokens)
	i.metadata.endpoint = orElse(c.in.str("HttpEndpoint"), i.metadata.endpoint)
	i.metadata.hops = c.in.number("HttpPutResponseHopLimit", i.metadata.hops)
	c.subject("AWS::EC2::Instance", i.id)
	return wire.Object{"InstanceId": i.id, "InstanceMetadataOptions": i.metadata.object(i.state)}, nil
}
