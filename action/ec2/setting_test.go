package ec2_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// site is a cloud with one resource of each kind that has a setting.
type site struct {
	cloud
	instance, snapshot, image, subnet, acl string
}

func newSite(t *testing.T) site {
	t.Helper()
	s, ctx := site{cloud: newCloud(t)}, t.Context()
	ran, err := s.client.RunInstances(ctx, &sdk.RunInstancesInput{ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	s.must(err)
	s.instance = *ran.Instances[0].InstanceId
	made, err := s.client.CreateSnapshots(ctx, &sdk.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: &s.instance}})
	s.must(err)
	s.snapshot = *made.Snapshots[0].SnapshotId
	_, err = s.client.ModifySnapshotAttribute(ctx, &sdk.ModifySnapshotAttributeInput{SnapshotId: &s.snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Add: []types.CreateVolumePermission{{Group: types.PermissionGroupAll}, {UserId: aws.String("123456789012")}, {UserId: aws.String("444455556666")}},
	}})
	s.must(err)
	image, err := s.client.RegisterImage(ctx, &sdk.RegisterImageInput{Name: aws.String("web")})
	s.must(err)
	s.image = *image.ImageId
	_, err = s.client.ModifyImageAttribute(ctx, &sdk.ModifyImageAttributeInput{ImageId: &s.image, LaunchPermission: &types.LaunchPermissionModifications{
		Add: []types.LaunchPermission{{Group: types.PermissionGroupAll}, {UserId: aws.String("444455556666")}},
	}})
	s.must(err)
	subnet, err := s.client.CreateSubnet(ctx, &sdk.CreateSubnetInput{VpcId: &s.vpc, CidrBlock: aws.String("10.0.1.0/24")})
	s.must(err)
	s.subnet = *subnet.Subnet.SubnetId
	s.givesAddresses(true)
	acl, err := s.client.CreateNetworkAcl(ctx, &sdk.CreateNetworkAclInput{VpcId: &s.vpc})
	s.must(err)
	s.acl = *acl.NetworkAcl.NetworkAclId
	s.entry(100, types.RuleActionAllow, "0.0.0.0/0")
	s.entry(99, types.RuleActionDeny, "198.51.100.0/24")
	return s
}

func (s site) givesAddresses(on bool) {
	s.t.Helper()
	_, err := s.client.ModifySubnetAttribute(s.t.Context(), &sdk.ModifySubnetAttributeInput{SubnetId: &s.subnet, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: &on}})
	s.must(err)
}

func (s site) entry(number int32, does types.RuleAction, cidr string) {
	s.t.Helper()
	_, err := s.client.CreateNetworkAclEntry(s.t.Context(), &sdk.CreateNetworkAclEntryInput{
		NetworkAclId: &s.acl, RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: does, CidrBlock: &cidr,
	})
	s.must(err)
}

func (s site) turn(on bool) {
	s.t.Helper()
	var err error
	if on {
		_, err = s.client.StartInstances(s.t.Context(), &sdk.StartInstancesInput{InstanceIds: []string{s.instance}})
	} else {
		_, err = s.client.StopInstances(s.t.Context(), &sdk.StopInstancesInput{InstanceIds: []string{s.instance}})
	}
	s.must(err)
}

func (s site) end() {
	s.t.Helper()
	_, err := s.client.TerminateInstances(s.t.Context(), &sdk.TerminateInstancesInput{InstanceIds: []string{s.instance}})
	s.must(err)
}

func (s site) blockSnapshots(state types.SnapshotBlockPublicAccessState) {
	s.t.Helper()
	_, err := s.client.EnableSnapshotBlockPublicAccess(s.t.Context(), &sdk.EnableSnapshotBlockPublicAccessInput{State: state})
	s.must(err)
}

// settings is all that the undo of any of the actions must restore.
func (s site) settings() string {
	s.t.Helper()
	ctx := s.t.Context()
	instances, err := s.client.DescribeInstances(ctx, &sdk.DescribeInstancesInput{InstanceIds: []string{s.instance}})
	s.must(err)
	i := instances.Reservations[0].Instances[0]
	encrypts, err := s.client.GetEbsEncryptionByDefault(ctx, &sdk.GetEbsEncryptionByDefaultInput{})
	s.must(err)
	snapshot, err := s.client.DescribeSnapshotAttribute(ctx, &sdk.DescribeSnapshotAttributeInput{SnapshotId: &s.snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
	s.must(err)
	image, err := s.client.DescribeImageAttribute(ctx, &sdk.DescribeImageAttributeInput{ImageId: &s.image, Attribute: types.ImageAttributeNameLaunchPermission})
	s.must(err)
	subnets, err := s.client.DescribeSubnets(ctx, &sdk.DescribeSubnetsInput{SubnetIds: []string{s.subnet}})
	s.must(err)
	acls, err := s.client.DescribeNetworkAcls(ctx, &sdk.DescribeNetworkAclsInput{NetworkAclIds: []string{s.acl}})
	s.must(err)
	snapshots, err := s.client.GetSnapshotBlockPublicAccessState(ctx, &sdk.GetSnapshotBlockPublicAccessStateInput{})
	s.must(err)
	images, err := s.client.GetImageBlockPublicAccessState(ctx, &sdk.GetImageBlockPublicAccessStateInput{})
	s.must(err)
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
		newAction func(*awscall.Caller) action.Action
		params    func(s site) string
		missing   string
		stale     string
		interfere func(s site)
	}{
		{"stop", ec2.NewStop, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, "StopInstances", site.end},
		{"terminate", ec2.NewTerminate, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, "TerminateInstances", nil},
		{"require IMDSv2", ec2.NewRequireIMDSv2, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, `{"instance_id":"i-` + nobody + `"}`, "ModifyInstanceMetadataOptions", site.end},
		{"encrypt volumes", ec2.NewEncryptVolumes, func(site) string { return `{}` }, "", "EnableEbsEncryptionByDefault", nil},
		{"block public snapshots", ec2.NewBlockPublicSnapshots, func(site) string { return `{}` }, "", "EnableSnapshotBlockPublicAccess", func(s site) { s.blockSnapshots(types.SnapshotBlockPublicAccessStateBlockNewSharing) }},
		{"block public images", ec2.NewBlockPublicImages, func(site) string { return `{}` }, "", "EnableImageBlockPublicAccess", nil},
		{"make a snapshot private", ec2.NewMakeSnapshotPrivate, func(s site) string { return `{"id":"` + s.snapshot + `"}` }, `{"id":"snap-` + nobody + `"}`, "ModifySnapshotAttribute", site.shareAnew},
		{"make a snapshot private to an account", ec2.NewMakeSnapshotPrivate, func(s site) string { return `{"id":"` + s.snapshot + `","trusted_accounts":["123456789012"]}` }, `{"id":"snap-` + nobody + `"}`, "ModifySnapshotAttribute", site.shareAnew},
		{"make an image private", ec2.NewMakeImagePrivate, func(s site) string { return `{"id":"` + s.image + `"}` }, `{"id":"ami-` + nobody + `"}`, "ModifyImageAttribute", site.shareAnew},
		{"give no public address", ec2.NewNoPublicAddress, func(s site) string { return `{"subnet_id":"` + s.subnet + `"}` }, `{"subnet_id":"subnet-` + nobody + `"}`, "ModifySubnetAttribute", nil},
		{"deny an address", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"203.0.113.7"}` }, `{"network_acl_id":"acl-` + nobody + `","address":"203.0.113.7"}`, "CreateNetworkAclEntry", func(s site) {
			_, err := s.client.DeleteNetworkAclEntry(s.t.Context(), &sdk.DeleteNetworkAclEntryInput{NetworkAclId: &s.acl, RuleNumber: aws.Int32(98), Egress: aws.Bool(false)})
			s.must(err)
			s.entry(50, types.RuleActionDeny, "203.0.113.7/32")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				s := newSite(t)
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(s.Caller(permissions)) },
					Request: action.Request{Account: account, Region: region, Params: json.RawMessage(tt.params(s))},
					State:   s.settings,
					Writes:  s.Writes,
					Stale:   func(reads int) { s.AddStaleness(sandbox.Staleness{Service: "ec2", Operation: tt.stale, Reads: reads}) },
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(s) }
				}
				if tt.missing != "" {
					w.Missing = json.RawMessage(tt.missing)
				}
				return w
			})
		})
	}
}

// shareAnew shares the snapshot and the image with one more.
func (s site) shareAnew() {
	s.t.Helper()
	stranger := aws.String("777788889999")
	_, err := s.client.ModifySnapshotAttribute(s.t.Context(), &sdk.ModifySnapshotAttributeInput{SnapshotId: &s.snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
		Add: []types.CreateVolumePermission{{UserId: stranger}},
	}})
	s.must(err)
	_, err = s.client.ModifyImageAttribute(s.t.Context(), &sdk.ModifyImageAttributeInput{ImageId: &s.image, LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{{UserId: stranger}}}})
	s.must(err)
}

func TestWhatTheSettingsLeave(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
		params    func(s site) string
		spoil     func(s site)
		status    action.Status
		says      string
	}{
		{"a stopped instance", ec2.NewStop, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, func(s site) { s.turn(false) }, action.Unneeded, "stopped"},
		{"an ended instance", ec2.NewRequireIMDSv2, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, site.end, action.Unneeded, "terminated"},
		{"a protected instance", ec2.NewTerminate, func(s site) string { return `{"instance_id":"` + s.instance + `"}` }, func(s site) {
			_, err := s.client.ModifyInstanceAttribute(s.t.Context(), &sdk.ModifyInstanceAttributeInput{InstanceId: &s.instance, DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
			s.must(err)
		}, action.Escalated, "protected"},
		{"a network that is denied", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"198.51.100.0/24"}` }, func(site) {}, action.Unneeded, "Entry 99"},
		{"an ACL without a free number", ec2.NewDenyAddress, func(s site) string { return `{"network_acl_id":"` + s.acl + `","address":"203.0.113.7"}` }, func(s site) {
			s.entry(1, types.RuleActionAllow, "192.0.2.0/24")
		}, action.Escalated, "number the entries anew"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			tt.spoil(s)
			p, err := tt.newAction(s.Caller(tt.newAction(nil).Spec().Permissions)).Plan(t.Context(), action.Request{Account: account, Region: region, Params: json.RawMessage(tt.params(s))})
			s.must(err)
			if item := p.Items[0]; item.Status != tt.status || !strings.Contains(item.Reason, tt.says) {
				t.Errorf("%s is %s: %s; want %s that says %q", item.ID, item.Status, item.Reason, tt.status, tt.says)
			}
		})
	}
}

func TestAddressesThatAreNotDenied(t *testing.T) {
	s := newSite(t)
	a := ec2.NewDenyAddress(s.Caller(ec2.NewDenyAddress(nil).Spec().Permissions))
	for _, address := range []string{"", "here", "0.0.0.0/0", "203.0.0.0/8", "203.0.113.7/24", "10.1.2.3", "127.0.0.1", "169.254.169.254", "224.0.0.1", "::/0", "2001::/16", "fe80::1%eth0", "::ffff:203.0.113.7"} {
		params := fmt.Appendf(nil, `{"network_acl_id":%q,"address":%q}`, s.acl, address)
		if _, err := a.Plan(t.Context(), action.Request{Account: account, Region: region, Params: params}); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%q: %v, want it refused with a hint", address, err)
		}
	}
}
