package crash

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action/ec2"
	"riposte.dev/test/stage"
)

// machine is an instance with two interfaces and two volumes, in a target group and an Auto Scaling group.
type machine struct {
	*stage.Stage
	ctx     context.Context
	ec2     *sdk.Client
	scaling *autoscaling.Client
	balance *elb.Client
	id      string
	target  string
	volumes []string
}

func newMachine(ctx context.Context, t *testing.T, s *stage.Stage) machine {
	t.Helper()
	cfg := s.As(s.Admin, stage.Region)
	m := machine{Stage: s, ctx: ctx, ec2: sdk.NewFromConfig(cfg), scaling: autoscaling.NewFromConfig(cfg), balance: elb.NewFromConfig(cfg)}
	vpc, err := m.ec2.CreateVpc(ctx, &sdk.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	must(t, err)
	web, err := m.ec2.CreateSecurityGroup(ctx, &sdk.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("web"), VpcId: vpc.Vpc.VpcId})
	must(t, err)
	ran, err := m.ec2.RunInstances(ctx, &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces:   []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), Groups: []string{*web.GroupId}}, {DeviceIndex: aws.Int32(1), Groups: []string{*web.GroupId}}},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda")}, {DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}}},
	})
	must(t, err)
	m.id = *ran.Instances[0].InstanceId
	group, err := m.balance.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		VpcId: vpc.Vpc.VpcId, TargetType: elbtypes.TargetTypeEnumInstance})
	must(t, err)
	m.target = *group.TargetGroups[0].TargetGroupArn
	_, err = m.balance.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &m.target, Targets: []elbtypes.TargetDescription{{Id: &m.id}}})
	must(t, err)
	const workers = "workers"
	_, err = m.scaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: aws.String(workers),
		MinSize: aws.Int32(0), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(0)})
	must(t, err)
	_, err = m.scaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String(workers), InstanceIds: []string{m.id}})
	must(t, err)
	for _, d := range m.instance(t).BlockDeviceMappings {
		m.volumes = append(m.volumes, *d.Ebs.VolumeId)
	}
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mark is what people do with an instance that is to be cut off.
func (m machine) mark(t *testing.T) {
	t.Helper()
	_, err := m.ec2.CreateTags(m.ctx, &sdk.CreateTagsInput{Resources: []string{m.id}, Tags: []types.Tag{{Key: aws.String("compromised"), Value: aws.String("OPS-42")}}})
	must(t, err)
}

func (m machine) instance(t *testing.T) types.Instance {
	t.Helper()
	out, err := m.ec2.DescribeInstances(m.ctx, &sdk.DescribeInstancesInput{InstanceIds: []string{m.id}})
	must(t, err)
	return out.Reservations[0].Instances[0]
}

// isolated sees that the instance is cut off and that each volume has one snapshot.
func (m machine) isolated(t *testing.T, token string) {
	t.Helper()
	i := m.instance(t)
	for _, e := range i.NetworkInterfaces {
		if len(e.Groups) != 1 || *e.Groups[0].GroupName != ec2.ForensicGroup {
			t.Errorf("interface %s is in the groups %+v", *e.NetworkInterfaceId, e.Groups)
		}
	}
	if !slices.ContainsFunc(i.Tags, func(tag types.Tag) bool { return *tag.Key == ec2.IsolationTag && *tag.Value == token }) {
		t.Errorf("the instance has the tags %+v", i.Tags)
	}
	group, err := m.ec2.DescribeSecurityGroups(m.ctx, &sdk.DescribeSecurityGroupsInput{Filters: []types.Filter{{Name: aws.String("group-name"), Values: []string{ec2.ForensicGroup}}}})
	must(t, err)
	if g := group.SecurityGroups; len(g) != 1 || len(g[0].IpPermissions)+len(g[0].IpPermissionsEgress) != 0 {
		t.Errorf("the forensic groups are %+v, want one that lets nothing through", g)
	}
	attribute, err := m.ec2.DescribeInstanceAttribute(m.ctx, &sdk.DescribeInstanceAttributeInput{InstanceId: &m.id, Attribute: types.InstanceAttributeNameDisableApiTermination})
	must(t, err)
	scaled, err := m.scaling.DescribeAutoScalingInstances(m.ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{m.id}})
	must(t, err)
	health, err := m.balance.DescribeTargetHealth(m.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &m.target})
	must(t, err)
	if !*attribute.DisableApiTermination.Value || len(scaled.AutoScalingInstances)+len(health.TargetHealthDescriptions) != 0 {
		t.Errorf("protected: %v; in %d Auto Scaling groups and %d target groups", *attribute.DisableApiTermination.Value, len(scaled.AutoScalingInstances), len(health.TargetHealthDescriptions))
	}
	snapshots, err := m.ec2.DescribeSnapshots(m.ctx, &sdk.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	must(t, err)
	var of []string
	for _, s := range snapshots.Snapshots {
		of = append(of, *s.VolumeId)
	}
	slices.Sort(of)
	if slices.Sort(m.volumes); !slices.Equal(of, m.volumes) {
		t.Errorf("there are snapshots of %v, want one of each of %v", of, m.volumes)
	}
}
