// Package autoscaling has the actions on Auto Scaling groups. Start at [NewSuspendProcesses] and [NewUseELBHealthChecks].
package autoscaling

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

func describe(ctx context.Context, cfg aws.Config, name string) (types.AutoScalingGroup, error) {
	out, err := autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return types.AutoScalingGroup{}, awscall.Fault(err, "autoscaling:DescribeAutoScalingGroups", "look at the Auto Scaling group %s", name)
	}
	if len(out.AutoScalingGroups) == 0 {
		return types.AutoScalingGroup{}, fault.New(fault.NotFound, "there is no Auto Scaling group %s", name).WithHint("it is gone, or in another region")
	}
	return out.AutoScalingGroups[0], nil
}

// find returns the group as a resource.
func find(ctx context.Context, cfg aws.Config, req action.Request, name string) ([]action.Resource, error) {
	if name == "" {
		return nil, fault.New(fault.Invalid, "no Auto Scaling group is named").WithHint(`give {"group_name": "web"}`)
	}
	g, err := describe(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::AutoScaling::AutoScalingGroup", ARN: aws.ToString(g.AutoScalingGroupARN), Name: name,
		Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range g.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}
