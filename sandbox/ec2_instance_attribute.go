package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// modifyInstanceAttribute knows the protection from termination and the groups
// of an instance with one interface.
func modifyInstanceAttribute(c *call) (wire.Object, error) {
	i, err := c.existingInstance(c.in.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	groups := c.in.strs("Groups")
	switch {
	case i.state == terminated:
		return nil, incorrectState(i)
	case i.spot && c.in.object("DisableApiTermination").flag("Value", c.in.str("Value") == "true"):
		return nil, wire.Errorf("UnsupportedOperation", "The operation is not supported for the Spot Instance '%s'.", i.id)
	case c.in.has("DisableApiTermination"):
		i.protected = c.in.object("DisableApiTermination").flag("Value", false)
	case c.in.str("Attribute") == "disableApiTermination":
		i.protected = c.in.str("Value") == "true"
	case len(groups) > 0 && len(i.interfaces) > 1:
		return nil, wire.Errorf("InvalidInstanceID", "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.", i.id)
	case len(groups) > 0:
		if i.interfaces[0].groups, err = c.groupsFor(i, groups); err != nil {
			return nil, err
		}
	default:
		return nil, wire.Errorf("InvalidParameterCombination", "No attributes specified.")
	}
	c.subject("AWS::EC2::Instance", i.id)
	return nil, nil
}

func incorrectState(i *instance) error {
	return wire.Errorf("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be modified.", i.id)
}

// groupsFor are the groups as an interface of the instance may have them.
func (c *call) groupsFor(i *instance, ids []string) ([]string, error) {
	vpc, groups, err := c.placeOf(ids)
	if err != nil {
		return nil, err
	}
	if vpc != i.vpc {
		return nil, c.fail(wire.Invalid, "You have specified two resources that belong to different networks.")
	}
	return groups, nil
}

func describeInstanceAttribute(c *call) (wire.Object, error) {
	i, err := c.existingInstance(c.in.str("InstanceId"))
	if err != nil {
		return nil, err
	}
	out := wire.Object{"InstanceId": i.id}
	switch attribute := c.in.str("Attribute"); attribute {
	case "disableApiTermination":
		out["DisableApiTermination"] = wire.Object{"Value": i.protected}
	case "instanceType":
		out["InstanceType"] = wire.Object{"Value": i.kind}
	case "groupSet":
		var groups []string
		for _, e := range i.interfaces {
			groups = append(groups, e.groups...)
		}
		slices.Sort(groups)
		out["Groups"] = c.groupIdentifiers(slices.Compact(groups))
	default:
		return nil, c.fail(wire.Invalid, "Value (%s) for parameter attribute is invalid. Unknown attribute.", attribute)
	}
	return out, nil
}

func interfaceOfInput(c *call) []string {
	out := []string{c.arn("network-interface/" + c.in.str("NetworkInterfaceId"))}
	for _, i := range c.ec2().instances {
		if slices.ContainsFunc(i.interfaces, func(e *networkInterface) bool { return e.id == c.in.str("NetworkInterfaceId") }) {
			out = append(out, c.arn("instance/"+i.id))
		}
	}
	return append(out, c.inputGroups()...)
}

// changedInstance is the instance of the input with the groups that it gets.
func changedInstance(c *call) []string { return append(instancesOfInput(c), c.inputGroups()...) }

// inputGroups are the groups that an instance or interface gets.
func (c *call) inputGroups() []string {
	var out []string
	for _, id := range c.in.strs("Groups") {
		out = append(out, c.arn("security-group/"+id))
	}
	return out
}

// interfaceOfInstance is an interface with its instance.
type interfaceOfInstance struct {
	instance *instance
	*networkInterface
}

func describeNetworkInterfaces(c *call) (wire.Object, error) {
	var all []interfaceOfInstance
	for _, i := range c.ec2().instances {
		for _, e := range i.interfaces {
			all = append(all, interfaceOfInstance{i, e})
		}
	}
	if ids := c.in.strs("NetworkInterfaceIds"); len(ids) > 0 {
		all = nil
		for _, id := range ids {
			i, e := c.ec2().networkInterface(id)
			if e == nil {
				return nil, noSuchInterface(id)
			}
			all = append(all, interfaceOfInstance{i, e})
		}
	}
	found, err := filtered(c, all, func(e interfaceOfInstance) ec2Attributes {
		return ec2Attributes{
			"network-interface-id": {e.id}, "attachment.instance-id": {e.instance.id}, "group-id": e.groups, "vpc-id": {e.instance.vpc}, "private-ip-address": {e.address},
		}.tagged(e.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "NetworkInterfaces", func(e interfaceOfInstance) any {
		return wire.Object{
			"NetworkInterfaceId": e.id, "VpcId": e.instance.vpc, "SubnetId": e.instance.subnet, "OwnerId": c.account.id, "Status": "in-use", "TagSet": tagList(e.tags),
			"PrivateIpAddress": e.address, "Groups": c.groupIdentifiers(e.groups), "InterfaceType": "interface", "AvailabilityZone": c.region + "a",
			"Attachment": wire.Object{"InstanceId": e.instance.id, "InstanceOwnerId": c.account.id, "DeviceIndex": int64(e.index), "Status": "attached"},
		}
	})
}

// modifyNetworkInterface replaces the groups of an interface.
func modifyNetworkInterface(c *call) (wire.Object, error) {
	i, e := c.ec2().networkInterface(c.in.str("NetworkInterfaceId"))
	if e == nil {
		return nil, noSuchInterface(c.in.str("NetworkInterfaceId"))
	}
	ids := c.in.strs("Groups")
	if len(ids) == 0 {
		return nil, wire.Errorf("InvalidParameterCombination", "No attributes specified.")
	}
	groups, err := c.groupsFor(i, ids)
	if err != nil {
		return nil, err
	}
	e.groups = groups
	c.subject("AWS::EC2::NetworkInterface", e.id)
	return nil, nil
}
