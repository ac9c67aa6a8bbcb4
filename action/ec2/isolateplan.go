package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// tracked is what everybody who isolates by security groups has to know
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html).
const tracked = "Connections that are tracked already may go on until they time out; a network ACL of the subnet cuts them at once."

// Plan looks at the instance and plans what is left to do, in this order: snapshots, protection, out of the Auto Scaling group
// (which launches another instance, because its desired capacity stays), out of the target groups, into the forensic group,
// tag. All of it is one item, because the order matters. An instance that has ended is unneeded.
func (a *Isolate) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	p, err := parseIsolation(req)
	if err != nil {
		return nil, err
	}
	s, err := a.services(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	now, err := s.look(ctx, p)
	if err != nil {
		return nil, err
	}
	item := action.Item{Resource: instanceResource(now.instance, p.Instance, req)}
	item.ID = item.Resource.ARN
	after := now.isolated()
	item.Before, item.After = now.json(), now.json()
	switch {
	case ended(now.instance):
		item.Status, item.Reason = action.Unneeded, "The instance has been terminated."
	case managed(now.instance) != "":
		item.Status, item.Reason = action.Escalated, managed(now.instance)
	case p.Group == "" && len(now.forensic.IpPermissions) > 0:
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("The group %s, which is to isolate, lets something in: somebody gave it rules. Take them away, or name another group.",
			aws.ToString(now.forensic.GroupId))
	default:
		item.Calls, err = now.isolate(item.Resource, after)
		if err != nil {
			return nil, err
		}
		item.Status, item.Reason = action.Unneeded, "It is isolated already."+now.kept()
		if len(item.Calls) > 0 {
			item.Status, item.After, item.Reason = action.Change, after.json(), now.summary(item.Calls)
		}
	}
	return &action.Plan{Action: isolateSpec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

func instanceResource(i types.Instance, id string, req action.Request) action.Resource {
	r := action.Resource{
		Type: "AWS::EC2::Instance", ARN: fmt.Sprintf("arn:%s:ec2:%s:%s:instance/%s", awscall.Partition(req.Region), req.Region, req.Account, id),
		Name: id, Account: req.Account, Region: req.Region, Tags: tags(i.Tags),
	}
	if name := r.Tags["Name"]; name != "" {
		r.Name = fmt.Sprintf("%s (%s)", id, name)
	}
	return r
}

// isolated returns the state as it is to become.
func (n seen) isolated() place {
	after := n.place
	after.Volumes, after.Interfaces = slices.Clone(n.Volumes), slices.Clone(n.Interfaces)
	for i := range after.Volumes {
		after.Volumes[i].Snapshot = true
	}
	for i := range after.Interfaces {
		after.Interfaces[i].Groups = []string{n.Group}
	}
	after.Protected = n.Protected || !n.spot()
	after.Forensics, after.ScalingGroup, after.Targets = true, "", []targetState{}
	if after.Tag == "" {
		after.Tag = n.Token
	}
	return after
}

// spot reports whether it is a Spot Instance, which EC2 protects from termination never
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html).
func (n seen) spot() bool { return n.instance.InstanceLifecycle == types.InstanceLifecycleTypeSpot }

// isolate returns the calls that make the present state the one after.
func (n seen) isolate(r action.Resource, after place) ([]action.Call, error) {
	c := calls{resource: r}
	id := aws.ToString(n.instance.InstanceId)
	if slices.ContainsFunc(n.Volumes, func(v volumeState) bool { return !v.Snapshot }) {
		c.add("ec2", "CreateSnapshots", n.snapshotInput(id))
	}
	if after.Protected && !n.Protected {
		c.protect(id, true)
	}
	if n.ScalingGroup != "" {
		c.add("autoscaling", "DetachInstances", map[string]any{
			"AutoScalingGroupName": n.ScalingGroup, "InstanceIds": []string{id}, "ShouldDecrementDesiredCapacity": false,
		})
	}
	c.targets("DeregisterTargets", id, n.Targets)
	vpc := aws.ToString(n.instance.VpcId)
	if n.Group == ForensicGroup && n.forensic.GroupId == nil {
		c.add("ec2", "CreateSecurityGroup", map[string]any{
			"GroupName": ForensicGroup, "VpcId": vpc, "Description": "Lets nothing in or out: instances that riposte isolated",
			"TagSpecifications": []tagSpecification{{"security-group", []tag{{"Name", ForensicGroup}}}},
		})
	}
	if !n.Forensics {
		c.add("ec2", "RevokeSecurityGroupEgress", map[string]any{
			"GroupId": forensicIn + vpc, "IpPermissions": []ipPermission{{IpProtocol: "-1", FromPort: -1, ToPort: -1, IpRanges: []ipRange{{CidrIp: "0.0.0.0/0"}}}},
		})
	}
	for i, e := range n.Interfaces {
		if !slices.Equal(e.Groups, after.Interfaces[i].Groups) {
			c.groups(vpc, after.Interfaces[i])
		}
	}
	if n.Tag != after.Tag {
		c.add("ec2", "CreateTags", map[string]any{"Resources": []string{id}, "Tags": []tag{{IsolationTag, after.Tag}}})
	}
	return c.made, c.err
}

// snapshotInput leaves out the volumes that have a snapshot.
func (n seen) snapshotInput(id string) any {
	root := ""
	for _, d := range n.instance.BlockDeviceMappings {
		if d.Ebs != nil && aws.ToString(d.DeviceName) == aws.ToString(n.instance.RootDeviceName) {
			root = aws.ToString(d.Ebs.VolumeId)
		}
	}
	spec := map[string]any{"InstanceId": id}
	var without []string
	for _, v := range n.Volumes {
		switch {
		case v.Snapshot && v.ID == root:
			spec["ExcludeBootVolume"] = true
		case v.Snapshot:
			without = append(without, v.ID)
		}
	}
	if len(without) > 0 {
		spec["ExcludeDataVolumeIds"] = without
	}
	return map[string]any{
		"InstanceSpecification": spec, "Description": "Of " + id + " when riposte isolated it",
		"TagSpecifications": []tagSpecification{{"snapshot", []tag{{IsolationTag, n.Token}}}},
	}
}

// calls collects calls about one instance.
type calls struct {
	resource action.Resource
	made     []action.Call
	err      error
}

func (c *calls) add(service, operation string, input any) {
	call, err := newCall(operation, c.resource.Account, c.resource.Region, input)
	if err != nil && c.err == nil {
		c.err = err
	}
	call.Service = service
	c.made = append(c.made, call)
}

func (c *calls) protect(id string, on bool) {
	c.add("ec2", "ModifyInstanceAttribute", map[string]any{"InstanceId": id, "DisableApiTermination": map[string]bool{"Value": on}})
}

// targets adds a call for each target group.
func (c *calls) targets(operation, id string, targets []targetState) {
	type description struct {
		Id   string
		Port int32
	}
	for i := 0; i < len(targets); {
		group, list := targets[i].Group, []description{}
		for ; i < len(targets) && targets[i].Group == group; i++ {
			list = append(list, description{id, targets[i].Port})
		}
		c.add("elasticloadbalancing", operation, map[string]any{"TargetGroupArn": group, "Targets": list})
	}
}

// groups adds the call that gives an interface its groups; the VPC's forensic group has no id in a plan.
func (c *calls) groups(vpc string, e interfaceState) {
	ids := slices.Clone(e.Groups)
	for i, id := range ids {
		if id == ForensicGroup {
			ids[i] = forensicIn + vpc
		}
	}
	c.add("ec2", "ModifyNetworkInterfaceAttribute", map[string]any{"NetworkInterfaceId": e.ID, "Groups": ids})
}

// summary says for people what the calls do.
func (n seen) summary(made []action.Call) string {
	does := map[string]string{
		"CreateSnapshots": "makes snapshots of its volumes", "ModifyInstanceAttribute": "protects it from termination",
		"DetachInstances":                 "takes it out of the Auto Scaling group " + n.ScalingGroup + ", which launches another in its place",
		"DeregisterTargets":               fmt.Sprintf("takes it out of %d target groups", len(n.Targets)),
		"ModifyNetworkInterfaceAttribute": "puts its network interfaces into the group " + n.Group + " alone", "CreateTags": "tags it",
	}
	var parts []string
	for _, call := range made {
		if what := does[call.Operation]; what != "" && !slices.Contains(parts, what) {
			parts = append(parts, what)
		}
	}
	text := list(parts, "and")
	if text == "" {
		text = "shuts the group " + n.Group
	}
	text = fmt.Sprintf("%s%s. %s", strings.ToUpper(text[:1]), text[1:], tracked)
	if n.spot() {
		text += " It is a Spot Instance, which can't be protected from termination."
	}
	return text
}

// kept names the snapshots.
func (n seen) kept() string {
	var ids []string
	for _, v := range n.Volumes {
		if id := n.snapshots[v.ID]; id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return fmt.Sprintf(" Its snapshots stay: %s.", list(ids, "and"))
}

// Verify looks whether the instance is as planned. Volumes and interfaces that it got since are not its business.
func (a *Isolate) Verify(ctx context.Context, item action.Item) error {
	_, after, err := places(item)
	if err != nil {
		return err
	}
	now, err := a.lookAgain(ctx, item.Resource, after)
	if err != nil {
		return err
	}
	if ended(now.instance) {
		return fault.New(fault.NotFound, "the instance %s has been terminated", item.Resource.Name)
	}
	if !now.reached(after) {
		return action.ErrNotYet
	}
	return nil
}

// lookAgain reads the instance of a stored item.
func (a *Isolate) lookAgain(ctx context.Context, r action.Resource, p place) (seen, error) {
	s, err := a.services(ctx, r.Account, r.Region)
	if err != nil {
		return seen{}, err
	}
	i := isolation{Instance: r.ARN[strings.LastIndexByte(r.ARN, '/')+1:], Token: p.Token, Group: p.Group}
	if i.Group == ForensicGroup {
		i.Group = ""
	}
	return s.look(ctx, i)
}

// reached reports whether the present state is as planned.
func (n seen) reached(after place) bool {
	for _, v := range after.Volumes {
		if v.Snapshot && n.snapshots[v.ID] == "" {
			return false
		}
	}
	for _, e := range after.Interfaces {
		if present, there := interfaceOf(n.Interfaces, e.ID); there && !slices.Equal(present.Groups, e.Groups) {
			return false
		}
	}
	return n.Protected == after.Protected && n.ScalingGroup == after.ScalingGroup && n.Tag == after.Tag &&
		slices.Equal(n.Targets, after.Targets) && (n.Forensics || !after.Forensics)
}

func interfaceOf(list []interfaceState, id string) (interfaceState, bool) {
	i := slices.IndexFunc(list, func(e interfaceState) bool { return e.ID == id })
	if i < 0 {
		return interfaceState{}, false
	}
	return list[i], true
}
