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
	"riposte.dev/action/actiontest"
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
	m.Must(err)
	m.other = *other.GroupId
	ran, err := c.client.RunInstances(t.Context(), &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(0), Groups: []string{c.group, m.other}}, {DeviceIndex: aws.Int32(1), Groups: []string{c.group}},
		},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda")}, {DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}}},
		TagSpecifications:   []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: tagList([]string{"Name", "web-1"})}},
	})
	m.Must(err)
	m.id = *ran.Instances[0].InstanceId
	for _, e := range ran.Instances[0].NetworkInterfaces {
		m.interfaceIDs = append(m.interfaceIDs, *e.NetworkInterfaceId)
	}
	group, err := m.balance.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &c.vpc, TargetType: elbtypes.TargetTypeEnumInstance,
	})
	m.Must(err)
	m.target = *group.TargetGroups[0].TargetGroupArn
	_, err = m.balance.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: &m.target, Targets: []elbtypes.TargetDescription{
		{Id: &m.id}, {Id: &m.id, Port: aws.Int32(8080)},
	}})
	m.Must(err)
	_, err = m.scaling.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(scalingGroup), MinSize: aws.Int32(0), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(0),
	})
	m.Must(err)
	m.attach()
	return m
}

func (m machine) attach() {
	m.T.Helper()
	_, err := m.scaling.AttachInstances(m.T.Context(), &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String(scalingGroup), InstanceIds: []string{m.id}})
	m.Must(err)
}

func (m machine) setGroups(eni string, groups ...string) {
	m.T.Helper()
	_, err := m.client.ModifyNetworkInterfaceAttribute(m.T.Context(), &sdk.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: groups})
	m.Must(err)
}

func (m machine) protect(on bool) {
	m.T.Helper()
	_, err := m.client.ModifyInstanceAttribute(m.T.Context(), &sdk.ModifyInstanceAttributeInput{InstanceId: &m.id, DisableApiTermination: &types.AttributeBooleanValue{Value: &on}})
	m.Must(err)
}

func (m machine) terminate() {
	m.T.Helper()
	m.protect(false)
	_, err := m.client.TerminateInstances(m.T.Context(), &sdk.TerminateInstancesInput{InstanceIds: []string{m.id}})
	m.Must(err)
}

// state is all that an undo must restore.
func (m machine) state() string {
	m.T.Helper()
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	out, err := m.client.DescribeInstances(m.T.Context(), &sdk.DescribeInstancesInput{InstanceIds: []string{m.id}})
	m.Must(err)
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
	attribute, err := m.client.DescribeInstanceAttribute(m.T.Context(), &sdk.DescribeInstanceAttributeInput{InstanceId: &m.id, Attribute: types.InstanceAttributeNameDisableApiTermination})
	m.Must(err)
	say("protected %v", *attribute.DisableApiTermination.Value)
	scaled, err := m.scaling.DescribeAutoScalingInstances(m.T.Context(), &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{m.id}})
	m.Must(err)
	say("scaling groups %d", len(scaled.AutoScalingInstances))
	health, err := m.balance.DescribeTargetHealth(m.T.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &m.target})
	m.Must(err)
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
	m.T.Helper()
	out, err := m.client.DescribeSnapshots(m.T.Context(), &sdk.DescribeSnapshotsInput{
		Filters: []types.Filter{{Name: aws.String("tag:" + ec2.IsolationTag), Values: []string{token}}},
	})
	m.Must(err)
	var volumes []string
	for _, s := range out.Snapshots {
		volumes = append(volumes, *s.VolumeId)
	}
	return volumes
}

func isolateParams(id, more string) string {
	return fmt.Sprintf(`{"instance_id":%q,"token":"case-1"%s}`, id, more)
}

func (m machine) isolate() action.Action {
	return m.Action(ec2.NewIsolate)
}

// planIsolation plans and returns the one item.
func (m machine) planIsolation(a action.Action, more string) action.Item {
	m.T.Helper()
	return m.Item(a, actiontest.Request(isolateParams(m.id, more)))
}

func operations(item action.Item) string {
	var names []string
	for _, c := range item.Calls {
		names = append(names, c.Operation)
	}
	return strings.Join(names, " ")
}
