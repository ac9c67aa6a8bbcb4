package ec2_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

// site is a cloud with one resource of each kind that has a setting.
type site struct {
	cloud
	instance, snapshot, image, subnet, acl string
}

func newSite(t *testing.T) site {
	t.Helper()
	s, ctx := site{cloud: newCloud(t)}, t.Context()
	key, err := kms.NewFromConfig(s.Admin(account, region)).CreateKey(ctx, &kms.CreateKeyInput{})
	s.Must(err)
	ran, err := s.client.RunInstances(ctx, &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{Encrypted: aws.Bool(true), KmsKeyId: key.KeyMetadata.Arn}}},
	})
	s.Must(err)
	s.instance = *ran.Instances[0].InstanceId
	made, err := s.client.CreateSnapshots(ctx, &sdk.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: &s.instance}})
	s.Must(err)
	s.snapshot = *made.Snapshots[0].SnapshotId
	_, err = s.client.ModifySnapshotAttribute(ctx, &sdk.ModifySnapshotAttributeInput{SnapshotId: &s.snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Add: []types.CreateVolumePermission{{Group: types.PermissionGroupAll}, {UserId: aws.String("123456789012")}, {UserId: aws.String("444455556666")}},
	}})
	s.Must(err)
	image, err := s.client.RegisterImage(ctx, &sdk.RegisterImageInput{Name: aws.String("web")})
	s.Must(err)
	s.image = *image.ImageId
	_, err = s.client.ModifyImageAttribute(ctx, &sdk.ModifyImageAttributeInput{ImageId: &s.image, LaunchPermission: &types.LaunchPermissionModifications{
		Add: []types.LaunchPermission{{Group: types.PermissionGroupAll}, {UserId: aws.String("444455556666")}},
	}})
	s.Must(err)
	subnet, err := s.client.CreateSubnet(ctx, &sdk.CreateSubnetInput{VpcId: &s.vpc, CidrBlock: aws.String("10.0.1.0/24")})
	s.Must(err)
	s.subnet = *subnet.Subnet.SubnetId
	s.givesAddresses(true)
	acl, err := s.client.CreateNetworkAcl(ctx, &sdk.CreateNetworkAclInput{VpcId: &s.vpc})
	s.Must(err)
	s.acl = *acl.NetworkAcl.NetworkAclId
	s.entry(100, types.RuleActionAllow, "0.0.0.0/0")
	s.entry(99, types.RuleActionDeny, "198.51.100.0/24")
	return s
}

func (s site) givesAddresses(on bool) {
	s.T.Helper()
	_, err := s.client.ModifySubnetAttribute(s.T.Context(), &sdk.ModifySubnetAttributeInput{SubnetId: &s.subnet, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: &on}})
	s.Must(err)
}

func (s site) entry(number int32, does types.RuleAction, cidr string) {
	s.T.Helper()
	_, err := s.client.CreateNetworkAclEntry(s.T.Context(), &sdk.CreateNetworkAclEntryInput{
		NetworkAclId: &s.acl, RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: does, CidrBlock: &cidr,
	})
	s.Must(err)
}

func (s site) turn(on bool) {
	s.T.Helper()
	var err error
	if on {
		_, err = s.client.StartInstances(s.T.Context(), &sdk.StartInstancesInput{InstanceIds: []string{s.instance}})
	} else {
		_, err = s.client.StopInstances(s.T.Context(), &sdk.StopInstancesInput{InstanceIds: []string{s.instance}})
	}
	s.Must(err)
}

func (s site) end() {
	s.T.Helper()
	_, err := s.client.TerminateInstances(s.T.Context(), &sdk.TerminateInstancesInput{InstanceIds: []string{s.instance}})
	s.Must(err)
}

func (s site) blockSnapshots(state types.SnapshotBlockPublicAccessState) {
	s.T.Helper()
	_, err := s.client.EnableSnapshotBlockPublicAccess(s.T.Context(), &sdk.EnableSnapshotBlockPublicAccessInput{State: state})
	s.Must(err)
}

// settings is all that the undo of any of the actions must restore.
func (s site) settings() string {
	s.T.Helper()
	ctx := s.T.Context()
	instances, err := s.client.DescribeInstances(ctx, &sdk.DescribeInstancesInput{InstanceIds: []string{s.instance}})
	s.Must(err)
	i := instances.Reservations[0].Instances[0]
	encrypts, err := s.client.GetEbsEncryptionByDefault(ctx, &sdk.GetEbsEncryptionByDefaultInput{})
	s.Must(err)
	snapshot, err := s.client.DescribeSnapshotAttribute(ctx, &sdk.DescribeSnapshotAttributeInput{SnapshotId: &s.snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
	s.Must(err)
	image, err := s.client.DescribeImageAttribute(ctx, &sdk.DescribeImageAttributeInput{ImageId: &s.image, Attribute: types.ImageAttributeNameLaunchPermission})
	s.Must(err)
	subnets, err := s.client.DescribeSubnets(ctx, &sdk.DescribeSubnetsInput{SubnetIds: []string{s.subnet}})
	s.Must(err)
	acls, err := s.client.DescribeNetworkAcls(ctx, &sdk.DescribeNetworkAclsInput{NetworkAclIds: []string{s.acl}})
	s.Must(err)
	snapshots, err := s.client.GetSnapshotBlockPublicAccessState(ctx, &sdk.GetSnapshotBlockPublicAccessStateInput{})
	s.Must(err)
	images, err := s.client.GetImageBlockPublicAccessState(ctx, &sdk.GetImageBlockPublicAccessStateInput{})
	s.Must(err)
	text := fmt.Sprint(i.State.Name, aws.ToBool(encrypts.EbsEncryptionByDefault), snapshots.State, *images.ImageBlockPublicAccessState, *subnets.Subnets[0].MapPublicIpOnLaunch)
	if i.MetadataOptions != nil {
		text += fmt.Sprint(" ", i.MetadataOptions.HttpTokens, i.MetadataOptions.HttpEndpoint)
	}
	for _, p := range snapshot.CreateVolumePermissions {
		text += fmt.Sprint(" snapshot:", aws.ToString(p.UserId), p.Group)
	}
	for _, p := range image.LaunchPermissions {
		text += fmt.Sprint(" image:", aws.ToString(p.UserId), p.Group)
	}
	for _, e := range acls.NetworkAcls[0].Entries {
		text += fmt.Sprintf(" %d:%s:%s:%v", *e.RuleNumber, e.RuleAction, *e.CidrBlock, *e.Egress)
	}
	return text
}

const nobody = "0123456789abcdef0"

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    func(s site) string
		missing   string
		interfere func(s site)
	}{
		{"stop", ec2.NewStop, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, site.end},
		{"terminate", ec2.NewTerminate, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, nil},
		{"require IMDSv2", ec2.NewRequireIMDSv2, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, site.end},
		{"encrypt volumes", ec2.NewEncryptVolumes, func(site) string { return `{}` }, "", nil},
		{"block public snapshots", ec2.NewBlockPublicSnapshots, func(site) string { return `{}` }, "", func(s site) { s.blockSnapshots(types.SnapshotBlockPublicAccessStateBlockNewSharing) }},
		{"block public images", ec2.NewBlockPublicImages, func(site) string { return `{}` }, "", nil},
		{"make a snapshot private", ec2.NewMakeSnapshotPrivate, func(s site) string { return `{"id":"` + s.snapshot + `"}` }, `{"id":"snap-` + nobody + `"}`, site.shareAnew},
		{"make a snapshot private to an account", ec2.NewMakeSnapshotPrivate, func(s site) string { return `{"id":"` + s.snapshot + `","trusted_accounts":["123456789012"]}` }, `{"id":"snap-` + nobody + `"}`, site.shareAnew},
		{"make an image private", ec2.NewMakeImagePrivate, func(s site) string { return `{"id":"` + s.image + `"}` }, `{"id":"ami-` + nobody + `"}`, site.shareAnew},
		{"give no public address", ec2.NewNoPublicAddress, func(s site) string { return `{"subnet_id":"` + s.subnet + `"}` }, `{"subnet_id":"subnet-` + nobody + `"}`, nil},
		{"deny an address", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"203.0.113.7"}` }, `{"network_acl_id":"acl-` + nobody + `","address":"203.0.113.7"}`, func(s site) {
			_, err := s.client.DeleteNetworkAclEntry(s.T.Context(), &sdk.DeleteNetworkAclEntryInput{NetworkAclId: &s.acl, RuleNumber: aws.Int32(98), Egress: aws.Bool(false)})
			s.Must(err)
			s.entry(50, types.RuleActionDeny, "203.0.113.7/32")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				s := newSite(t)
				w := s.World(tt.newAction, tt.params(s), tt.missing, s.settings)
				w.Interfere = actiontest.On(s, tt.interfere)
				return w
			})
		})
	}
}

// share changes who may use the image.
func (s site) share(change types.LaunchPermissionModifications) {
	s.T.Helper()
	_, err := s.client.ModifyImageAttribute(s.T.Context(), &sdk.ModifyImageAttributeInput{ImageId: &s.image, LaunchPermission: &change})
	s.Must(err)
}

// shareAnew shares the snapshot and the image with one more.
func (s site) shareAnew() {
	s.T.Helper()
	stranger := aws.String("777788889999")
	_, err := s.client.ModifySnapshotAttribute(s.T.Context(), &sdk.ModifySnapshotAttributeInput{SnapshotId: &s.snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Add: []types.CreateVolumePermission{{UserId: stranger}},
	}})
	s.Must(err)
	_, err = s.client.ModifyImageAttribute(s.T.Context(), &sdk.ModifyImageAttributeInput{ImageId: &s.image, LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{{UserId: stranger}}}})
	s.Must(err)
}

func TestWhatTheSettingsLeave(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    func(s site) string
		spoil     func(s site)
		status    action.Status
		says      string
	}{
		{"a stopped instance", ec2.NewStop, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, func(s site) { s.turn(false) }, action.Unneeded, "stopped"},
		{"an ended instance", ec2.NewRequireIMDSv2, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, site.end, action.Unneeded, "terminated"},
		{"a protected instance", ec2.NewTerminate, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, func(s site) {
			_, err := s.client.ModifyInstanceAttribute(s.T.Context(), &sdk.ModifyInstanceAttributeInput{InstanceId: &s.instance, DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
			s.Must(err)
		}, action.Escalated, "protected"},
		{"an image that an organisation has", ec2.NewMakeImagePrivate, func(s site) string { return `{"id":"` + s.image + `","trusted_accounts":["444455556666"]}` }, func(s site) {
			s.share(types.LaunchPermissionModifications{
				Add:    []types.LaunchPermission{{OrganizationArn: aws.String("arn:aws:organizations::777788889999:organization/o-abcde12345")}},
				Remove: []types.LaunchPermission{{Group: types.PermissionGroupAll}},
			})
		}, action.Escalated, "organization/o-abcde12345"},
		{"a network that is denied", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"198.51.100.0/24"}` }, func(site) {}, action.Unneeded, "Entry 99"},
		{"an ACL without a free number", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"203.0.113.7"}` }, func(s site) {
			s.entry(1, types.RuleActionAllow, "192.0.2.0/24")
		}, action.Escalated, "number the entries anew"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			tt.spoil(s)
			actiontest.Want(t, s.Plan(tt.newAction, tt.params(s)), tt.status, tt.says)
		})
	}
}

func TestAddressesThatAreNotDenied(t *testing.T) {
	s := newSite(t)
	a := s.Action(ec2.NewDenyAddress)
	for _, address := range []string{"", "here", "0.0.0.0/0", "203.0.0.0/8", "203.0.113.7/24", "10.1.2.3", "127.0.0.1", "169.254.169.254", "224.0.0.1", "::/0", "2001::/16", "fe80::1%eth0", "::ffff:203.0.113.7"} {
		params := fmt.Sprintf(`{"network_acl_id":%q,"address":%q}`, s.acl, address)
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%q: %v, want it refused with a hint", address, err)
		}
	}
}
