package aws

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// clusters runs tasks on ECS. The delivery's id is the client token, by which ECS starts them once.
type clusters struct{ sender }

var _ target.Sender = (*clusters)(nil)

// Send runs the task. The input is a task override in the API's JSON, such as {"containerOverrides": […]}; the whole
// event is none, so that a target that says nothing of its input has the task run as it is defined.
func (s *clusters) Send(ctx context.Context, r target.Request) error {
	overrides, err := taskOverride(&r)
	if err != nil {
		return err
	}
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	in := runTask(&r)
	in.Overrides = overrides
	out, err := ecs.NewFromConfig(cfg).RunTask(ctx, in)
	if err != nil {
		return s.failed(ctx, &r.Target, "run the task", err)
	}
	if len(out.Tasks) == 0 && len(out.Failures) > 0 {
		// no room in the cluster, or no machine that fits: EventBridge tries again too
		return fault.New(fault.Unavailable, "run the task: %s", aws.ToString(out.Failures[0].Reason)).WithHint("look at the cluster's capacity")
	}
	return nil
}

func runTask(r *target.Request) *ecs.RunTaskInput {
	p := r.Target.ECSParameters
	in := &ecs.RunTaskInput{
		Cluster: aws.String(r.Target.ARN), TaskDefinition: aws.String(p.TaskDefinitionARN), ClientToken: aws.String(r.ID),
		Count: aws.Int32(int32(max(1, p.TaskCount))), LaunchType: types.LaunchType(p.LaunchType), StartedBy: aws.String("riposte"),
		EnableECSManagedTags: p.EnableECSManagedTags, EnableExecuteCommand: p.EnableExecuteCommand, PropagateTags: types.PropagateTags(p.PropagateTags),
		PlatformVersion: given(p.PlatformVersion), Group: given(p.Group), ReferenceId: given(p.ReferenceID),
	}
	for _, c := range p.CapacityProviderStrategy {
		in.CapacityProviderStrategy = append(in.CapacityProviderStrategy,
			types.CapacityProviderStrategyItem{CapacityProvider: aws.String(c.CapacityProvider), Weight: c.Weight, Base: c.Base})
	}
	if n := p.NetworkConfiguration; n != nil {
		in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: n.AWSVPCConfiguration.Subnets, SecurityGroups: n.AWSVPCConfiguration.SecurityGroups,
			AssignPublicIp: types.AssignPublicIp(n.AWSVPCConfiguration.AssignPublicIP),
		}}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(p.Tags[key])})
	}
	return in
}

func given(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}

// taskOverride reads the input. The names of the API's JSON are those of the SDK's fields, with a small first letter.
func taskOverride(r *target.Request) (*types.TaskOverride, error) {
	if r.Target.WholeEvent() {
		return nil, nil
	}
	var o types.TaskOverride
	if err := json.Unmarshal(r.Input, &o); err != nil {
		return nil, fault.New(fault.Invalid, "the input is not a task override: %w", err).
			WithHint(`write {"containerOverrides": [{"name": "app", "environment": [{"name": "EVENT", "value": "…"}]}]}`)
	}
	return &o, nil
}
