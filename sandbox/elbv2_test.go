package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/sandbox"
)

func TestTargetGroups(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	client := elb.NewFromConfig(n.config(n.root, "us-east-1"))
	i := n.run()
	in := &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &n.vpc}
	made, err := client.CreateTargetGroup(ctx, in)
	n.must(err)
	group := made.TargetGroups[0].TargetGroupArn
	_, err = client.CreateTargetGroup(ctx, in)
	wantCode(t, err, "DuplicateTargetGroupName")
	register := func(id string, port *int32) error {
		_, err := client.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: group, Targets: []elbtypes.TargetDescription{{Id: &id, Port: port}}})
		return err
	}
	n.must(register(*i.InstanceId, nil))
	n.must(register(*i.InstanceId, aws.Int32(80))) // the same
	n.must(register(*i.InstanceId, aws.Int32(8080)))
	wantCode(t, register("i-00000000000000000", nil), "InvalidTarget")
	count := func() int {
		out, err := client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: group})
		n.must(err)
		return len(out.TargetHealthDescriptions)
	}
	if got := count(); got != 2 {
		t.Errorf("%d targets, want one on each port", got)
	}
	for left, port := range []*int32{nil, aws.Int32(8080)} {
		_, err = client.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: group, Targets: []elbtypes.TargetDescription{{Id: i.InstanceId, Port: port}}})
		n.must(err)
		if got := count(); got != 0 {
			t.Errorf("after deregistering %d: %d targets", left, got)
		}
		n.must(register(*i.InstanceId, aws.Int32(8080)))
	}
	_, err = client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{*group + "0"}})
	wantCode(t, err, "TargetGroupNotFound")
	all, err := client.DescribeTargetGroups(ctx, nil)
	if err != nil || len(all.TargetGroups) != 1 || *all.TargetGroups[0].VpcId != n.vpc {
		t.Errorf("all are %+v, %v", all, err)
	}
}
