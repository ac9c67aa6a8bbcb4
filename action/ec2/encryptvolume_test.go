package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

func TestEncryptVolumeSaysHow(t *testing.T) {
	c := newCloud(t)
	ran, err := c.client.RunInstances(t.Context(), &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sdf"), Ebs: &types.EbsBlockDevice{Encrypted: aws.Bool(true)}}},
	})
	c.Must(err)
	instance := *ran.Instances[0].InstanceId
	found, err := c.client.DescribeVolumes(t.Context(), &sdk.DescribeVolumesInput{})
	c.Must(err)
	a := c.Action(ec2.NewEncryptVolume)
	writes := c.Writes()
	for _, v := range found.Volumes {
		if *v.Encrypted {
			actiontest.Want(t, c.Item(a, actiontest.Request(`{"volume":"`+*v.VolumeId+`"}`)), action.Unneeded, "encrypted already")
			continue
		}
		item := c.Item(a, actiontest.Request(`{"volume":"`+*v.VolumeId+`","key":"alias/disks"}`))
		for _, says := range []string{
			"(1) aws ec2 stop-instances --instance-ids " + instance, "create-snapshot --volume-id " + *v.VolumeId, "--kms-key-id alias/disks --availability-zone eu-west-1a",
			"attach-volume --volume-id (the new volume) --instance-id " + instance + " --device /dev/xvda", "(7) Delete " + *v.VolumeId,
		} {
			actiontest.Want(t, item, action.Escalated, says)
		}
	}
	if len(found.Volumes) != 2 || c.Writes() != writes {
		t.Errorf("%d volumes, %d changes", len(found.Volumes), c.Writes()-writes)
	}
	for params, code := range map[string]fault.Code{`{"volume":"vol-049df61146c4d7901"}`: fault.NotFound, `{}`: fault.Invalid} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s and a hint", params, err, code)
		}
	}
}
