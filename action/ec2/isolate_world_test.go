package ec2_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/ec2"
)

const scalingGroup = "workers"

// machine is a cloud with an instance that has two interfaces and two volumes, in a target group and an Auto Scaling group.
type machine struct {
	cloud
	scaling      *autoscaling.Client
	balance      *elb.Client
	id, target   string
	other        string // a second security group
	interfaceIDs []string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	c := newCloud(t)
	cfg := c.Admin(account, region)
	m := machine{cloud: c, scaling: autoscaling.NewFromConfig(cfg), balance: elb.NewFromConfig(cfg)}
	other, err := c.client.CreateSecurityGroup(t.Context(), &sdk.CreateSecurityGroupInput{GroupName: aws.String("other"), Description: aws.String("x"), VpcId: &c.vpc})
	m.must(err)
	m.other = *other.GroupId
	ran, err := c.client.RunInstances(t.Context(), &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(0), Groups: []string{c.group, m.other}}, {DeviceIndex: aws.Int32(1), Groups: []string{c.group}},
		},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda")}, {DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}}},
		TagSpecifications:   []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: tagList([]string{"Name", "web-1"})}},
	})
	m.must(err)
	m.id = *ran.Instances[0].InstanceId
	for _, e := range ran.Instances[0].NetworkInterfaces {
		m.interfaceIDs = append(m.interfaceIDs, *e.NetworkInterfaceId)
	}
	group, err := m.balance.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &c.vpc, TargetType: elbtypes.TargetTypeEnumInstance,
	})
	m.must(err)
	m.target = *group.TargetGroups[0].TargetGroupArn
	_, err = m.balance.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &m.target, Targets: []elbtypes.TargetDescription{
		{Id: &m.id}, {Id: &m.id, Port: aws.Int32(8080)},
	}})
	m.must(err)
	_, err = m.scaling.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(scalingGroup), MinSize: aws.Int32(0), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(0),
	})
	m.must(err)
	m.attach()
	return m
}

func (m machine) attach() {
	m.t.Helper()
	_, err := m.scaling.AttachInstances(m.t.Context(), &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String(scalingGroup), InstanceIds: []string{m.id}})
	m.must(err)
}

func (m machine) setGroups(eni string, groups ...string) {
	m.t.Helper()
	_, err := m.client.ModifyNetworkInterfaceAttribute(m.t.Context(), &sdk.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: groups})
	m.must(err)
}

func (m machine) protect(on bool) {
	m.t.Helper()
	_, err := m.client.ModifyInstanceAttribute(m.t.Context(), &sdk.ModifyInstanceAttributeInput{InstanceId: &m.id, DisableApiTermination: &types.AttributeBooleanValue{Value: &on}})
	m.must(err)
}

func (m machine) terminate() {
	m.t.Helper()
	m.protect(false)
	_, err := m.client.TerminateInstances(m.t.Context(), &sdk.TerminateInstancesInput{InstanceIds: []string{m.id}})
	m.must(err)
}

// state is all that an undo must restore.
func (m machine) state() string {
	m.t.Helper()
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	out, err := m.client.DescribeInstances(m.t.Context(), &sdk.DescribeInstancesInput{InstanceIds: []string{m.id}})
	m.must(err)
	i := out.Reservations[0].Instances[0]
	for _, e := range i.NetworkInterfaces {
		var groups []string
		for _, g := range e.Groups {
			groups = append(groups, *g.GroupName)
		}
		slices.Sort(groups)
		say("interface %s", strings.Join(groups, " "))
	}
	for _, t := range i.Tags {
		say("tag %s=%s", *t.Key, *t.Value)
	}
	attribute, err := m.client.DescribeInstanceAttribute(m.t.Context(), &sdk.DescribeInstanceAttributeInput{InstanceId: &m.id, Attribute: types.InstanceAttributeNameDisableApiTermination})
	m.must(err)
	say("protected %v", *attribute.DisableApiTermination.Value)
	scaled, err := m.scaling.DescribeAutoScalingInstances(m.t.Context(), &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{m.id}})
	m.must(err)
	say("scaling groups %d", len(scaled.AutoScalingInstances))
	health, err := m.balance.DescribeTargetHealth(m.t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &m.target})
	m.must(err)
	var ports []int32
	for _, t := range health.TargetHealthDescriptions {
		ports = append(ports, *t.Target.Port)
	}
	slices.Sort(ports)
	say("targets %v", ports)
	return strings.Join(lines, "\n")
}

// snapshots lists the volumes of which there are snapshots with the token, one for each snapshot.
func (m machine) snapshots(token string) []string {
	m.t.Helper()
	out, err := m.client.DescribeSnapshots(m.t.Context(), &sdk.DescribeSnapshotsInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + ec2.IsolationTag), Values: []string{token}}},
	})
	m.must(err)
	var volumes []string
	for _, s := range out.Snapshots {
		volumes = append(volumes, *s.VolumeId)
	}
	return volumes
}

func isolateParams(id, more string) []byte {
	return fmt.Appendf(nil, `{"instance_id":%q,"token":"case-1"%s}`, id, more)
}

func (m machine) isolate() *ec2.Isolate {
	return ec2.NewIsolate(m.Caller(ec2.NewIsolate(nil).Spec().Permissions))
}

// planIsolation plans and returns the one item.
func (m machine) planIsolation(a action.Action, more string) action.Item {
	m.t.Helper()
	p, err := a.Plan(m.t.Context(), action.Request{Account: account, Region: region, Params: isolateParams(m.id, more)})
	m.must(err)
	return p.Items[0]
}

func operations(item action.Item) string {
	var names []string
	for _, c := range item.Calls {
		names = append(names, c.Operation)
	}
	return strings.Join(names, " ")
}
