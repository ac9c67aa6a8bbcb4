package ec2_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

const (
	webProfile = "arn:aws:iam::111122223333:instance-profile/web"
	logRole    = "arn:aws:iam::111122223333:role/flow-logs"
	logGroup   = "arn:aws:logs:eu-west-1:111122223333:log-group:traffic"
	logBucket  = "arn:aws:s3:::traffic-of-111122223333"
)

// plant is a cloud with an instance in a VPC whose default group is open, and unused.
type plant struct {
	cloud
	instance string
}

func newPlant(t *testing.T) plant {
	t.Helper()
	p := plant{cloud: newCloud(t)}
	p.instance = p.run(p.group)
	p.group = p.defaultGroup()
	p.allow(tcp(22, 22, "0.0.0.0/0", "from anywhere"), "team", "web")
	p.allow(tcp(443, 443, "2001:db8::/32", ""))
	return p
}

func (p plant) run(group string) string {
	p.T.Helper()
	ran, err := p.client.RunInstances(p.T.Context(), &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SecurityGroupIds: []string{group},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sdf"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}}},
	})
	p.Must(err)
	return *ran.Instances[0].InstanceId
}

func (p plant) defaultGroup() string {
	p.T.Helper()
	out, err := p.client.DescribeSecurityGroups(p.T.Context(), &sdk.DescribeSecurityGroupsInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{p.vpc}}, {Name: aws.String("group-name"), Values: []string{"default"}},
	}})
	p.Must(err)
	return *out.SecurityGroups[0].GroupId
}

func (p plant) associate(profile string) {
	p.T.Helper()
	_, err := p.client.AssociateIamInstanceProfile(p.T.Context(), &sdk.AssociateIamInstanceProfileInput{
		InstanceId: &p.instance, IamInstanceProfile: &types.IamInstanceProfileSpecification{Arn: &profile},
	})
	p.Must(err)
}

// replace gives the instance another profile than it has.
func (p plant) replace(profile string) {
	p.T.Helper()
	found, err := p.client.DescribeIamInstanceProfileAssociations(p.T.Context(), &sdk.DescribeIamInstanceProfileAssociationsInput{})
	p.Must(err)
	_, err = p.client.ReplaceIamInstanceProfileAssociation(p.T.Context(), &sdk.ReplaceIamInstanceProfileAssociationInput{
		AssociationId:      found.IamInstanceProfileAssociations[0].AssociationId,
		IamInstanceProfile: &types.IamInstanceProfileSpecification{Arn: aws.String("arn:aws:iam::111122223333:" + profile)},
	})
	p.Must(err)
}

func (p plant) log(traffic types.TrafficType, bucket string) {
	p.T.Helper()
	out, err := p.client.CreateFlowLogs(p.T.Context(), &sdk.CreateFlowLogsInput{
		ResourceIds: []string{p.vpc}, ResourceType: types.FlowLogsResourceTypeVpc, TrafficType: traffic,
		LogDestinationType: types.LogDestinationTypeS3, LogDestination: &bucket,
	})
	p.Must(err)
	if len(out.Unsuccessful) > 0 {
		p.T.Fatal(out.Unsuccessful)
	}
}

// state is all that the undo of any of the actions must restore.
func (p plant) state() string {
	p.T.Helper()
	ctx := p.T.Context()
	var lines []string
	profiles, err := p.client.DescribeIamInstanceProfileAssociations(ctx, &sdk.DescribeIamInstanceProfileAssociationsInput{})
	p.Must(err)
	for _, a := range profiles.IamInstanceProfileAssociations {
		lines = append(lines, *a.InstanceId+" has "+*a.IamInstanceProfile.Arn)
	}
	logs, err := p.client.DescribeFlowLogs(ctx, &sdk.DescribeFlowLogsInput{})
	p.Must(err)
	for _, l := range logs.FlowLogs {
		lines = append(lines, fmt.Sprint(*l.ResourceId, l.TrafficType, aws.ToString(l.LogDestination), aws.ToString(l.LogGroupName)))
	}
	snapshots, err := p.client.DescribeSnapshots(ctx, &sdk.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	p.Must(err)
	for _, s := range snapshots.Snapshots {
		lines = append(lines, fmt.Sprint(*s.VolumeId, " ", *s.Tags[0].Key, "=", *s.Tags[0].Value))
	}
	slices.Sort(lines)
	return p.rules() + "\n" + p.rulesOf(true) + "\n" + strings.Join(lines, "\n")
}

func (p plant) request(format string, args ...any) action.Request {
	return actiontest.Request(fmt.Sprintf(format, args...))
}

func TestNetworkSettings(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    func(p plant) string
		missing   string
		spoil     func(p plant)
		interfere func(p plant)
		elsewhere []string
	}{
		{
			"empty the default group", ec2.NewEmptyDefaultGroup,
			func(p plant) string { return `{"vpc_id":"` + p.vpc + `"}` }, `{"vpc_id":"vpc-` + nobody + `"}`,
			func(plant) {}, func(p plant) { p.allow(tcp(80, 80, "10.0.0.0/8", "")) }, nil,
		},
		{
			"detach a profile", ec2.NewDetachProfile,
			func(p plant) string { return `{"instance_id":"` + p.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`,
			func(p plant) { p.associate(webProfile) }, func(p plant) { p.associate(webProfile + "2") }, nil,
		},
		{
			"replace a profile", ec2.NewReplaceProfile,
			func(p plant) string {
				return `{"instance_id":"` + p.instance + `","instance_profile":"security/quarantine"}`
			},
			`{"instance_id":"i-` + nobody + `","instance_profile":"quarantine"}`,
			func(p plant) { p.associate(webProfile) }, func(p plant) { p.replace("instance-profile/web2") }, nil,
		},
		{
			"flow logs into a log group", ec2.NewEnableFlowLogs,
			func(p plant) string {
				return `{"vpc_id":"` + p.vpc + `","destination":"` + logGroup + `","role":"` + logRole + `"}`
			},
			`{"vpc_id":"vpc-` + nobody + `","destination":"` + logBucket + `"}`,
			func(plant) {}, func(p plant) { p.log("ACCEPT", logBucket) }, []string{"logs:CreateLogDelivery", "logs:DeleteLogDelivery"},
		},
		{
			"flow logs into a bucket, beside another", ec2.NewEnableFlowLogs,
			func(p plant) string { return `{"vpc_id":"` + p.vpc + `","destination":"` + logBucket + `"}` },
			`{"vpc_id":"vpc-` + nobody + `","destination":"` + logBucket + `"}`,
			func(p plant) { p.log("REJECT", logBucket+"/refused") }, func(p plant) { p.log("ACCEPT", logBucket) }, []string{"iam:PassRole"},
		},
		{
			"snapshots", ec2.NewCreateSnapshots,
			func(p plant) string { return `{"instance_id":"` + p.instance + `","case":"case-7"}` }, `{"instance_id":"i-` + nobody + `","case":"case-7"}`,
			func(plant) {}, nil, nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				p := newPlant(t)
				tt.spoil(p)
				w := p.World(tt.newAction, tt.params(p), tt.missing, p.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(p, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatTheNetworkSettingsLeave(t *testing.T) {
	p := newPlant(t)
	actiontest.Want(t, p.Plan(ec2.NewDetachProfile, fmt.Sprintf(`{"instance_id":%q}`, p.instance)), action.Unneeded, "no instance profile")
	quarantine := fmt.Sprintf(`{"instance_id":%q,"instance_profile":"web"}`, p.instance)
	actiontest.Want(t, p.Plan(ec2.NewReplaceProfile, quarantine), action.Unneeded, "none to replace")
	p.associate(webProfile)
	actiontest.Want(t, p.Plan(ec2.NewReplaceProfile, quarantine), action.Unneeded, "already")
	p.log("ALL", logBucket)
	actiontest.Want(t, p.Plan(ec2.NewEnableFlowLogs, fmt.Sprintf(`{"vpc_id":%q,"destination":%q,"traffic":"REJECT"}`, p.vpc, logBucket+"/more")), action.Unneeded, "into "+logBucket+" already")
	user := p.run(p.group)
	item := p.Plan(ec2.NewEmptyDefaultGroup, fmt.Sprintf(`{"vpc_id":%q}`, p.vpc))
	actiontest.Want(t, item, action.Escalated, "a group of their own")
	actiontest.Want(t, p.Plan(ec2.NewEmptyDefaultGroup, fmt.Sprintf(`{"vpc_id":%q,"even_if_used":true}`, p.vpc)), action.Change, "4 rules")
	_, err := p.client.TerminateInstances(t.Context(), &sdk.TerminateInstancesInput{InstanceIds: []string{user}})
	p.Must(err)
	actiontest.Want(t, p.Plan(ec2.NewCreateSnapshots, fmt.Sprintf(`{"instance_id":%q,"case":"c"}`, user)), action.Unneeded, "")
}

func TestSnapshotsOfWhatIsNotKept(t *testing.T) {
	p := newPlant(t)
	out, err := p.client.DescribeInstances(t.Context(), &sdk.DescribeInstancesInput{InstanceIds: []string{p.instance}})
	p.Must(err)
	for _, tt := range []struct {
		name string
		spec types.InstanceSpecification
		want string
	}{
		{"the root is kept", types.InstanceSpecification{ExcludeDataVolumeIds: []string{*out.Reservations[0].Instances[0].BlockDeviceMappings[1].Ebs.VolumeId}}, "ExcludeBootVolume"},
		{"the other is kept", types.InstanceSpecification{ExcludeBootVolume: aws.Bool(true)}, "ExcludeDataVolumeIds"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.InstanceId = &p.instance
			_, err := p.client.CreateSnapshots(t.Context(), &sdk.CreateSnapshotsInput{InstanceSpecification: &tt.spec, TagSpecifications: []types.TagSpecification{
				{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{{Key: aws.String(ec2.CaseTag), Value: aws.String(strings.ReplaceAll(tt.name, " ", "-"))}}},
			}})
			p.Must(err)
			item := p.Plan(ec2.NewCreateSnapshots, fmt.Sprintf(`{"instance_id":%q,"case":%q}`, p.instance, strings.ReplaceAll(tt.name, " ", "-")))
			actiontest.Want(t, item, action.Change, "1 of its 2 volumes")
			if !strings.Contains(string(item.Calls[0].Input), tt.want) {
				t.Errorf("the call is %s, want %s in it", item.Calls[0].Input, tt.want)
			}
			p.Do(p.Action(ec2.NewCreateSnapshots), item)
		})
	}
}

func TestFlowLogsThatAWSRefuses(t *testing.T) {
	p := newPlant(t)
	a := p.Action(ec2.NewEnableFlowLogs)
	item := p.Item(a, p.request(`{"vpc_id":%q,"destination":%q}`, p.vpc, logBucket))
	item.Calls[0].Input = json.RawMessage(strings.Replace(string(item.Calls[0].Input), p.vpc, "vpc-"+nobody, 1))
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "InvalidVpcId.NotFound") {
		t.Errorf("%v, want what EC2 says of it", err)
	}
}

func TestParametersOfNetworkSettingsThatAreWrong(t *testing.T) {
	p := newPlant(t)
	for _, tt := range []struct {
		newAction actiontest.NewAction
		params    string
	}{
		{ec2.NewEnableFlowLogs, `{"vpc_id":"` + p.vpc + `","destination":"` + logGroup + `"}`},
		{ec2.NewEnableFlowLogs, `{"vpc_id":"` + p.vpc + `","destination":"` + logBucket + `","role":"` + logRole + `"}`},
		{ec2.NewEnableFlowLogs, `{"vpc_id":"` + p.vpc + `","destination":"my-bucket"}`},
		{ec2.NewEnableFlowLogs, `{"vpc_id":"` + p.vpc + `","destination":"` + logBucket + `","traffic":"SOME"}`},
		{ec2.NewReplaceProfile, `{"instance_id":"` + p.instance + `","instance_profile":"` + webProfile + `"}`},
		{ec2.NewReplaceProfile, `{"instance_id":"` + p.instance + `","instance_profile":"a/"}`},
		{ec2.NewCreateSnapshots, `{"instance_id":"` + p.instance + `","case":""}`},
		{ec2.NewCreateSnapshots, `{"instance_id":"` + p.instance + `","case":"two words"}`},
		{ec2.NewEmptyDefaultGroup, `{"vpc_id":"default"}`},
	} {
		_, err := p.Action(tt.newAction).Plan(t.Context(), actiontest.Request(tt.params))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", tt.params, err)
		}
	}
}
