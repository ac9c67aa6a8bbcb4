package ec2

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// place is the part of an instance's state that matters here: all that connects it, and what was kept of it.
type place struct {
	Token        string           `json:"token"`          // of the snapshots that count
	Group        string           `json:"forensic_group"` // id, or the name where it is the VPC's own
	Volumes      []volumeState    `json:"volumes"`
	Protected    bool             `json:"protected_from_termination"`
	ScalingGroup string           `json:"auto_scaling_group,omitempty"`
	Targets      []targetState    `json:"targets"`
	Interfaces   []interfaceState `json:"interfaces"`
	Forensics    bool             `json:"forensic_group_shut"` // the group that isolates is there, and lets nothing in or out
	Tag          string           `json:"isolation_tag,omitempty"`
}

type (
	volumeState struct {
		ID       string `json:"id"`
		Snapshot bool   `json:"snapshot"` // there is one with the token
	}
	targetState struct {
		Group string `json:"group"` // ARN of the target group
		Port  int32  `json:"port"`
	}
	interfaceState struct {
		ID     string   `json:"id"`
		Groups []string `json:"groups"` // ids; the VPC's forensic group by its name
	}
)

func (p place) json() json.RawMessage {
	raw, err := json.Marshal(p)
	if err != nil {
		panic("ec2: strings and booleans are not JSON: " + err.Error())
	}
	return raw
}

// places reads an item's states.
func places(item action.Item) (before, after place, err error) {
	for _, part := range []struct {
		raw json.RawMessage
		p   *place
	}{{item.Before, &before}, {item.After, &after}} {
		if err := json.Unmarshal(part.raw, part.p); err != nil {
			return before, after, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", item.ID, err)
		}
	}
	return before, after, nil
}

// seen is an instance as it is now, with what only the reason tells.
type seen struct {
	place
	instance  types.Instance
	forensic  types.SecurityGroup // zero where the VPC has none
	snapshots map[string]string   // by volume
}

// look reads everything about the instance.
func (s services) look(ctx context.Context, p isolation) (seen, error) {
	i, err := s.instance(ctx, p.Instance)
	if err != nil || ended(i) {
		return seen{instance: i}, err
	}
	now := seen{instance: i, place: place{Token: p.Token, Group: cmp.Or(p.Group, ForensicGroup), Tag: tags(i.Tags)[IsolationTag]}}
	if now.snapshots, err = s.snapshots(ctx, i, p.Token); err != nil {
		return now, err
	}
	for _, v := range volumesOf(i) {
		now.Volumes = append(now.Volumes, volumeState{v, now.snapshots[v] != ""})
	}
	attribute, err := s.ec2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: i.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination,
	})
	if err != nil {
		return now, awscall.Fault(err, "ec2:DescribeInstanceAttribute", "read the protection of %s", p.Instance)
	}
	now.Protected = attribute.DisableApiTermination != nil && aws.ToBool(attribute.DisableApiTermination.Value)
	if now.ScalingGroup, err = s.scalingGroup(ctx, p.Instance); err != nil {
		return now, err
	}
	if now.Targets, err = s.targets(ctx, i); err != nil {
		return now, err
	}
	if now.forensic, err = s.isolating(ctx, i, p.Group); err != nil {
		return now, err
	}
	now.Forensics = now.forensic.GroupId != nil && (p.Group != "" || len(openings(now.forensic)) == 0)
	for _, e := range i.NetworkInterfaces {
		state := interfaceState{ID: aws.ToString(e.NetworkInterfaceId)}
		for _, g := range e.Groups {
			id := aws.ToString(g.GroupId)
			if p.Group == "" && id == aws.ToString(now.forensic.GroupId) {
				id = ForensicGroup
			}
			state.Groups = append(state.Groups, id)
		}
		slices.Sort(state.Groups)
		now.Interfaces = append(now.Interfaces, state)
	}
	slices.SortFunc(now.Interfaces, func(a, b interfaceState) int { return strings.Compare(a.ID, b.ID) })
	return now, nil
}

// ended reports whether the instance is gone for good.
func ended(i types.Instance) bool {
	return i.State != nil && (i.State.Name == types.InstanceStateNameTerminated || i.State.Name == types.InstanceStateNameShuttingDown)
}

func (s services) instance(ctx context.Context, id string) (types.Instance, error) {
	out, err := s.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	err = awscall.Fault(err, "ec2:DescribeInstances", "read the instance %s", id)
	if fault.CodeOf(err) == fault.NotFound || err == nil && (len(out.Reservations) == 0 || len(out.Reservations[0].Instances) == 0) {
		gone := fault.New(fault.NotFound, "there is no instance %s", id).WithHint("it ended more than an hour ago, or it is in another account or region")
		gone.Err = err
		return types.Instance{}, gone
	}
	if err != nil {
		return types.Instance{}, err
	}
	return out.Reservations[0].Instances[0], nil
}

// volumesOf returns the ids of the instance's volumes, sorted.
func volumesOf(i types.Instance) []string {
	var out []string
	for _, d := range i.BlockDeviceMappings {
		if d.Ebs != nil {
			out = append(out, aws.ToString(d.Ebs.VolumeId))
		}
	}
	slices.Sort(out)
	return out
}

// snapshots returns the snapshots with the token, by volume. Failed ones don't count.
func (s services) snapshots(ctx context.Context, i types.Instance, token string) (map[string]string, error) {
	out := map[string]string{}
	volumes := volumesOf(i)
	if len(volumes) == 0 {
		return out, nil
	}
	pages := ec2.NewDescribeSnapshotsPaginator(s.ec2, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{
		{Name: aws.String("volume-id"), Values: volumes}, {Name: aws.String("tag:" + IsolationTag), Values: []string{token}},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "ec2:DescribeSnapshots", "read the snapshots of %s", aws.ToString(i.InstanceId))
		}
		for _, snapshot := range page.Snapshots {
			if snapshot.State != types.SnapshotStateError {
				out[aws.ToString(snapshot.VolumeId)] = aws.ToString(snapshot.SnapshotId)
			}
		}
	}
	return out, nil
}

// scalingGroup returns the Auto Scaling group that has the instance, "" where none has or it is being detached.
func (s services) scalingGroup(ctx context.Context, id string) (string, error) {
	out, err := s.scaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return "", awscall.Fault(err, "autoscaling:DescribeAutoScalingInstances", "read the Auto Scaling group of %s", id)
	}
	for _, i := range out.AutoScalingInstances {
		if state := aws.ToString(i.LifecycleState); !strings.HasPrefix(state, "Detach") {
			return aws.ToString(i.AutoScalingGroupName), nil
		}
	}
	return "", nil
}

// targets returns in which target groups of its VPC the instance is, sorted. Those that it is leaving don't count.
func (s services) targets(ctx context.Context, i types.Instance) ([]targetState, error) {
	out := []targetState{}
	pages := elb.NewDescribeTargetGroupsPaginator(s.balance, &elb.DescribeTargetGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "elasticloadbalancing:DescribeTargetGroups", "read the target groups")
		}
		for _, g := range page.TargetGroups {
			if g.TargetType != elbtypes.TargetTypeEnumInstance || aws.ToString(g.VpcId) != aws.ToString(i.VpcId) {
				continue
			}
			health, err := s.balance.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
			if fault.CodeOf(awscall.Fault(err, "", "")) == fault.NotFound {
				continue // deleted between the two reads
			}
			if err != nil {
				return nil, awscall.Fault(err, "elasticloadbalancing:DescribeTargetHealth", "read the targets of %s", aws.ToString(g.TargetGroupName))
			}
			for _, t := range health.TargetHealthDescriptions {
				if t.Target == nil || aws.ToString(t.Target.Id) != aws.ToString(i.InstanceId) || t.TargetHealth != nil && t.TargetHealth.State == elbtypes.TargetHealthStateEnumDraining {
					continue
				}
				out = append(out, targetState{aws.ToString(g.TargetGroupArn), aws.ToInt32(t.Target.Port)})
			}
		}
	}
	slices.SortFunc(out, func(a, b targetState) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Port, b.Port)) })
	return out, nil
}

// isolating returns the group that is to isolate: the one with the id, or the VPC's forensic group, if it has one.
func (s services) isolating(ctx context.Context, i types.Instance, id string) (types.SecurityGroup, error) {
	vpc := aws.ToString(i.VpcId)
	if id == "" {
		group, _, err := s.forensicOf(ctx, vpc)
		return group, err
	}
	out, err := s.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	if err != nil {
		return types.SecurityGroup{}, awscall.Fault(err, "ec2:DescribeSecurityGroups", "read the forensic group %s", id)
	}
	if len(out.SecurityGroups) != 1 || aws.ToString(out.SecurityGroups[0].VpcId) != vpc {
		return types.SecurityGroup{}, fault.New(fault.Invalid, "the forensic group %s is not in %s, the instance's VPC", id, vpc).
			WithHint("give a group of that VPC, or none, so that riposte makes one")
	}
	return out.SecurityGroups[0], nil
}

func (s services) forensicOf(ctx context.Context, vpc string) (group types.SecurityGroup, found bool, err error) {
	out, err := s.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{vpc}}, {Name: aws.String("group-name"), Values: []string{ForensicGroup}},
	}})
	if err != nil || len(out.SecurityGroups) == 0 {
		return group, false, awscall.Fault(err, "ec2:DescribeSecurityGroups", "read the group %s of %s", ForensicGroup, vpc)
	}
	return out.SecurityGroups[0], true, nil
}

// openings says what a group lets through.
func openings(g types.SecurityGroup) []string {
	var out []string
	if len(g.IpPermissions) > 0 {
		out = append(out, "something in")
	}
	if len(g.IpPermissionsEgress) > 0 {
		out = append(out, "something out")
	}
	return out
}
