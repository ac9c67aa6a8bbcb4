package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"riposte.dev/sandbox"
)

func TestAutoScalingGroups(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	client, name := autoscaling.NewFromConfig(n.config(n.root, "us-east-1")), aws.String("workers")
	in := &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: name, MinSize: aws.Int32(1), MaxSize: aws.Int32(2)}
	_, err := client.CreateAutoScalingGroup(ctx, in)
	n.must(err)
	_, err = client.CreateAutoScalingGroup(ctx, in)
	wantCode(t, err, "AlreadyExists")
	first, second := *n.run().InstanceId, *n.run().InstanceId
	attach := func(id string) error {
		_, err := client.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: name, InstanceIds: []string{id}})
		return err
	}
	detach := func(id string, decrement bool) error {
		_, err := client.DetachInstances(ctx, &autoscaling.DetachInstancesInput{AutoScalingGroupName: name, InstanceIds: []string{id}, ShouldDecrementDesiredCapacity: &decrement})
		return err
	}
	desired := func(want int32) {
		t.Helper()
		out, err := client.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"workers", "none"}})
		if err != nil || len(out.AutoScalingGroups) != 1 || *out.AutoScalingGroups[0].DesiredCapacity != want {
			t.Errorf("%+v, %v; want a desired capacity of %d", out.AutoScalingGroups, err, want)
		}
	}
	n.must(attach(first))
	desired(2)
	wantCode(t, attach(first), "ValidationError")
	wantCode(t, attach(second), "ValidationError") // no room
	wantCode(t, detach(second, false), "ValidationError")
	n.must(detach(first, true))
	desired(1)
	n.must(attach(second))
	n.must(detach(second, false))
	desired(2)
	out, err := client.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{first, second}})
	if err != nil || len(out.AutoScalingInstances) != 0 {
		t.Errorf("left are %+v, %v", out.AutoScalingInstances, err)
	}
}
