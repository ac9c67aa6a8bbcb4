package sandbox

import (
	"fmt"
	"net/netip"
	"slices"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// instanceOperations are those on instances and on what belongs to them.
func instanceOperations() []operation {
	ids := recordShape{requestOf: func(c *call) any {
		return wire.Object{"instancesSet": ec2Scalars(strList(c.in.strs("InstanceIds")), "instanceId")}
	}}
	groups := recordShape{ec2Names: map[string]string{"Groups": "groupSet.groupId"}}
	launched := recordShape{ec2Names: map[string]string{"SecurityGroupIds": "groupSet.groupId"}}
	operations := slices.Concat(powerOperations(ids), shareOperations(), blockPublicOperations(), subnetOperations(), aclOperations(), routeOperations())
	return append(operations, []operation{
		{name: "RunInstances", resources: func(c *call) []string { return []string{c.arn("instance/*")} }, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: runInstances, record: launched},
		{name: "DescribeInstances", handle: describeInstances, record: ids},
		{name: "TerminateInstances", resources: instancesOfInput, conditions: instanceConditions, handle: terminateInstances, record: ids},
		{name: "ModifyInstanceAttribute", resources: changedInstance, conditions: instanceConditions, handle: modifyInstanceAttribute},
		{name: "DescribeInstanceAttribute", resources: instancesOfInput, conditions: instanceConditions, handle: describeInstanceAttribute},
		{name: "DescribeNetworkInterfaces", handle: describeNetworkInterfaces},
		{name: "ModifyNetworkInterfaceAttribute", resources: interfaceOfInput, handle: modifyNetworkInterface, record: groups},
		{name: "DescribeVolumes", handle: describeVolumes},
		{name: "CreateSnapshots", resources: newSnapshotResources, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createSnapshots, record: wrapped()},
		{name: "DescribeSnapshots", handle: describeSnapshots},
	}...)
}

func instancesOfInput(c *call) []string {
	var out []string
	for _, id := range append(c.in.strs("InstanceIds"), c.in.str("InstanceId")) {
		if id != "" {
			out = append(out, c.arn("instance/"+id))
		}
	}
	return out
}

func instanceConditions(c *call) policy.Context {
	out := policy.Context{}
	for _, id := range append(c.in.strs("InstanceIds"), c.in.str("InstanceId")) {
		if i := c.ec2().instance(id); i != nil {
			addResourceTags(out, i.tags)
		}
	}
	return out
}

// placeOf is the VPC and the groups of what an input launches: those of the
// groups that it names, else the default ones.
func (c *call) placeOf(ids []string) (vpc string, groups []string, err error) {
	for _, id := range ids {
		g, err := c.existingGroup(id)
		if err != nil {
			return "", nil, err
		}
		if vpc != "" && g.vpc != vpc {
			return "", nil, c.fail(wire.Invalid, "Security groups %v don't belong to the same VPC", ids)
		}
		vpc = g.vpc
	}
	if len(ids) > 0 {
		return vpc, slices.Clone(ids), nil
	}
	v := c.ec2().defaultVPC()
	if v == nil {
		return "", nil, wire.Errorf("VPCIdNotSpecified", "No default VPC for this user")
	}
	g := firstWhere(c.ec2().groups, func(g *securityGroup) bool { return g.vpc == v.id && g.name == "default" })
	return v.id, []string{g.id}, nil
}

// maxInstances bounds the instances of an account in a region.
const maxInstances = 1000

func runInstances(c *call) (wire.Object, error) {
	n, count := c.ec2(), c.in.number("MaxCount", 0)
	if count < 1 || c.in.number("MinCount", 0) < 1 || count < c.in.number("MinCount", 0) {
		return nil, c.fail(wire.Invalid, "minCount and maxCount must be at least 1, and minCount no greater than maxCount")
	}
	if c.in.str("ImageId") == "" {
		return nil, c.fail(wire.MissingParameter, "The request must contain the parameter ImageId")
	}
	if len(n.instances)+count > maxInstances {
		return nil, wire.Errorf("InstanceLimitExceeded", "You have requested more instances than your current instance limit of %d allows.", maxInstances)
	}
	specs := c.in.objects("NetworkInterfaces")
	if len(specs) == 0 {
		specs = []input{{"Groups": c.in["SecurityGroupIds"], "SubnetId": c.in["SubnetId"]}}
	}
	tags, err := c.launchTags()
	if err != nil {
		return nil, err
	}
	var made []*instance
	for range count {
		i := &instance{
			id: c.sb.ec2ID("i-"), image: c.in.str("ImageId"), kind: orElse(c.in.str("InstanceType"), "m1.small"), state: running, launched: c.time.UTC(),
			protected: c.in.flag("DisableApiTermination", false), metadata: metadataOptions{"optional", "enabled", 1}, subnet: orElse(specs[0].str("SubnetId"), c.sb.ec2ID("subnet-")), tags: tags("instance"),
			spot: c.in.object("InstanceMarketOptions").str("MarketType") == "spot",
		}
		for k, spec := range specs {
			vpc, groups, err := c.placeOf(spec.strs("Groups"))
			if err != nil {
				return nil, err
			}
			i.vpc = vpc
			i.interfaces = append(i.interfaces, &networkInterface{id: c.sb.ec2ID("eni-"), index: spec.number("DeviceIndex", k), groups: groups, address: n.address(vpc, k), tags: tags("network-interface")})
		}
		n.instances = append(n.instances, i)
		n.addVolumes(c, i, tags)
		made = append(made, i)
		c.subject("AWS::EC2::Instance", i.id)
	}
	return wire.Object{
		"ReservationId": c.sb.ec2ID("r-"), "OwnerId": c.account.id, "Instances": list(made, func(i *instance) any { return c.instanceObject(i) }),
	}, nil
}

// launchTags are the tags of an input by the type of resource.
func (c *call) launchTags() (func(kind string) map[string]string, error) {
	byKind := map[string]map[string]string{}
	for _, spec := range c.in.objects("TagSpecifications") {
		kind := spec.str("ResourceType")
		if byKind[kind] == nil {
			byKind[kind] = map[string]string{}
		}
		if err := c.addEC2Tags(byKind[kind], spec.objects("Tags")); err != nil {
			return nil, err
		}
	}
	return func(kind string) map[string]string {
		out := map[string]string{}
		for k, v := range byKind[kind] {
			out[k] = v
		}
		return out
	}, nil
}

// address is one of the VPC's, for the looks of it.
func (n *network) address(vpc string, k int) string {
	first := netip.MustParsePrefix(n.vpc(vpc).cidr).Addr().As4()
	last := len(n.instances)*4 + k + 10
	return fmt.Sprintf("%d.%d.%d.%d", first[0], first[1], last/250, last%250+4)
}

func (c *call) instanceObject(i *instance) wire.Object {
	var groups []string
	if len(i.interfaces) > 0 {
		groups = i.interfaces[0].groups
	}
	out := wire.Object{
		"InstanceId": i.id, "ImageId": i.image, "InstanceType": i.kind, "State": stateObject(i.state), "LaunchTime": i.launched,
		"SecurityGroups": c.groupIdentifiers(groups), "RootDeviceType": "ebs", "VirtualizationType": "hvm", "Tags": tagList(i.tags),
		"Placement": wire.Object{"AvailabilityZone": c.region + "a", "Tenancy": "default"},
	}
	out["MetadataOptions"] = i.metadata.object(i.state)
	if i.spot {
		out["InstanceLifecycle"] = "spot"
	}
	if i.state == terminated {
		return out
	}
	out["VpcId"], out["SubnetId"], out["PrivateIpAddress"] = i.vpc, i.subnet, i.interfaces[0].address
	out["RootDeviceName"] = i.devices[0].name
	out["BlockDeviceMappings"] = list(i.devices, func(d device) any {
		return wire.Object{"DeviceName": d.name, "Ebs": wire.Object{"VolumeId": d.volume, "Status": "attached", "AttachTime": i.launched, "DeleteOnTermination": true}}
	})
	out["NetworkInterfaces"] = list(i.interfaces, func(e *networkInterface) any {
		return wire.Object{
			"NetworkInterfaceId": e.id, "VpcId": i.vpc, "SubnetId": i.subnet, "OwnerId": c.account.id, "Status": "in-use", "PrivateIpAddress": e.address,
			"Groups": c.groupIdentifiers(e.groups), "InterfaceType": "interface", "SourceDestCheck": true,
			"Attachment": wire.Object{"DeviceIndex": int64(e.index), "Status": "attached", "AttachTime": i.launched},
		}
	})
	return out
}

func (c *call) groupIdentifiers(ids []string) wire.List {
	return list(ids, func(id string) any {
		out := wire.Object{"GroupId": id}
		if g := c.ec2().group(id); g != nil {
			out["GroupName"] = g.name
		}
		return out
	})
}

func describeInstances(c *call) (wire.Object, error) {
	all, err := selected(c, "InstanceIds", c.ec2().instances, c.existingInstance)
	if err != nil {
		return nil, err
	}
	found, err := filtered(c, all, func(i *instance) ec2Attributes {
		out := ec2Attributes{"instance-id": {i.id}, "image-id": {i.image}, "instance-type": {i.kind}, "instance-state-name": {i.state}, "vpc-id": {i.vpc}, "instance.group-id": nil}
		for _, e := range i.interfaces {
			out["instance.group-id"] = append(out["instance.group-id"], e.groups...)
		}
		return out.tagged(i.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "Reservations", func(i *instance) any {
		return wire.Object{"OwnerId": c.account.id, "Instances": wire.List{c.instanceObject(i)}}
	})
}

func terminateInstances(c *call) (wire.Object, error) {
	n := c.ec2()
	var gone []*instance
	for _, id := range c.in.strs("InstanceIds") {
		i, err := c.existingInstance(id)
		if err != nil {
			return nil, err
		}
		if i.protected {
			return nil, wire.Errorf("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", id)
		}
		gone = append(gone, i)
	}
	out := list(gone, func(i *instance) any {
		return wire.Object{"InstanceId": i.id, "PreviousState": stateObject(i.state), "CurrentState": stateObject(terminated)}
	})
	for _, i := range gone {
		i.state, i.interfaces, i.devices = terminated, nil, nil
		n.volumes = slices.DeleteFunc(n.volumes, func(v *volume) bool { return v.instance == i.id })
		c.subject("AWS::EC2::Instance", i.id)
	}
	return wire.Object{"TerminatingInstances": out}, nil
}
