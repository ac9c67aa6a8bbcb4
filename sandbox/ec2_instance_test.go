package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/sandbox"
)

// run starts an instance in the group, with a further volume, and returns it.
func (n *network) run(change ...func(*ec2.RunInstancesInput)) types.Instance {
	n.t.Helper()
	in := &ec2.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SecurityGroupIds: []string{n.group},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sdb"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20)}}},
		TagSpecifications:   []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("web-1")}}}},
	}
	for _, f := range change {
		f(in)
	}
	out, err := n.client.RunInstances(n.t.Context(), in)
	n.must(err)
	return out.Instances[0]
}

func TestInstanceLife(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	i := n.run()
	if *i.VpcId != n.vpc || i.State.Name != types.InstanceStateNameRunning || len(i.BlockDeviceMappings) != 2 || *i.RootDeviceName != "/dev/xvda" {
		t.Errorf("it is %+v", i)
	}
	_, err := n.client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &n.group})
	wantCode(t, err, "DependencyViolation")
	protect := func(on bool) {
		_, err := n.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: i.InstanceId, DisableApiTermination: &types.AttributeBooleanValue{Value: &on}})
		n.must(err)
		got, err := n.client.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: i.InstanceId, Attribute: types.InstanceAttributeNameDisableApiTermination})
		if err != nil || *got.DisableApiTermination.Value != on {
			t.Errorf("protected: %+v, %v; want %v", got, err, on)
		}
	}
	end := func(id string) error {
		_, err := n.client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}})
		return err
	}
	protect(true)
	wantCode(t, end(*i.InstanceId), "OperationNotPermitted")
	protect(false)
	n.must(end(*i.InstanceId))
	out, err := n.client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{*i.InstanceId}})
	if n.must(err); out.Reservations[0].Instances[0].State.Name != types.InstanceStateNameTerminated || len(out.Reservations[0].Instances[0].NetworkInterfaces) != 0 {
		t.Errorf("after its end it is %+v", out.Reservations[0].Instances[0])
	}
	_, err = n.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: i.InstanceId, DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	wantCode(t, err, "IncorrectInstanceState")
	wantCode(t, end("i-00000000000000000"), "InvalidInstanceID.NotFound")
	wantCode(t, end("web"), "InvalidInstanceID.Malformed")
	volumes, err := n.client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: []types.Filter{filter("attachment.instance-id", *i.InstanceId)}})
	if err != nil || len(volumes.Volumes) != 0 {
		t.Errorf("its volumes are %+v, %v", volumes, err)
	}
}

func TestInstanceInTheDefaultVPC(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	i := n.run(func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = nil })
	if *i.VpcId == n.vpc || len(i.SecurityGroups) != 1 || *i.SecurityGroups[0].GroupName != "default" {
		t.Errorf("it is in %s, %+v", *i.VpcId, i.SecurityGroups)
	}
}

func TestNetworkInterfaceGroups(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	i := n.run(func(in *ec2.RunInstancesInput) {
		in.SecurityGroupIds = nil
		in.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), Groups: []string{n.group}}, {DeviceIndex: aws.Int32(1), Groups: []string{n.group}}}
	})
	other := n.makeGroup("other")
	set := func(eni string, groups ...string) error {
		_, err := n.client.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: groups})
		return err
	}
	second := *i.NetworkInterfaces[1].NetworkInterfaceId
	n.must(set(second, other))
	wantCode(t, set("eni-00000000000000000", other), "InvalidNetworkInterfaceID.NotFound")
	wantCode(t, set(second, "sg-00000000000000000"), "InvalidGroup.NotFound")
	abroad, err := n.client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("group-name", "default")}})
	n.must(err)
	for _, g := range abroad.SecurityGroups {
		if *g.VpcId != n.vpc {
			wantCode(t, set(second, *g.GroupId), "InvalidParameterValue")
		}
	}
	_, err = n.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: i.InstanceId, Groups: []string{other}})
	wantCode(t, err, "InvalidInstanceID")
	found, err := n.client.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{filter("attachment.instance-id", *i.InstanceId), filter("group-id", other)}})
	if err != nil || len(found.NetworkInterfaces) != 1 || *found.NetworkInterfaces[0].NetworkInterfaceId != second {
		t.Errorf("in the other group is %+v, %v", found, err)
	}
}

func TestSnapshotsOfAnInstance(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	i := n.run()
	root, data := *i.BlockDeviceMappings[0].Ebs.VolumeId, *i.BlockDeviceMappings[1].Ebs.VolumeId
	take := func(spec types.InstanceSpecification) ([]string, error) {
		spec.InstanceId = i.InstanceId
		out, err := n.client.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &spec, TagSpecifications: []types.TagSpecification{
			{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{{Key: aws.String("case"), Value: aws.String("1")}}},
		}})
		if err != nil {
			return nil, err
		}
		var of []string
		for _, s := range out.Snapshots {
			of = append(of, *s.VolumeId)
		}
		return of, nil
	}
	for _, tc := range []struct {
		name string
		spec types.InstanceSpecification
		want []string
		code string
	}{
		{"all", types.InstanceSpecification{}, []string{root, data}, ""},
		{"without the root", types.InstanceSpecification{ExcludeBootVolume: aws.Bool(true)}, []string{data}, ""},
		{"without data", types.InstanceSpecification{ExcludeDataVolumeIds: []string{data}}, []string{root}, ""},
		{"the root isn't data", types.InstanceSpecification{ExcludeDataVolumeIds: []string{root}}, nil, "InvalidParameterValue"},
	} {
		of, err := take(tc.spec)
		if tc.code != "" {
			wantCode(t, err, tc.code)
		} else if err != nil || !slices.Equal(of, tc.want) {
			t.Errorf("%s: snapshots of %v, %v; want %v", tc.name, of, err, tc.want)
		}
	}
	found, err := n.client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{filter("tag:case", "1"), filter("volume-id", data)}})
	if err != nil || len(found.Snapshots) != 2 || *found.Snapshots[0].VolumeSize != 20 {
		t.Errorf("of the data there are %+v, %v", found, err)
	}
}

func TestInstancePermissions(t *testing.T) {
	n := newNetwork(t, sandbox.Options{})
	i := n.run()
	for name, tc := range map[string]struct {
		condition string
		code      string
	}{"its-tag": {`"aws:ResourceTag/Name":"web-1"`, ""}, "another": {`"aws:ResourceTag/Name":"web-2"`, "UnauthorizedOperation"}} {
		keys := n.user(name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:TerminateInstances","Resource":"*","Condition":{"StringEquals":{`+tc.condition+`}}}]}`)
		_, err := ec2.NewFromConfig(n.config(keys, "us-east-1")).TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{*i.InstanceId}, DryRun: aws.Bool(true)})
		wantCode(t, err, map[string]string{"": "DryRunOperation", "UnauthorizedOperation": "UnauthorizedOperation"}[tc.code])
	}
}

func TestInstanceRecords(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	i := n.run()
	eni := *i.NetworkInterfaces[0].NetworkInterfaceId
	_, err := n.client.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{n.group}})
	n.must(err)
	_, err = n.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: i.InstanceId, DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
	n.must(err)
	_, err = n.client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*i.InstanceId}})
	n.must(err)
	events := n.delivered(6)[3:] // without those of the network, and the start
	wantRecord(t, events[0], "ModifyNetworkInterfaceAttribute", "", `{"networkInterfaceId":"`+eni+`","groupSet":{"items":[{"groupId":"`+n.group+`"}]}}`, `{"requestId":"*","_return":true}`)
	wantRecord(t, events[1], "ModifyInstanceAttribute", "", `{"instanceId":"`+*i.InstanceId+`","disableApiTermination":{"value":false}}`, `{"requestId":"*","_return":true}`)
	wantRecord(t, events[2], "TerminateInstances", "", `{"instancesSet":{"items":[{"instanceId":"`+*i.InstanceId+`"}]}}`,
		`{"requestId":"*","instancesSet":{"items":[{"instanceId":"`+*i.InstanceId+`","currentState":{"code":48,"name":"terminated"},"previousState":{"code":16,"name":"running"}}]}}`)
}

func TestInstanceCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	aws := func(args ...string) string {
		return strings.TrimSpace(w.cli("eu-west-1", append(append([]string{"ec2"}, args...), "--output", "text")...))
	}
	id := aws("run-instances", "--image-id", "ami-01234567", "--count", "1", "--query", "Instances[0].InstanceId")
	aws("modify-instance-attribute", "--instance-id", id, "--disable-api-termination")
	if got := aws("describe-instance-attribute", "--instance-id", id, "--attribute", "disableApiTermination", "--query", "DisableApiTermination.Value"); got != "True" {
		t.Errorf("protected: %s", got)
	}
	if got := aws("create-snapshots", "--instance-specification", "InstanceId="+id, "--query", "length(Snapshots)"); got != "1" {
		t.Errorf("%s snapshots", got)
	}
}
